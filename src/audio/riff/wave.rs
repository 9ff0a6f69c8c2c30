//! The format of a WAV file: its `fmt ` chunk.
//!
//! RIFF WAVE (Microsoft and IBM, 1991), WAVEFORMATEX and WAVEFORMATEXTENSIBLE (Microsoft), RF64 (EBU
//! Tech 3306) and BW64 (ITU-R BS.2088).

use symphonia::core::codecs::audio::well_known::*;

use super::super::error::Cause;
use super::channels::{of_b_format, of_wave};
use super::chunks::Order;
use super::{Blocks, Content, Pcm};

const PCM: u16 = 0x0001;
const MS_ADPCM: u16 = 0x0002;
const FLOAT: u16 = 0x0003;
const A_LAW: u16 = 0x0006;
const MU_LAW: u16 = 0x0007;
const IMA_ADPCM: u16 = 0x0011;
const MPEG: u16 = 0x0050;
const MPEG_LAYER_3: u16 = 0x0055;
const EXTENSIBLE: u16 = 0xfffe;

/// End of the names of formats that are numbered as above (`KSDATAFORMAT_SUBTYPE_…`).
const NUMBERED: &[u8] = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";
/// End of the names of ambisonic formats.
const AMBISONIC: &[u8] = b"\0\0\x21\x07\xd3\x11\x86\x44\xc8\xc1\xca\0\0\0";

/// Names of formats that are not decoded, by their number (RFC 2361 and later registrations).
const NAMES: &[(u16, &str)] = &[
    (0x0010, "OKI ADPCM"),
    (0x0014, "G.723 ADPCM"),
    (0x0020, "Yamaha ADPCM"),
    (0x0022, "TrueSpeech"),
    (0x0031, "GSM 6.10"),
    (0x0040, "G.721 ADPCM"),
    (0x0042, "G.723.1"),
    (0x0045, "G.726 ADPCM"),
    (0x0061, "DVI ADPCM"),
    (0x0064, "G.726 ADPCM"),
    (0x0070, "Lernout & Hauspie"),
    (0x0083, "G.729"),
    (0x0092, "AC-3"),
    (0x00ff, "AAC"),
    (0x0160, "Windows Media Audio"),
    (0x0161, "Windows Media Audio"),
    (0x0162, "Windows Media Audio"),
    (0x0163, "Windows Media Audio"),
    (0x0270, "ATRAC3"),
    (0x0401, "Indeo audio"),
    (0x1600, "AAC"),
    (0x1602, "AAC"),
    (0x1610, "AAC"),
    (0x2000, "AC-3"),
    (0x2001, "DTS"),
    (0x5346, "Vorbis"),
    (0x5756, "WavPack"),
    (0x566f, "Vorbis"),
    (0x674f, "Vorbis"),
    (0x6750, "Vorbis"),
    (0x6751, "Vorbis"),
    (0x676f, "Vorbis"),
    (0x6770, "Vorbis"),
    (0x6771, "Vorbis"),
    (0x704f, "Opus"),
    (0xf1ac, "FLAC"),
];

/// Name of the format `tag`, for an error.
pub(super) fn name(tag: u16) -> String {
    let decoded = [
        (PCM, "PCM"),
        (MS_ADPCM, "Microsoft ADPCM"),
        (FLOAT, "PCM"),
        (A_LAW, "A-law"),
        (MU_LAW, "µ-law"),
        (IMA_ADPCM, "IMA ADPCM"),
        (MPEG, "MPEG audio"),
        (MPEG_LAYER_3, "MP3"),
    ];
    let name = decoded.iter().chain(NAMES).find(|(known, _)| *known == tag);
    name.map_or_else(
        || format!("Windows audio in format {tag:#06x}"),
        |(_, name)| (*name).to_owned(),
    )
}

/// The fields of a `fmt ` chunk.
struct Format {
    tag: u16,
    channels: u16,
    rate: u32,
    block: u16,
    bits: u16,
    mask: Option<u32>,
    ambisonic: bool,
}

/// What a file with the `fmt ` chunk `chunk` holds.
pub(super) fn content(chunk: &[u8], order: Order) -> Result<Content, Cause> {
    let format = Format::parse(chunk, order)?;
    match format.tag {
        MPEG | MPEG_LAYER_3 => Ok(Content::Stream(0)),
        _ => format.pcm(order).map(Content::Pcm),
    }
}

