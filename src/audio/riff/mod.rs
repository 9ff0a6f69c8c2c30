//! WAV (also RF64, BW64, RIFX and Wave64) and AIFF (also AIFF-C): finding the samples in them.
//!
//! Own code in place of Symphonia's readers of both. Those follow the sizes in the header to the
//! letter, so that every file of a recorder that was switched off, and every one beyond 4 GB, is
//! refused; they know 18 to 26 channels, and take 33 for one. What is in a sample is still decoded by
//! Symphonia.

mod aiff;
mod channels;
mod chunks;
mod hidden;
mod reader;
mod wave;
mod wave64;

use std::io::{self, Read, Seek};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecId;

use super::error::Cause;
use super::sniff::{Head, read_at};
pub(super) use chunks::Chunk;
use chunks::{Order, Walk};
pub(super) use reader::Reader;
pub(super) use wave64::is_wave64;

/// Most channels that are mixed down.
const MAX_CHANNELS: u16 = 64;
/// Bytes of a header chunk that are read.
const MAX_HEADER: u64 = 4_096;
/// Frames of a packet, where the format has no blocks of its own.
const PACKET_FRAMES: u64 = 1_152;

/// A WAV or AIFF file, taken apart.
pub(super) struct Riff {
    /// `wave`, `w64` or `aiff`.
    pub(super) container: &'static str,
    pub(super) content: Content,
    /// Where its sound lies.
    pub(super) sound: Sound,
}

impl Riff {
    /// The same for another container of samples; none for more channels than are mixed down.
    pub(super) fn pcm(
        container: &'static str,
        (start, len, declared): (u64, u64, Option<u64>),
        codec: AudioCodecId,
        channels: Channels,
        (rate, bytes): (u32, u16),
    ) -> Option<Self> {
        let count = u16::try_from(channels.count()).ok().filter(|count| *count <= MAX_CHANNELS)?;
        let blocks = Blocks::of_frames(bytes, count).ok()?;
        let content = Content::Pcm(Pcm { codec, channels, rate, blocks });
        Some(Self { container, content, sound: Sound { start, len, declared, more: Vec::new() } })
    }
}

/// A stretch of bytes, or several: what follows the first chunk of sound in further ones is played, too.
pub(super) struct Sound {
    /// Where it begins.
    pub(super) start: u64,
    /// How many bytes there are.
    pub(super) len: u64,
    /// How many there should be in all, where the header says so.
    declared: Option<u64>,
    /// Where further stretches begin, and how long they are.
    more: Vec<(u64, u64)>,
}

/// What is in the chunk of sound.
pub(super) enum Content {
    /// Samples.
    Pcm(Pcm),
    /// A stream that another reader takes apart, so many bytes behind the start of the sound.
    Stream(u64),
}

/// A format of samples.
pub(super) struct Pcm {
    codec: AudioCodecId,
    channels: Channels,
    rate: u32,
    blocks: Blocks,
}

/// The smallest pieces that can be decoded for themselves.
#[derive(Debug, Clone, Copy)]
struct Blocks {
    bytes: u64,
    frames: u64,
    per_packet: u64,
}

impl Blocks {
    fn new(bytes: u64, frames: u64) -> Result<Self, Cause> {
        match (bytes, frames) {
            (1.., 1..) => Ok(Self { bytes, frames, per_packet: (PACKET_FRAMES / frames).max(1) }),
            _ => Err(Cause::Decode("its header is damaged (blocks of no size)".to_owned())),
        }
    }

    /// Blocks of one frame: a sample of `bytes` bytes for each channel.
    fn of_frames(bytes: u16, channels: u16) -> Result<Self, Cause> {
        Self::new(u64::from(bytes) * u64::from(channels), 1)
    }
}

/// Which kind of file begins with `head`.
#[derive(Clone, Copy)]
enum Form {
    Wave(Order),
    Wave64,
    Aiff { compressed: bool },
}

impl Form {
    fn of(head: &[u8]) -> Option<Self> {
        if wave64::is_wave64(head) {
            return Some(Self::Wave64);
        }
        Some(match (head.get(..4)?, head.get(8..12)?) {
            (b"RIFF" | b"RF64" | b"BW64", b"WAVE") => Self::Wave(Order::Little),
            (b"RIFX", b"WAVE") => Self::Wave(Order::Big),
            (b"FORM", b"AIFF") => Self::Aiff { compressed: false },
            (b"FORM", b"AIFC") => Self::Aiff { compressed: true },
            _ => return None,
        })
    }

    fn order(self) -> Order {
        match self {
            Self::Wave(order) => order,
            Self::Wave64 => Order::Little,
            Self::Aiff { .. } => Order::Big,
        }
    }

    fn names(self) -> (&'static str, &'static [u8; 4], &'static [u8; 4]) {
        match self {
            Self::Wave(_) => ("wave", b"fmt ", b"data"),
            Self::Wave64 => ("w64", b"fmt ", b"data"),
            Self::Aiff { .. } => ("aiff", b"COMM", b"SSND"),
        }
    }
}

