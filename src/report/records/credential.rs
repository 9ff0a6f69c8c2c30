//! Signed credentials, as records tell them.

use serde::{Deserialize, Serialize};

use super::QueryInfo;
use crate::credentials::words::statement;
use crate::credentials::{Claim, Credential, Origin, State};
use crate::track::Track;

/// The signed credential (C2PA) of one query; there is no such record of a file that has none.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialRecord {
    /// The file.
    pub query: QueryInfo,
    /// What became of it: `trusted`, `intact`, `broken`, `remote` or `not_read`.
    pub state: State,
    /// What that means and what it does not, in words.
    pub statement: String,
    /// What it says about where the sound comes from.
    pub says: Origin,
    /// Where in the file it stands, in words.
    #[serde(default)]
    pub place: String,
    /// What failed, or why it counts for no more, in words.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// The file was changed after it was signed.
    #[serde(default)]
    pub altered: bool,
    /// Where a credential is kept that is not in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// What it claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

impl CredentialRecord {
    /// What was read of `track`; none where it has none.
    pub fn new(track: &Track, credential: &Credential) -> Option<CredentialRecord> {
        let is_there = credential.state != State::None;
        is_there.then(|| CredentialRecord {
            query: QueryInfo::from(track),
            state: credential.state,
            statement: statement(credential),
            says: credential.origin(),
            place: credential.place.clone(),
            reasons: credential.reasons.clone(),
            altered: credential.altered,
            remote: credential.remote.clone(),
            claim: credential.claim.clone(),
        })
    }
}
