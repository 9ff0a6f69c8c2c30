//! A review as it stands in the log.

use serde::{Deserialize, Serialize};

use super::decision::{Effect, Target};
use super::terms::Expiry;

/// What a reviewer does with an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It may be delivered.
    Pass,
    /// It is kept back until somebody answers.
    Hold,
    /// It is refused.
    Reject,
    /// Somebody looks again later.
    Park,
    /// The review before is taken back.
    Reopen,
}

impl Action {
    /// All actions.
    pub const ALL: [Action; 5] =
        [Action::Pass, Action::Hold, Action::Reject, Action::Park, Action::Reopen];

    /// Name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Action::Pass => "pass",
            Action::Hold => "hold",
            Action::Reject => "reject",
            Action::Park => "park",
            Action::Reopen => "reopen",
        }
    }

    /// The action of this name.
    pub fn from_name(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// A decision that is made with a review and stands in its entry: both or none of them are in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Identifier, `d_` and 16 hexadecimal digits.
    pub id: String,
    /// What follows.
    pub effect: Effect,
    /// What it is about.
    pub target: Target,
    /// Until when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Expiry>,
}

/// A review as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewEntry {
    /// Identifier, `d_` and 16 hexadecimal digits.
    pub id: String,
    /// What was done.
    pub action: Action,
    /// The upload, as the desk names it.
    pub upload: String,
    /// Its path.
    pub subject: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// The verdict that it was made on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// Why, in the words of who decided.
    pub reason: String,
    /// Who decided.
    pub who: String,
    /// Until when it holds, or when to look again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Expiry>,
    /// State of the index it was decided on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index_id: Option<String>,
    /// Decisions made or taken back with it, by their names. In entries without `made` and `ended` they are entries of
    /// their own, before this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rulings: Vec<String>,
    /// Decisions that are made with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<Made>,
    /// Decisions that end with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<String>,
    /// The review that is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}
