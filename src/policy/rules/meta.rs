//! META rules: what was declared, by itself and within the batch.

use super::{cap, observation};
use crate::declare::declared::Rights;
use crate::declare::identifiers::{IdentifierError, IdentifierKind, Isrc, problems};
use crate::level::Level;
use crate::matches::Match;
use crate::policy::confusable::is_confusable;
use crate::policy::facts::FactsBuilder;
use crate::policy::identity::key;
use crate::policy::observation::{Observation, Rule};
use crate::policy::stuffing::{Stuffing, stuffing};
use crate::policy::words::{quoted, some_of};
use crate::policy::{Batch, Upload};

/// Other files named in a message.
const SHOWN: usize = 3;
/// Why a gap is not held against an upload: the batch is told of it once.
const NO_COLUMN: &str = "the table that describes it has no column for that";
/// Files of one ISRC that are looked at; a placeholder may stand on thousands.
const MAX_COMPARED: usize = 1000;

pub(super) fn observe(batch: &Batch<'_>, index: usize, all: &mut Vec<Observation>) {
    let upload = &batch.uploads[index];
    if upload.has_declaration {
        all.extend(no_isrc(upload));
        all.extend(several_isrcs(upload));
        all.extend(malformed(upload));
        all.extend(check_digit(upload));
        all.extend(rights(batch, upload));
    }
    all.extend(reused_isrc(batch, index));
    all.extend(confusable(batch, upload));
    all.extend(stuffed(batch, upload));
    all.extend(reordered(batch, index));
}

fn no_isrc(upload: &Upload) -> Option<Observation> {
    let missing = upload.declared.isrc.as_deref().is_none_or(|i| i.trim().is_empty());
    missing.then(|| {
        let mut seen =
            observation(Rule::Meta001, "no ISRC is given".into(), FactsBuilder::default());
        if upload.not_asked.isrc {
            cap(&mut seen, Level::Clear, NO_COLUMN);
        }
        seen
    })
}

/// One file that is declared to be several recordings.
fn several_isrcs(upload: &Upload) -> Option<Observation> {
    if upload.isrcs.len() < 2 {
        return None;
    }
    let codes: Vec<String> = upload.isrcs.iter().map(|isrc| quoted(isrc)).collect();
    let message = format!(
        "this one file is declared under {} ISRCs: {}",
        codes.len(),
        some_of(&codes, SHOWN)
    );
    let facts = FactsBuilder::default().count("isrcs", codes.len());
    Some(observation(Rule::Meta012, message, facts))
}

/// What is wrong with the codes, apart from what `no_isrc` says and requests to assign one.
fn faults(upload: &Upload) -> Vec<IdentifierError> {
    let mut declared = upload.declared.clone();
    declared.isrc = declared.isrc.filter(|i| !i.trim().is_empty() && !Isrc::is_to_be_assigned(i));
    problems(&declared)
}

/// A product code with a wrong check digit is a finding of its own.
fn is_product_check_digit(fault: &IdentifierError) -> bool {
    fault.is_check_digit() && fault.kind() == IdentifierKind::Upc
}

fn malformed(upload: &Upload) -> Option<Observation> {
    let faults = faults(upload).into_iter().filter(|fault| !is_product_check_digit(fault));
    let message = faults.map(|fault| fault.to_string()).collect::<Vec<_>>().join("; ");
    (!message.is_empty()).then(|| observation(Rule::Meta002, message, FactsBuilder::default()))
}

fn check_digit(upload: &Upload) -> Option<Observation> {
    let fault = faults(upload).into_iter().find(is_product_check_digit)?;
    Some(observation(Rule::Meta005, fault.to_string(), FactsBuilder::default()))
}

fn rights(batch: &Batch<'_>, upload: &Upload) -> Option<Observation> {
    let d = &upload.declared;
    let (word, message) = match (d.rights, &d.p_line) {
        (Rights::Declared, _) => return None,
        (Rights::Denied, _) => ("denied", "the uploader states not to hold the rights".to_owned()),
        (Rights::Undeclared, Some(line)) => {
            let line = quoted(line);
            ("undeclared", format!("only a rights line ({line}) says who holds the rights"))
        }
        (Rights::Undeclared, None) => {
            ("undeclared", "nothing says who holds the rights".to_owned())
        }
    };
    let facts = FactsBuilder::default()
        .word("rights", word)
        .flag("p_line", d.p_line.is_some())
        .flag("rights_asked", batch.accounts().rights_stated);
    let mut seen = observation(Rule::Meta010, message, facts);
    if word == "undeclared" && upload.not_asked.rights {
        cap(&mut seen, Level::Clear, NO_COLUMN);
    }
    Some(seen)
}

