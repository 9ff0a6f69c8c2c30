//! Under which identity audio goes: the matrix of ISRC against artist and account.
//!
//! Most exact duplicates are legitimate (single and album, delivery again, transfer), so the same audio is
//! judged together with the codes and names on both sides. What is unknown speaks for the upload.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::declare::declared::Declared;
use crate::declare::identifiers::Isrc;
use crate::dedup::cluster::Member;
use crate::dedup::family::FamilyMember;
use crate::level::Level;
use crate::track::Track;

/// Names compare by letters and digits: no case, accents, punctuation.
pub(super) fn key(name: &str) -> String {
    let base = name.nfkd().filter(|c| !is_combining_mark(*c));
    let letters = base.filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
    // A word ends in another sigma than its capitals have.
    let key: String = letters.map(|c| if c == 'ς' { 'σ' } else { c }).collect();
    // A name of signs only is still a name.
    if key.is_empty() { name.trim().to_lowercase() } else { key }
}

/// What separates artists who share a credit.
const BETWEEN_ARTISTS: &[&str] = &[
    " feat. ",
    " feat ",
    " ft. ",
    " ft ",
    " featuring ",
    " & ",
    " x ",
    " vs. ",
    ", ",
    "; ",
    ";",
    "/",
];

/// The single names in a credit.
pub(super) fn split_credit(credit: &str) -> Vec<String> {
    let lower = credit.to_lowercase();
    let mut parts = vec![lower];
    for mark in BETWEEN_ARTISTS {
        parts = parts.iter().flat_map(|p| p.split(mark)).map(str::to_owned).collect();
    }
    parts.iter().map(|p| key(p)).filter(|k| !k.is_empty()).collect()
}

/// One side of a comparison.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    /// Title as written.
    pub title: Option<String>,
    /// Version as written.
    pub version: Option<String>,
    /// Credit as written.
    pub artist: Option<String>,
    /// Code.
    pub isrc: Option<Isrc>,
    /// Account as written.
    pub account: Option<String>,
    title_key: Option<String>,
    account_key: Option<String>,
    main: Option<String>,
    names: Vec<String>,
}

impl Identity {
    /// Of an upload.
    pub(super) fn declared(d: &Declared) -> Identity {
        let mut identity = Identity::new(&d.title, &d.artists, &d.isrc, &d.account);
        identity.version.clone_from(&d.version);
        identity
    }

    /// Of a member of a cluster.
    pub(super) fn member(m: &Member) -> Identity {
        Identity::new(&m.title, &m.artists, &m.isrc, &m.account)
    }

    /// Of a member of a family.
    pub(super) fn of_family(m: &FamilyMember) -> Identity {
        Identity::new(&m.title, &m.artists, &m.isrc, &m.account)
    }

    /// Of a reference; its owner stands for the account.
    pub(super) fn reference(r: &Track) -> Identity {
        Identity::new(&r.title, &r.artists, &r.isrc, &r.owner)
    }

    fn new(
        title: &Option<String>,
        artists: &[String],
        isrc: &Option<String>,
        account: &Option<String>,
    ) -> Identity {
        let mut names: Vec<String> = artists.iter().flat_map(|a| split_credit(a)).collect();
        names.extend(artists.iter().map(|a| key(a)));
        Identity {
            title: title.clone(),
            version: None,
            artist: (!artists.is_empty()).then(|| artists.join(", ")),
            isrc: isrc.as_deref().and_then(|i| Isrc::parse(i).ok()),
            account: account.clone(),
            title_key: title.as_deref().map(key),
            account_key: account.as_deref().map(key),
            main: artists.first().and_then(|a| split_credit(a).into_iter().next()),
            names,
        }
    }

    /// Whether anything is known that could tell it from another.
    pub(super) fn is_known(&self) -> bool {
        self.title.is_some() || self.artist.is_some() || self.isrc.is_some()
    }

