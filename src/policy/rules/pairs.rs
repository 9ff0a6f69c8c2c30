//! The identity matrix: the same audio under two identities, in a group of the batch or against a reference.
//!
//! | | same artist and account | other artist, same account | other account |
//! | --- | --- | --- | --- |
//! | same ISRC | a note | META-003 | META-003 |
//! | other ISRC, same registrant | META-004 | BULK-002 | META-006 |
//! | other registrant | META-004 | AUDIO-006 | AUDIO-006 |
//! | no ISRC | META-006 | META-006 | META-006 |

use std::collections::{BTreeMap, BTreeSet};

use super::audio::{VERSION, is_full, weakness};
use super::{cap, observation};
use crate::level::Level;
use crate::matches::Match;
use crate::policy::facts::FactsBuilder;
use crate::policy::identity::{Identity, IsrcRelation, PartyBasis, PartyRelation, exemption};
use crate::policy::observation::{Observation, Rule};
use crate::policy::words::{count, some_of};
use crate::policy::{Batch, Upload};

/// Other identities named in a message.
const SHOWN: usize = 3;
/// Other members of a group that one is compared with; what holds for these holds for the rest.
const MAX_MEMBERS: usize = 1000;

/// Pairs that say the same about the upload.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    isrc: IsrcRelation,
    party: PartyRelation,
    in_batch: bool,
    /// A sign says that the other belongs to the same party.
    same_party: bool,
    /// Why it is not held against the upload.
    exempt: Option<String>,
    /// Why it is weak.
    weak: Option<String>,
}

#[derive(Default)]
struct Pairs {
    /// Some of the others, in words.
    others: Vec<String>,
    /// How many there are.
    count: usize,
    evidence: Vec<String>,
    other_title: bool,
    other_artist: bool,
}

pub(super) fn observe(batch: &Batch<'_>, index: usize, all: &mut Vec<Observation>) {
    let upload = &batch.uploads[index];
    let own = Identity::declared(&upload.declared);
    let mut cells: BTreeMap<Cell, Pairs> = BTreeMap::new();
    if own.is_known() {
        in_groups(batch, upload, &own, &mut cells);
        with_references(upload, &own, &mut cells);
    }
    all.extend(cells.into_iter().map(|(cell, pairs)| judge(upload, cell, pairs)));
    all.extend(known_under_several(upload));
}

fn in_groups(
    batch: &Batch<'_>,
    upload: &Upload,
    own: &Identity,
    cells: &mut BTreeMap<Cell, Pairs>,
) {
    let counted = batch.accounts();
    for place in counted.clusters_of(&upload.track.path) {
        let cluster = &batch.clusters[*place];
        let versions = cluster.versions_of(&upload.track.path);
        let members = cluster.member_details.iter().zip(&counted.members[*place]);
        let others = members.filter(|(m, _)| m.path != upload.track.path).take(MAX_MEMBERS);
        for (member, other) in others.filter(|(_, identity)| identity.is_known()) {
            let theirs = counted
                .place_of(&member.path)
                .and_then(|i| exemption(&batch.uploads[i].declared, &counted.uploads[i], own));
            let cell = Cell {
                isrc: IsrcRelation::of(own, other),
                party: PartyRelation::of(own, other, PartyRelation::OtherArtist),
                in_batch: true,
                same_party: own.same_account(other) == Some(true),
                exempt: exemption(&upload.declared, own, other).or(theirs),
                weak: versions.contains(member.path.as_str()).then(|| VERSION.to_owned()),
            };
            cells.entry(cell).or_default().add(own, other, &cluster.cluster_id);
        }
    }
}

fn with_references(upload: &Upload, own: &Identity, cells: &mut BTreeMap<Cell, Pairs>) {
    for m in full_matches(upload) {
        let other = Identity::reference(&m.reference);
        let basis = PartyBasis::of(&upload.declared, own, &other);
        if !other.is_known() || basis.is_some_and(|b| b.ceiling() == Level::Clear) {
            continue;
        }
        let cell = Cell {
            isrc: IsrcRelation::of(own, &other),
            party: PartyRelation::of(own, &other, PartyRelation::OtherAccount),
            in_batch: false,
            same_party: basis.is_some(),
            exempt: exemption(&upload.declared, own, &other),
            weak: weakness(upload, m).or_else(|| basis.map(|b| b.words().to_owned())),
        };
        cells.entry(cell).or_default().add(own, &other, &m.id);
    }
}

/// Matches of most of both sides that no decision has settled and no loop of a library explains.
fn full_matches(upload: &Upload) -> impl Iterator<Item = &Match> {
    let open = |h: &&Match| h.allowed_by.is_none() && h.blocked_by.is_none() && !h.is_loop();
    upload.matches.iter().filter(open).filter_map(Match::own_part).filter(|h| is_full(h))
}

