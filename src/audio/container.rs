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
use super::{matroska, mp4, signature, sniff};

/// A container, ready to give packets.
pub(super) struct Opened<'s> {
    pub(super) format: Box<dyn FormatReader + 's>,
    /// Short name of the container.
    pub(super) container: &'static str,
    /// What the file says of its tracks beyond what the reader tells.
    pub(super) tracks: TrackFacts,
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
pub(super) fn open<'s, S: MediaSource + 's>(mut source: S, len: u64) -> Result<Opened<'s>, Cause> {
    let head = sniff::look(&mut source, len).map_err(Cause::Io)?;
    if let Some(cause) = signature::refusal(&head.bytes) {
        return Err(cause);
    }
    if let Some(riff) = riff::open(&mut source, &head)? {
        return open_riff(source, riff);
    }
    let mut tracks = TrackFacts::default();
    let mut packed = matroska::Packed::default();
    if matroska::is_matroska(&head.bytes) {
        (tracks, packed) = matroska::facts(&mut source, head.start, head.end).map_err(Cause::Io)?;
    } else if mp4::is_mp4(&head.bytes) {
        tracks.preferred = mp4::enabled(&mut source, head.start, head.end).map_err(Cause::Io)?;
    }
    source.seek(SeekFrom::Start(0)).map_err(Cause::Io)?;
    let format =
        probe(Box::new(source)).map_err(|cause| match signature::ogg_stream(&head.bytes) {
            Some(name) if !matches!(cause, Cause::Io(_)) => {
                Cause::Unsupported(format!("it is Ogg with {name}, which is not supported"))
            }
            _ => cause,
        })?;
    let format = packed.unpack(format);
    Ok(Opened { container: format.format_info().short_name, format, tracks, packed })
}

fn open_riff<'s, S: MediaSource + 's>(source: S, riff: riff::Riff) -> Result<Opened<'s>, Cause> {
    let container = riff.container;
    let sound = riff.sound;
    let format: Box<dyn FormatReader + 's> = match riff.content {
        Content::Pcm(pcm) => {
            let stream = MediaSourceStream::new(Box::new(source), Default::default());
            Box::new(Reader::new(stream, container, &sound, pcm).map_err(Cause::Io)?)
        }
        Content::Mpeg => {
            probe(Box::new(Segment::new(source, sound.start, sound.len).map_err(Cause::Io)?))?
        }
    };
    let (tracks, packed) = Default::default();
    Ok(Opened { format, container, tracks, packed })
}
