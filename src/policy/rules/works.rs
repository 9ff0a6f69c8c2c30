//! WORK rules: references, and other uploads, that play the same, on whatever instruments.

use super::bulk::expected_delivery;
use super::{cap, observation};
use crate::clock::seconds;
use crate::dedup::family::Family;
use crate::level::Level;
use crate::policy::Batch;
use crate::policy::facts::FactsBuilder;
use crate::policy::identity::{Identity, PartyBasis, exemption};
use crate::policy::observation::{Observation, Rule};
use crate::policy::upload::Upload;
use crate::policy::words::{quoted, visible};
use crate::resemblance::{Channel, Resemblance};

/// Why what plays the same is for a look only.
const WORK: &str = "the same chords or notes do not make the same song";

pub(super) fn observe(upload: &Upload, all: &mut Vec<Observation>) {
    let own = Identity::declared(&upload.declared);
    all.extend(upload.resemblances.iter().map(|r| of_resemblance(upload, &own, r)));
}

/// The families of a batch, or of a batch with earlier uploads, that it is a member of.
pub(super) fn observe_families(batch: &Batch<'_>, upload: &Upload, all: &mut Vec<Observation>) {
    for place in batch.accounts().families_of(&upload.track.path) {
        all.extend(of_family(upload, &batch.families[*place]));
    }
}

fn of_family(upload: &Upload, family: &Family) -> Option<Observation> {
    let at = family.members.iter().position(|path| *path == upload.track.path)?;
    let own = Identity::declared(&upload.declared);
    let others = family.member_details.iter().filter(|m| m.path != upload.track.path);
    let others: Vec<Identity> = others.map(Identity::of_family).collect();
    let i = &family.identity;
    let tie = family.ties.iter().filter(|tie| tie.a == at || tie.b == at);
    let tie = tie.min_by(|a, b| a.log10_evalue.total_cmp(&b.log10_evalue));
    let facts = FactsBuilder::default()
        .count("family_size", family.size)
        .count("recordings", family.recordings)
        .count("titles", i.titles)
        .count("artists", i.artists)
        .count("isrcs", i.isrcs)
        .count("registrants", i.isrc_registrants)
        .count("accounts", i.accounts)
        .maybe("channel", tie.map(|tie| tie.channel.name()))
        .number("log10_evalue", family.weakest_log10_evalue)
        .word("side", "batch");
    let message = format!("one of a family: {}", family.explanation.trim_end_matches('.'));
    let mut seen = observation(Rule::Work002, message, facts);
    seen.evidence.push(family.family_id.clone());
    cap(&mut seen, Level::Review, WORK);
    if !others.is_empty() && others.iter().all(|other| own.surely_same_artist(other)) {
        cap(&mut seen, Level::Clear, "one artist: these may be versions of one song");
    }
    if let Some(reason) = expected_delivery(upload) {
        cap(&mut seen, Level::Clear, reason);
    }
    Some(seen)
}

fn of_resemblance(upload: &Upload, own: &Identity, r: &Resemblance) -> Observation {
    let reference = Identity::reference(&r.reference);
    let party = PartyBasis::of(&upload.declared, own, &reference);
    let mut seen = observation(Rule::Work001, message(r), facts(upload, r, party));
    seen.evidence.push(r.id.clone());
    cap(&mut seen, Level::Review, WORK);
    if let Some(decision) = &r.allowed_by {
        cap(&mut seen, Level::Clear, format!("allowed by decision {}", visible(decision)));
    } else if let Some(basis) = party {
        cap(&mut seen, basis.ceiling(), basis.words());
    } else if let Some(reason) = exemption(&upload.declared, own, &reference) {
        cap(&mut seen, Level::Clear, reason);
    }
    seen
}

fn message(r: &Resemblance) -> String {
    let name = match (&r.reference.title, r.reference.credit()) {
        (Some(title), Some(artist)) => format!("{} by {}", quoted(title), quoted(&artist)),
        (Some(title), None) => quoted(title),
        (None, _) => quoted(&r.reference.path),
    };
    let key = match r.transposition {
        0 => String::new(),
        up => format!(", {} semitones {}", up.abs(), if up > 0 { "higher" } else { "lower" }),
    };
    let tempo = 100.0 * (r.time_factor - 1.0);
    let tempo = if tempo.abs() < 1.0 { String::new() } else { format!(", tempo {tempo:+.0} %") };
    let at = |ms: u64| seconds(ms.saturating_add(500));
    let what = match r.channel {
        Channel::Harmony => "plays the same chords in the same rhythm as",
        Channel::Melody => "plays the same notes in the upper voice as",
        Channel::Both => "plays the same chords and the same upper voice as",
    };
    format!(
        "{what} {name}: {}–{} here as {}–{} there{key}{tempo}",
        at(r.query_ms.0),
        at(r.query_ms.1),
        at(r.reference_ms.0),
        at(r.reference_ms.1),
    )
}

fn facts(upload: &Upload, r: &Resemblance, party: Option<PartyBasis>) -> FactsBuilder {
    let length = upload.track.duration_ms.max(1) as f64 / 1000.0;
    FactsBuilder::default()
        .word("channel", r.channel.name())
        .number("aligned_s", r.seconds())
        .number("query_match_pct", 100.0 * r.seconds() / length)
        .number("agreement_pct", 100.0 * r.agreement)
        .number("common_pct", r.common_pct)
        .number("log10_evalue", r.log10_evalue)
        .flag("same_party", party.is_some())
        .maybe("party_basis", party.map(PartyBasis::name))
        .word("side", "reference")
}
