//! Opus (RFC 6716, RFC 8251), in whatever container, for Symphonia, which has no decoder of it.
//!
//! The identification header (RFC 7845, section 5.1) says how many streams are in a packet, which channel
//! each is for, what to skip at the start and how loud it is meant to be. MP4 has the same header with its
//! bytes the other way round ("Encapsulation of Opus in ISO Base Media File Format").

use ruopus::{MultistreamDecoder, PacketError};
use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, ChannelLabel, Channels,
    GenericAudioBufferRef, Position, layouts,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Every Opus stream can be decoded at this rate, whatever it was made from.
const RATE: u32 = 48_000;
/// Most frames in a packet: 120 ms.
const MAX_FRAMES: usize = 5_760;
const MAGIC: &[u8] = b"OpusHead";
const INFO: CodecInfo = CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] };

/// An identification header.
#[derive(Debug, PartialEq)]
struct Head {
    pre_skip: usize,
    gain: f32,
    family: u8,
    streams: usize,
    coupled: usize,
    /// Which decoded channel each output channel is; 255 is silence.
    mapping: Vec<u8>,
}

impl Head {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [version, channels, s0, s1, _, _, _, _, g0, g1, family, table @ ..] =
            bytes.strip_prefix(MAGIC)?
        else {
            return None;
        };
        // MP4 has version 0 and big-endian numbers.
        let order = |a: u8, b: u8| if *version == 0 { [b, a] } else { [a, b] };
        let gain = f32::from(i16::from_le_bytes(order(*g0, *g1))) / 256.0;
        let (streams, coupled, mapping) = match (family, table) {
            (0, _) => (1, usize::from(*channels == 2), (0..*channels).collect()),
            (_, [streams, coupled, mapping @ ..]) => {
                let mapping = mapping.get(..usize::from(*channels))?.to_vec();
                (usize::from(*streams), usize::from(*coupled), mapping)
            }
            _ => return None,
        };
        Some(Self {
            pre_skip: u16::from_le_bytes(order(*s0, *s1)).into(),
            gain: 10f32.powf(gain / 20.0),
            family: *family,
            streams,
            coupled,
            mapping,
        })
    }

    /// A header for a stream that has none.
    fn plain(channels: usize) -> Self {
        let mapping = (0..channels.min(255) as u8).collect();
        Self { pre_skip: 0, gain: 1.0, family: 0, streams: 1, coupled: channels / 2, mapping }
    }

    /// Does the header make sense? The decoder panics where it does not.
    fn is_sound(&self) -> bool {
        let decoded = self.streams + self.coupled;
        let channels = self.mapping.len();
        let family = match self.family {
            0 => (1..=2).contains(&channels),
            1 => (1..=8).contains(&channels),
            _ => channels > 0,
        };
        let mapped = |&channel: &u8| channel == u8::MAX || usize::from(channel) < decoded;
        family
            && self.streams > 0
            && self.coupled <= self.streams
            && decoded <= 255
            && self.mapping.iter().all(mapped)
    }

    /// Which loudspeaker each output channel is for: in the order of Vorbis for family 1, ambisonic
    /// components for family 2.
    fn channels(&self) -> Channels {
        use Position as P;
        let (fl, fc, fr) = (P::FRONT_LEFT, P::FRONT_CENTER, P::FRONT_RIGHT);
        let (rl, rr, sl, sr) = (P::REAR_LEFT, P::REAR_RIGHT, P::SIDE_LEFT, P::SIDE_RIGHT);
        let count = self.mapping.len();
        let places: &[Position] = match (self.family, count) {
            (0 | 1, 1) => return layouts::CHANNEL_LAYOUT_MONO,
            (0 | 1, 2) => return layouts::CHANNEL_LAYOUT_STEREO,
            (1, 3) => &[fl, fc, fr],
            (1, 4) => &[fl, fr, rl, rr],
            (1, 5) => &[fl, fc, fr, rl, rr],
            (1, 6) => &[fl, fc, fr, rl, rr, P::LFE1],
            (1, 7) => &[fl, fc, fr, sl, sr, P::REAR_CENTER, P::LFE1],
            (1, 8) => &[fl, fc, fr, sl, sr, rl, rr, P::LFE1],
            (2, _) => {
                let components = (0..count).map(|n| ChannelLabel::Ambisonic(n as u16));
                return Channels::Custom(components.collect());
            }
            _ => return Channels::Discrete(count as u16),
        };
        Channels::Custom(places.iter().map(|&place| ChannelLabel::Positioned(place)).collect())
    }
}

