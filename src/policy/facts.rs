//! The facts that packs may put conditions on: names, kinds, words.
//!
//! One table, so that a pack with a misspelt fact is refused when it is read, and so that every
//! condition can be told in words.

use super::observation::{Fact, Facts};

/// What values a fact has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    /// Yes or no.
    Flag,
    /// A quantity.
    Number,
    /// One of the words listed; any word where none are.
    Word(&'static [&'static str]),
}

/// A fact that rules may state.
#[derive(Debug, Clone, Copy)]
pub struct FactSpec {
    /// Name in packs.
    pub name: &'static str,
    /// Values.
    pub kind: FactKind,
    /// What it is, to be followed by "at least 5" or "is partly"; for a flag, a whole clause.
    pub words: &'static str,
}

impl FactSpec {
    /// The unit of a quantity, to stand after the number.
    pub fn unit(&self) -> &'static str {
        match self.name.rsplit('_').next() {
            Some("pct") => " %",
            Some("s") => " s",
            Some("cents") => " cents",
            _ => "",
        }
    }
}

/// Values of `ai_level`.
pub const AI_LEVELS: &[&str] = &["undeclared", "none", "partly", "all"];
/// Values of `kind`.
pub const MATCH_KINDS: &[&str] = &[
    "same_file",
    "same_audio",
    "near_duplicate",
    "modified",
    "contains_reference",
    "contained_in_reference",
    "loop_of_excerpt",
    "excerpt",
    "version",
];
/// Values of `isrc_relation`: rows of the identity matrix.
pub const ISRC_RELATIONS: &[&str] =
    &["same_isrc", "other_isrc_same_registrant", "other_isrc_other_registrant", "no_isrc"];
/// Values of `party_relation`: columns of the identity matrix.
pub const PARTY_RELATIONS: &[&str] =
    &["same_artist_and_account", "other_artist_same_account", "other_account"];
/// Values of `party_basis`.
pub const PARTY_BASES: &[&str] = &["account", "isrc", "label", "registrant"];
/// Values of `rights`.
pub const RIGHTS: &[&str] = &["undeclared", "denied"];
/// Values of `voice`.
pub const VOICES: &[&str] = &["undeclared", "nobody", "licensed", "cloned"];
/// Values of `generator_standing`.
pub const STANDINGS: &[&str] = &["licensed", "permitted", "refused", "unknown"];
/// Values of `channel`.
pub const CHANNELS: &[&str] = &["harmony", "melody", "both"];
/// Values of `exclusive`.
pub const EXCLUSIVE: &[&str] = &["yes", "no", "unknown"];
/// Values of `decoder_trace`.
pub const TRACES: &[&str] = &["not_measurable", "none", "weak", "strong"];
/// Values of `credential`.
pub const CREDENTIALS: &[&str] = &["none", "remote", "not_read", "broken", "intact", "trusted"];
/// Values of `credential_says`.
pub const CREDENTIAL_SAYS: &[&str] = &["not_said", "human", "partly_generated", "generated"];
/// Values of `side`.
pub const SIDES: &[&str] = &["batch", "reference"];

const fn flag(name: &'static str, words: &'static str) -> FactSpec {
    FactSpec { name, kind: FactKind::Flag, words }
}

const fn number(name: &'static str, words: &'static str) -> FactSpec {
    FactSpec { name, kind: FactKind::Number, words }
}

