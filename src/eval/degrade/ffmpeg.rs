//! What ffmpeg does to the original file, at its own rate: real codecs.
//!
//! Only the arguments are here; `super::super::tool` runs the program.

use super::{Change, Degradation, How, Other, Spoil};

/// One way to call ffmpeg.
#[derive(Debug, Clone)]
pub(crate) struct Attack {
    /// Options between input and output.
    pub(crate) args: Vec<String>,
    /// Extension of the result.
    pub(crate) extension: &'static str,
    /// Encoder or filter that the installed ffmpeg may lack.
    pub(crate) needs: &'static str,
    /// What becomes of speed and pitch.
    pub(crate) change: Change,
    /// How much later than it should the sound comes out, in seconds. Depends on the version of
    /// ffmpeg, so it is measured before use.
    pub(crate) delay_s: f64,
    /// Whether ffmpeg must decode the result, because our decoder cannot; found out before use.
    pub(crate) redecode: bool,
}

impl Attack {
    /// A call with `args` that leaves speed and pitch as they are.
    pub(super) fn new(needs: &'static str, extension: &'static str, args: &[&str]) -> Attack {
        Attack {
            args: args.iter().map(|&a| a.to_owned()).collect(),
            extension,
            needs,
            change: Change::NONE,
            delay_s: 0.0,
            redecode: false,
        }
    }

    /// The same, as one that makes `change`.
    pub(super) fn making(self, change: Change) -> Attack {
        Attack { change, ..self }
    }
}

/// What a row does with ffmpeg.
pub(crate) struct Process {
    /// The call.
    pub(crate) attack: Attack,
    /// Another call to like effect, for an ffmpeg that cannot make the first.
    pub(crate) instead: Option<Attack>,
    /// What is done here to the 16 kHz result.
    pub(crate) then: Option<Spoil>,
}

impl Process {
    /// A call and nothing else.
    pub(super) fn only(attack: Attack) -> Process {
        Process { attack, instead: None, then: None }
    }

    /// The row called `name` that does it.
    pub(super) fn row(self, family: &'static str, name: &str) -> Degradation {
        let how = How::Ffmpeg(self);
        Degradation { family, name: name.to_owned(), other: Other::None, takes_s: None, how }
    }
}

/// Lossy codecs.
pub(super) fn codec_rows() -> Vec<Degradation> {
    let row = |name: &str, needs, extension, args: &[&str]| {
        Process::only(Attack::new(needs, extension, args)).row("codec", name)
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
