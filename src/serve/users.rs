//! Who may do what: tokens, kept as argon2 hashes, and sessions of browsers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::hex;

/// How long a browser stays logged in.
pub(super) const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Sessions at once.
const MAX_SESSIONS: usize = 10_000;
/// Tokens that wait for a check at most.
const MAX_WAITING: usize = 8;
/// A file that was changed so shortly before it was read may change again without a sign.
const UNSURE: Duration = Duration::from_secs(2);
/// Random bytes of a token.
const TOKEN_BYTES: usize = 24;

/// What somebody may do; each may do what those before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Send audio, and ask what came of it.
    Submit,
    /// Look at everything, listen, decide.
    Review,
    /// Also ask for what concerns the service itself.
    Admin,
}

impl Role {
    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Role> {
        match name {
            "submit" => Some(Role::Submit),
            "review" => Some(Role::Review),
            "admin" => Some(Role::Admin),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Submit => "submit",
            Role::Review => "review",
            Role::Admin => "admin",
        }
    }
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) role: Role,
    /// The hash of the token, by which it is known whether it still counts.
    pub(super) hash: Arc<str>,
}

/// Why a file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
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
    /// There is nobody in it.
    #[error("{path}: there are no tokens and no names in it")]
    Nobody {
        /// The file.
        path: PathBuf,
    },
    /// Random numbers or hashing failed.
    #[error("no token can be made: {0}")]
    Token(String),
}

/// Those who may use the service. What is added to the file, or taken out of it, counts from the next request on.
pub struct Users {
    path: PathBuf,
    all: RwLock<Listed>,
    /// Tokens that were checked before, by their SHA-256: argon2 is slow on purpose.
    known: Mutex<HashMap<[u8; 32], User>>,
    /// Who waits for a check: no more than a few, so that wrong tokens cost others neither threads nor memory.
    waiting: AtomicUsize,
    /// One check at a time.
    checking: Mutex<()>,
}

/// What the file says.
#[derive(Default)]
struct Listed {
    users: Arc<Vec<User>>,
    /// The file as it was then; none where it may have changed since without a sign.
    stamp: Option<Stamp>,
    /// What is wrong with it, said once.
    wrong: Option<String>,
}

/// Length, time of change and number of a file.
pub(super) type Stamp = (u64, SystemTime, u64);

/// The file as it is; none where it cannot be told from a change that comes at once: clocks of file systems tick.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    let changed = meta.modified().ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let number = 0;
    let sure = changed.elapsed().is_ok_and(|age| age > UNSURE);
    sure.then_some((meta.len(), changed, number))
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    role: Role,
    /// The hash of the token; none where he is named by a proxy alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Users {
    /// Reads a file of tokens: JSON Lines with `name`, `role` (`submit`, `review`, `admin`) and `token`, its argon2
    /// hash, which those do not need whom a [proxy](super::proxy_login) names.
    ///
    /// # Errors
    /// The file cannot be read, or says something else.
    pub fn read(path: &Path) -> Result<Users, UsersError> {
        let stamp = stamp(path);
        let users = Arc::new(Users::listed(path)?);
        if users.is_empty() {
            return Err(UsersError::Nobody { path: path.to_owned() });
        }
        Ok(Users {
            path: path.to_owned(),
            all: RwLock::new(Listed { users, stamp, wrong: None }),
            known: Mutex::default(),
            waiting: AtomicUsize::default(),
            checking: Mutex::default(),
        })
    }

    /// Reads the file again if it changed; a remark where that fails. Those whom it named before stay then: a file that is
    /// being written locks nobody out.
    pub(super) fn refresh(&self) -> Option<String> {
        let now = stamp(&self.path);
        let known = self.all.read().unwrap_or_else(PoisonError::into_inner).stamp;
        if now.is_some() && known == now {
            return None;
        }
        let read = Users::listed(&self.path);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        all.stamp = now;
        match read {
            Ok(users) => {
                (all.users, all.wrong) = (Arc::new(users), None);
                None
            }
            Err(error) => {
                let remark = format!("{error}; the tokens of before count");
                let is_new = all.wrong.as_ref() != Some(&remark);
                all.wrong = Some(remark.clone());
                is_new.then_some(remark)
            }
        }
    }

    /// Whether the token of `user` still counts, for the same.
    pub(super) fn holds(&self, user: &User) -> bool {
        self.users().contains(user)
    }

    /// Who is called `name`.
    pub(super) fn named(&self, name: &str) -> Option<User> {
        self.users().iter().find(|user| user.name == name).cloned()
    }

    fn users(&self) -> Arc<Vec<User>> {
        self.all.read().unwrap_or_else(PoisonError::into_inner).users.clone()
    }

    fn listed(path: &Path) -> Result<Vec<User>, UsersError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| UsersError::Io { path: path.to_owned(), source })?;
        let mut all = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |problem| UsersError::Line { path: path.to_owned(), line: at + 1, problem };
            let line: Line = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
            let hash = line.token.unwrap_or_default();
            if !hash.is_empty() {
                PasswordHash::new(&hash)
                    .map_err(|_| wrong("the token is no argon2 hash".to_owned()))?;
            }
            all.push(User { name: line.name, role: line.role, hash: hash.into() });
        }
        Ok(all)
    }

    /// Who has `token`. Takes its time where it was not asked about before: not for a thread that answers.
    pub(super) fn who_has(&self, token: &str) -> Option<User> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = known().get(&digest).filter(|user| self.holds(user)) {
            return Some(user.clone());
        }
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst);
        let found = (waiting < MAX_WAITING).then(|| self.checked(token)).flatten();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        if let Some(user) = &found {
            known().insert(digest, user.clone());
        }
        found
    }

    /// Who has a token that was not asked about before. A token holds 192 random bits: trying is no danger, only a cost.
    fn checked(&self, token: &str) -> Option<User> {
        let _one = self.checking.lock().unwrap_or_else(PoisonError::into_inner);
        let has = |hash: &str| {
            let parsed = PasswordHash::new(hash);
            parsed.is_ok_and(|hash| {
                Argon2::default().verify_password(token.as_bytes(), &hash).is_ok()
            })
        };
        self.users().iter().find(|user| has(&user.hash)).cloned()
    }
}

