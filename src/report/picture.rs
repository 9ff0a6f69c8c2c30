//! Pictures of spectrograms for reports: from the audio file named in a record, if it is still the
//! file that the record is about.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::evidence::Side;
use crate::audio::DecodeOptions;
use crate::fingerprint::file::sha256_of;
use crate::fingerprint::spectrogram::{self, Spectrogram};
use crate::params::FingerprintParams;

/// Columns of a picture.
const MAX_WIDTH: usize = 1_000;
/// Largest picture taken over from a record, in bytes.
const MAX_PNG: usize = 2 << 20;
/// Largest width or height of a picture taken over from a record.
const MAX_PIXELS: u32 = 8_000;
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Why there is no picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    /// It was not asked for.
    #[error("the audio was not looked at, as asked (--no-audio)")]
    NotAsked,
    /// The file is not there.
    #[error("the audio file is not at the place that the records name")]
    Missing,
    /// Another file lies there.
    #[error("the audio file is not the one that was scanned: its SHA-256 differs")]
    Changed,
    /// It cannot be decoded.
    #[error("the audio file cannot be decoded: {0}")]
    Undecodable(String),
}

/// How a file is told to be the one that a record is about.
#[derive(Debug, Clone, Copy)]
pub enum Identity<'a> {
    /// By its SHA-256 in hexadecimal.
    Sha256(&'a str),
    /// By the identifier of a reference, which holds the first half of it.
    RefId(&'a str),
}

impl Identity<'_> {
    /// Whether a file of this hash is it.
    pub fn is(&self, sha256: &[u8; 32]) -> bool {
        match self {
            Identity::Sha256(expected) => crate::id::hex(sha256) == *expected,
            Identity::RefId(expected) => crate::id::ref_id(sha256) == *expected,
        }
    }
}

/// Draws pictures, or says why not.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// Whether audio files may be opened at all.
    pub from_audio: bool,
    /// Caps for decoding.
    pub decode: DecodeOptions,
}

impl Pictures {
    /// Sees to it that `side` has a picture that is fit to be shown, from the record or from the
    /// audio at `path`.
    pub fn complete(
        &self,
        side: &mut Side,
        path: &Path,
        identity: Identity<'_>,
    ) -> Result<(), NoPicture> {
        if side.spectrogram_png.as_deref().is_some_and(is_png) {
            return Ok(());
        }
        side.spectrogram_png = None;
        if !self.from_audio {
            return Err(NoPicture::NotAsked);
        }
        // Asked before opening: opening a pipe without a writer would block for ever.
        if !std::fs::metadata(path).is_ok_and(|m| m.is_file()) {
            return Err(NoPicture::Missing);
        }
        let undecodable = |e: crate::audio::AudioError| NoPicture::Undecodable(e.to_string());
        if !identity.is(&sha256_of(path).map_err(undecodable)?) {
            return Err(NoPicture::Changed);
        }
        let range = (side.begin_ms, side.end_ms);
        let params = FingerprintParams::V2;
        let picture = spectrogram::of_file(path, range, MAX_WIDTH, &params, &self.decode)
            .map_err(undecodable)?;
        side.spectrogram_png = png(&picture).map(|bytes| STANDARD.encode(bytes));
        Ok(())
    }
}

/// Whether `text` is a picture of ordinary size: records come from files that anybody may edit.
fn is_png(text: &str) -> bool {
    if text.len() > MAX_PNG / 3 * 4 {
        return false;
    }
    let Ok(bytes) = STANDARD.decode(text) else { return false };
    let word =
        |at: usize| bytes.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let fits = |at| word(at).is_some_and(|pixels| (1..=MAX_PIXELS).contains(&pixels));
    bytes.starts_with(PNG_SIGNATURE) && fits(16) && fits(20)
}

/// A PNG of 4-bit greys, loud is dark.
pub fn png(picture: &Spectrogram) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let size = (u32::try_from(picture.width).ok()?, u32::try_from(picture.height).ok()?);
    let mut encoder = png::Encoder::new(&mut out, size.0, size.1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().ok()?;
    let white = spectrogram::GREYS - 1;
    let pack = |pair: &[u8]| {
        let second = pair.get(1).copied().unwrap_or(0);
        (white - pair[0].min(white)) << 4 | (white - second.min(white))
    };
    let rows = picture.pixels.chunks(picture.width.max(1));
    let data: Vec<u8> = rows.flat_map(|row| row.chunks(2).map(pack)).collect();
    writer.write_image_data(&data).ok()?;
    writer.finish().ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn clip() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/demo/references/main-theme.ogg")
    }

    fn pictures(from_audio: bool) -> Pictures {
        Pictures { from_audio, decode: DecodeOptions::default() }
    }

    fn side() -> Side {
        Side { begin_ms: 2_000, end_ms: 4_500, ..Side::default() }
    }

    #[test]
    fn a_picture_comes_from_the_file_that_was_scanned() {
        let hash = sha256_of(&clip()).unwrap();
        let (hex, id) = (crate::id::hex(&hash), crate::id::ref_id(&hash));
        for identity in [Identity::Sha256(&hex), Identity::RefId(&id)] {
            let mut side = side();
            pictures(true).complete(&mut side, &clip(), identity).unwrap();
            let bytes = STANDARD.decode(side.spectrogram_png.unwrap()).unwrap();
            let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
            let reader = decoder.read_info().unwrap();
            assert_eq!((reader.info().width, reader.info().height), (157, 184));
        }
    }

    #[test]
    fn another_file_or_none_gives_no_picture_and_the_reason() {
        let fail = |from_audio, path: &Path| {
            let identity = Identity::Sha256("00");
            pictures(from_audio).complete(&mut side(), path, identity).unwrap_err()
        };
        assert_eq!(fail(true, &clip()), NoPicture::Changed);
        assert_eq!(fail(true, Path::new("/nowhere.wav")), NoPicture::Missing);
        assert_eq!(fail(true, Path::new("/")), NoPicture::Missing);
        assert_eq!(fail(false, &clip()), NoPicture::NotAsked);
    }

    #[test]
    fn only_real_pictures_are_taken_over_from_records() {
        let good = png(&Spectrogram { width: 3, height: 2, pixels: vec![0, 5, 15, 1, 2, 3] });
        let good = STANDARD.encode(good.unwrap());
        assert!(is_png(&good));
        let huge = [PNG_SIGNATURE, b"\0\0\0\rIHDR\x7f\0\0\0\0\0\0\x01\x08"].concat();
        for bad in ["", "\"/><script>", &STANDARD.encode("GIF89a"), &STANDARD.encode(huge)] {
            assert!(!is_png(bad), "{bad}");
            let mut side = Side { spectrogram_png: Some(bad.to_owned()), ..side() };
            let identity = Identity::Sha256("00");
            assert!(pictures(false).complete(&mut side, Path::new("x"), identity).is_err());
            assert_eq!(side.spectrogram_png, None);
        }
    }
}
