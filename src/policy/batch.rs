//! The batch that an upload came with, as far as rules look at it.

use std::sync::OnceLock;

use super::accounts::Accounts;
use super::confusable::Names;
use super::upload::Upload;
use crate::dedup::cluster::Cluster;
use crate::dedup::family::Family;

/// Uploads that came together, and what was found between them.
#[derive(Debug, Default)]
pub struct Batch<'a> {
    /// The uploads.
    pub uploads: &'a [Upload],
    /// Groups of near-duplicates among them; members are named by path.
    pub clusters: &'a [Cluster],
    /// Families of uploads that play the same without being copies; members are named by path.
    pub families: &'a [Family],
    /// The uploads were compared with each other, so that no group means no resemblance.
    pub compared: bool,
    /// A policy was chosen explicitly, so that what it wants declared counts for bare files, too.
    pub policy_chosen: bool,
    protected: Names,
    accounts: OnceLock<Accounts>,
}

impl<'a> Batch<'a> {
    /// A batch whose uploads were compared with each other, `clusters` being what came of it.
    pub fn new(uploads: &'a [Upload], clusters: &'a [Cluster]) -> Batch<'a> {
        Batch { uploads, clusters, compared: true, ..Batch::default() }
    }

    /// Uploads that were not compared with each other.
    pub fn not_compared(uploads: &'a [Upload]) -> Batch<'a> {
        Batch { uploads, ..Batch::default() }
    }

    /// Families of them, where what they play was compared, too.
    #[must_use]
    pub fn families(self, families: &'a [Family]) -> Batch<'a> {
        Batch { families, ..self }
    }

    /// Says whether a policy was chosen explicitly.
    #[must_use]
    pub fn policy_chosen(mut self, chosen: bool) -> Batch<'a> {
        self.policy_chosen = chosen;
        self
    }

    /// Names of artists that must not be imitated, such as those of the index.
    #[must_use]
    pub fn protected_artists<'n>(mut self, names: impl Iterator<Item = &'n str>) -> Batch<'a> {
        self.protected = Names::new(names);
        self
    }

    /// The protected names.
    pub(super) fn protected(&self) -> &Names {
        &self.protected
    }

    /// What is known of accounts, releases and codes; counted when first asked for.
    pub(super) fn accounts(&self) -> &Accounts {
        self.accounts.get_or_init(|| Accounts::count(self.uploads, self.clusters, self.families))
    }
}
