//! AUDIO rules: resemblance to single references.

use super::{cap, loops, observation};
use crate::level::Level;
use crate::matches::Match;
use crate::policy::facts::FactsBuilder;
use crate::policy::identity::{
    Identity, IsrcRelation, PartyBasis, PartyRelation, exemption, is_mix,
};
use crate::policy::observation::{Observation, Rule};
use crate::policy::upload::Upload;
use crate::policy::words::{name_of, to_second, visible};
use crate::scan::kind::MatchKind;

/// Shortest long excerpt, in seconds.
const LONG_S: f64 = 15.0;
/// Share of the reference from which an excerpt is long, per cent.
const LONG_PCT: f64 = 20.0;
/// Share of either side from which a changed copy is a copy and not an excerpt, per cent.
const COPY_PCT: f64 = 60.0;
/// Shortest match that can be more than a hint, even of a whole track, in seconds.
const MIN_COPY_S: f64 = 5.0;
/// Share of the track that one loop explains, from which the track is repetitive.
const REPETITIVE: f64 = 0.8;

/// Why another version is for a look only.
pub(super) const VERSION: &str = "what coincides is not enough for the same recording";

pub(super) fn observe(upload: &Upload, all: &mut Vec<Observation>) {
    let own = Identity::declared(&upload.declared);
    for m in &upload.matches {
        all.push(of_match(upload, &own, m));
    }
    if let Some(decision) = &upload.blocked_by {
        let message = format!(
            "the account or the ISRC registrant is on the block list (decision {})",
            visible(decision)
        );
        all.push(observation(Rule::Audio005, message, FactsBuilder::default()));
    }
}

fn of_match(upload: &Upload, own: &Identity, whole: &Match) -> Observation {
    if whole.blocked_by.is_none() && (whole.is_loop() || whole.own_part().is_none()) {
        return loops::observe(upload, whole);
    }
    // Decisions are about the match as a whole.
    let part = whole.own_part().unwrap_or(whole);
    let judged = Match {
        allowed_by: whole.allowed_by.clone(),
        blocked_by: whole.blocked_by.clone(),
        ..part.clone()
    };
    let m = &judged;
    let rule = match &m.blocked_by {
        Some(_) => Rule::Audio005,
        None => rule_of(m),
    };
    let reference = Identity::reference(&m.reference);
    let party = PartyBasis::of(&upload.declared, own, &reference);
    let mut seen = observation(rule, message(rule, m), facts(own, &reference, m, party));
    seen.evidence.push(m.id.clone());
    if let Some(decision) = &m.blocked_by {
        seen.message.push_str(&format!("; on the block list (decision {})", visible(decision)));
    } else if let Some(decision) = &m.allowed_by {
        let reason = format!("allowed by decision {}", visible(decision));
        cap(&mut seen, Level::Clear, reason);
    } else if let Some(basis) = party {
        cap(&mut seen, basis.ceiling(), basis.words());
    }
    if m.blocked_by.is_none() {
        lower_for_declaration(upload, own, &reference, &mut seen);
    }
    if let Some(reason) = weakness(upload, m) {
        cap(&mut seen, Level::Review, reason);
    }
    if !whole.loops.is_empty() {
        loops::tell(upload, whole, m, &mut seen);
    }
    seen
}

/// Whether the match covers most of both sides.
pub(super) fn is_full(m: &Match) -> bool {
    let whole =
        matches!(m.kind, MatchKind::SameFile | MatchKind::SameAudio | MatchKind::NearDuplicate);
    whole
        || (m.modified
            && m.kind != MatchKind::Version
            && m.measures.query_match_pct >= COPY_PCT
            && m.measures.asset_match_pct >= COPY_PCT)
}

fn rule_of(m: &Match) -> Rule {
    if m.kind == MatchKind::Version {
        return Rule::Audio007;
    }
    let covers = m.measures.query_match_pct >= COPY_PCT || m.measures.asset_match_pct >= COPY_PCT;
    let long = m.matched_s() >= LONG_S;
    if m.kind == MatchKind::SameFile || (is_full(m) && !m.modified) {
        Rule::Audio001
    } else if m.modified && covers && (long || is_full(m)) {
        Rule::Audio002
    } else if long || m.measures.asset_match_pct >= LONG_PCT {
        Rule::Audio003
    } else {
        Rule::Audio004
    }
}

