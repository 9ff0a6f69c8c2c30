//! MPEG audio (ISO/IEC 11172-3 and 13818-3) that changes on its way.
//!
//! Joined files and recorded broadcasts go from mono to stereo, or from 48 to 44.1 kHz, between one frame and
//! the next. A decoder is made for one kind of frame, so it is replaced. A false header in damaged
//! data looks just like such a change; it counts only if the next frame has the same header.

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::packet::Packet;

/// What a decoder is made for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spec {
    layer: u8,
    rate: u32,
    stereo: bool,
    frames: u32,
}

impl Spec {
    /// What the header of `frame` says.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        let [0xff, b, c, d, ..] = *frame else { return None };
        let layer = 4 - (b >> 1 & 3);
        let rate = *[44_100, 48_000, 32_000].get(usize::from(c >> 2 & 3))?;
        let (rate, low) = match b >> 3 & 3 {
            3 => (rate, false),
            2 => (rate / 2, true),
            0 => (rate / 4, true),
            _ => return None,
        };
        let frames = match (layer, low) {
            (1, _) => 384,
            (3, true) => 576,
            (2 | 3, _) => 1_152,
            _ => return None,
        };
        (b >> 5 == 7).then_some(Self { layer, rate, stereo: d >> 6 != 3, frames })
    }

    /// Parameters for a decoder of such frames.
    pub(super) fn params(&self) -> AudioCodecParameters {
        let channels = if self.stereo { CHANNEL_LAYOUT_STEREO } else { CHANNEL_LAYOUT_MONO };
        let mut params = AudioCodecParameters::new();
        params.for_codec(self.codec()).with_sample_rate(self.rate).with_channels(channels);
        params
    }

    pub(super) fn codec(&self) -> AudioCodecId {
        match self.layer {
            1 => CODEC_ID_MP1,
            2 => CODEC_ID_MP2,
            _ => CODEC_ID_MP3,
        }
    }

    /// Length of a frame in seconds.
    pub(super) fn seconds(&self) -> f64 {
        f64::from(self.frames) / f64::from(self.rate)
    }
}

/// Is `codec` MPEG audio?
pub(super) fn is_mpeg_audio(codec: AudioCodecId) -> bool {
    matches!(codec, CODEC_ID_MP1 | CODEC_ID_MP2 | CODEC_ID_MP3)
}

/// Watches the frames of a stream for changes.
#[derive(Default)]
pub(super) struct Follower {
    /// What the decoder is made for.
    current: Option<Spec>,
    /// The first frame of another kind, until the next one is seen.
    held: Option<(Packet, Spec)>,
}

/// What is to be done with a frame.
pub(super) enum Step {
    /// Decode it. A frame that was held belongs to nothing and is damaged.
    Decode { damaged: Option<Packet>, packet: Packet },
    /// Wait for the next frame.
    Wait { damaged: Option<Packet> },
    /// Make a decoder for the new kind and decode both.
    Change { spec: Spec, packets: [Packet; 2] },
}

impl Follower {
    pub(super) fn next(&mut self, packet: Packet) -> Step {
        let Some(spec) = Spec::of(&packet.data) else {
            return Step::Decode { damaged: self.rest(), packet };
        };
        match self.held.take() {
            Some((first, held)) if held == spec => {
                self.current = Some(spec);
                Step::Change { spec, packets: [first, packet] }
            }
            held if *self.current.get_or_insert(spec) == spec => {
                Step::Decode { damaged: held.map(|(first, _)| first), packet }
            }
            held => {
                self.held = Some((packet, spec));
                Step::Wait { damaged: held.map(|(first, _)| first) }
            }
        }
    }

    /// The frame that is still held.
    pub(super) fn rest(&mut self) -> Option<Packet> {
        self.held.take().map(|(packet, _)| packet)
    }
}

#[cfg(test)]
mod tests {
    use symphonia::core::units::{Duration, Timestamp};

    use super::*;

    fn frame(header: [u8; 4]) -> Packet {
        Packet::new(0, Timestamp::ZERO, Duration::ZERO, header.to_vec())
    }

    const STEREO: [u8; 4] = [0xff, 0xfb, 0x90, 0x64];
    const MONO: [u8; 4] = [0xff, 0xfb, 0x90, 0xc4];

    #[test]
    fn headers_are_read() {
        let spec = |header: [u8; 4]| Spec::of(&header).unwrap();
        assert_eq!(spec(STEREO), Spec { layer: 3, rate: 44_100, stereo: true, frames: 1_152 });
        assert!(!spec(MONO).stereo);
        assert_eq!(spec([0xff, 0xfd, 0xa4, 0]).layer, 2);
        assert_eq!(spec([0xff, 0xff, 0xa4, 0]).frames, 384);
        assert_eq!(spec([0xff, 0xf3, 0x84, 0]).rate, 24_000);
        assert_eq!(
            spec([0xff, 0xe3, 0x88, 0]),
            Spec { layer: 3, rate: 8_000, stereo: true, frames: 576 }
        );
        assert_eq!(Spec::of(&[0xff, 0xeb, 0x90, 0x64]), None);
        assert_eq!(Spec::of(b"ab"), None);
    }

    #[test]
    fn a_change_needs_two_frames() {
        let mut follower = Follower::default();
        let decode = |step: Step| match step {
            Step::Decode { damaged, .. } => Some(damaged.is_some()),
            _ => None,
        };
        assert_eq!(decode(follower.next(frame(STEREO))), Some(false));
        assert!(matches!(follower.next(frame(MONO)), Step::Wait { damaged: None }));
        assert_eq!(decode(follower.next(frame(STEREO))), Some(true));
        assert!(matches!(follower.next(frame(MONO)), Step::Wait { .. }));
        assert!(matches!(follower.next(frame(MONO)), Step::Change { .. }));
        assert_eq!(decode(follower.next(frame(MONO))), Some(false));
        assert!(matches!(follower.next(frame(STEREO)), Step::Wait { .. }));
        assert!(follower.rest().is_some());
    }
}
