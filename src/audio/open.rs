//! Finding the reader, the audio tracks and their decoders.
//!
//! Symphonia 0.6 finds the container by content alone and takes no notice of the file's name, so
//! a missing or wrong extension does no harm and there is no second attempt without the hint.

use std::sync::LazyLock;

use symphonia::core::codecs::audio::well_known::*;
use symphonia::core::codecs::audio::{
    AudioCodecId, AudioCodecParameters, AudioDecoder, AudioDecoderOptions, CODEC_ID_NULL_AUDIO,
};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::common::Limit;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use super::aac::AacDecoder;
use super::error::Cause;
use super::facts::TrackFacts;
use super::limits;
use super::opus::OpusDecoder;

/// One audio track, ready to be decoded.
pub(super) struct Selected {
    /// Which of the audio tracks it is, counted from 0.
    pub(super) number: usize,
    pub(super) track_id: u32,
    pub(super) decoder: Box<dyn AudioDecoder>,
    pub(super) codec_id: AudioCodecId,
    pub(super) codec: &'static str,
    /// Length that the container declares, in milliseconds.
    pub(super) declared_ms: Option<u64>,
    /// Encoder padding at the end, in frames, where the container knows it.
    pub(super) padding: Option<u32>,
    /// Length of one tick of packet durations, in seconds.
    pub(super) tick_s: f64,
}

/// Opens the container that `source` holds.
pub(super) fn probe<'s>(
    source: Box<dyn MediaSource + 's>,
) -> Result<Box<dyn FormatReader + 's>, Cause> {
    let stream = MediaSourceStream::new(source, Default::default());
    let metadata = MetadataOptions::default()
        .limit_visual_bytes(Limit::Maximum(0))
        .limit_tag_bytes(Limit::Maximum(64 << 10));
    let options = FormatOptions::default();
    symphonia::default::get_probe().probe(&Hint::new(), stream, options, metadata).map_err(
        |error| match error {
            Error::IoError(io) if io.kind() != std::io::ErrorKind::UnexpectedEof => Cause::Io(io),
            Error::IoError(_) => {
                Cause::NotAudio("truncated: it ends before any audio begins".to_owned())
            }
            Error::Unsupported(what) if what.contains("no suitable format") => {
                Cause::NotAudio("its content is no known audio format".to_owned())
            }
            Error::Unsupported(what) => Cause::Unsupported(format!("{what} is not supported")),
            other => Cause::NotAudio(format!("its header is damaged ({other})")),
        },
    )
}

/// Tracks that can be decoded, the one that players prefer first, and how many there are in all.
pub(super) struct Tracks {
    pub(super) decodable: Vec<Selected>,
    pub(super) count: usize,
}

/// Makes decoders for the audio tracks of `format`.
pub(super) fn select(format: &dyn FormatReader, facts: &TrackFacts) -> Result<Tracks, Cause> {
    let is_audio = |t: &&Track| t.track_type() == Some(TrackType::Audio);
    let mut tracks: Vec<(usize, &Track)> =
        format.tracks().iter().filter(is_audio).enumerate().collect();
    let count = tracks.len().max(facts.audio_tracks);
    let default = format.default_track(TrackType::Audio).map(|track| track.id);
    tracks.sort_by_key(|(_, track)| match facts.preferred.is_empty() {
        true => Some(track.id) != default,
        false => !facts.preferred.contains(&track.id),
    });
    let mut decodable = Vec::new();
    let mut failure = None;
    for (i, track) in tracks {
        let selected = match facts.unreadable.get(&track.id) {
            Some(reason) => Err(Cause::Unsupported(reason.clone())),
            None => select_track(track, i).map_err(|cause| match facts.names.get(&track.id) {
                Some(name) => unsupported(name),
                None => cause,
            }),
        };
        // What the file as a whole declares is the length of its only track.
        let whole = || media_ms(format).filter(|_| format.tracks().len() == 1);
        let selected = selected.map(|selected| Selected {
            declared_ms: selected.declared_ms.or_else(whole),
            ..selected
        });
        match selected {
            Ok(selected) => decodable.push(selected),
            Err(cause) => drop(failure.get_or_insert(cause)),
        }
    }
    match failure {
        Some(cause) if decodable.is_empty() => Err(cause),
        None if decodable.is_empty() => {
            let name = facts.names.iter().min_by_key(|(id, _)| **id);
            Err(name.map_or(Cause::NoAudioTrack, |(_, name)| unsupported(name)))
        }
        _ => Ok(Tracks { decodable, count }),
    }
}