fn message(rule: Rule, m: &Match) -> String {
    let name = name_of(&m.reference);
    let what = match rule {
        Rule::Audio001 => "is the same recording as",
        Rule::Audio002 => "is, with speed or pitch changed, the same recording as",
        Rule::Audio003 => "contains a long part of",
        Rule::Audio004 => "shares a short part with",
        Rule::Audio007 => "may be another version of, or have a backing track in common with,",
        _ => "contains audio of",
    };
    let ((from, to), (there_from, there_to)) = (m.first().query_ms, m.first().reference_ms);
    let more = match m.segments.len() {
        0 | 1 => String::new(),
        2 => " and 1 more stretch".to_owned(),
        n => format!(" and {} more stretches", n - 1),
    };
    let change = if m.modified {
        let speed = 100.0 * (m.measures.time_factor - 1.0);
        format!("; speed {speed:+.1} %, pitch {:+.0} cents", m.measures.pitch_cents)
    } else {
        String::new()
    };
    format!(
        "{what} {name}: {}–{} here runs along {}–{} there{more}, {:.0} % of this file and {:.0} % of the reference{change}",
        to_second(from),
        to_second(to),
        to_second(there_from),
        to_second(there_to),
        m.measures.query_match_pct,
        m.measures.asset_match_pct
    )
}

fn facts(
    own: &Identity,
    reference: &Identity,
    m: &Match,
    party: Option<PartyBasis>,
) -> FactsBuilder {
    let isrc = IsrcRelation::of(own, reference);
    let relation = PartyRelation::of(own, reference, PartyRelation::OtherAccount);
    FactsBuilder::default()
        .word("kind", m.kind.name())
        .number("query_match_pct", m.measures.query_match_pct)
        .number("asset_match_pct", m.measures.asset_match_pct)
        .number("score", m.measures.score)
        .number("log10_evalue", m.measures.log10_evalue)
        .flag("modified", m.modified)
        .number("speed_change_pct", 100.0 * (m.measures.time_factor - 1.0).abs())
        .number("pitch_change_cents", m.measures.pitch_cents.abs())
        .number("matched_s", m.matched_s())
        .number("asset_matched_s", m.asset_matched_s())
        .number("longest_segment_s", m.longest_segment_s())
        .number("peaks_per_second", m.measures.peaks_per_second)
        .flag("same_party", party.is_some())
        .maybe("party_basis", party.map(PartyBasis::name))
        .word("matrix", format!("{}/{}", isrc.name(), relation.name()))
        .word("isrc_relation", isrc.name())
        .word("party_relation", relation.name())
        .word("side", "reference")
        .flag("other_title", own.other_title(reference))
        .flag("other_artist", !own.same_artist(reference))
}

fn lower_for_declaration(
    upload: &Upload,
    own: &Identity,
    reference: &Identity,
    seen: &mut Observation,
) {
    let excerpt = matches!(seen.rule, Rule::Audio003 | Rule::Audio004);
    if let Some(reason) = exemption(&upload.declared, own, reference) {
        cap(seen, Level::Clear, reason);
    } else if excerpt && is_mix(&upload.declared) {
        cap(
            seen,
            Level::Review,
            "the upload is declared as a mix; ask for the licences of its tracks",
        );
    }
}

/// Why a match is too weak for more than a look.
pub(super) fn weakness(upload: &Upload, m: &Match) -> Option<String> {
    if m.kind == MatchKind::SameFile {
        return None;
    }
    let repetition = upload.signal.repetition.as_ref();
    if m.kind == MatchKind::Version {
        return Some(VERSION.to_owned());
    }
    if m.kind == MatchKind::LoopOfExcerpt {
        return Some("a loop, repeated: many recordings may share it".to_owned());
    }
    if !is_full(m) && repetition.is_some_and(|r| r.share >= REPETITIVE) {
        return Some("the track is one repeated loop, which many recordings may share".to_owned());
    }
    // Of the shared part, what is different: a repeated part counts once.
    let distinct_s = m.matched_s().min(m.asset_matched_s());
    let enough = if is_full(m) { MIN_COPY_S } else { LONG_S };
    if distinct_s < enough {
        return Some(format!("only {distinct_s:.0} s are shared"));
    }
    if m.measures.query_match_pct < LONG_PCT && m.measures.asset_match_pct < LONG_PCT {
        return Some("only a small part of either side is shared".to_owned());
    }
    None
}