    /// Whether the main artist of this side is credited on the other; yes where either has none.
    pub(super) fn same_artist(&self, other: &Identity) -> bool {
        match &self.main {
            Some(main) if !other.names.is_empty() => other.names.contains(main),
            _ => true,
        }
    }

    /// Whether the main artist is credited on the other, both being known.
    pub(super) fn surely_same_artist(&self, other: &Identity) -> bool {
        self.main.is_some() && !other.names.is_empty() && self.same_artist(other)
    }

    /// Whether both have titles and they differ.
    pub(super) fn other_title(&self, other: &Identity) -> bool {
        matches!((&self.title_key, &other.title_key), (Some(a), Some(b)) if a != b)
    }

    /// The accounts: equal, different, or not known.
    pub(super) fn same_account(&self, other: &Identity) -> Option<bool> {
        Some(self.account_key.as_ref()? == other.account_key.as_ref()?)
    }

    /// The name for messages: title and artist in quotes.
    pub(super) fn words(&self) -> String {
        use super::words::quoted;
        let isrc = self.isrc.as_ref().map(|i| format!(" ({i})")).unwrap_or_default();
        match (&self.title, &self.artist) {
            (Some(title), Some(artist)) => format!("{} by {}{isrc}", quoted(title), quoted(artist)),
            (Some(title), None) => format!("{}{isrc}", quoted(title)),
            (None, Some(artist)) => format!("a track by {}{isrc}", quoted(artist)),
            (None, None) => format!("a track without title{isrc}"),
        }
    }
}

/// Row of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IsrcRelation {
    Same,
    SameRegistrant,
    OtherRegistrant,
    Missing,
}

impl IsrcRelation {
    pub(super) fn of(a: &Identity, b: &Identity) -> IsrcRelation {
        match (&a.isrc, &b.isrc) {
            (Some(a), Some(b)) if a == b => IsrcRelation::Same,
            (Some(a), Some(b)) if a.registrant() == b.registrant() => IsrcRelation::SameRegistrant,
            (Some(_), Some(_)) => IsrcRelation::OtherRegistrant,
            _ => IsrcRelation::Missing,
        }
    }

    pub(super) fn name(self) -> &'static str {
        super::facts::ISRC_RELATIONS[self as usize]
    }
}

/// Column of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PartyRelation {
    /// Same artist, same account.
    SameArtist,
    /// Other artist, same account.
    OtherArtist,
    /// Other account, whatever the artist.
    OtherAccount,
}

impl PartyRelation {
    /// `unknown_account`: what it counts as where artists differ and an account is not known.
    pub(super) fn of(a: &Identity, b: &Identity, unknown_account: PartyRelation) -> PartyRelation {
        match (a.same_account(b), a.same_artist(b)) {
            (Some(false), _) => PartyRelation::OtherAccount,
            (Some(true) | None, true) => PartyRelation::SameArtist,
            (Some(true), false) => PartyRelation::OtherArtist,
            (None, false) => unknown_account,
        }
    }

    pub(super) fn name(self) -> &'static str {
        super::facts::PARTY_RELATIONS[self as usize]
    }
}

/// A version that shares its audio with another one by its nature.
fn sibling_version(text: &str) -> Option<&'static str> {
    const SIBLINGS: &[(&str, &str)] = &[
        ("instrumental", "an instrumental"),
        ("a cappella", "an a cappella version"),
        ("acapella", "an a cappella version"),
        ("remaster", "a remaster"),
        ("radio edit", "a radio edit"),
        ("radio version", "a radio edit"),
        ("single version", "a single version"),
        ("album version", "an album version"),
        ("extended mix", "an extended mix"),
        ("clean", "a clean version"),
        ("explicit", "an explicit version"),
        ("dolby atmos", "an immersive edition"),
        ("spatial audio", "an immersive edition"),
        ("360 reality audio", "an immersive edition"),
        ("immersive", "an immersive edition"),
    ];
    let text = format!(" {} ", text.to_lowercase());
    let starts_word = |at: usize| !text[..at].ends_with(char::is_alphanumeric);
    let is_in = |word: &str| text.match_indices(word).any(|(at, _)| starts_word(at));
    SIBLINGS.iter().find(|(word, _)| is_in(word)).map(|(_, words)| *words)
}

