//! What a track may ask of a decoder, checked before one is made.
//!
//! Decoders allocate what the container's header says a packet holds at most. An allocation that fails ends the
//! process, which nothing can contain.

use symphonia::core::codecs::audio::AudioCodecParameters;

use super::error::Cause;

/// Most samples, over all channels, that one packet may decode to: more than a minute in stereo. The largest
/// packets of real codecs hold 65,535 frames (FLAC).
const MAX_PACKET_SAMPLES: u64 = 4 << 20;

/// Refuses a track whose packets would need more memory than any real one.
pub(super) fn check(params: &AudioCodecParameters) -> Result<(), Cause> {
    let frames = params.max_frames_per_packet.unwrap_or(0);
    let channels = params.channels.as_ref().map_or(1, |channels| channels.count().max(1) as u64);
    if frames.saturating_mul(channels) > MAX_PACKET_SAMPLES {
        return Err(Cause::Unsupported(format!(
            "packets of {frames} frames in {channels} channels are not supported"
        )));
    }
    Ok(())
}
