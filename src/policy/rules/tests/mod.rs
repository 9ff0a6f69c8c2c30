//! Tests of the rules, most of them through the packs: what a user sees is the verdict.

mod across;
mod audio;
mod credential;
mod every;
mod single;
mod voice;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::*;
use crate::declare::declared::{AiDisclosure, AiFacet, AiLevel, Declared, DeclaredHash, Rights};
use crate::dedup::cluster::{Cluster, Edge, IdentitySpread, Member};
use crate::dedup::family::{Family, FamilyMember};
use crate::fingerprint::signal::{Repetition, Signal};
use crate::matches::{AlignedSegment, Match, Measures};
use crate::policy::observation::Fact;
use crate::policy::packset::PackSet;
use crate::policy::verdict::{Verdict, judge};
use crate::scan::kind::MatchKind;
use crate::track::Track;

const ISRC_A: &str = "USAAA2600001";
const ISRC_A2: &str = "USAAA2600002";
const ISRC_B: &str = "GBBBB2600001";

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A complete, unsuspicious upload.
fn upload(path: &str) -> Upload {
    Upload {
        track: Arc::new(Track {
            path: path.into(),
            sha256: Sha256::digest(path).into(),
            duration_ms: 200_000,
            ..Track::default()
        }),
        has_declaration: true,
        declared: Declared {
            title: some("Evening"),
            artists: vec!["Ann".into()],
            isrc: some(ISRC_A),
            account: some("acct-1"),
            rights: Rights::Declared,
            ai: AiDisclosure { level: AiLevel::None, ..AiDisclosure::default() },
            ..Declared::default()
        },
        signal: Signal { duration_ms: 200_000, ..Signal::default() },
        ..Upload::default()
    }
}

fn matched(kind: MatchKind, query_pct: f64, asset_pct: f64, seconds: f64) -> Match {
    let reference = Track {
        title: some("Original"),
        artists: vec!["Bob".into()],
        isrc: some(ISRC_B),
        owner: some("Label B"),
        path: "b.ogg".into(),
        ..Track::default()
    };
    let ms = (1000.0 * seconds) as u64;
    Match {
        id: "m_1".into(),
        kind,
        query: Arc::default(),
        reference: Arc::new(reference),
        measures: Measures {
            score: 97.0,
            log10_evalue: -40.0,
            query_match_pct: query_pct,
            asset_match_pct: asset_pct,
            peaks_per_second: 9.0,
            time_factor: if kind == MatchKind::Modified { 1.05 } else { 1.0 },
            pitch_cents: 0.0,
        },
        modified: kind == MatchKind::Modified,
        segments: vec![AlignedSegment {
            query_ms: (12_000, 12_000 + ms),
            reference_ms: (3_000, 3_000 + ms),
            ..AlignedSegment::default()
        }],
        repeats: Vec::new(),
        beside_loops: None,
        loops: Vec::new(),
        allowed_by: None,
        blocked_by: None,
    }
}

fn same_audio() -> Match {
    matched(MatchKind::SameAudio, 99.0, 99.0, 198.0)
}

fn member(upload: &Upload) -> Member {
    let d = &upload.declared;
    Member {
        path: upload.track.path.clone(),
        title: d.title.clone(),
        artists: d.artists.clone(),
        isrc: d.isrc.clone(),
        account: d.account.clone(),
        ..Member::default()
    }
}

fn cluster_of(uploads: &[Upload]) -> Cluster {
    let spread = |values: Vec<Option<String>>| {
        values.into_iter().flatten().collect::<std::collections::BTreeSet<_>>().len()
    };
    let each = |f: fn(&Declared) -> Option<String>| {
        spread(uploads.iter().map(|u| f(&u.declared)).collect())
    };
    Cluster {
        cluster_id: "c_1".into(),
        size: uploads.len(),
        members: uploads.iter().map(|u| u.track.path.clone()).collect(),
        member_details: uploads.iter().map(member).collect(),
        identity: IdentitySpread {
            titles: each(|d| d.title.clone()),
            artists: each(|d| d.artists.first().cloned()),
            isrcs: each(|d| d.isrc.clone()),
            accounts: each(|d| d.account.clone()),
            ..IdentitySpread::default()
        },
        ..Cluster::default()
    }
}

fn verdict_in(batch: &Batch<'_>, index: usize, policies: &str) -> (Vec<Observation>, Verdict) {
    let observations = observe(batch, index);
    let packs = PackSet::load(None).unwrap().select(policies).unwrap();
    let (_, verdict) = judge(&batch.uploads[index].track.path, &observations, &packs);
    (observations, verdict)
}

fn verdict(upload: Upload, policies: &str) -> (Vec<Observation>, Verdict) {
    verdict_in(&Batch::new(&[upload], &[]), 0, policies)
}

fn with_match(m: Match) -> Upload {
    Upload { matches: vec![m], ..upload("a.wav") }
}

fn level_of(upload: Upload, policies: &str) -> Level {
    verdict(upload, policies).1.level
}

fn message_of(observations: &[Observation], rule: Rule) -> &str {
    let seen = observations.iter().find(|o| o.rule == rule);
    &seen.unwrap_or_else(|| panic!("{rule:?} in {observations:#?}")).message
}
