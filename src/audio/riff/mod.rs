//! WAV (also RF64, BW64 and RIFX) and AIFF (also AIFF-C): finding the samples in them.
//!
//! Own code in place of Symphonia's readers of both. Those follow the sizes in the header to the
//! letter, so that every file of a recorder that was switched off, and every one beyond 4 GB, is
//! refused; they know 18 to 26 channels, and take 33 for one. What is in a sample is still decoded by
//! Symphonia.

mod aiff;
mod channels;
mod chunks;
mod reader;
mod wave;

use std::io::{Read, Seek};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecId;

use super::error::Cause;
use super::sniff::{Head, read_at};
use chunks::{Order, Walk};
pub(super) use reader::Reader;

/// Most channels that are mixed down.
const MAX_CHANNELS: u16 = 64;
/// Bytes of a header chunk that are read.
const MAX_HEADER: u64 = 4_096;
/// Frames of a packet, where the format has no blocks of its own.
const PACKET_FRAMES: u64 = 1_152;

/// A WAV or AIFF file, taken apart.
pub(super) struct Riff {
    /// `wave` or `aiff`.
    pub(super) container: &'static str,
    pub(super) content: Content,
    /// Where its sound lies.
    pub(super) sound: Sound,
}

/// A stretch of bytes.
pub(super) struct Sound {
    /// Where it begins.
    pub(super) start: u64,
    /// How many bytes there are.
    pub(super) len: u64,
    /// How many there should be, where the header says so.
    declared: Option<u64>,
}

/// What is in the chunk of sound.
pub(super) enum Content {
    /// Samples.
    Pcm(Pcm),
    /// A stream of MPEG audio.
    Mpeg,
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
    Aiff { compressed: bool },
}

impl Form {
    fn of(head: &[u8]) -> Option<Self> {
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
            Self::Aiff { .. } => Order::Big,
        }
    }

    fn names(self) -> (&'static str, &'static [u8; 4], &'static [u8; 4]) {
        match self {
            Self::Wave(_) => ("wave", b"fmt ", b"data"),
            Self::Aiff { .. } => ("aiff", b"COMM", b"SSND"),
        }
    }
}

/// Takes `source` apart if `head`, its beginning, says that it is WAV or AIFF.
pub(super) fn open<R: Read + Seek>(source: &mut R, head: &Head) -> Result<Option<Riff>, Cause> {
    let Some(form) = Form::of(&head.bytes) else { return Ok(None) };
    let (container, format, sound) = form.names();
    let chunks = Walk::new(source, form.order(), sound, head.end)
        .chunks(head.start + 12)
        .map_err(Cause::Io)?;
    let find = |id: &[u8; 4]| chunks.iter().find(|chunk| chunk.id == *id);
    let missing = |id: &[u8; 4]| {
        Cause::Decode(format!("its header is damaged (no {} chunk)", id.escape_ascii()))
    };
    let format = find(format).ok_or_else(|| missing(format))?;
    let header = read_at(source, format.start, format.len.min(MAX_HEADER)).map_err(Cause::Io)?;
    let content = match form {
        Form::Wave(order) => wave::content(&header, order)?,
        Form::Aiff { compressed } => Content::Pcm(aiff::content(&header, compressed)?),
    };
    if let Content::Pcm(pcm) = &content {
        check_channels(pcm.channels.count())?;
    }
    let sound = find(sound).ok_or_else(|| missing(sound))?;
    let skip = match form {
        Form::Wave(_) => 0,
        Form::Aiff { .. } => {
            let fields = read_at(source, sound.start, 8).map_err(Cause::Io)?;
            aiff::sound_offset(&fields).min(sound.len)
        }
    };
    let sound = Sound {
        start: sound.start + skip,
        len: sound.len - skip,
        declared: sound.declared.map(|size| size.saturating_sub(skip)),
    };
    refuse_hidden_dts(source, &sound)?;
    Ok(Some(Riff { container, content, sound }))
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

/// Surround discs are passed on as "WAV" whose samples are packets of DTS or, by IEC 61937, of AC-3:
/// noise, unless a receiver decodes them.
fn refuse_hidden_dts<R: Read + Seek>(source: &mut R, sound: &Sound) -> Result<(), Cause> {
    const DTS: [&[u8]; 4] = [
        b"\x7f\xfe\x80\x01",
        b"\xfe\x7f\x01\x80",
        b"\x1f\xff\xe8\0\x07",
        b"\xff\x1f\0\xe8\xf1\x07",
    ];
    const IEC_61937: [&[u8]; 2] = [b"\x72\xf8\x1f\x4e", b"\xf8\x72\x4e\x1f"];
    let start = read_at(source, sound.start, sound.len.min(MAX_HEADER)).map_err(Cause::Io)?;
    let holds = |signs: &[&[u8]]| {
        signs.iter().any(|sign| start.windows(sign.len()).any(|bytes| bytes == *sign))
    };
    let name = match () {
        () if holds(&DTS) => "DTS",
        () if holds(&IEC_61937) => "a bitstream for a receiver (IEC 61937: AC-3 or DTS)",
        () => return Ok(()),
    };
    Err(Cause::Unsupported(format!("it is {name} in a WAV file, which is not supported")))
}
