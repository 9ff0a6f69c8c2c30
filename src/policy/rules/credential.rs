//! DISC rules about signed credentials (C2PA): one that does not hold, and one that the same recording lost on its way.
//!
//! Editing a file breaks its credential, and converting it removes it; both are what any studio does. So neither is
//! ever more than a reason to look. The EU Code of Practice (10 June 2026, measure 1.2) asks those who pass content on
//! to keep such marks.

use super::{cap, observation};
use crate::credentials::words::{name, source_words};
use crate::credentials::{Credential, State};
use crate::level::Level;
use crate::policy::facts::FactsBuilder;
use crate::policy::observation::{Observation, Rule};
use crate::policy::words::{quoted, some_of, visible};
use crate::policy::{Batch, Upload};

/// Other files named in a message.
const SHOWN: usize = 3;
/// Other members of a group that are looked at.
const MAX_MEMBERS: usize = 1000;

pub(super) fn observe(batch: &Batch<'_>, index: usize, all: &mut Vec<Observation>) {
    let upload = &batch.uploads[index];
    let Some(credential) = &upload.credential else { return };
    match credential.state {
        State::Broken => all.extend(broken(credential)),
        State::None => all.extend(missing(batch, index)),
        _ => {}
    }
}

/// A credential that does not hold, where the file was changed or the credential speaks of something generated.
fn broken(credential: &Credential) -> Option<Observation> {
    let origin = credential.origin();
    if !(credential.altered || origin.is_generated()) {
        return None;
    }
    let mut message = format!(
        "the file has a signed credential that does not hold: {}",
        visible(&credential.reasons.join("; "))
    );
    if let Some(claim) = &credential.claim {
        message += &format!("; it names {} as its signer", quoted(&name(claim)));
    }
    if let Some(says) = kinds(credential) {
        message += &format!(" and says of the sound: {says}");
    }
    let facts = FactsBuilder::default()
        .word("credential", credential.state.name())
        .word("credential_says", origin.name())
        .flag("altered", credential.altered);
    let mut seen = observation(Rule::Disc006, message, facts);
    cap(&mut seen, Level::Review, "any editing after the signature does that");
    Some(seen)
}

/// The kinds of source that a credential names.
fn kinds(credential: &Credential) -> Option<String> {
    let claim = credential.claim.as_ref()?;
    let own = claim.actions.iter().filter_map(|action| action.source_type.as_ref());
    let mut kinds: Vec<String> = Vec::new();
    for words in own.chain(&claim.ingredient_sources).map(|source| source_words(source)) {
        let words = visible(&words);
        if !kinds.contains(&words) {
            kinds.push(words);
        }
    }
    (!kinds.is_empty()).then(|| some_of(&kinds, SHOWN))
}

/// The same recording came with a credential, too: by its sound, or by its ISRC.
fn missing(batch: &Batch<'_>, index: usize) -> Option<Observation> {
    let upload = &batch.uploads[index];
    let counted = batch.accounts();
    let mut same: Vec<(usize, Option<&str>)> = Vec::new();
    for place in counted.clusters_of(&upload.track.path) {
        let cluster = &batch.clusters[*place];
        let versions = cluster.versions_of(&upload.track.path);
        let members = cluster.members.iter().take(MAX_MEMBERS);
        let others = members.filter(|path| !versions.contains(path.as_str()));
        let places = others.filter_map(|path| counted.place_of(path));
        same.extend(places.map(|at| (at, Some(cluster.cluster_id.as_str()))));
    }
    if let Some(isrc) = counted.uploads.get(index).and_then(|own| own.isrc.as_ref()) {
        let places = counted.by_isrc.get(isrc).into_iter().flatten().take(MAX_MEMBERS);
        same.extend(places.map(|at| (*at, None)));
    }
    let has = |at: usize| {
        let credential = batch.uploads.get(at)?.credential.as_ref()?;
        (at != index && credential.state != State::None).then_some(credential)
    };
    let mut found: Vec<(usize, Option<&str>, &Credential)> =
        same.into_iter().filter_map(|(at, by)| Some((at, by, has(at)?))).collect();
    // By sound before by code.
    found.sort_by_key(|(at, by, _)| (*at, by.is_none()));
    found.dedup_by_key(|(at, ..)| *at);
    let strongest = found.iter().map(|(.., credential)| *credential);
    let strongest =
        strongest.max_by_key(|c| (c.state.is_intact() && c.origin().is_generated(), c.state))?;
    Some(told(upload, &found, strongest, batch))
}

fn told(
    upload: &Upload,
    found: &[(usize, Option<&str>, &Credential)],
    strongest: &Credential,
    batch: &Batch<'_>,
) -> Observation {
    let named: Vec<String> = found
        .iter()
        .map(|(at, by, credential)| {
            let by = if by.is_some() { "" } else { ", by its ISRC" };
            let path = quoted(&batch.uploads[*at].track.path);
            format!("{path} ({}{by})", credential.state.name().replace('_', " "))
        })
        .collect();
    let mut message = format!(
        "a signed credential is present in the delivery, absent in the derivative: the same recording has one in {}",
        some_of(&named, SHOWN)
    );
    if strongest.state.is_intact()
        && let Some(says) = kinds(strongest)
    {
        message += &format!("; it says of the sound: {says}");
    }
    let says = strongest.state.is_intact().then(|| strongest.origin().name());
    let facts = FactsBuilder::default()
        .word("credential", State::None.name())
        .maybe("credential_says", says)
        .count("tracks", found.len());
    let mut seen = observation(Rule::Disc007, message, facts);
    for cluster in found.iter().filter_map(|(_, by, _)| *by) {
        if !seen.evidence.iter().any(|e| e == cluster) {
            seen.evidence.push(cluster.to_owned());
        }
    }
    let reason = match upload.declared.isrc.is_some() && seen.evidence.is_empty() {
        true => "that it is the same recording is said by an ISRC alone",
        false => "any conversion removes a credential",
    };
    cap(&mut seen, Level::Review, reason);
    seen
}
