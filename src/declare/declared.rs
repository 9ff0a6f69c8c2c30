//! What an upload says about itself: the declared side of every rule.
//!
//! A declaration is gathered from a delivery message (DDEX ERN), a manifest, the file's tags and the
//! command line; what is more specific wins, in the order [`DeclaredIn`] names them. Nothing in here is
//! trusted: values are cleaned of control characters and capped in length where they are read, and
//! validated where they are used.

use serde::{Deserialize, Serialize};

/// Where a value came from, the weightiest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclaredIn {
    /// Tags of the audio file.
    Tag,
    /// A row of a manifest.
    Manifest,
    /// A DDEX ERN message.
    Ern,
    /// An option of the command line.
    Cli,
}

/// How much of a recording was made by a generator, as declared. Saying nothing is not saying none.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum AiLevel {
    /// Nothing was said.
    #[default]
    Undeclared,
    /// Declared to be free of generated parts.
    None,
    /// Some of it.
    Partly,
    /// All of it.
    All,
}

impl AiLevel {
    /// Name in records and packs.
    pub fn name(self) -> &'static str {
        match self {
            AiLevel::Undeclared => "undeclared",
            AiLevel::None => "none",
            AiLevel::Partly => "partly",
            AiLevel::All => "all",
        }
    }
}

/// What a generator contributed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AiFacet {
    /// Singing or speech.
    Vocals,
    /// Instruments.
    Instruments,
    /// The composition.
    Composition,
    /// The words.
    Lyrics,
    /// Mixing, mastering, pitch correction.
    PostProduction,
    /// Cover art.
    Artwork,
    /// Music video.
    Video,
}

impl AiFacet {
    /// All facets, in the order of records.
    pub const ALL: [AiFacet; 7] = [
        AiFacet::Vocals,
        AiFacet::Instruments,
        AiFacet::Composition,
        AiFacet::Lyrics,
        AiFacet::PostProduction,
        AiFacet::Artwork,
        AiFacet::Video,
    ];

    /// Name in records and packs.
    pub fn name(self) -> &'static str {
        match self {
            AiFacet::Vocals => "vocals",
            AiFacet::Instruments => "instruments",
            AiFacet::Composition => "composition",
            AiFacet::Lyrics => "lyrics",
            AiFacet::PostProduction => "post_production",
            AiFacet::Artwork => "artwork",
            AiFacet::Video => "video",
        }
    }

    /// Whether the part is one of the recording or the song whose use makes it (partly) generated:
    /// not its cover or video, and not mixing and mastering, which no disclosure asks for.
    pub fn is_of_recording(self) -> bool {
        !matches!(self, AiFacet::PostProduction | AiFacet::Artwork | AiFacet::Video)
    }
}

/// Whose voice is heard, as declared: whether it imitates a person. It cannot be heard here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// Nothing was said.
    #[default]
    Undeclared,
    /// Imitates nobody: sung by who is credited, or a voice of no person.
    Nobody,
    /// Imitates a person who agreed.
    Licensed,
    /// Imitates a person; that the person agreed is not said.
    Cloned,
}

impl Voice {
    /// Name in records and packs.
    pub fn name(self) -> &'static str {
        match self {
            Voice::Undeclared => "undeclared",
            Voice::Nobody => "nobody",
            Voice::Licensed => "licensed",
            Voice::Cloned => "cloned",
        }
    }

    fn is_undeclared(&self) -> bool {
        *self == Voice::Undeclared
    }
}

/// The declaration about generated parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AiDisclosure {
    /// How much.
    pub level: AiLevel,
    /// Of what, sorted, without repeats.
    pub facets: Vec<AiFacet>,
    /// The generator named.
    pub tool: Option<String>,
    /// Where the level was read.
    pub source: Option<DeclaredIn>,
    /// Whether a voice imitates a person.
    #[serde(skip_serializing_if = "Voice::is_undeclared")]
    pub voice: Voice,
    /// The person whose voice it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_of: Option<String>,
}

impl AiDisclosure {
    /// Puts a weightier disclosure over this one. Its level, if it gives one, replaces level and
    /// facets, for facets of a weaker source may contradict it; otherwise facets add up.
    #[doc(hidden)]
    pub fn overlay(&mut self, weightier: AiDisclosure) {
        let AiDisclosure { level, facets, tool, source, voice, voice_of } = weightier;
        if level != AiLevel::Undeclared {
            self.level = level;
            self.facets = facets;
            self.source = source;
        } else {
            self.facets.extend(facets);
            self.facets.sort_unstable();
            self.facets.dedup();
            self.source = self.source.or(source);
        }
        self.tool = tool.or(self.tool.take());
        if !voice.is_undeclared() {
            self.voice = voice;
        }
        self.voice_of = voice_of.or(self.voice_of.take());
    }
}

/// A hash of the audio file as the sender computed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredHash {
    /// Algorithm as written, for example `MD5` or `SHA-256`.
    pub algorithm: String,
    /// Value as written.
    pub value: String,
}

