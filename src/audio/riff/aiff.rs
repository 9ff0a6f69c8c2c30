//! The format of an AIFF or AIFF-C file: its `COMM` and `SSND` chunks.
//!
//! Audio Interchange File Format 1.3 (Apple, 1989) and AIFF-C (draft of 1991); the compression types
//! are those of QuickTime.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::*;

use super::super::error::Cause;
use super::channels::of_aiff;
use super::{Blocks, Pcm};

/// A block of ima4 holds 64 samples of one channel in 34 bytes.
const IMA4_BYTES: u16 = 34;
const IMA4_FRAMES: u64 = 64;

/// Names of compression types that are not decoded.
const NAMES: &[(&[u8; 4], &str)] = &[
    (b"ACE2", "ACE"),
    (b"ACE8", "ACE"),
    (b"MAC3", "MACE 3:1"),
    (b"MAC6", "MACE 6:1"),
    (b"QDMC", "QDesign Music"),
    (b"QDM2", "QDesign Music"),
    (b"Qclp", "PureVoice"),
    (b"QCLP", "PureVoice"),
    (b"GSM ", "GSM 6.10"),
    (b"agsm", "GSM 6.10"),
    (b"G722", "G.722 ADPCM"),
    (b"G726", "G.726 ADPCM"),
    (b"G728", "G.728"),
    (b"ADP4", "DVI ADPCM"),
    (b"DWVW", "DWVW"),
    (b"rt24", "RT24"),
    (b"rt29", "RT29"),
    (b".mp3", "MP3"),
    (b"ms\0\x55", "MP3"),
    (b"mp4a", "AAC"),
    (b"alac", "ALAC"),
];

/// What a file with the `COMM` chunk `chunk` holds; `compressed` if its form is AIFC.
pub(super) fn content(chunk: &[u8], compressed: bool) -> Result<Pcm, Cause> {
    let [c0, c1, _, _, _, _, b0, b1, ..] = *chunk else { return Err(damaged()) };
    let channels = u16::from_be_bytes([c0, c1]);
    let bits = u16::from_be_bytes([b0, b1]);
    let rate = chunk.get(8..18).and_then(extended).ok_or_else(damaged)?;
    let kind = chunk.get(18..22).filter(|_| compressed).unwrap_or(b"NONE");
    let kind: [u8; 4] = kind.try_into().map_err(|_| damaged())?;
    let (codec, bytes) = codec(kind, bits)?;
    let blocks = match codec {
        CODEC_ID_ADPCM_IMA_QT => {
            Blocks::new(u64::from(IMA4_BYTES) * u64::from(channels), IMA4_FRAMES)?
        }
        _ => Blocks::of_frames(bytes, channels)?,
    };
    Ok(Pcm { codec, channels: of_aiff(channels), rate, blocks })
}

/// Codec and bytes a sample. Samples whose size is no whole number of bytes fill the upper bits.
fn codec(kind: [u8; 4], bits: u16) -> Result<(AudioCodecId, u16), Cause> {
    let bytes = bits.div_ceil(8);
    Ok(match (&kind.map(|b| b.to_ascii_lowercase()), bytes) {
        (b"none" | b"twos", 1) => (CODEC_ID_PCM_S8, 1),
        (b"none" | b"twos", 2) => (CODEC_ID_PCM_S16BE, 2),
        (b"none" | b"twos", 3) | (b"in24", _) => (CODEC_ID_PCM_S24BE, 3),
        (b"none" | b"twos", 4) | (b"in32", _) => (CODEC_ID_PCM_S32BE, 4),
        (b"sowt", 1) => (CODEC_ID_PCM_S8, 1),
        (b"sowt", 2) => (CODEC_ID_PCM_S16LE, 2),
        (b"sowt", 3) | (b"42ni", _) => (CODEC_ID_PCM_S24LE, 3),
        (b"sowt", 4) | (b"23ni", _) => (CODEC_ID_PCM_S32LE, 4),
        (b"raw ", 1) => (CODEC_ID_PCM_U8, 1),
        (b"fl32", _) => (CODEC_ID_PCM_F32BE, 4),
        (b"fl64", _) => (CODEC_ID_PCM_F64BE, 8),
        (b"alaw", _) => (CODEC_ID_PCM_ALAW, 1),
        (b"ulaw", _) => (CODEC_ID_PCM_MULAW, 1),
        (b"ima4", _) => (CODEC_ID_ADPCM_IMA_QT, 0),
        _ => return Err(unsupported(kind, bits)),
    })
}

fn unsupported(kind: [u8; 4], bits: u16) -> Cause {
    let name = NAMES.iter().find(|(id, _)| **id == kind).map(|(_, name)| *name);
    Cause::Unsupported(match (&kind.map(|b| b.to_ascii_lowercase()), name) {
        (_, Some(name)) => format!("it is {name} in an AIFF file, which is not supported"),
        (b"none" | b"twos" | b"sowt" | b"raw ", None) => {
            format!("it is an AIFF file with {bits} bits a sample, which is not supported")
        }
        _ => {
            format!("it is an AIFF file in format {}, which is not supported", kind.escape_ascii())
        }
    })
}

fn damaged() -> Cause {
    Cause::Decode("its header is damaged (COMM chunk too short)".to_owned())
}

/// A sample rate as an 80-bit IEEE 754 number; `None` if it is none.
fn extended(bytes: &[u8]) -> Option<u32> {
    let exponent = i32::from(u16::from_be_bytes([*bytes.first()?, *bytes.get(1)?]));
    let mantissa = u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?);
    let rate = (mantissa as f64) * f64::from(exponent - 16_383 - 63).exp2();
    (1.0..=f64::from(u32::MAX)).contains(&rate).then_some(rate as u32)
}

/// Where sound begins in an `SSND` chunk: behind its two fields and the offset that one of them is.
pub(super) fn sound_offset(chunk: &[u8]) -> u64 {
    let offset = chunk.get(..4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    8 + u64::from(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_rates_are_read() {
        assert_eq!(extended(b"\x40\x0e\xac\x44\0\0\0\0\0\0"), Some(44_100));
        assert_eq!(extended(b"\x40\x0b\xfa\0\0\0\0\0\0\0"), Some(8_000));
        assert_eq!(extended(b"\x40\x0f\xbb\x80\0\0\0\0\0\0"), Some(96_000));
        assert_eq!(extended(&[0; 10]), None);
        assert_eq!(extended(&[0xff; 10]), None);
        assert_eq!(extended(&[1; 5]), None);
    }
}
