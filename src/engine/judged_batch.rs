//! What was found in a batch: all that a verdict rests on besides policies and decisions.
//!
//! Uploads with their matches, unrounded, and clusters. Kept, it can be judged again without audio.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Judge;
use super::describe::batch_track;
use crate::dedup::cluster::{Cluster, Member};
use crate::dedup::family::Family;
use crate::dedup::shared_loops::SharedLoop;
use crate::dedup::{BatchTrack, score_again};
use crate::level::Level;
use crate::policy::Upload;

/// What was found in a batch of uploads, and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JudgedBatch {
    /// The uploads, with their matches.
    pub uploads: Vec<Upload>,
    /// Clusters of near-duplicates among them.
    pub clusters: Vec<Cluster>,
    /// Families of tracks that play the same without being copies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<Family>,
    /// Loops that several artists share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loops: Vec<SharedLoop>,
    /// They were compared with each other.
    pub compared: bool,
    /// For each upload the verdict, and the decisions that played a part.
    pub judged: Vec<(Level, Vec<String>)>,
}

/// The decisions that apply to an upload: to itself, to each match, and to each resemblance.
type Rulings = Vec<(Option<String>, Option<String>)>;

/// Which decision allows each match and each resemblance of an upload.
fn allowed(upload: &Upload) -> impl Iterator<Item = ((&str, &str), Option<&String>)> {
    let matches = upload.matches.iter().map(|m| (m.id.as_str(), m.allowed_by.as_ref()));
    let alike = upload.resemblances.iter().map(|r| (r.id.as_str(), r.allowed_by.as_ref()));
    matches.chain(alike).map(|(id, by)| ((upload.track.path.as_str(), id), by))
}

impl JudgedBatch {
    fn rulings(&self) -> Vec<Rulings> {
        let of_upload = |upload: &Upload| {
            let own = (upload.allowed_by.clone(), upload.blocked_by.clone());
            let matches = upload.matches.iter();
            let matches = matches.map(|m| (m.allowed_by.clone(), m.blocked_by.clone()));
            let resemblances = upload.resemblances.iter().map(|r| (r.allowed_by.clone(), None));
            std::iter::once(own).chain(matches).chain(resemblances).collect()
        };
        self.uploads.iter().map(of_upload).collect()
    }

    /// Which decision allows what was found of an upload: by its path, and the name of the match or resemblance.
    pub fn allowed(&self) -> BTreeMap<(&str, &str), Option<&String>> {
        self.uploads.iter().flat_map(allowed).collect()
    }

    /// Applies the decisions of `judge` in the place of those that were applied; whether that changes anything.
    pub fn rule_again(&mut self, judge: &Judge) -> bool {
        let before = self.rulings();
        for upload in &mut self.uploads {
            (upload.allowed_by, upload.blocked_by) = (None, None);
            for m in &mut upload.matches {
                (m.allowed_by, m.blocked_by) = (None, None);
            }
            judge.rule(upload);
        }
        before != self.rulings()
    }

    /// What decisions say of its members counts for a cluster, too.
    pub(super) fn score_again(&mut self) {
        let known: BTreeMap<(&str, String), &Upload> = self
            .uploads
            .iter()
            .map(|upload| ((upload.track.path.as_str(), upload.track.sha256_hex()), upload))
            .collect();
        let track = |member: &Member| match known.get(&(&member.path, member.sha256.clone())) {
            Some(upload) if !member.earlier => batch_track(upload),
            _ => BatchTrack { earlier: member.earlier, ..BatchTrack::default() },
        };
        for cluster in &mut self.clusters {
            let members: Vec<BatchTrack> = cluster.member_details.iter().map(track).collect();
            score_again(cluster, &members);
        }
        self.clusters.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.members.cmp(&b.members)));
    }
}
