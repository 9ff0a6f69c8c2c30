//! Artist names that can be mistaken for protected ones, and titles made for searches.
//!
//! Names are compared as skeletons: accents, case and signs dropped, characters that look alike made one
//! (after the idea of Unicode TS 39, for the characters that are used to imitate Latin names). Names with
//! one skeleton but other letters are look-alikes; of longer names, so are those one or two edits apart.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::identity::key;

/// Shortest skeleton compared; below, everything resembles something.
const MIN_SKELETON: usize = 4;
/// Length from which one edit makes a look-alike.
const ONE_EDIT_FROM: usize = 7;
/// Length from which two edits do.
const TWO_EDITS_FROM: usize = 14;
/// Characters at either end by which near names are looked up.
const END: usize = 3;
/// Most names compared with one.
const MAX_COMPARED: usize = 5000;

/// Characters that pass for others.
const CONFUSABLE: &[(char, char)] = &[
    ('0', 'o'),
    ('1', 'l'),
    ('i', 'l'),
    ('|', 'l'),
    ('!', 'l'),
    ('ı', 'l'),
    ('3', 'e'),
    ('€', 'e'),
    ('4', 'a'),
    ('@', 'a'),
    ('5', 's'),
    ('$', 's'),
    ('7', 't'),
    ('8', 'b'),
    ('ø', 'o'),
    ('ł', 'l'),
    ('а', 'a'),
    ('в', 'b'),
    ('е', 'e'),
    ('к', 'k'),
    ('м', 'm'),
    ('н', 'h'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('т', 't'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'l'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('α', 'a'),
    ('ε', 'e'),
    ('ι', 'l'),
    ('κ', 'k'),
    ('ν', 'v'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('τ', 't'),
    ('υ', 'u'),
    ('χ', 'x'),
];

/// What is left of a name when characters that look alike are one.
pub(super) fn skeleton(name: &str) -> String {
    let base = name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    let one = |c: char| CONFUSABLE.iter().find(|(from, _)| *from == c).map_or(c, |(_, to)| *to);
    let letters: String = base.map(one).filter(|c| c.is_alphanumeric()).collect();
    letters.replace("rn", "m").replace("vv", "w")
}

/// Whether `name` can be mistaken for `other` without being it.
pub(super) fn is_lookalike(name: &str, other: &str) -> bool {
    key(name) != key(other) && near(&skeleton(name), &skeleton(other))
}

fn near(a: &str, b: &str) -> bool {
    let length = a.chars().count().min(b.chars().count());
    if length < MIN_SKELETON {
        return false;
    }
    let allowed = match length {
        TWO_EDITS_FROM.. => 2,
        ONE_EDIT_FROM.. => 1,
        _ => 0,
    };
    a == b || (allowed > 0 && strsim::osa_distance(a, b) <= allowed)
}

/// Names to be protected, ready for look-up.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<(String, String)>,
    keys: BTreeSet<String>,
    /// Names by the first and by the last characters of their skeletons: one edit leaves one end whole.
    by_end: BTreeMap<String, Vec<usize>>,
}

impl Names {
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Names {
        let mut all = Names::default();
        let distinct: BTreeSet<&str> = names.map(str::trim).filter(|n| !n.is_empty()).collect();
        for name in distinct {
            let skeleton = skeleton(name);
            if all.keys.insert(key(name)) && skeleton.chars().count() >= MIN_SKELETON {
                for end in ends(&skeleton) {
                    all.by_end.entry(end).or_default().push(all.names.len());
                }
                all.names.push((name.to_owned(), skeleton));
            }
        }
        all
    }

    /// The protected name that `name` can be mistaken for; none where it is one itself.
    pub(super) fn lookalike(&self, name: &str) -> Option<&str> {
        if self.keys.contains(&key(name)) {
            return None;
        }
        let wanted = skeleton(name);
        if wanted.chars().count() < MIN_SKELETON {
            return None;
        }
        let near_by = ends(&wanted).into_iter().filter_map(|end| self.by_end.get(&end));
        near_by
            .flatten()
            .take(MAX_COMPARED)
            .map(|i| &self.names[*i])
            .find(|(_, skeleton)| near(&wanted, skeleton))
            .map(|(name, _)| name.as_str())
    }

    /// Whether `name` is a protected one.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.keys.contains(&key(name))
    }
}

fn ends(skeleton: &str) -> [String; 2] {
    let last: Vec<char> = skeleton.chars().rev().take(END).collect();
    let first: String = skeleton.chars().take(END).collect();
    [format!("^{first}"), format!("${}", last.into_iter().collect::<String>())]
}

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
    fn lookalikes_are_not_the_name_itself_in_other_spelling() {
        for (name, other, alike) in [
            ("Bi11ie EiIish", "Billie Eilish", true),
            ("Тaylоr Swіft", "Taylor Swift", true),
            ("Dua Llpa", "Dua Lipa", true),
            ("Radiohaed", "Radiohead", true),
            ("Metallicaa", "Metallica", true),
            ("Beyonce", "Beyoncé", false),
            ("BILLIE  EILISH", "Billie Eilish", false),
            ("Maria", "Mario", false),
            ("Toto", "Tote", false),
            ("Queens", "Queen", false),
        ] {
            assert_eq!(is_lookalike(name, other), alike, "{name} / {other}");
            let names = Names::new([other].into_iter());
            assert_eq!(names.lookalike(name), alike.then_some(other), "{name} / {other}");
        }
    }

    #[test]
    fn one_who_is_protected_resembles_nobody() {
        let names = Names::new(["Radiohead", "Radioheat"].into_iter());
        assert_eq!(names.lookalike("radiohead"), None);
    }

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
