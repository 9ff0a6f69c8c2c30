//! Which of several audio tracks to listen to.
//!
//! Films have languages, albums of stems have instruments, and a track of silence may stand in front of
//! the music, by accident or so that a scanner hears nothing. Players play the track that is marked as
//! the default. So it is the one to be looked at, unless it is silent: then the first that is not.

use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;

use super::convert::append_groups;
use super::error::Cause;
use super::layout::Layout;
use super::open::Selected;
use super::source::Stop;

/// Peak below which a track is silent: -60 dB.
const SILENCE: f32 = 1e-3;
/// Errors of the container after which no more of it is looked at.
const MAX_ERRORS: u32 = 1_000;

/// Position in `tracks` of the first that can be heard, or 0. Goes through the file as far as it takes to
/// know, and no further than `max_seconds`.
pub(super) fn first_audible(
    format: &mut dyn FormatReader,
    tracks: &mut [Selected],
    stop: &Stop,
    max_seconds: f64,
) -> Result<usize, Cause> {
    let mut audible = vec![false; tracks.len()];
    let mut seconds = 0.0;
    let mut errors = 0;
    while !audible.first().is_none_or(|&heard| heard) && seconds < max_seconds {
        if stop.is_due() {
            return Err(Cause::Timeout);
        }
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Err(Error::DecodeError(_)) if errors < MAX_ERRORS => {
                errors += 1;
                continue;
            }
            Ok(None) | Err(_) => break,
        };
        let Some(i) = tracks.iter().position(|track| track.track_id == packet.track_id) else {
            continue;
        };
        if audible[i] {
            continue;
        }
        if let Ok(buffer) = tracks[i].decoder.decode(&packet) {
            audible[i] = peak(&buffer) > SILENCE;
            if i == 0 {
                seconds += buffer.frames() as f64 / f64::from(buffer.spec().rate().max(1));
            }
        }
    }
    Ok(audible.iter().position(|&heard| heard).unwrap_or(0))
}

fn peak(buffer: &GenericAudioBufferRef<'_>) -> f32 {
    let layout = Layout::new(buffer.spec().channels());
    let (mut left, mut right) = (Vec::new(), Vec::new());
    append_groups(buffer, &layout, 0..buffer.frames(), &mut left, &mut right);
    left.iter().chain(&right).fold(0.0, |peak, sample| sample.abs().max(peak))
}