impl Format {
    fn parse(chunk: &[u8], order: Order) -> Result<Self, Cause> {
        let damaged = || Cause::Decode("its header is damaged (fmt chunk too short)".to_owned());
        let u16_at = |at: usize| {
            let bytes = chunk.get(at..at + 2)?;
            bytes.try_into().ok().map(|b| order.u16(b))
        };
        let u32_at = |at: usize| {
            let bytes = chunk.get(at..at + 4)?;
            bytes.try_into().ok().map(|b| order.u32(b))
        };
        let mut format = Self {
            tag: u16_at(0).ok_or_else(damaged)?,
            channels: u16_at(2).ok_or_else(damaged)?,
            rate: u32_at(4).ok_or_else(damaged)?,
            block: u16_at(12).ok_or_else(damaged)?,
            bits: u16_at(14).unwrap_or(8),
            mask: None,
            ambisonic: false,
        };
        if format.tag == EXTENSIBLE {
            let kind = chunk.get(24..40).ok_or_else(damaged)?;
            format.mask = u32_at(20);
            format.ambisonic = kind.ends_with(AMBISONIC);
            if !kind.ends_with(NUMBERED) && !format.ambisonic {
                let reason = "it is a WAV file in an unknown format, which is not supported";
                return Err(Cause::Unsupported(reason.to_owned()));
            }
            format.tag = u16_at(24).ok_or_else(damaged)?;
        }
        Ok(format)
    }

    fn pcm(&self, order: Order) -> Result<Pcm, Cause> {
        let bits = match (self.bits, self.channels) {
            (0, 1..) => self.block / self.channels * 8,
            (bits, _) => bits,
        };
        let little = order == Order::Little;
        let codec = match (self.tag, bits.div_ceil(8)) {
            (PCM, 1) => CODEC_ID_PCM_U8,
            (PCM, 2) if little => CODEC_ID_PCM_S16LE,
            (PCM, 3) if little => CODEC_ID_PCM_S24LE,
            (PCM, 4) if little => CODEC_ID_PCM_S32LE,
            (PCM, 2) => CODEC_ID_PCM_S16BE,
            (PCM, 3) => CODEC_ID_PCM_S24BE,
            (PCM, 4) => CODEC_ID_PCM_S32BE,
            (FLOAT, 4) if little => CODEC_ID_PCM_F32LE,
            (FLOAT, 8) if little => CODEC_ID_PCM_F64LE,
            (FLOAT, 4) => CODEC_ID_PCM_F32BE,
            (FLOAT, 8) => CODEC_ID_PCM_F64BE,
            (A_LAW, 1) => CODEC_ID_PCM_ALAW,
            (MU_LAW, 1) => CODEC_ID_PCM_MULAW,
            (MS_ADPCM, 1) if bits == 4 => CODEC_ID_ADPCM_MS,
            (IMA_ADPCM, 1) if bits == 4 => CODEC_ID_ADPCM_IMA_WAV,
            _ => return Err(self.unsupported(bits)),
        };
        let channels = match self.ambisonic {
            true => of_b_format(self.channels),
            false => of_wave(self.channels, self.mask),
        };
        let blocks = match self.tag {
            MS_ADPCM | IMA_ADPCM => self.adpcm_blocks()?,
            _ => Blocks::of_frames(bits.div_ceil(8), self.channels)?,
        };
        Ok(Pcm { codec, channels, rate: self.rate, blocks })
    }

    /// A block has a header for each channel that holds the first samples, then four bits each.
    fn adpcm_blocks(&self) -> Result<Blocks, Cause> {
        let (header, first) = if self.tag == MS_ADPCM { (7, 2) } else { (4, 1) };
        let headers = u64::from(self.channels) * header;
        match u64::from(self.block).checked_sub(headers) {
            Some(rest) if self.channels > 0 => {
                let frames = first + rest * 2 / u64::from(self.channels);
                Blocks::new(self.block.into(), frames)
            }
            _ => Err(Cause::Decode("its header is damaged (ADPCM blocks too small)".to_owned())),
        }
    }

    fn unsupported(&self, bits: u16) -> Cause {
        let name = NAMES.iter().find(|(tag, _)| *tag == self.tag).map(|(_, name)| *name);
        Cause::Unsupported(match (self.tag, name) {
            (_, Some(name)) => format!("it is {name} in a WAV file, which is not supported"),
            (PCM | FLOAT | A_LAW | MU_LAW | MS_ADPCM | IMA_ADPCM, None) => {
                format!("it is a WAV file with {bits} bits a sample, which is not supported")
            }
            (tag, None) => format!("it is a WAV file in format {tag:#06x}, which is not supported"),
        })
    }
}