/// Whether a title or version says that the upload is a DJ mix or a compilation of tracks.
pub(super) fn is_mix(d: &Declared) -> bool {
    let text = [&d.title, &d.version, &d.album].map(|t| t.as_deref().unwrap_or_default()).join(" ");
    let text = text.to_lowercase();
    ["dj mix", "dj-mix", "continuous mix", "mixed by", "megamix"].iter().any(|w| text.contains(w))
}

/// Why an upload may share the audio of `other`, if its declaration gives a reason. Versions count within
/// one artist only, or anybody could write "remaster" over the work of others.
pub(super) fn exemption(declared: &Declared, own: &Identity, other: &Identity) -> Option<String> {
    let title = |t: &Option<String>| t.as_deref().and_then(in_brackets).and_then(sibling_version);
    if own.surely_same_artist(other) && own.same_account(other) != Some(false) {
        let versions = [own.version.as_deref().and_then(sibling_version), title(&own.title)];
        let version = versions.into_iter().flatten().next().or_else(|| title(&other.title));
        if let Some(version) = version {
            return Some(format!("{version} shares its audio with its original"));
        }
    }
    // A transfer or backfill moves recordings under their own names.
    if own.same_artist(other) && !own.other_title(other) {
        if declared.is_catalog_transfer {
            return Some("the delivery is marked as a catalogue transfer".to_owned());
        }
        if declared.is_backfill {
            return Some("the delivery is marked as backfill".to_owned());
        }
        if declared.is_update && own.same_account(other) != Some(false) {
            return Some("the delivery updates an earlier one".to_owned());
        }
    }
    None
}

/// The part of a title in brackets or after a dash, where versions are told.
pub(super) fn in_brackets(title: &str) -> Option<&str> {
    title.find(['(', '[']).or_else(|| title.find(" - ")).map(|at| &title[at..])
}

/// Signs that upload and reference belong to one party, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartyBasis {
    /// The reference's owner is the account.
    Account,
    /// One ISRC and one artist.
    Isrc,
    /// The reference's owner is the declared label.
    Label,
    /// One registrant and one artist.
    Registrant,
}

impl PartyBasis {
    pub(super) fn of(declared: &Declared, own: &Identity, reference: &Identity) -> Option<Self> {
        let isrc = IsrcRelation::of(own, reference);
        let artist = own.surely_same_artist(reference);
        let same_owner = |name: &Option<String>| match (name, &reference.account) {
            (Some(name), Some(owner)) => key(name) == key(owner),
            _ => false,
        };
        if same_owner(&declared.account) {
            Some(PartyBasis::Account)
        } else if isrc == IsrcRelation::Same && artist {
            Some(PartyBasis::Isrc)
        } else if same_owner(&declared.label) {
            Some(PartyBasis::Label)
        } else if isrc == IsrcRelation::SameRegistrant && artist {
            Some(PartyBasis::Registrant)
        } else {
            None
        }
    }

    pub(super) fn name(self) -> &'static str {
        super::facts::PARTY_BASES[self as usize]
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            PartyBasis::Account => "the reference's owner is the account that uploads",
            PartyBasis::Isrc => "ISRC and artist are those of the reference",
            PartyBasis::Label => "the reference's owner is the label declared",
            PartyBasis::Registrant => "artist and ISRC registrant are those of the reference",
        }
    }

    /// What the upload itself declares can be copied, so it only calls for a look.
    pub(super) fn ceiling(self) -> Level {
        match self {
            PartyBasis::Account | PartyBasis::Isrc => Level::Clear,
            PartyBasis::Label | PartyBasis::Registrant => Level::Review,
        }
    }
}
