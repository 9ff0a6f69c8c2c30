//! AAC with more than two channels, and what else Symphonia's decoder of AAC does not know.
//!
//! Symphonia decodes mono and stereo AAC-LC, and everything it can decode is left to it. The rest goes to
//! `syom` (ISO/IEC 14496-3, pure Rust): up to 7.1 channels, and layouts that are written in the stream.

use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, ChannelLabel, Channels,
    GenericAudioBufferRef, Position,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, FinalizeResult};
use symphonia::core::errors::{Error, Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;
use syom::{Channel, DecodeOptions, Decoder, Frame};

const INFO: CodecInfo =
    CodecInfo { short_name: "aac", long_name: "Advanced Audio Coding", profiles: &[] };

/// Sample rates by their index in an `AudioSpecificConfig`.
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// How access units are handed over.
enum Config {
    /// By themselves, with this `AudioSpecificConfig` for all of them.
    Units(Vec<u8>),
    /// Each with an ADTS header in front, where the layout of the channels is written in the stream; this is
    /// the index of its sample rate.
    Adts(u8),
}

/// A decoder of AAC access units.
pub(super) struct AacDecoder {
    params: AudioCodecParameters,
    config: Config,
    decoder: Decoder,
    buffer: AudioBuffer<f32>,
}

impl AacDecoder {
    pub(super) fn new(params: &AudioCodecParameters) -> Result<Self> {
        if params.codec != CODEC_ID_AAC {
            return unsupported_error("aac: invalid codec");
        }
        let config = match &params.extra_data {
            Some(config) => Config::Units(config.to_vec()),
            None => Config::of(params).ok_or(Error::Unsupported("aac: unusual sample rate"))?,
        };
        let decoder = decoder(&config)?;
        Ok(Self { params: params.clone(), config, decoder, buffer: AudioBuffer::default() })
    }
}

fn decoder(config: &Config) -> Result<Decoder> {
    let options = DecodeOptions::unbounded();
    match config {
        Config::Units(config) => Decoder::from_asc(config, options)
            .map_err(|_| Error::Unsupported("aac: neither AAC-LC nor HE-AAC")),
        Config::Adts(_) => Ok(Decoder::new(options)),
    }
}

/// An ADTS header for AAC-LC in front of `unit`.
fn adts(index: u8, unit: &[u8]) -> Vec<u8> {
    const HEADER: usize = 7;
    let len = unit.len() + HEADER;
    let mut frame = vec![0xff, 0xf1, 1 << 6 | index << 2, (len >> 11) as u8];
    frame.extend([(len >> 3) as u8, (len << 5) as u8 | 0x1f, 0xfc]);
    frame.extend_from_slice(unit);
    frame
}

impl Config {
    /// For AAC-LC in streams that have no configuration of their own (ADTS).
    fn of(params: &AudioCodecParameters) -> Option<Self> {
        const AAC_LC: u16 = 2;
        let index = RATES.iter().position(|&rate| Some(rate) == params.sample_rate)? as u8;
        let channels = match params.channels.as_ref().map_or(0, Channels::count) {
            n @ 1..=6 => n as u16,
            8 => 7,
            _ => return Some(Self::Adts(index)),
        };
        let config = AAC_LC << 11 | u16::from(index) << 7 | channels << 3;
        Some(Self::Units(config.to_be_bytes().to_vec()))
    }
}

/// Takes over a frame.
fn take(frame: &Frame<'_>, buffer: &mut AudioBuffer<f32>) {
    let labels: Vec<ChannelLabel> = frame.meta.labels().enumerate().map(label).collect();
    let channels = match labels.len() == frame.planar.len() {
        true => Channels::Custom(labels.into()),
        false => Channels::Discrete(frame.planar.len() as u16),
    };
    *buffer = AudioBuffer::new(AudioSpec::new(frame.sample_rate, channels), frame.samples);
    buffer.render_silence(Some(frame.samples));
    for (plane, samples) in buffer.iter_planes_mut().zip(frame.planar) {
        let count = plane.len().min(samples.len());
        plane[..count].copy_from_slice(&samples[..count]);
    }
}

fn label((index, channel): (usize, Channel)) -> ChannelLabel {
    ChannelLabel::Positioned(match channel {
        Channel::FrontLeft => Position::FRONT_LEFT,
        Channel::FrontRight => Position::FRONT_RIGHT,
        Channel::FrontCenter => Position::FRONT_CENTER,
        Channel::Lfe => Position::LFE1,
        Channel::BackLeft => Position::REAR_LEFT,
        Channel::BackRight => Position::REAR_RIGHT,
        Channel::BackCenter => Position::REAR_CENTER,
        Channel::SideLeft => Position::SIDE_LEFT,
        Channel::SideRight => Position::SIDE_RIGHT,
        _ => return ChannelLabel::Discrete(index as u16),
    })
}

impl AudioDecoder for AacDecoder {
    fn reset(&mut self) {
        if let Ok(decoder) = decoder(&self.config) {
            self.decoder = decoder;
        }
    }

    fn codec_info(&self) -> &CodecInfo {
        &INFO
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        let buffer = &mut self.buffer;
        let take = |frame: Frame<'_>| {
            take(&frame, buffer);
            Ok(())
        };
        let decoded = match self.config {
            Config::Units(_) => self.decoder.decode_au(packet.data, take),
            Config::Adts(index) => self.decoder.feed(&adts(index, packet.data), take).map(|_| ()),
        };
        if decoded.is_err() {
            // After an error it takes nothing more.
            self.buffer.clear();
            self.reset();
            return decode_error("aac: damaged access unit, or more than eight channels");
        }
        self.buffer.trim(packet.trim_start.get() as usize, packet.trim_end.get() as usize);
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}
