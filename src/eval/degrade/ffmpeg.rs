//! Real codecs, and pitch and tempo changes, made by ffmpeg from the original file.
//!
//! Only the arguments are here; `super::super::tool` runs the program.

use super::{Degradation, How, Other};

/// One way to call ffmpeg.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attack {
    /// Options between input and output.
    pub(crate) args: &'static [&'static str],
    /// Extension of the result.
    pub(crate) extension: &'static str,
    /// Encoder or filter that the installed ffmpeg may lack.
    pub(crate) needs: &'static str,
    /// Seconds of the source per second of the result.
    pub(crate) factor: f64,
}

/// Lossy codecs.
pub(super) fn codec_rows() -> Vec<Degradation> {
    let row = |name: &str, needs, extension, args| {
        degradation("codec", name, Attack { args, extension, needs, factor: 1.0 })
    };
    vec![
        row("MP3 128k", "libmp3lame", "mp3", &["-c:a", "libmp3lame", "-b:a", "128k"]),
        row("MP3 64k", "libmp3lame", "mp3", &["-c:a", "libmp3lame", "-b:a", "64k"]),
        row(
            "MP3 32k mono",
            "libmp3lame",
            "mp3",
            &["-ac", "1", "-c:a", "libmp3lame", "-b:a", "32k"],
        ),
        row("AAC 64k", "aac", "m4a", &["-c:a", "aac", "-b:a", "64k"]),
        row("Opus 32k", "libopus", "opus", &["-c:a", "libopus", "-b:a", "32k"]),
        row("Vorbis q1", "libvorbis", "ogg", &["-c:a", "libvorbis", "-q:a", "1"]),
    ]
}

/// Pitch and tempo changed one without the other.
pub(super) fn warp_rows() -> Vec<Degradation> {
    let row = |name: &str, factor, filter: &'static [&'static str]| {
        let needs = "rubberband";
        degradation("warp", name, Attack { args: filter, extension: "wav", needs, factor })
    };
    vec![
        row("pitch -2 semitones", 1.0, &["-af", "rubberband=pitch=0.890899"]),
        row("pitch -1 semitone", 1.0, &["-af", "rubberband=pitch=0.943874"]),
        row("pitch +1 semitone", 1.0, &["-af", "rubberband=pitch=1.059463"]),
        row("pitch +2 semitones", 1.0, &["-af", "rubberband=pitch=1.122462"]),
        row("tempo -10 %", 0.90, &["-af", "rubberband=tempo=0.90"]),
        row("tempo -5 %", 0.95, &["-af", "rubberband=tempo=0.95"]),
        row("tempo +5 %", 1.05, &["-af", "rubberband=tempo=1.05"]),
        row("tempo +10 %", 1.10, &["-af", "rubberband=tempo=1.10"]),
    ]
}

fn degradation(family: &'static str, name: &str, attack: Attack) -> Degradation {
    Degradation { family, name: name.to_owned(), other: Other::None, how: How::Ffmpeg(attack) }
}
