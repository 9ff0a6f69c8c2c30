//! FLAC (RFC 9639), for sound that stands in a page.

use flacenc::component::BitRepr as _;
use flacenc::error::Verify as _;

/// Samples in a block.
const BLOCK: usize = 4_096;

/// Interleaved samples of 16 bits as FLAC; none where they make no stream.
pub fn encode(samples: &[i32], channels: usize, rate: u32) -> Option<Vec<u8>> {
    let config = flacenc::config::Encoder::default().into_verified().ok()?;
    let source = flacenc::source::MemSource::from_samples(samples, channels, 16, rate as usize);
    let mut stream = flacenc::encode_with_fixed_block_size(&config, source, BLOCK).ok()?;
    // The shorter block at the end does not count (RFC 9639, 8.2); a stream that says otherwise is one of variable
    // blocks, which decoders look for in vain.
    stream.stream_info_mut().set_block_sizes(BLOCK, BLOCK).ok()?;
    let mut sink = flacenc::bitsink::ByteSink::new();
    stream.write(&mut sink).ok()?;
    Some(sink.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{DecodeOptions, decode_file};

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let samples: Vec<i32> =
            (0..40_000).map(|i| (8_000.0 * (f64::from(i) * 0.11).sin()) as i32).collect();
        let bytes = encode(&samples, 1, 16_000).unwrap();
        assert!(bytes.starts_with(b"fLaC") && bytes.len() < samples.len() * 2);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.flac");
        std::fs::write(&path, bytes).unwrap();
        let mut decoded = Vec::new();
        decode_file(&path, &DecodeOptions::default(), &mut |chunk| {
            decoded.extend_from_slice(chunk)
        })
        .unwrap();
        assert_eq!(decoded.len(), samples.len());
        let same =
            decoded.iter().zip(&samples).all(|(a, b)| (a * 32_768.0 - *b as f32).abs() < 2.0);
        assert!(same);
    }
}
