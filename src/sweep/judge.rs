//! What policies and decisions make of the matches of a catalogue track.

use soundalike_index::TrackMeta;

use crate::catalog::declared::Declared;
use crate::decisions::{Decision, Decisions, Effect};
use crate::indexer::{FLAG_PARTIAL, hex};
use crate::policy::{Batch, Finding, Heard, Observation, Pack, Rule, Upload, judge, observe};
use crate::report::records::{MatchRecord, SegmentRecord, VerdictRecord};
use crate::scan::kind::MatchKind;

/// A match of a track, and the reference as its index describes it.
pub type Met = (MatchRecord, TrackMeta);

/// Judges tracks by packs and decisions.
pub struct Judge<'a> {
    /// The policies chosen.
    pub packs: &'a [Pack],
    /// The decisions in force.
    pub decisions: &'a Decisions,
}

/// A track with what it is held to resemble.
#[derive(Debug)]
pub struct Judged {
    /// Matches, the surest first, decisions noted.
    pub matches: Vec<MatchRecord>,
    /// What the policies make of them, gravest first.
    pub findings: Vec<Finding>,
    /// The gravest of that.
    pub verdict: VerdictRecord,
}

impl Judge<'_> {
    /// Judges a track of the catalogue by `matches`. What it lacks or declares is no concern of a sweep: it
    /// has long been delivered.
    pub fn track(&self, track: &TrackMeta, mut matches: Vec<Met>) -> Judged {
        matches.sort_by(|(a, _), (b, _)| {
            let order = a.log10_evalue.total_cmp(&b.log10_evalue);
            order.then_with(|| a.reference.ref_id.cmp(&b.reference.ref_id))
        });
        let mut upload = upload(track);
        let (account, isrc) = (track.owner.as_deref(), track.isrc.as_deref());
        let blocked = self.decisions.upload_blocked(&upload.sha256, account, isrc);
        upload.blocked_by = blocked.map(|decision| decision.id.clone());
        let mut applied: Vec<String> = upload.blocked_by.iter().cloned().collect();
        for (record, reference) in &mut matches {
            let mut heard = heard(record, reference.clone());
            if let Some(decision) = self.ruling(track, &upload.sha256, record) {
                match decision.effect {
                    Effect::Allow => heard.allowed_by = Some(decision.id.clone()),
                    Effect::Block => heard.blocked_by = Some(decision.id.clone()),
                }
                if !applied.contains(&decision.id) {
                    applied.push(decision.id.clone());
                }
            }
            record.allowed_by.clone_from(&heard.allowed_by);
            upload.heard.push(heard);
        }
        let uploads = [upload];
        let batch = Batch::not_compared(&uploads);
        let mut observations = observe(&batch, 0);
        observations.retain(concerns_matches);
        let (findings, verdict) = judge(&track.path, &observations, self.packs);
        let [upload] = uploads;
        let verdict = VerdictRecord::new(&upload, verdict, applied);
        Judged {
            matches: matches.into_iter().map(|(record, _)| record).collect(),
            findings,
            verdict,
        }
    }

    fn ruling(&self, track: &TrackMeta, sha256: &str, record: &MatchRecord) -> Option<&Decision> {
        let segments: Vec<(u64, u64)> = record.own_segments().map(there).collect();
        let (account, isrc) = (track.owner.as_deref(), track.isrc.as_deref());
        self.decisions.match_ruling(sha256, &record.reference.ref_id, account, isrc, &segments)
    }
}

fn concerns_matches(observation: &Observation) -> bool {
    !observation.evidence.is_empty() || observation.rule == Rule::Audio005
}

fn upload(track: &TrackMeta) -> Upload {
    Upload {
        path: track.path.clone(),
        sha256: hex(&track.sha256),
        duration_ms: track.duration_ms,
        truncated: track.flags & FLAG_PARTIAL != 0,
        declared: Declared {
            title: track.title.clone(),
            artists: track.artist.iter().cloned().collect(),
            album: track.album.clone(),
            label: track.label.clone(),
            isrc: track.isrc.clone(),
            upc: track.upc.clone(),
            account: track.owner.clone(),
            ..Declared::default()
        },
        ..Upload::default()
    }
}

fn here(s: &SegmentRecord) -> (u64, u64) {
    (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms)
}

fn there(s: &SegmentRecord) -> (u64, u64) {
    (s.db_begin_time_offset_ms, s.db_end_time_offset_ms)
}

/// What a record says of a match, as policies look at it.
fn heard(record: &MatchRecord, reference: TrackMeta) -> Heard {
    let segments = || record.own_segments();
    let seconds = |(from, to): (u64, u64)| to.saturating_sub(from) as f64 / 1000.0;
    let covered = |side: fn(&SegmentRecord) -> (u64, u64)| {
        let mut spans: Vec<_> = segments().map(side).collect();
        spans.sort_unstable();
        let (mut ms, mut reached) = (0, 0);
        for (from, to) in spans {
            ms += to.saturating_sub(from.max(reached));
            reached = reached.max(to);
        }
        ms as f64 / 1000.0
    };
    let first = segments().next();
    Heard {
        match_id: record.match_id.clone(),
        kind: MatchKind::from_name(&record.match_kind).unwrap_or(MatchKind::Excerpt),
        query_match_pct: record.query_match_pct,
        asset_match_pct: record.asset_match_pct,
        score: record.score,
        log10_evalue: record.log10_evalue,
        modified: record.modified,
        time_factor: record.time_factor,
        pitch_cents: record.pitch_cents,
        longest_segment_s: segments().map(here).map(seconds).fold(0.0, f64::max),
        matched_s: covered(here),
        asset_matched_s: covered(there),
        peaks_per_second: record.peaks_per_second,
        first_query_ms: first.map_or((0, 0), here),
        first_reference_ms: first.map_or((0, 0), there),
        segments: segments().count(),
        reference,
        allowed_by: None,
        blocked_by: None,
    }
}