/// One stream, or several in each packet.
enum Streams {
    One(Box<ruopus::OpusDecoder>),
    Many(MultistreamDecoder),
}

impl Streams {
    /// Decoders for what `head` describes, which must be sound.
    fn new(head: &Head) -> Self {
        let plain = head.mapping.iter().copied().eq(0..1 + head.coupled as u8);
        match head.streams {
            1 if plain => Self::One(Box::new(ruopus::OpusDecoder::new(head.mapping.len()))),
            _ => {
                let (streams, coupled) = (head.streams, head.coupled);
                Self::Many(MultistreamDecoder::with_rate(RATE, streams, coupled, &head.mapping))
            }
        }
    }

    fn decode(&mut self, packet: &[u8]) -> std::result::Result<Vec<f32>, PacketError> {
        match self {
            Self::One(decoder) => decoder.decode_packet(packet),
            Self::Many(decoder) => decoder.decode_packet(packet),
        }
    }
}

/// A decoder of Opus packets.
pub(super) struct OpusDecoder {
    params: AudioCodecParameters,
    head: Head,
    streams: Streams,
    buffer: AudioBuffer<f32>,
    /// Frames at the start that are still to be skipped.
    skip: usize,
}

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(
        params: &AudioCodecParameters,
        _: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        let count = params.channels.as_ref().map_or(1, Channels::count);
        let head = params.extra_data.as_deref().and_then(Head::parse);
        let head = head.unwrap_or_else(|| Head::plain(count));
        if !head.is_sound() {
            return unsupported_error("opus: channels and streams do not fit");
        }
        if head.family == 3 {
            return unsupported_error("opus: ambisonics with a matrix");
        }
        let spec = AudioSpec::new(RATE, head.channels());
        Ok(Box::new(Self {
            params: params.clone(),
            streams: Streams::new(&head),
            buffer: AudioBuffer::new(spec, MAX_FRAMES),
            skip: head.pre_skip,
            head,
        }))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        const { &[SupportedAudioCodec { id: CODEC_ID_OPUS, info: INFO }] }
    }
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        self.streams = Streams::new(&self.head);
    }

    fn codec_info(&self) -> &CodecInfo {
        &INFO
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        let Ok(mut samples) = self.streams.decode(packet.data) else {
            return decode_error("opus: damaged packet");
        };
        let frames = samples.len() / self.head.mapping.len();
        if frames > MAX_FRAMES {
            return decode_error("opus: packet too long");
        }
        if self.head.gain != 1.0 {
            samples.iter_mut().for_each(|sample| *sample *= self.head.gain);
        }
        self.buffer.render_silence(Some(frames));
        self.buffer.copy_from_slice_interleaved(&samples);
        let skip = self.skip.min(frames);
        self.skip -= skip;
        let start = skip.max(packet.trim_start.get() as usize);
        self.buffer.trim(start, packet.trim_end.get() as usize);
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(version: u8, rest: &[u8]) -> Option<Head> {
        Head::parse(&[MAGIC, &[version], rest].concat())
    }

    #[test]
    fn headers_of_ogg_and_mp4_are_read() {
        let ogg = head(1, &[2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0xfa, 0]).unwrap();
        assert_eq!((ogg.pre_skip, ogg.streams, ogg.coupled), (312, 1, 1));
        assert!((ogg.gain - 10f32.powf(-6.0 / 20.0)).abs() < 1e-6);
        let mp4 = head(0, &[2, 1, 0x38, 0, 0, 0xbb, 0x80, 0xfa, 0, 0]).unwrap();
        assert_eq!(mp4, ogg);
        let surround = head(1, &[6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 2, 0, 4, 1, 2, 3, 5]).unwrap();
        assert_eq!((surround.streams, surround.coupled), (4, 2));
        assert_eq!(surround.channels().count(), 6);
        assert!(surround.is_sound());
    }

    #[test]
    fn headers_that_make_no_sense_are_refused() {
        assert_eq!(head(1, &[2, 0]), None);
        assert_eq!(head(1, &[6, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 2, 0]), None);
        let sound = |rest: &[u8]| head(1, rest).unwrap().is_sound();
        assert!(!sound(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert!(!sound(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert!(!sound(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 1]));
        assert!(!sound(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 255, 1, 2, 0, 1]));
        assert!(!sound(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 255, 1, 1, 0, 9]));
        assert!(sound(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 255, 1, 1, 0, 255]));
    }
}
