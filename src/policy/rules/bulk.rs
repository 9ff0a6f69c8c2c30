//! BULK rules: what only shows across uploads.

use super::audio::VERSION;
use super::{cap, observation};
use crate::clock::seconds;
use crate::dedup::cluster::Cluster;
use crate::level::Level;
use crate::policy::facts::FactsBuilder;
use crate::policy::observation::{Observation, Rule};
use crate::policy::words::count;
use crate::policy::{Batch, Upload};

/// Identities from which one recording is spread.
const SPREAD: usize = 3;
/// Tracks from which lengths of an account tell anything.
const MIN_LENGTHS: usize = 5;
/// Tracks from which a release of one recording is more than a single with a version.
const MIN_RELEASE: usize = 3;

pub(super) fn observe(batch: &Batch<'_>, index: usize, all: &mut Vec<Observation>) {
    let upload = &batch.uploads[index];
    for place in batch.accounts().clusters_of(&upload.track.path) {
        let cluster = &batch.clusters[*place];
        all.push(group(upload, cluster));
        all.extend(spread(upload, cluster, batch.accounts().base_titles[*place]));
    }
    all.extend(velocity(batch, index));
    all.extend(threshold_lengths(batch, index));
    all.extend(one_track_release(batch, upload));
    all.extend(loop_padding(upload));
}

/// Why a large delivery is to be expected, where the declaration says so.
pub(super) fn expected_delivery(upload: &Upload) -> Option<&'static str> {
    let d = &upload.declared;
    if d.is_catalog_transfer {
        Some("the delivery is marked as a catalogue transfer")
    } else if d.is_backfill {
        Some("the delivery is marked as backfill")
    } else if d.is_update {
        Some("the delivery updates an earlier one")
    } else {
        None
    }
}

fn cluster_facts(cluster: &Cluster) -> FactsBuilder {
    let i = &cluster.identity;
    FactsBuilder::default()
        .count("cluster_size", cluster.size)
        .number("cluster_score", cluster.score)
        .count("titles", i.titles)
        .count("artists", i.artists)
        .count("isrcs", i.isrcs)
        .count("registrants", i.isrc_registrants)
        .count("accounts", i.accounts)
}

fn group(upload: &Upload, cluster: &Cluster) -> Observation {
    let what = if cluster.explanation.is_empty() {
        "its members share most of their audio"
    } else {
        cluster.explanation.trim_end_matches('.')
    };
    let message = format!("one of {} near-duplicates: {what}", cluster.size);
    let mut seen = observation(Rule::Bulk001, message, cluster_facts(cluster));
    seen.evidence.push(cluster.cluster_id.clone());
    if let Some(reason) = expected_delivery(upload) {
        cap(&mut seen, Level::Clear, reason);
    }
    seen
}

fn spread(upload: &Upload, cluster: &Cluster, base_titles: usize) -> Option<Observation> {
    let i = &cluster.identity;
    if i.titles.max(i.artists).max(i.isrcs) < SPREAD {
        return None;
    }
    let message = format!(
        "one recording in {} tracks under {}, {} and {}, by {}",
        cluster.size,
        count(i.titles, "title"),
        count(i.artists, "artist"),
        count(i.isrcs, "ISRC"),
        if i.accounts == 0 { "one delivery".to_owned() } else { count(i.accounts, "account") },
    );
    let mut seen = observation(Rule::Bulk002, message, cluster_facts(cluster));
    seen.evidence.push(cluster.cluster_id.clone());
    if i.artists <= 1 && base_titles <= 1 {
        cap(
            &mut seen,
            Level::Review,
            "one artist and one title: these may be versions of one track",
        );
    }
    if 2 * cluster.versions_of(&upload.track.path).len() >= cluster.size {
        cap(&mut seen, Level::Review, VERSION);
    }
    if let Some(reason) = expected_delivery(upload) {
        cap(&mut seen, Level::Review, reason);
    }
    Some(seen)
}

fn velocity(batch: &Batch<'_>, index: usize) -> Option<Observation> {
    let account = batch.accounts().of(&batch.uploads[index])?;
    let day = if account.busiest_day.binary_search(&index).is_ok() {
        account.busiest_day.len()
    } else {
        0
    };
    let week = account.busiest_ai_week.binary_search(&index).map_or(0, |_| account.ai_releases);
    if day < 2 && week < 2 {
        return None;
    }
    let mut parts = Vec::new();
    if day >= 2 {
        parts.push(format!("{day} tracks within 24 hours"));
    }
    if week >= 2 {
        parts.push(format!("{week} releases with generated parts within seven days"));
    }
    let message = format!("{} delivered {}", account.words(), parts.join(" and "));
    let facts = FactsBuilder::default().count("uploads_per_day", day).count("ai_releases_7d", week);
    Some(observation(Rule::Bulk003, message, facts))
}

fn threshold_lengths(batch: &Batch<'_>, index: usize) -> Option<Observation> {
    let upload = &batch.uploads[index];
    let account = batch.accounts().of(upload)?;
    let (short, of) = (account.threshold.len(), account.uploads.len());
    if of < MIN_LENGTHS || short < MIN_LENGTHS || account.threshold.binary_search(&index).is_err() {
        return None;
    }
    let share = 100.0 * short as f64 / of as f64;
    let spread_s = account.threshold_iqr_ms as f64 / 1000.0;
    let message = format!(
        "{short} of {of} tracks of {} last 30 to 45 s ({share:.0} %), half of those within {spread_s:.1} s of each other; this one {}",
        account.words(),
        seconds(upload.track.duration_ms)
    );
    let facts = FactsBuilder::default()
        .number("share_pct", share)
        .count("tracks", short)
        .number("spread_s", spread_s);
    let mut seen = observation(Rule::Bulk004, message, facts);
    if let Some(reason) = expected_delivery(upload) {
        cap(&mut seen, Level::Clear, reason);
    }
    Some(seen)
}

fn one_track_release(batch: &Batch<'_>, upload: &Upload) -> Option<Observation> {
    let release = batch.accounts().release_of(upload)?;
    let (tracks, cluster) = (&release.tracks, &batch.clusters[release.group?]);
    if tracks.len() < MIN_RELEASE {
        return None;
    }
    let message =
        format!("all {} tracks of its release are near-duplicates of each other", tracks.len());
    let facts = cluster_facts(cluster).count("tracks", tracks.len());
    let mut seen = observation(Rule::Bulk005, message, facts);
    seen.evidence.push(cluster.cluster_id.clone());
    Some(seen)
}

fn loop_padding(upload: &Upload) -> Option<Observation> {
    let r = upload.signal.repetition.as_ref()?;
    let message = format!(
        "a part of {:.1} s is repeated {:.0} times and makes up {:.0} % of the track",
        r.period_ms as f64 / 1000.0,
        r.repeats,
        100.0 * r.share
    );
    let facts =
        FactsBuilder::default().number("share_pct", 100.0 * r.share).number("repeats", r.repeats);
    Some(observation(Rule::Bulk006, message, facts))
}