impl Pairs {
    fn add(&mut self, own: &Identity, other: &Identity, evidence: &str) {
        self.count += 1;
        if self.others.len() < SHOWN {
            let words = other.words();
            if !self.others.contains(&words) {
                self.others.push(words);
            }
        }
        if !self.evidence.iter().any(|e| e == evidence) {
            self.evidence.push(evidence.to_owned());
        }
        self.other_title |= own.other_title(other);
        self.other_artist |= !own.same_artist(other);
    }
}

/// The rule for a cell of the matrix.
fn rule_of(isrc: IsrcRelation, party: PartyRelation) -> Rule {
    use {IsrcRelation as I, PartyRelation as P};
    match (isrc, party) {
        (I::Same, P::SameArtist) => Rule::Meta006,
        (I::Same, _) => Rule::Meta003,
        (I::SameRegistrant | I::OtherRegistrant, P::SameArtist) => Rule::Meta004,
        (I::SameRegistrant, P::OtherArtist) => Rule::Bulk002,
        (I::SameRegistrant, P::OtherAccount) | (I::Missing, _) => Rule::Meta006,
        (I::OtherRegistrant, _) => Rule::Audio006,
    }
}

fn judge(upload: &Upload, cell: Cell, pairs: Pairs) -> Observation {
    let rule = rule_of(cell.isrc, cell.party);
    let (isrc, party) = (cell.isrc.name(), cell.party.name());
    let facts = FactsBuilder::default()
        .word("matrix", format!("{isrc}/{party}"))
        .word("isrc_relation", isrc)
        .word("party_relation", party)
        .flag("same_party", cell.same_party)
        .word("side", if cell.in_batch { "batch" } else { "reference" })
        .flag("other_title", pairs.other_title)
        .flag("other_artist", pairs.other_artist)
        .count("tracks", pairs.count);
    let mut seen = observation(rule, message(rule, &cell, &pairs), facts);
    seen.evidence = pairs.evidence;
    let redelivery = cell.isrc == IsrcRelation::Same && cell.party == PartyRelation::SameArtist;
    if redelivery {
        cap(&mut seen, Level::Clear, "one recording delivered again, or on single and album");
    }
    if let Some(reason) = cell.exempt {
        cap(&mut seen, Level::Clear, reason);
    }
    if let Some(reason) = cell.weak {
        cap(&mut seen, Level::Review, reason);
    }
    if rule == Rule::Meta003 && upload.declared.is_catalog_transfer {
        cap(&mut seen, Level::Review, "the delivery is marked as a catalogue transfer");
    }
    seen
}

fn message(rule: Rule, cell: &Cell, pairs: &Pairs) -> String {
    let place = if cell.in_batch { "delivered" } else { "known" };
    let differs = match (pairs.other_title, pairs.other_artist) {
        (true, true) => "under another title and artist",
        (true, false) => "under another title",
        (false, true) => "under another artist",
        (false, false) if cell.party == PartyRelation::OtherAccount => "by another account",
        (false, false) => "under the same name",
    };
    let codes = match cell.isrc {
        IsrcRelation::Same => "with the same ISRC",
        IsrcRelation::SameRegistrant => "with another ISRC of the same registrant",
        IsrcRelation::OtherRegistrant => "with an ISRC of another registrant",
        IsrcRelation::Missing => "and no ISRC on both sides says that it is one recording",
    };
    let account = match cell.party {
        PartyRelation::OtherArtist if rule == Rule::Bulk002 => ", all by one account",
        PartyRelation::OtherAccount if pairs.other_artist || pairs.other_title => {
            ", by another account or owner"
        }
        _ => "",
    };
    let mut others = pairs.others.join(", ");
    if pairs.count > pairs.others.len() {
        others.push_str(&format!(" and {} more", pairs.count - pairs.others.len()));
    }
    format!("the same audio is {place} {differs} {codes}{account}: {others}")
}

/// One recording that references know under codes of several registrants.
fn known_under_several(upload: &Upload) -> Option<Observation> {
    let own = Identity::declared(&upload.declared);
    let mut registrants = BTreeSet::new();
    let (mut others, mut evidence) = (Vec::new(), Vec::new());
    let mut owned = false;
    for m in full_matches(upload).filter(|h| weakness(upload, h).is_none()) {
        let other = Identity::reference(&m.reference);
        let Some(isrc) = &other.isrc else { continue };
        owned |= PartyBasis::of(&upload.declared, &own, &other).is_some();
        if registrants.insert(isrc.registrant().to_owned()) {
            others.push(other.words());
        }
        evidence.push(m.id.clone());
    }
    if registrants.len() < 2 {
        return None;
    }
    let message = format!(
        "references know the same audio under ISRCs of {}: {}",
        count(registrants.len(), "registrant"),
        some_of(&others, SHOWN)
    );
    let facts = FactsBuilder::default()
        .count("registrants", registrants.len())
        .flag("same_party", owned)
        .word("side", "reference");
    let mut seen = observation(Rule::Audio006, message, facts);
    seen.evidence = evidence;
    if owned {
        cap(&mut seen, Level::Review, "one of them belongs to the same party as the upload");
    }
    Some(seen)
}
