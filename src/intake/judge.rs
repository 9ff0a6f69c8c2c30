//! Rules and packs over a batch that was heard.

use std::collections::BTreeSet;

use super::Settings;
use crate::batch::cluster::Cluster;
use crate::policy::{Batch, Finding, Upload, judge as judge_one, observe_all};
use crate::report::records::VerdictRecord;

/// Findings and verdict of each upload, in order; nothing without packs.
pub(super) fn judge(
    uploads: &[Upload],
    clusters: &[Cluster],
    settings: &Settings<'_>,
) -> Vec<(Vec<Finding>, VerdictRecord)> {
    if settings.packs.is_empty() {
        return Vec::new();
    }
    let artists: BTreeSet<&str> = settings
        .references
        .into_iter()
        .flat_map(|index| index.tracks())
        .filter_map(|(_, meta)| meta.artist.as_deref())
        .collect();
    let batch = match settings.cluster {
        true => Batch::new(uploads, clusters),
        false => Batch::not_compared(uploads),
    };
    let batch = batch.policy_chosen(settings.policy_chosen).protected_artists(artists.into_iter());
    let observations = observe_all(&batch);
    let each = uploads.iter().zip(observations);
    each.map(|(upload, observed)| {
        let (findings, verdict) = judge_one(&upload.path, &observed, settings.packs);
        let record = VerdictRecord::new(upload, verdict, decisions(upload));
        (findings, record)
    })
    .collect()
}

/// The decisions that played a part.
fn decisions(upload: &Upload) -> Vec<String> {
    let of_matches = upload.heard.iter().flat_map(|h| h.allowed_by.iter().chain(&h.blocked_by));
    let all: BTreeSet<&String> = of_matches.chain(&upload.blocked_by).collect();
    all.into_iter().cloned().collect()
}
