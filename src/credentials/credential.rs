//! What is known of a credential.

use serde::{Deserialize, Serialize};

use super::locate::Located;

/// What became of a credential, the surest last.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is none. That proves nothing.
    #[default]
    None,
    /// The file says only where one is kept; nothing is fetched.
    Remote,
    /// There is one that was not read.
    NotRead,
    /// A check failed: it does not fit the file, or it is damaged itself.
    Broken,
    /// Signature and hashes are right; the signer is on no list that was given.
    Intact,
    /// Intact, and the signer is on the list.
    Trusted,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] =
        [State::None, State::Remote, State::NotRead, State::Broken, State::Intact, State::Trusted];

    /// Name in records and packs.
    pub fn name(self) -> &'static str {
        match self {
            State::None => "none",
            State::Remote => "remote",
            State::NotRead => "not_read",
            State::Broken => "broken",
            State::Intact => "intact",
            State::Trusted => "trusted",
        }
    }

    /// Whether signature and hashes are right.
    pub fn is_intact(self) -> bool {
        self >= State::Intact
    }
}

/// What a credential says about where the sound comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Nothing that is known here.
    #[default]
    NotSaid,
    /// It was recorded, or made by people with tools that generate nothing.
    Human,
    /// Parts of it were generated, or it was made from something that was.
    PartlyGenerated,
    /// A trained model made it.
    Generated,
}

impl Origin {
    /// Name in records and packs.
    pub fn name(self) -> &'static str {
        match self {
            Origin::NotSaid => "not_said",
            Origin::Human => "human",
            Origin::PartlyGenerated => "partly_generated",
            Origin::Generated => "generated",
        }
    }

    /// Whether it says that something was generated.
    pub fn is_generated(self) -> bool {
        matches!(self, Origin::PartlyGenerated | Origin::Generated)
    }
}

/// Something that was done to the file, as its maker claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Action {
    /// Label of the action, such as `c2pa.created`.
    pub action: String,
    /// Kind of source, by its name in the vocabulary of IPTC or C2PA, such as `trainedAlgorithmicMedia`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// Program that did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// When, as claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

/// What the newest manifest claims.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// Whom the certificate names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// The organisation that the certificate names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Time of the signature by a time-stamp in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<String>,
    /// Whether who stamped that time is on the trust list, too.
    pub time_is_trusted: bool,
    /// The program that made the claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// What was done, in the order in which it is claimed.
    pub actions: Vec<Action>,
    /// Programs named in actions, each once.
    pub agents: Vec<String>,
    /// Files that it was made from.
    pub ingredients: usize,
    /// Kinds of source that manifests of those files claim, each once.
    pub ingredient_sources: Vec<String>,
    /// What all of that says about where the sound comes from.
    pub origin: Origin,
}

/// The credential of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Credential {
    /// What became of it.
    pub state: State,
    /// Where in the file it stands, in words.
    pub place: String,
    /// What failed, or why it counts for no more, in words.
    pub reasons: Vec<String>,
    /// The sound or the rest of the file changed after it was signed.
    pub altered: bool,
    /// Where a credential is kept that is not in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// What it claims, where that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
}

impl Credential {
    /// A credential that was not read, and why.
    pub fn not_read(located: &Located, reason: String) -> Credential {
        Credential {
            state: State::NotRead,
            place: located.place().to_owned(),
            reasons: vec![reason],
            ..Credential::default()
        }
    }

    /// What it says about where the sound comes from, if it was read at all.
    pub fn origin(&self) -> Origin {
        self.claim.as_ref().map_or(Origin::NotSaid, |claim| claim.origin)
    }
}