const fn word(name: &'static str, of: &'static [&'static str], words: &'static str) -> FactSpec {
    FactSpec { name, kind: FactKind::Word(of), words }
}

/// All facts.
pub const FACTS: &[FactSpec] = &[
    // Of every observation.
    word("ai_level", AI_LEVELS, "declared use of generators"),
    flag("has_declaration", "a manifest or message describes the upload"),
    flag("is_backfill", "the delivery is marked as backfill"),
    flag("is_catalog_transfer", "the delivery is marked as a catalogue transfer"),
    flag("is_update", "the delivery updates an earlier one"),
    number("duration_s", "length of the upload"),
    // Of matches.
    word("kind", MATCH_KINDS, "kind of match"),
    number("query_match_pct", "share of the upload that matches"),
    number("asset_match_pct", "share of the reference that matches"),
    number("score", "score of the match"),
    number("log10_evalue", "log10 of the expected chance matches"),
    flag("modified", "speed or pitch was changed"),
    number("speed_change_pct", "change of speed, either way,"),
    number("pitch_change_cents", "change of pitch, either way,"),
    number("matched_s", "matching time of the upload"),
    number("asset_matched_s", "matching time of the reference"),
    number("longest_segment_s", "longest matching stretch"),
    number("peaks_per_second", "matching peaks a second"),
    flag("same_party", "upload and reference belong to the same party"),
    word("party_basis", PARTY_BASES, "sign that they belong to the same party"),
    word("exclusive", EXCLUSIVE, "licence of the loop: one licensee alone"),
    flag("loop_itself", "the match is with the loop, not with a track that uses it"),
    number("registrants", "different ISRC registrants"),
    // Of resemblances.
    word("channel", CHANNELS, "what is played alike"),
    number("aligned_s", "length of what is played alike"),
    number("agreement_pct", "agreement of what is played"),
    number("common_pct", "share of unrelated works that resemble it half as much"),
    // Of the identity matrix.
    word("matrix", &[], "cell of the identity matrix"),
    word("isrc_relation", ISRC_RELATIONS, "relation of the ISRCs"),
    word("party_relation", PARTY_RELATIONS, "relation of artist and account"),
    word("side", SIDES, "where the other track is"),
    flag("other_title", "the titles differ"),
    flag("other_artist", "the artists differ"),
    flag("other_audio", "the audio differs"),
    number("tracks", "tracks concerned"),
    // Of clusters and accounts.
    number("cluster_size", "members of the cluster"),
    number("family_size", "members of the family"),
    number("recordings", "recordings of the family"),
    number("cluster_score", "score of the cluster"),
    number("titles", "titles in the cluster or family"),
    number("artists", "artists in the cluster or family"),
    number("isrcs", "ISRCs in the cluster or family"),
    number("accounts", "accounts in the cluster or family"),
    number("uploads_per_day", "uploads of the account within 24 hours"),
    number("ai_releases_7d", "releases with generated parts within seven days"),
    number("share_pct", "share"),
    number("spread_s", "spread of the lengths"),
    number("repeats", "repeats of the loop"),
    // Of the file.
    flag("truncated", "the file ends early"),
    number("looked_at_s", "what was looked at"),
    number("damaged_packets", "damaged packets"),
    number("difference_s", "difference"),
    number("padding_s", "silence at the ends"),
    flag("lifts_over_30_s", "only the silence lifts the track over 30 seconds"),
    // Of the declaration.
    word("rights", RIGHTS, "statement about rights"),
    flag("p_line", "a rights line names an owner"),
    flag("rights_asked", "some upload of the delivery states who holds the rights"),
    flag("lookalike", "the artist name resembles a protected one"),
    flag("keywords", "the title strings keywords or names together"),
    flag("type_beat", "the title is of the kind \"artist type beat\""),
    flag("generator_in_tags", "the file's tags name a generator"),
    word("decoder_trace", TRACES, "trace of a decoder in the sound"),
    word("credential", CREDENTIALS, "signed credential of the file"),
    word(
        "credential_says",
        CREDENTIAL_SAYS,
        "what a signed credential says of where the sound comes from",
    ),
    flag("altered", "the file was changed after it was signed"),
    flag("tool_named", "the declaration names the generator"),
    word("tool", &[], "generator named"),
    word("generator", &[], "family of the generator named"),
    word("generator_name", &[], "name of that family that is used"),
    word("generator_standing", STANDINGS, "how the service stands to that generator"),
    flag("ai_vocals", "vocals are declared as generated"),
    flag("ai_instruments", "instruments are declared as generated"),
    flag("ai_lyrics", "lyrics are declared as generated"),
    flag("ai_tune", "the composition is declared as generated"),
    flag("ai_artwork", "the artwork is declared as generated"),
    flag("ai_video", "the video is declared as generated"),
    word("voice", VOICES, "what is declared of a voice that imitates a person"),
    flag("voice_named", "a person is named whose voice it is"),
    flag("voice_known", "that person is an artist of the references, or has a name like one"),
    flag("only_post_production", "only mixing or mastering is declared as generated"),
    flag("ai_audio", "vocals or instruments are declared as generated"),
    flag("ai_composition", "composition or lyrics are declared as generated"),
];

/// The fact called `name`.
pub fn spec(name: &str) -> Option<&'static FactSpec> {
    FACTS.iter().find(|f| f.name == name)
}

/// Builds [`Facts`] in one expression.
#[derive(Debug, Clone, Default)]
pub(super) struct FactsBuilder(Facts);

impl FactsBuilder {
    /// States that something is so, or not.
    pub(super) fn flag(mut self, name: &'static str, value: bool) -> Self {
        self.put(name, Fact::Flag(value));
        self
    }

    /// States a quantity; one that is no number is left out.
    pub(super) fn number(mut self, name: &'static str, value: f64) -> Self {
        if value.is_finite() {
            self.put(name, Fact::Number(value));
        }
        self
    }

    /// States a count.
    pub(super) fn count(self, name: &'static str, value: usize) -> Self {
        self.number(name, value as f64)
    }

    /// States a word.
    pub(super) fn word(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.put(name, Fact::Word(value.into()));
        self
    }

    /// States a word if there is one.
    pub(super) fn maybe(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.word(name, value),
            None => self,
        }
    }

    /// The facts.
    pub(super) fn done(self) -> Facts {
        self.0
    }

    fn put(&mut self, name: &'static str, fact: Fact) {
        debug_assert!(spec(name).is_some(), "{name} is not in the table of facts");
        self.0.insert(name.to_owned(), fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = FACTS.iter().map(|f| f.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn a_quantity_that_is_no_number_is_no_fact() {
        assert!(FactsBuilder::default().number("score", f64::NAN).done().is_empty());
    }
}