/// A token for `name`, and the line by which the service knows it.
///
/// # Errors
/// The system gives no random numbers.
pub fn new_token(name: &str, role: Role) -> Result<(String, String), UsersError> {
    let token = format!("sl_{}", hex(&random::<TOKEN_BYTES>()?));
    let failed = |e: argon2::password_hash::Error| UsersError::Token(e.to_string());
    let hash = Argon2::default()
        .hash_password_with_salt(token.as_bytes(), &random::<16>()?)
        .map_err(failed)?;
    Ok((token, line(name, role, Some(hash.to_string()))?))
}

/// The line that says what somebody may do whom a proxy names.
///
/// # Errors
/// The line cannot be written.
pub fn proxied_user(name: &str, role: Role) -> Result<String, UsersError> {
    line(name, role, None)
}

fn line(name: &str, role: Role, token: Option<String>) -> Result<String, UsersError> {
    let line = Line { name: name.to_owned(), role, token };
    serde_json::to_string(&line).map_err(|e| UsersError::Token(e.to_string()))
}

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> Result<[u8; N], UsersError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| UsersError::Token(e.to_string()))?;
    Ok(bytes)
}

/// Browsers that are logged in.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], (User, Instant)>>);

impl Sessions {
    /// Begins a session of `user`; what the browser keeps.
    pub(super) fn begin(&self, user: User) -> Result<String, UsersError> {
        let name = hex(&random::<32>()?);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (_, since)| since.elapsed() < SESSION);
        if all.len() >= MAX_SESSIONS {
            // Whoever came first logs in again.
            let oldest = all.iter().min_by_key(|(_, (_, since))| *since).map(|(name, _)| *name);
            oldest.and_then(|name| all.remove(&name));
        }
        all.insert(Sha256::digest(&name).into(), (user, Instant::now()));
        Ok(name)
    }

    /// Whose session it is.
    pub(super) fn user(&self, name: &str) -> Option<User> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (user, since) = all.get(&<[u8; 32]>::from(Sha256::digest(name)))?;
        (since.elapsed() < SESSION).then(|| user.clone())
    }

    /// Ends a session.
    pub(super) fn end(&self, name: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&<[u8; 32]>::from(Sha256::digest(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tokens");
        let (token, line) = new_token("ana", Role::Review).unwrap();
        assert!(!line.contains(&token));
        std::fs::write(&file, format!("{line}\n\n")).unwrap();
        let users = Users::read(&file).unwrap();
        let ana = users.who_has(&token).unwrap();
        assert_eq!((ana.name.as_str(), ana.role), ("ana", Role::Review));
        assert_eq!(users.who_has(&token), Some(ana.clone()));
        assert_eq!(users.who_has(&format!("{token}0")), None);
        let sessions = Sessions::default();
        let name = sessions.begin(ana.clone()).unwrap();
        assert_eq!(sessions.user(&name), Some(ana));
        sessions.end(&name);
        assert_eq!(sessions.user(&name), None);
    }

    #[test]
    fn a_file_that_lets_nobody_in_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tokens");
        for (text, problem) in [
            ("", "no tokens and no names"),
            ("{\"name\":\"a\",\"role\":\"king\",\"token\":\"x\"}", "line 1"),
            ("\n{\"name\":\"a\",\"role\":\"admin\",\"token\":\"plain\"}", "line 2"),
        ] {
            std::fs::write(&file, text).unwrap();
            let error = Users::read(&file).err().unwrap().to_string();
            assert!(error.contains(problem), "{error}");
        }
    }
}