/// Whether the uploader states to hold the rights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rights {
    /// Nothing was said.
    #[default]
    Undeclared,
    /// States to hold or to have licensed them.
    Declared,
    /// States not to.
    Denied,
}

/// What was not asked of an upload: the table that describes it has no column for it, so that a gap there is
/// the table's and not the upload's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotAsked {
    /// A recording code.
    pub isrc: bool,
    /// A statement about rights.
    pub rights: bool,
}

impl NotAsked {
    /// What neither of two sources asked.
    #[must_use]
    pub fn and(self, other: NotAsked) -> NotAsked {
        NotAsked { isrc: self.isrc && other.isrc, rights: self.rights && other.rights }
    }
}

/// Everything an upload declares. Absent values are `None`, never empty strings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Declared {
    /// Track title, without version.
    pub title: Option<String>,
    /// Version or subtitle: "radio edit", "sped up", "instrumental".
    pub version: Option<String>,
    /// Main artists in the order credited.
    pub artists: Vec<String>,
    /// Other contributors as `(name, role)`.
    pub contributors: Vec<(String, String)>,
    /// Release title.
    pub album: Option<String>,
    /// Artist of the release.
    pub album_artist: Option<String>,
    /// Label of the release.
    pub label: Option<String>,
    /// Recording code as written.
    pub isrc: Option<String>,
    /// Work code as written.
    pub iswc: Option<String>,
    /// Product code (UPC or EAN) as written.
    pub upc: Option<String>,
    /// Global release identifier as written.
    pub grid: Option<String>,
    /// The sender's own name of the release.
    pub release_id: Option<String>,
    /// The delivery batch.
    pub batch_id: Option<String>,
    /// The account that uploaded: a column, or the party that a message was sent on behalf of.
    pub account: Option<String>,
    /// Position on the release.
    pub track_number: Option<u32>,
    /// Genre.
    pub genre: Option<String>,
    /// Release date as written.
    pub release_date: Option<String>,
    /// Rights in the recording, as written.
    pub p_line: Option<String>,
    /// Rights in the release, as written.
    pub c_line: Option<String>,
    /// Length, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Hash of the audio file.
    pub hash: Option<DeclaredHash>,
    /// When the upload came in, as written; RFC 3339 where it can be compared.
    pub received_at: Option<String>,
    /// Statement about rights.
    pub rights: Rights,
    /// Statement about generated parts.
    pub ai: AiDisclosure,
    /// Explicit or clean version, as written.
    pub parental: Option<String>,
    /// The delivery is marked as backfill of an existing catalogue.
    pub is_backfill: bool,
    /// The delivery is marked as a transfer from another distributor.
    pub is_catalog_transfer: bool,
    /// The delivery updates an earlier one.
    pub is_update: bool,
}

impl Declared {
    /// Puts what a weightier source declares over this: values it gives replace, marks add up.
    #[doc(hidden)]
    pub fn overlay(&mut self, weightier: Declared) {
        let w = weightier;
        macro_rules! take {
            ($($field:ident)*) => { $( self.$field = w.$field.or(self.$field.take()); )* };
        }
        take!(title version album album_artist label isrc iswc upc grid release_id batch_id account);
        take!(track_number genre release_date p_line c_line duration_ms hash received_at parental);
        if !w.artists.is_empty() {
            self.artists = w.artists;
        }
        if !w.contributors.is_empty() {
            self.contributors = w.contributors;
        }
        if w.rights != Rights::Undeclared {
            self.rights = w.rights;
        }
        self.ai.overlay(w.ai);
        self.is_backfill |= w.is_backfill;
        self.is_catalog_transfer |= w.is_catalog_transfer;
        self.is_update |= w.is_update;
    }

    /// Merges declarations of several sources, whatever order they come in.
    #[doc(hidden)]
    pub fn merged(layers: impl IntoIterator<Item = (DeclaredIn, Declared)>) -> Declared {
        let mut layers: Vec<_> = layers.into_iter().collect();
        layers.sort_by_key(|(source, _)| *source);
        let mut merged = Declared::default();
        for (_, declared) in layers {
            merged.overlay(declared);
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_specific_wins_and_gaps_are_filled() {
        let layer =
            |title: Option<&str>, label: Option<&str>, level, facets: &[AiFacet]| Declared {
                title: title.map(str::to_owned),
                label: label.map(str::to_owned),
                ai: AiDisclosure { level, facets: facets.to_vec(), ..AiDisclosure::default() },
                ..Declared::default()
            };
        let merged = Declared::merged([
            (DeclaredIn::Ern, layer(Some("From message"), None, AiLevel::None, &[])),
            (DeclaredIn::Tag, layer(Some("From tag"), Some("L"), AiLevel::All, &[AiFacet::Vocals])),
            (DeclaredIn::Cli, Declared { is_backfill: true, ..Declared::default() }),
        ]);
        assert_eq!(merged.title.as_deref(), Some("From message"));
        assert_eq!(merged.label.as_deref(), Some("L"));
        assert_eq!(merged.ai.level, AiLevel::None);
        assert!(merged.ai.facets.is_empty(), "facets of a weaker source contradict the level");
        assert!(merged.is_backfill);
    }
}
