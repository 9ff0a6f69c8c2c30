//! What a program and its workers say to each other: frames of a kind, a length and content.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::audio::{AudioError, DecodeOptions};
use crate::credentials::TrustList;
use crate::credentials::locate::Located;

/// Samples in a frame: 64 KB, four seconds.
pub(super) const SAMPLES: usize = 16_384;
/// Longest frame that is taken: samples, or what is known of a file with all its tags.
const MAX_FRAME: usize = 4 << 20;

/// Kinds of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file to read.
    Request = 1,
    /// A part of its signal.
    Samples = 2,
    /// Its end, with what the file turned out to be, or its credential.
    Done = 3,
    /// Its end, with the reason.
    Failed = 4,
}

impl Kind {
    fn of(byte: u8) -> Option<Kind> {
        [Kind::Request, Kind::Samples, Kind::Done, Kind::Failed]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// Writes a frame in one go.
pub(super) fn send(out: &mut impl Write, kind: Kind, content: &[u8]) -> io::Result<()> {
    let len = u32::try_from(content.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut frame = Vec::with_capacity(content.len() + 5);
    frame.push(kind as u8);
    frame.extend(len.to_le_bytes());
    frame.extend(content);
    out.write_all(&frame)?;
    out.flush()
}

/// Reads a frame into `content`; `None` at the end of the input.
pub(super) fn receive(input: &mut impl Read, content: &mut Vec<u8>) -> io::Result<Option<Kind>> {
    let mut head = [0; 5];
    match input.read_exact(&mut head[..1]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    input.read_exact(&mut head[1..])?;
    let [kind, a, b, c, d] = head;
    let len = u32::from_le_bytes([a, b, c, d]) as usize;
    let kind = Kind::of(kind).filter(|_| len <= MAX_FRAME).ok_or(io::ErrorKind::InvalidData)?;
    content.resize(len, 0);
    input.read_exact(content)?;
    Ok(Some(kind))
}

/// What is wanted of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Task {
    /// Its signal.
    Decode,
    /// Its signed credential, with those who are trusted.
    Credential(Located, Option<TrustList>),
}

/// A file to read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// The bytes of the path, which need be no text.
    path: Vec<u8>,
    pub(super) options: DecodeOptions,
    pub(super) task: Task,
}

impl Request {
    pub(super) fn new(path: &Path, options: &DecodeOptions, task: Task) -> Request {
        Request { path: path.as_os_str().as_bytes().to_vec(), options: options.clone(), task }
    }

    pub(super) fn path(&self) -> PathBuf {
        OsString::from_vec(self.path.clone()).into()
    }
}

/// An [`AudioError`] without its path.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Failure {
    Io(Option<i32>, String),
    NotAudio(String),
    NoAudioTrack,
    Unsupported(String),
    Empty(String),
    Decode(String),
    Timeout,
    Panicked(String),
    Cancelled,
    Crashed(String),
}

impl From<AudioError> for Failure {
    fn from(error: AudioError) -> Failure {
        match error {
            AudioError::Io { source, .. } => Failure::Io(source.raw_os_error(), source.to_string()),
            AudioError::NotAudio { reason, .. } => Failure::NotAudio(reason),
            AudioError::NoAudioTrack { .. } => Failure::NoAudioTrack,
            AudioError::Unsupported { reason, .. } => Failure::Unsupported(reason),
            AudioError::Empty { reason, .. } => Failure::Empty(reason),
            AudioError::Decode { reason, .. } => Failure::Decode(reason),
            AudioError::Timeout { .. } => Failure::Timeout,
            AudioError::Panicked { reason, .. } => Failure::Panicked(reason),
            AudioError::Cancelled { .. } => Failure::Cancelled,
            AudioError::Crashed { reason, .. } => Failure::Crashed(reason),
        }
    }
}

impl Failure {
    /// The error about `path`, which was decoded as `options` say.
    pub(super) fn about(self, path: PathBuf, options: &DecodeOptions) -> AudioError {
        match self {
            Failure::Io(Some(code), _) => {
                AudioError::Io { path, source: io::Error::from_raw_os_error(code) }
            }
            Failure::Io(None, text) => AudioError::Io { path, source: io::Error::other(text) },
            Failure::NotAudio(reason) => AudioError::NotAudio { path, reason },
            Failure::NoAudioTrack => AudioError::NoAudioTrack { path },
            Failure::Unsupported(reason) => AudioError::Unsupported { path, reason },
            Failure::Empty(reason) => AudioError::Empty { path, reason },
            Failure::Decode(reason) => AudioError::Decode { path, reason },
            Failure::Timeout => AudioError::Timeout { path, limit: options.timeout },
            Failure::Panicked(reason) => AudioError::Panicked { path, reason },
            Failure::Cancelled => AudioError::Cancelled { path },
            Failure::Crashed(reason) => AudioError::Crashed { path, reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_as_they_were_sent() {
        let mut pipe = Vec::new();
        send(&mut pipe, Kind::Samples, &[1, 2, 3]).unwrap();
        send(&mut pipe, Kind::Done, b"").unwrap();
        let (mut input, mut content) = (pipe.as_slice(), Vec::new());
        assert_eq!(receive(&mut input, &mut content).unwrap(), Some(Kind::Samples));
        assert_eq!(content, [1, 2, 3]);
        assert_eq!(receive(&mut input, &mut content).unwrap(), Some(Kind::Done));
        assert_eq!(receive(&mut input, &mut content).unwrap(), None);
        for broken in [&[9, 0, 0, 0, 0][..], &[2, 255, 255, 255, 255], &[2, 1, 0, 0, 0]] {
            let mut broken = broken;
            assert!(receive(&mut broken, &mut content).is_err());
        }
    }

    #[test]
    fn a_failure_says_the_same_on_the_other_side() {
        let path = PathBuf::from(OsString::from_vec(b"a\xff.mp3".to_vec()));
        let options = DecodeOptions::default();
        let errors = [
            AudioError::Io { path: path.clone(), source: io::Error::from_raw_os_error(2) },
            AudioError::Io { path: path.clone(), source: io::Error::other("it is a folder") },
            AudioError::NotAudio { path: path.clone(), reason: "r".into() },
            AudioError::Timeout { path: path.clone(), limit: options.timeout },
        ];
        for error in errors {
            let (text, code) = (error.to_string(), error.code());
            let sent = serde_json::to_vec(&Failure::from(error)).unwrap();
            let back: Failure = serde_json::from_slice(&sent).unwrap();
            let back = back.about(path.clone(), &options);
            assert_eq!((back.to_string(), back.code()), (text, code));
        }
        let request = serde_json::to_vec(&Request::new(&path, &options, Task::Decode)).unwrap();
        assert_eq!(serde_json::from_slice::<Request>(&request).unwrap().path(), path);
    }
}
