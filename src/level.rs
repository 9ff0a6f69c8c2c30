//! How grave something is, from nothing to do up to refused.

use serde::{Deserialize, Serialize};

/// How grave a finding is; the gravest of an upload is its verdict.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nothing to do; as the level of a finding: worth knowing.
    #[default]
    Clear,
    /// A person should look.
    Review,
    /// Not to be delivered until decided.
    Hold,
    /// The chosen policy refuses it.
    Reject,
}

impl Level {
    /// All levels, mildest first.
    pub const ALL: [Level; 4] = [Level::Clear, Level::Review, Level::Hold, Level::Reject];

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Name in records and packs.
    pub fn name(self) -> &'static str {
        match self {
            Level::Clear => "clear",
            Level::Review => "review",
            Level::Hold => "hold",
            Level::Reject => "reject",
        }
    }
}
