//! What is known of a track of a batch besides its sound, and how a copy differs from another.

use std::sync::Arc;

use soundalike_index::TrackMeta;

use super::cluster::Member;
use crate::declare::declared::AiLevel;
use crate::fingerprint::seams::Seams;
use crate::rounding::rounded;
use crate::scan::kind::NAMED_BY;
use crate::scan::transform::{Transform, to_ms};
use crate::track::Track;

/// Speed and pitch belong together if they differ by less than this many cents.
const SAME_SPEED_CENTS: f64 = 20.0;
/// Changes from which they are told, far below what counts as modified: random pitch is a pattern.
const TOLD_CENTS: f64 = 6.0;
/// The same for the time factor.
const TOLD_TIME: f64 = 0.002;
/// Shift of the beginning or end that is told, in ms.
const TOLD_TRIM_MS: f64 = 500.0;

/// A track as the batch sees it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchTrack {
    /// The track.
    pub track: Arc<Track>,
    /// How much of it is declared to come from a generator.
    pub ai: AiLevel,
    /// Its delivery is marked as a catalogue transfer or backfill.
    pub moved: bool,
    /// It is no upload of this batch but lies in the index of earlier ones.
    pub earlier: bool,
    /// Most of it is one part repeated, silence or noise.
    pub low_content: bool,
    /// It matches a reference that does not belong to who uploaded it.
    pub reference_hit: bool,
    /// Its tags name a generator.
    pub generator: bool,
    /// A decision allows it.
    pub allowed: bool,
    /// Where clips were joined in it, if that is to be heard.
    pub seams: Option<Seams>,
    /// Length of the part that it repeats back to back, if there is one.
    pub repeats_ms: Option<u64>,
}

impl BatchTrack {
    /// What an index knows of a track.
    pub fn of_index(meta: &TrackMeta, earlier: bool) -> BatchTrack {
        let track = Arc::new(Track::of_index(meta));
        BatchTrack { track, earlier, ..BatchTrack::default() }
    }

    /// Its entry in a cluster, with `transform` its way onto `representative`.
    ///
    /// `version` says that it is no copy, as far as the peaks tell.
    pub(super) fn member(
        &self,
        transform: &Transform,
        cents: f64,
        representative: &BatchTrack,
        version: bool,
    ) -> Member {
        let t = Track::clone(&self.track);
        Member {
            sha256: t.sha256_hex(),
            path: t.path,
            duration_ms: t.duration_ms,
            title: t.title,
            artists: t.artists,
            isrc: t.isrc,
            upc: t.upc,
            label: t.label,
            account: t.owner,
            received_at: t.received_at,
            ai: self.ai.name().to_owned(),
            earlier: self.earlier,
            time_factor: rounded(transform.time_factor, 5),
            pitch_cents: rounded(cents, 1),
            offset_ms: to_ms(transform.offset).round() as i64,
            differs: self.differs(transform, cents, representative, version),
        }
    }

    /// How it differs from `other`, onto which `transform` leads.
    fn differs(
        &self,
        transform: &Transform,
        cents: f64,
        other: &BatchTrack,
        version: bool,
    ) -> String {
        if self.track.path == other.track.path {
            return "the one the others are compared with".into();
        }
        if self.track.sha256 == other.track.sha256 {
            return "the same file".into();
        }
        let mut parts = changes(transform.time_factor, cents);
        parts.extend(self.trims(transform, other));
        if version {
            parts.push("much else is in it, or it was made anew".to_owned());
            return parts.join(", ");
        }
        let (own, others) = (self.track.codec.as_str(), other.track.codec.as_str());
        if !own.is_empty() && !others.is_empty() {
            parts.push(match own == others {
                true => format!("encoded anew ({own})"),
                false => format!("{own} instead of {others}"),
            });
        }
        if parts.is_empty() { "the same length, speed and pitch".into() } else { parts.join(", ") }
    }

    /// What is missing or added at either end.
    fn trims(&self, transform: &Transform, other: &BatchTrack) -> Vec<String> {
        let begin = to_ms(transform.offset);
        let end = begin + transform.time_factor * self.track.duration_ms as f64
            - other.track.duration_ms as f64;
        let told = |ms: f64, missing: &str, added: &str| {
            let seconds = ms.abs() / 1000.0;
            let what = if ms > 0.0 { missing } else { added };
            (ms.abs() >= TOLD_TRIM_MS).then(|| format!("{seconds:.1} s {what}"))
        };
        let begin = told(begin, "cut off the beginning", "more at the beginning");
        begin.into_iter().chain(told(-end, "cut off the end", "more at the end")).collect()
    }

    /// Whether generated parts are neither declared nor denied, though there is reason to ask.
    pub(super) fn undisclosed(&self) -> bool {
        self.generator && matches!(self.ai, AiLevel::Undeclared | AiLevel::None)
    }
}

/// Changes of speed, tempo and pitch in words.
fn changes(time_factor: f64, cents: f64) -> Vec<String> {
    let speed_cents = 1200.0 * time_factor.log2();
    let per_cent = 100.0 * (time_factor - 1.0);
    let (timed, pitched) = ((time_factor - 1.0).abs() >= TOLD_TIME, cents.abs() >= TOLD_CENTS);
    match (timed, pitched) {
        (false, false) => Vec::new(),
        (true, _) if (speed_cents - cents).abs() < SAME_SPEED_CENTS => {
            vec![format!("speed {per_cent:+.1} %")]
        }
        (true, true) => vec![format!("tempo {per_cent:+.1} %"), format!("pitch {cents:+.0} cents")],
        (true, false) => vec![format!("tempo {per_cent:+.1} %")],
        (false, true) => vec![format!("pitch {cents:+.0} cents")],
    }
}

/// Whether a member plays at another speed or pitch than the representative, by the line that rights
/// services draw.
pub(super) fn is_modified(member: &Member) -> bool {
    (member.time_factor - 1.0).abs() >= NAMED_BY.modified_time
        || member.pitch_cents.abs() >= NAMED_BY.modified_cents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_named_as_people_make_them() {
        assert_eq!(changes(1.0005, 2.0), Vec::<String>::new());
        assert_eq!(changes(1.06, 100.9), ["speed +6.0 %"]);
        assert_eq!(changes(1.06, 0.0), ["tempo +6.0 %"]);
        assert_eq!(changes(1.0, -40.0), ["pitch -40 cents"]);
        assert_eq!(changes(0.95, 40.0), ["tempo -5.0 %", "pitch +40 cents"]);
    }

    #[test]
    fn trims_are_told_by_seconds() {
        let track = |path: &str, duration_ms, hash| {
            let (path, sha256) = (path.into(), [hash; 32]);
            let track = Track { path, duration_ms, sha256, ..Track::default() };
            BatchTrack { track: Arc::new(track), ..BatchTrack::default() }
        };
        let (whole, copy) = (track("a", 60_000, 0), track("b", 50_000, 1));
        let text = copy.differs(&Transform::shift(1_000.0), 0.0, &whole, false);
        assert_eq!(text, "4.0 s cut off the beginning, 6.0 s cut off the end");
    }
}