/// Name of a format of WAV by its number, in whatever container.
pub(super) fn format_name(tag: u16) -> String {
    wave::name(tag)
}

/// Bytes at the start of a file that [`is_riff`] needs.
pub(super) const HEAD: u64 = wave64::START;

/// Is this the beginning of a WAV or AIFF file?
pub(super) fn is_riff(head: &[u8]) -> bool {
    Form::of(head).is_some()
}

/// The chunks of the file that begins at `start`, up to another file or to `end`.
pub(super) fn chunks<R: Read + Seek>(
    source: &mut R,
    start: u64,
    end: u64,
) -> io::Result<Vec<Chunk>> {
    let Some(form) = Form::of(&read_at(source, start, HEAD)?) else { return Ok(Vec::new()) };
    if let Form::Wave64 = form {
        return wave64::chunks(source, start, end);
    }
    Walk::new(source, form.order(), form.names().2, end).chunks(start + 12)
}

/// Takes `source` apart if `head`, its beginning, says that it is WAV or AIFF.
pub(super) fn open<R: Read + Seek>(source: &mut R, head: &Head) -> Result<Option<Riff>, Cause> {
    let Some(form) = Form::of(&head.bytes) else { return Ok(None) };
    let (container, format, sound) = form.names();
    let chunks = chunks(source, head.start, head.end).map_err(Cause::Io)?;
    let missing = |id: &[u8; 4]| {
        Cause::Decode(format!("its header is damaged (no {} chunk)", id.escape_ascii()))
    };
    let found = chunks.iter().find(|c| c.id == *format).cloned();
    let find = |id, from, source: &mut R| {
        if let Form::Wave64 = form {
            return Ok(None);
        }
        // A chunk in front of it claims a size that is not its own.
        chunks::find(source, id, form.order(), from, head.end).map_err(Cause::Io)
    };
    let found = match found {
        None => find(format, head.start + 12, source)?,
        found => found,
    };
    let format = found.ok_or_else(|| missing(format))?;
    let header = read_at(source, format.start, format.len.min(MAX_HEADER)).map_err(Cause::Io)?;
    let content = match form {
        Form::Wave(_) | Form::Wave64 => wave::content(&header, form.order()),
        Form::Aiff { compressed } => aiff::content(&header, compressed).map(Content::Pcm),
    };
    match &content {
        Ok(Content::Pcm(pcm)) => check_channels(pcm.channels.count())?,
        Err(cause) if !matches!(cause, Cause::Unsupported(_)) => return content.map(|_| None),
        _ => {}
    }
    let mut found: Vec<Chunk> = chunks.iter().filter(|c| c.id == *sound).cloned().collect();
    if found.is_empty() {
        found.extend(find(sound, format.start + format.len, source)?);
    }
    let found = join(source, form, &found).map_err(Cause::Io)?;
    let Some(mut sound) = found else { return Err(content.err().unwrap_or(missing(sound))) };
    let content = match content {
        Ok(Content::Stream(skip)) => Content::Stream(skip),
        // Codecs that no samples are made of are written as a stream of their own (AAC in ADTS, FLAC, Ogg), or as
        // bare packets, whose sizes nothing tells.
        content => match hidden::stream(source, container, &sound)? {
            Some(skip) => Content::Stream(skip),
            None => content?,
        },
    };
    if let Content::Stream(_) = content {
        sound.more.clear();
    }
    Ok(Some(Riff { container, content, sound }))
}

/// What all chunks of sound hold. Empty ones are left behind by programs that began twice.
fn join<R: Read + Seek>(source: &mut R, form: Form, chunks: &[Chunk]) -> io::Result<Option<Sound>> {
    let mut all: Option<Sound> = None;
    for chunk in chunks {
        let skip = match form {
            Form::Wave(_) | Form::Wave64 => 0,
            Form::Aiff { .. } => {
                aiff::sound_offset(&read_at(source, chunk.start, 8)?).min(chunk.len)
            }
        };
        let (start, len) = (chunk.start + skip, chunk.len - skip);
        let declared = chunk.declared.map(|size| size.saturating_sub(skip));
        match &mut all {
            Some(all) if all.len > 0 => {
                all.declared = all.declared.zip(declared).map(|(a, b)| a.saturating_add(b));
                all.more.push((start, len));
            }
            _ => all = Some(Sound { start, len, declared, more: Vec::new() }),
        }
    }
    Ok(all)
}

fn check_channels(count: usize) -> Result<(), Cause> {
    match count {
        0 => Err(Cause::Decode("its header is damaged (no channels)".to_owned())),
        n if n > usize::from(MAX_CHANNELS) => {
            Err(Cause::Unsupported(format!("it has {n} channels, which is not supported")))
        }
        _ => Ok(()),
    }
}