fn unsupported(codec: &str) -> Cause {
    Cause::Unsupported(format!("its audio codec, {codec}, is not supported"))
}

fn select_track(track: &Track, number: usize) -> Result<Selected, Cause> {
    let params = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or(Cause::NoAudioTrack)?;
    let Some(entry) = codecs().get_audio_decoder(params.codec) else {
        return Err(Cause::Unsupported(missing_codec(params.codec)));
    };
    limits::check(params)?;
    let codec = entry.codec.info.short_name;
    let decoder = decoder(params).map_err(|error| {
        Cause::Unsupported(format!("its {codec} stream is not supported ({error})"))
    })?;
    Ok(Selected {
        number,
        track_id: track.id,
        decoder,
        codec_id: params.codec,
        codec,
        declared_ms: declared_ms(track, params),
        padding: track.padding,
        tick_s: track
            .time_base
            .map_or(0.0, |base| f64::from(base.numer.get()) / f64::from(base.denom.get())),
    })
}

/// A decoder for a stream with these parameters.
pub(super) fn decoder(params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, Error> {
    let options = AudioDecoderOptions::default().gapless(true).verify(false);
    match codecs().make_audio_decoder(params, &options) {
        Err(_) if params.codec == CODEC_ID_AAC => Ok(Box::new(AacDecoder::new(params)?)),
        decoder => decoder,
    }
}

/// Length of the file as a whole.
fn media_ms(format: &dyn FormatReader) -> Option<u64> {
    let media = format.media_info();
    let time = media.time_base?.calc_duration(media.duration?)?;
    u64::try_from(time.as_millis()).ok().filter(|&ms| ms > 0)
}

/// Length by the container's own account.
fn declared_ms(track: &Track, params: &AudioCodecParameters) -> Option<u64> {
    let by_frames = track
        .num_frames
        .zip(params.sample_rate.filter(|&rate| rate > 0))
        .map(|(frames, rate)| u128::from(frames) * 1000 / u128::from(rate));
    let by_duration = || {
        let time = track.time_base?.calc_duration(track.duration?)?;
        u128::try_from(time.as_millis()).ok()
    };
    let ms = by_frames.or_else(by_duration)?;
    u64::try_from(ms).ok().filter(|&ms| ms > 0)
}

fn codecs() -> &'static CodecRegistry {
    static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        codecs.register_audio_decoder::<OpusDecoder>();
        codecs
    });
    &CODECS
}

/// Why there is no decoder for `codec`, in words.
fn missing_codec(codec: AudioCodecId) -> String {
    let name = match codec {
        CODEC_ID_NULL_AUDIO => return "its audio codec is unknown".to_owned(),
        CODEC_ID_AC3 => "AC-3",
        CODEC_ID_EAC3 => "E-AC-3",
        CODEC_ID_AC4 => "AC-4",
        CODEC_ID_DCA => "DTS",
        CODEC_ID_TRUEHD => "TrueHD",
        CODEC_ID_WMA => "Windows Media Audio",
        CODEC_ID_SPEEX => "Speex",
        CODEC_ID_MUSEPACK => "Musepack",
        CODEC_ID_WAVPACK => "WavPack",
        CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        CODEC_ID_TTA => "TTA",
        CODEC_ID_ATRAC1 | CODEC_ID_ATRAC3 => "ATRAC",
        CODEC_ID_COOK | CODEC_ID_SIPR | CODEC_ID_RALF | CODEC_ID_RA10 | CODEC_ID_RA20 => {
            "RealAudio"
        }
        other => return format!("its audio codec ({other}) is not supported"),
    };
    format!("its audio codec, {name}, is not supported")
}
