//! What a track may ask of a decoder, checked before one is made.
//!
//! Decoders allocate what the container's header says a packet holds at most. An allocation that fails ends the
//! process, which nothing can contain.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_VORBIS,
};

use super::error::Cause;

/// Most samples, over all channels, that one packet may decode to: more than a minute in stereo. The largest
/// packets of real codecs hold 65,535 frames (FLAC).
const MAX_PACKET_SAMPLES: u64 = 4 << 20;

/// Most channels that decoders of compressed sound know.
const MAX_CODED: u64 = 8;

/// Refuses a track whose packets would need more memory than any real one.
pub(super) fn check(params: &AudioCodecParameters) -> Result<(), Cause> {
    let frames = params.max_frames_per_packet.unwrap_or(0);
    let channels = params.channels.as_ref().map_or(1, |channels| channels.count().max(1) as u64);
    let codec = match params.codec {
        CODEC_ID_AAC => "AAC",
        CODEC_ID_VORBIS => "Vorbis",
        CODEC_ID_FLAC => "FLAC",
        CODEC_ID_ALAC => "ALAC",
        _ => "",
    };
    if channels > MAX_CODED && !codec.is_empty() {
        return Err(Cause::Unsupported(format!(
            "it has {channels} channels of {codec}, which is not supported"
        )));
    }
    if frames.saturating_mul(channels) > MAX_PACKET_SAMPLES {
        return Err(Cause::Unsupported(format!(
            "packets of {frames} frames in {channels} channels are not supported"
        )));
    }
    Ok(())
}
