//! CAF with more channels than loudspeakers have names (Core Audio Format Specification, Apple).
//!
//! Symphonia reads CAF, but knows channels by their places, of which there are few: 24 channels become 18, and more
//! are refused. Samples of so many channels are taken apart here, as those of WAV are.

use std::io::{self, Read, Seek};

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::riff::Riff;
use super::sniff::{Head, read_at};

/// Most channels that are left to Symphonia.
const MAX_PLACED: u32 = 8;
/// Most chunks that are looked at.
const MAX_CHUNKS: usize = 1_000;

/// Takes `source` apart if `head`, its beginning, says that it is CAF with many channels of PCM.
pub(super) fn open<R: Read + Seek>(source: &mut R, head: &Head) -> io::Result<Option<Riff>> {
    if !head.bytes.starts_with(b"caff") {
        return Ok(None);
    }
    let (mut at, mut format) = (head.start + 8, None);
    for _ in 0..MAX_CHUNKS {
        let header = read_at(source, at, 12)?;
        let Some((name, size)) = header.split_first_chunk::<4>() else { break };
        let Ok(size) = size.try_into().map(u64::from_be_bytes) else { break };
        let body = at + 12;
        match name {
            b"desc" => match Format::parse(&read_at(source, body, 32)?) {
                Some(found) => format = Some(found),
                None => break,
            },
            b"data" => {
                // Behind a number of edits.
                let (start, there) = (body + 4, head.end.saturating_sub(body + 4));
                let declared = (size != u64::MAX).then(|| size.saturating_sub(4));
                let len = declared.unwrap_or(there).min(there);
                return Ok(format.and_then(|format| format.riff(start, len, declared)));
            }
            _ => {}
        }
        let Some(next) = body.checked_add(size) else { break };
        at = next;
    }
    Ok(None)
}

/// What a `desc` chunk says of many channels of PCM.
struct Format {
    rate: u32,
    channels: u16,
    bytes: u16,
    codec: AudioCodecId,
}

impl Format {
    fn parse(desc: &[u8]) -> Option<Self> {
        let number = |at: usize| {
            let bytes = desc.get(at..at + 4)?;
            bytes.try_into().ok().map(u32::from_be_bytes)
        };
        let rate = f64::from_be_bytes(desc.get(..8)?.try_into().ok()?);
        let (flags, packet, frames) = (number(12)?, number(16)?, number(20)?);
        let channels = number(24)?;
        if desc.get(8..12)? != b"lpcm" || frames != 1 || channels <= MAX_PLACED {
            return None;
        }
        let (is_float, is_little) = (flags & 1 != 0, flags & 2 != 0);
        let bytes = u16::try_from(packet / channels).ok()?;
        let codec = match (bytes, is_float, is_little) {
            (1, false, _) => CODEC_ID_PCM_S8,
            (2, false, true) => CODEC_ID_PCM_S16LE,
            (2, false, false) => CODEC_ID_PCM_S16BE,
            (3, false, true) => CODEC_ID_PCM_S24LE,
            (3, false, false) => CODEC_ID_PCM_S24BE,
            (4, false, true) => CODEC_ID_PCM_S32LE,
            (4, false, false) => CODEC_ID_PCM_S32BE,
            (4, true, true) => CODEC_ID_PCM_F32LE,
            (4, true, false) => CODEC_ID_PCM_F32BE,
            (8, true, true) => CODEC_ID_PCM_F64LE,
            (8, true, false) => CODEC_ID_PCM_F64BE,
            _ => return None,
        };
        let channels = u16::try_from(channels).ok()?;
        Some(Self { rate: rate as u32, channels, bytes, codec })
    }

    fn riff(self, start: u64, len: u64, declared: Option<u64>) -> Option<Riff> {
        let channels = Channels::Discrete(self.channels);
        Riff::pcm("caf", (start, len, declared), self.codec, channels, (self.rate, self.bytes))
    }
}
