//! Decodes every listed file with symphonia, Opus with ruopus, and discards the samples: the floor under the cost
//! of indexing.
//!
//! `cargo run --release -p soundalike-bench --bin bare_decode -- --files-from LIST`
//!
//! Of Opus mono and stereo are decoded, which music is.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use ruopus::OpusDecoder;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error as DecodeError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn codecs() -> CodecRegistry {
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry
}

/// Seconds of audio decoded.
fn decode(path: &Path, codecs: &CodecRegistry) -> Result<f64> {
    let stream = MediaSourceStream::new(Box::new(File::open(path)?), Default::default());
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|e| e.to_str()) {
        hint.with_extension(extension);
    }
    let mut format = symphonia::default::get_probe().probe(
        &hint,
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let track = format.default_track(TrackType::Audio).ok_or("no audio track")?;
    let track_id = track.id;
    let params =
        track.codec_params.as_ref().and_then(|p| p.audio()).ok_or("no audio parameters")?;
    if params.codec == CODEC_ID_OPUS {
        let params = params.clone();
        return decode_opus(&mut *format, track_id, &params);
    }
    let mut decoder = codecs.make_audio_decoder(params, &AudioDecoderOptions::default())?;
    let mut seconds = 0.0;
    while let Some(packet) = format.next_packet()? {
        if packet.track_id != track_id {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(buffer) => {
                let buffer = std::hint::black_box(buffer);
                seconds += buffer.frames() as f64 / f64::from(buffer.spec().rate());
            }
            Err(DecodeError::DecodeError(_) | DecodeError::IoError(_)) => continue,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(seconds)
}

/// Seconds of audio decoded from a track of Opus.
fn decode_opus(
    format: &mut dyn FormatReader,
    track_id: u32,
    params: &AudioCodecParameters,
) -> Result<f64> {
    const RATE: f64 = 48_000.0;
    let channels = params.channels.as_ref().map_or(2, |channels| channels.count());
    if channels > 2 {
        return Err("Opus of more than two channels".into());
    }
    let mut decoder = OpusDecoder::new(channels);
    let mut seconds = 0.0;
    while let Some(packet) = format.next_packet()? {
        if packet.track_id == track_id
            && let Ok(samples) = decoder.decode_packet(&packet.data)
        {
            let samples = std::hint::black_box(samples);
            seconds += samples.len() as f64 / channels as f64 / RATE;
        }
    }
    Ok(seconds)
}

fn listed() -> Result<Vec<String>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [flag, list] if flag == "--files-from" => {
            Ok(std::fs::read_to_string(list)?.lines().map(String::from).collect())
        }
        _ => Err("usage: bare_decode --files-from LIST".into()),
    }
}

fn main() -> ExitCode {
    let files = match listed() {
        Ok(files) => files,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let codecs = codecs();
    let (mut seconds, mut failed) = (0.0, 0);
    for file in &files {
        match decode(Path::new(file), &codecs) {
            Ok(s) => seconds += s,
            Err(error) => {
                eprintln!("{file}: {error}");
                failed += 1;
            }
        }
    }
    eprintln!("{} files, {seconds:.1} s decoded, {failed} failed", files.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