/// One ISRC on files that do not sound alike.
fn reused_isrc(batch: &Batch<'_>, index: usize) -> Option<Observation> {
    if !batch.compared {
        return None;
    }
    let upload = &batch.uploads[index];
    let isrc = Isrc::parse(upload.declared.isrc.as_deref()?).ok()?;
    let counted = batch.accounts();
    let groups = counted.clusters_of(&upload.track.path);
    let differs = |i: &&usize| {
        let other = &batch.uploads[**i];
        **i != index
            && other.track.sha256 != upload.track.sha256
            && !counted.clusters_of(&other.track.path).iter().any(|g| groups.contains(g))
    };
    let others: Vec<String> = counted
        .by_isrc
        .get(&isrc)?
        .iter()
        .take(MAX_COMPARED)
        .filter(differs)
        .map(|i| quoted(&batch.uploads[*i].track.path))
        .collect();
    if others.is_empty() {
        return None;
    }
    let message =
        format!("the ISRC {isrc} is also on audio that differs: {}", some_of(&others, SHOWN));
    let facts = FactsBuilder::default()
        .flag("other_audio", true)
        .count("tracks", others.len())
        .word("side", "batch");
    Some(observation(Rule::Meta003, message, facts))
}

fn confusable(batch: &Batch<'_>, upload: &Upload) -> Option<Observation> {
    let names = upload.declared.artists.iter();
    let mut found = Vec::new();
    let mut evidence = Vec::new();
    for name in names {
        if let Some((artist, id)) = imitated(name, &upload.matches) {
            found.push(format!("{} resembles {}", quoted(name), quoted(artist)));
            evidence.push(id.clone());
        } else if let Some(artist) = batch.protected().confusable(name) {
            found.push(format!("{} resembles {}", quoted(name), quoted(artist)));
        }
    }
    if found.is_empty() {
        return None;
    }
    let message = format!("an artist name may be taken for another: {}", some_of(&found, SHOWN));
    let facts = FactsBuilder::default().flag("lookalike", true);
    let mut seen = observation(Rule::Meta011, message, facts);
    seen.evidence = evidence;
    Some(seen)
}

/// The artist of a matched reference that `name` is confusable with; none where the reference credits `name` itself.
fn imitated<'m>(name: &str, matches: &'m [Match]) -> Option<(&'m String, &'m String)> {
    let own = key(name);
    let others = matches.iter().filter(|m| m.reference.artists.iter().all(|a| key(a) != own));
    let mut credits = others.flat_map(|m| m.reference.artists.iter().map(|artist| (artist, &m.id)));
    credits.find(|(artist, _)| is_confusable(name, artist))
}

fn stuffed(batch: &Batch<'_>, upload: &Upload) -> Option<Observation> {
    let title = upload.declared.title.as_deref()?;
    let stuffing = stuffing(title, &upload.declared.artists, batch.protected())?;
    let what = match &stuffing {
        Stuffing::Keywords(words) => format!("strings keywords together ({})", words.join(", ")),
        Stuffing::Repeats(word) => format!("repeats {}", quoted(word)),
        Stuffing::Names(names) => {
            let names: Vec<String> = names.iter().map(|n| quoted(n)).collect();
            format!("names other artists ({})", some_of(&names, SHOWN))
        }
        Stuffing::TypeBeat => "names a style or artist as a \"type beat\"".to_owned(),
    };
    let message = format!("the title {} {what}", quoted(title));
    let type_beat = stuffing == Stuffing::TypeBeat;
    let facts = FactsBuilder::default().flag("keywords", !type_beat).flag("type_beat", type_beat);
    Some(observation(Rule::Meta011, message, facts))
}

/// Titles of one account that are the same words in another order.
fn reordered(batch: &Batch<'_>, index: usize) -> Option<Observation> {
    let account = batch.accounts().of(&batch.uploads[index])?;
    let in_set = |(_, uploads): &&(_, Vec<usize>)| uploads.binary_search(&index).is_ok();
    let (titles, uploads) = account.reordered.values().find(in_set)?;
    let shown: Vec<String> = titles.iter().map(|t| quoted(t)).collect();
    let message = format!(
        "{} titles of {} are the same words in another order: {}",
        titles.len(),
        account.words(),
        some_of(&shown, SHOWN)
    );
    let facts = FactsBuilder::default().flag("keywords", true).count("tracks", uploads.len());
    Some(observation(Rule::Meta011, message, facts))
}
