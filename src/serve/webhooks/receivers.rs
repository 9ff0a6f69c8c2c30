//! Who is told of what: a file, JSON Lines, read again when it changes.
//!
//! Secrets stand in this file and nowhere else: not in the state, not in what the interface tells, not in messages.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use ureq::http::Uri;

use super::sign::{PREFIX, Secret};
use crate::serve::state::{EVENTS, Wants};
use crate::serve::users::{Stamp, UsersError, random, stamp};

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Receivers at most.
const MAX_RECEIVERS: usize = 16;

/// Why a file of receivers cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverError {
    /// The file.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line of it.
    #[error("{path}, line {line}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Which.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    url: String,
    secret: String,
    /// All, where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    events: Vec<String>,
    /// It may lie in a private network, and be reached without TLS.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    private: bool,
}

/// Somebody who is told.
#[derive(Debug, Clone)]
pub(in crate::serve) struct Receiver {
    pub(in crate::serve) name: String,
    pub(in crate::serve) url: String,
    pub(super) secret: Secret,
    pub(in crate::serve) events: Vec<String>,
    pub(in crate::serve) private: bool,
}

/// All of them.
pub struct Receivers {
    path: PathBuf,
    read: RwLock<Read>,
}

struct Read {
    all: Arc<Vec<Receiver>>,
    stamp: Option<Stamp>,
    wrong: Option<String>,
}

impl Receivers {
    /// Reads a file of receivers: JSON Lines with `name`, `url`, `secret`, and perhaps `events` and `private`.
    ///
    /// # Errors
    /// The file cannot be read, or says something else.
    pub fn read(path: &Path) -> Result<Receivers, ReceiverError> {
        let stamp = stamp(path);
        let all = Arc::new(listed(path)?);
        Ok(Receivers { path: path.to_owned(), read: RwLock::new(Read { all, stamp, wrong: None }) })
    }

    /// Reads the file again if it changed; a remark where that fails: those of before stay then.
    pub(super) fn refresh(&self) -> Option<String> {
        let now = stamp(&self.path);
        let known = self.read.read().unwrap_or_else(PoisonError::into_inner).stamp;
        if now.is_some() && now == known {
            return None;
        }
        let found = listed(&self.path);
        let mut read = self.read.write().unwrap_or_else(PoisonError::into_inner);
        read.stamp = now;
        match found {
            Ok(all) => {
                (read.all, read.wrong) = (Arc::new(all), None);
                None
            }
            Err(error) => {
                let remark = format!("{error}; the receivers of before are told");
                let is_new = read.wrong.as_ref() != Some(&remark);
                read.wrong = Some(remark.clone());
                is_new.then_some(remark)
            }
        }
    }

    pub(in crate::serve) fn all(&self) -> Arc<Vec<Receiver>> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).all.clone()
    }

    /// What each is told of.
    pub(in crate::serve) fn wants(&self) -> Vec<Wants> {
        let wants = |r: &Receiver| Wants { receiver: r.name.clone(), events: r.events.clone() };
        self.all().iter().map(wants).collect()
    }
}

fn listed(path: &Path) -> Result<Vec<Receiver>, ReceiverError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ReceiverError::Io { path: path.to_owned(), source })?;
    let mut all: Vec<Receiver> = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong =
            |problem: String| ReceiverError::Line { path: path.to_owned(), line: at + 1, problem };
        // What serde says could quote the secret.
        let line: Line = serde_json::from_str(line).map_err(|e| {
            wrong(format!("it is no receiver (name, url, secret), from column {} on", e.column()))
        })?;
        let receiver = receiver(line).map_err(wrong)?;
        if all.iter().any(|other| other.name == receiver.name) {
            return Err(wrong(format!("there are two receivers called {:?}", receiver.name)));
        }
        if all.len() >= MAX_RECEIVERS {
            return Err(wrong(format!("there are more than {MAX_RECEIVERS} receivers")));
        }
        all.push(receiver);
    }
    Ok(all)
}

fn receiver(line: Line) -> Result<Receiver, String> {
    let Line { name, url, secret, events, private } = line;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err("a name has up to 64 letters, digits, `-`, `_` and `.`".to_owned());
    }
    let Some(secret) = Secret::parse(&secret) else {
        return Err(format!("the secret is not `{PREFIX}` and 24 to 64 bytes in base64"));
    };
    let uri: Uri = url.parse().map_err(|_| "the url is none".to_owned())?;
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if private => {}
        Some("http") => return Err("without TLS only where `private` is true".to_owned()),
        _ => return Err("the url does not begin with https://".to_owned()),
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err("the url names no host".to_owned());
    }
    if let Some(unknown) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        return Err(format!("there is no event {unknown:?}: {}", EVENTS.join(", ")));
    }
    Ok(Receiver { name, url, secret, events, private })
}

/// A line for the file of receivers, with a secret of its own.
///
/// # Errors
/// The name or the address cannot be used, or the system gives no random numbers.
pub fn new_receiver(
    name: &str,
    url: &str,
    events: Vec<String>,
    private: bool,
) -> Result<String, UsersError> {
    let secret = Secret::text(&random::<SECRET_BYTES>()?);
    let made = || Line {
        name: name.to_owned(),
        url: url.to_owned(),
        secret: secret.clone(),
        events: events.clone(),
        private,
    };
    receiver(made()).map_err(UsersError::Token)?;
    serde_json::to_string(&made()).map_err(|e| UsersError::Token(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_cannot_be_used_is_named_and_its_secret_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hooks");
        let good = new_receiver("a", "https://hooks.example/x", Vec::new(), false).unwrap();
        std::fs::write(&path, format!("{good}\n")).unwrap();
        assert_eq!(Receivers::read(&path).unwrap().all().len(), 1);
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let line = |rest: &str| format!("{{\"name\":\"b\",\"secret\":\"{secret}\",{rest}}}");
        for (bad, problem) in [
            (line("\"url\":\"http://hooks.example\""), "without TLS"),
            (line("\"url\":\"ftp://hooks.example\""), "https://"),
            (line("\"url\":\"https:///x\""), "url"),
            (line("\"url\":\"https://a.example\",\"events\":[\"x\"]"), "no event"),
            (line("\"url\":5"), "no receiver"),
            (format!("\"{secret}\""), "no receiver"),
            (
                "{\"name\":\"b\",\"url\":\"https://a.example\",\"secret\":\"s3cret\"}".into(),
                "secret",
            ),
            (good.clone(), "two receivers"),
        ] {
            std::fs::write(&path, format!("{good}\n{bad}\n")).unwrap();
            let error = Receivers::read(&path).err().unwrap().to_string();
            assert!(error.contains("line 2") && error.contains(problem), "{bad}: {error}");
            assert!(!error.contains(secret) && !error.contains("s3cret"), "{error}");
        }
    }
}
