//! From the bytes of a file to its container: which reader takes it apart, and what must be put right
//! before that reader sees it.

use std::io::{Seek, SeekFrom};

use symphonia::core::formats::FormatReader;
use symphonia::core::io::{MediaSource, MediaSourceStream};

use super::error::Cause;
use super::facts::TrackFacts;
use super::open::probe;
use super::riff::{self, Content, Reader};
use super::segment::Segment;
use super::{adts, caf, frames, matroska, mp4, signature, sniff};

/// A container, ready to give packets.
pub(super) struct Opened<'s> {
    pub(super) format: Box<dyn FormatReader + 's>,
    /// Short name of the container.
    pub(super) container: &'static str,
    /// What the file says of its tracks beyond what the reader tells.
    pub(super) tracks: TrackFacts,
    /// How many bytes there are of it: fewer than of the file, where it lies within another.
    pub(super) len: u64,
    packed: matroska::Packed,
}

impl Opened<'_> {
    /// Begins again at the start of the file.
    pub(super) fn rewound(self) -> Result<Self, Cause> {
        let mut stream = self.format.into_inner();
        stream.seek(SeekFrom::Start(0)).map_err(Cause::Io)?;
        let format = self.packed.unpack(probe(Box::new(stream))?);
        Ok(Self { format, ..self })
    }
}

/// Opens the container that `source` holds, which is `len` bytes long.
pub(super) fn open<'s, S: MediaSource + 's>(source: S, len: u64) -> Result<Opened<'s>, Cause> {
    open_within(source, len, false)
}

/// The same, for what may lie within another container.
fn open_within<'s, S: MediaSource + 's>(
    mut source: S,
    len: u64,
    is_inside: bool,
) -> Result<Opened<'s>, Cause> {
    let head = sniff::look(&mut source, len).map_err(Cause::Io)?;
    if let Some(cause) = signature::refusal(&head.bytes) {
        return Err(cause);
    }
    if let Some(riff) = riff::open(&mut source, &head)? {
        return open_riff(source, riff, is_inside);
    }
    if let Some(riff) = caf::open(&mut source, &head).map_err(Cause::Io)? {
        return open_riff(source, riff, is_inside);
    }
    let mut tracks = TrackFacts::default();
    let mut packed = matroska::Packed::default();
    if matroska::is_matroska(&head.bytes) {
        (tracks, packed) = matroska::facts(&mut source, head.start, head.end).map_err(Cause::Io)?;
    } else if mp4::is_mp4(&head.bytes) {
        tracks = mp4::facts(&mut source, head.start, head.end).map_err(Cause::Io)?;
    }
    source.seek(SeekFrom::Start(0)).map_err(Cause::Io)?;
    let format =
        probe(Box::new(source)).map_err(|cause| match signature::ogg_stream(&head.bytes) {
            Some(name) if !matches!(cause, Cause::Io(_)) => {
                Cause::Unsupported(format!("it is Ogg with {name}, which is not supported"))
            }
            _ => match (cause, frames::words(&head.bytes)) {
                (Cause::NotAudio(_), Some(words)) => {
                    Cause::Unsupported(format!("it is {words}, which is not supported"))
                }
                (cause, _) => cause,
            },
        })?;
    let format = match format.format_info().short_name {
        adts::NAME => Box::new(adts::Reader::new(format.into_inner()).map_err(Cause::Io)?),
        _ => packed.unpack(format),
    };
    let container = format.format_info().short_name;
    Ok(Opened { container, format, tracks, len: head.end - head.start, packed })
}

fn open_riff<'s, S: MediaSource + 's>(
    source: S,
    riff: riff::Riff,
    is_inside: bool,
) -> Result<Opened<'s>, Cause> {
    let container = riff.container;
    let sound = riff.sound;
    match riff.content {
        Content::Pcm(pcm) => {
            let stream = MediaSourceStream::new(Box::new(source), Default::default());
            let format = Reader::new(stream, container, &sound, pcm).map_err(Cause::Io)?;
            let (tracks, packed) = Default::default();
            Ok(Opened { format: Box::new(format), container, tracks, len: sound.len, packed })
        }
        Content::Stream(_) if is_inside => {
            let reason = "it is a file within a file within a file, which is not supported";
            Err(Cause::Unsupported(reason.to_owned()))
        }
        Content::Stream(skip) => {
            let source: Box<dyn MediaSource + 's> = Box::new(source);
            let (start, len) = (sound.start + skip, sound.len.saturating_sub(skip));
            let stream = Segment::new(source, start, len).map_err(Cause::Io)?;
            Ok(Opened { container, ..open_within(stream, len, true)? })
        }
    }
}
