//! Why a file could not be turned into a signal: always the file's name and the cause.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Reason why one file yields no signal. One bad file is a row in the report, never the end of a
/// run, so every variant names its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The content is no audio format that is known here.
    #[error("{} is not an audio file: {reason}", path.display())]
    NotAudio {
        /// The file.
        path: PathBuf,
        /// What was found instead.
        reason: String,
    },
    /// A media file without any audio track.
    #[error("{} contains no audio track", path.display())]
    NoAudioTrack {
        /// The file.
        path: PathBuf,
    },
    /// Audio, but in a codec or form that this program cannot decode.
    #[error("cannot decode {}: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Which codec or feature is missing.
        reason: String,
    },
    /// The file has no bytes, or its audio track has no samples.
    #[error("{} is empty: {reason}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What is empty.
        reason: String,
    },
    /// The audio is damaged beyond use.
    #[error("cannot decode {}: {reason}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// Decoding took longer than [`DecodeOptions::timeout`](super::DecodeOptions::timeout).
    #[error("gave up on {} after {:.0} s (time limit for one file)", path.display(), limit.as_secs_f64())]
    Timeout {
        /// The file.
        path: PathBuf,
        /// The limit that was hit.
        limit: Duration,
    },
    /// A bug in a decoder or in the analysis was contained.
    #[error("internal error while decoding {}: {reason}", path.display())]
    Panicked {
        /// The file.
        path: PathBuf,
        /// The panic's message.
        reason: String,
    },
    /// The process that decoded it died of it.
    #[error("cannot decode {}: {reason}", path.display())]
    Crashed {
        /// The file.
        path: PathBuf,
        /// What became of the process.
        reason: String,
    },
    /// Decoding was not wanted any more ([`DecodeOptions::cancel`](super::DecodeOptions::cancel)).
    #[error("decoding {} was cancelled", path.display())]
    Cancelled {
        /// The file.
        path: PathBuf,
    },
}

impl AudioError {
    /// The file concerned.
    pub fn path(&self) -> &std::path::Path {
        match self {
            Self::Io { path, .. }
            | Self::NotAudio { path, .. }
            | Self::NoAudioTrack { path }
            | Self::Unsupported { path, .. }
            | Self::Empty { path, .. }
            | Self::Decode { path, .. }
            | Self::Timeout { path, .. }
            | Self::Panicked { path, .. }
            | Self::Crashed { path, .. }
            | Self::Cancelled { path } => path,
        }
    }

    /// Short, stable name of the cause for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io_error",
            Self::NotAudio { .. } => "not_audio",
            Self::NoAudioTrack { .. } => "no_audio_track",
            Self::Unsupported { .. } => "unsupported_codec",
            Self::Empty { .. } => "empty",
            Self::Decode { .. } => "decode_failed",
            Self::Timeout { .. } => "timeout",
            Self::Panicked { .. } => "internal_error",
            Self::Crashed { .. } => "crashed",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

/// An [`AudioError`] before it knows its file.
pub(super) enum Cause {
    Io(io::Error),
    NotAudio(String),
    NoAudioTrack,
    Unsupported(String),
    Empty(&'static str),
    Decode(String),
    Timeout,
}

impl Cause {
    /// What is wrong, in words.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Io(error) => error.to_string(),
            Self::NotAudio(reason) | Self::Unsupported(reason) | Self::Decode(reason) => {
                reason.clone()
            }
            Self::NoAudioTrack => "it contains no audio track".to_owned(),
            Self::Empty(reason) => (*reason).to_owned(),
            Self::Timeout => "time limit".to_owned(),
        }
    }

    /// The error for the file `path`, decoded under the time limit `limit`.
    pub(super) fn at(self, path: PathBuf, limit: Duration) -> AudioError {
        match self {
            Self::Io(source) if source.kind() == io::ErrorKind::TimedOut => {
                AudioError::Timeout { path, limit }
            }
            Self::Io(source) => AudioError::Io { path, source },
            Self::NotAudio(reason) => AudioError::NotAudio { path, reason },
            Self::NoAudioTrack => AudioError::NoAudioTrack { path },
            Self::Unsupported(reason) => AudioError::Unsupported { path, reason },
            Self::Empty(reason) => AudioError::Empty { path, reason: reason.to_owned() },
            Self::Decode(reason) => AudioError::Decode { path, reason },
            Self::Timeout => AudioError::Timeout { path, limit },
        }
    }
}
