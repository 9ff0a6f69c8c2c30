//! Titles made for searches: keywords strung together, words repeated, names of other artists.

use std::collections::{BTreeMap, BTreeSet};

use super::confusable::{MIN_SKELETON, Names};
use super::identity::key;

/// Words that are strung together in titles to be found.
const KEYWORDS: &[&str] = &[
    "ambient",
    "asmr",
    "baby",
    "beats",
    "calm",
    "calming",
    "chill",
    "chillout",
    "concentration",
    "deep",
    "dogs",
    "focus",
    "healing",
    "hz",
    "lofi",
    "lullaby",
    "massage",
    "meditation",
    "music",
    "nature",
    "noise",
    "playlist",
    "rain",
    "relax",
    "relaxation",
    "relaxing",
    "sleep",
    "sleeping",
    "soothing",
    "sounds",
    "spa",
    "study",
    "studying",
    "viral",
    "white",
    "workout",
    "yoga",
    "zen",
];
/// Keywords in one title from which it is made of them.
const MANY_KEYWORDS: usize = 5;
/// Times a word may stand in a title; refrains in titles repeat words too.
const MANY_REPEATS: usize = 4;
/// Artist names, other than the uploader's, from which a title is a list of them.
const MANY_NAMES: usize = 2;

/// What a title does to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stuffing {
    /// It strings keywords together.
    Keywords(Vec<String>),
    /// One word again and again.
    Repeats(String),
    /// It names other artists.
    Names(Vec<String>),
    /// "somebody type beat".
    TypeBeat,
}

/// What `title` does to be found; `credit` are the artists of the upload themselves.
pub(super) fn stuffing(title: &str, credit: &[String], protected: &Names) -> Option<Stuffing> {
    let words: Vec<String> = title.split(|c: char| !c.is_alphanumeric()).map(key).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|w| !w.is_empty()).collect();
    if words.windows(2).any(|w| w[0] == "type" && matches!(w[1], "beat" | "beats")) {
        return Some(Stuffing::TypeBeat);
    }
    let own: BTreeSet<String> = credit.iter().map(|a| key(a)).collect();
    let parts = title.split(['|', ',', '/', ';', '(', ')', '[', ']']).map(str::trim);
    let named: BTreeSet<&str> = parts
        .filter(|p| p.chars().count() >= MIN_SKELETON && !own.contains(&key(p)))
        .filter(|p| protected.contains(p))
        .collect();
    if named.len() >= MANY_NAMES {
        return Some(Stuffing::Names(named.into_iter().map(str::to_owned).collect()));
    }
    let keywords: BTreeSet<&str> = words.iter().copied().filter(|w| KEYWORDS.contains(w)).collect();
    if keywords.len() >= MANY_KEYWORDS {
        return Some(Stuffing::Keywords(keywords.into_iter().map(str::to_owned).collect()));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in words.iter().filter(|w| w.chars().count() >= MIN_SKELETON) {
        *counts.entry(word).or_default() += 1;
    }
    // "Work Work Work Work" is a title; "sleep music sleep sounds sleep rain sleep" is not.
    let other = counts.len() >= 3;
    let repeated = counts.into_iter().find(|(_, n)| *n >= MANY_REPEATS && other);
    repeated.map(|(word, _)| Stuffing::Repeats(word.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_made_to_be_found_are_told_from_titles() {
        let protected = Names::new(["Drake", "Travis Scott", "Rain"].into_iter());
        let of = |title: &str| stuffing(title, &["Me".to_owned()], &protected);
        assert_eq!(of("Drake Type Beat - \"Nights\""), Some(Stuffing::TypeBeat));
        assert!(
            matches!(of("Nights | Drake | Travis Scott"), Some(Stuffing::Names(n)) if n.len() == 2)
        );
        assert!(matches!(
            of("Deep Sleep Music, Rain Sounds, Relaxing Spa"),
            Some(Stuffing::Keywords(_))
        ));
        assert!(
            matches!(of("best song best hits best love best 2026"), Some(Stuffing::Repeats(w)) if w == "best")
        );
        for title in
            ["Work Work Work Work", "Rain", "Sleep", "Music for a Rainy Day", "Beat It", ""]
        {
            assert_eq!(of(title), None, "{title}");
        }
    }
}
