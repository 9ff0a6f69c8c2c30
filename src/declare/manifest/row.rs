//! From the cells of one row to a declaration.

use std::borrow::Cow;

use soundalike_index::Library;

use crate::declare::declared::{
    AiDisclosure, AiFacet, AiLevel, Declared, DeclaredHash, DeclaredIn, Rights, Voice,
};
use crate::declare::generators::generator_in;
use crate::declare::text;
use crate::declare::times::{self, Written};

use super::columns::Field;

/// Most names taken from one cell or row.
const MAX_NAMES: usize = 100;

/// Cells of one row, taken in one by one.
#[derive(Debug, Default)]
pub(in crate::declare) struct RowBuilder {
    declared: Declared,
    file: Option<String>,
    catalogue: Option<String>,
    owner: Option<String>,
    library: Option<Library>,
    hash: Option<(Option<&'static str>, String)>,
    hash_algorithm: Option<String>,
    facets_denied: Vec<AiFacet>,
    received: Option<Received>,
    unclear: Vec<Unclear>,
}

/// When an upload came in, as its row has it.
#[derive(Debug, Clone)]
pub(in crate::declare) struct Received {
    /// The column that has the day.
    pub column: usize,
    /// The column that has the time of day: most often the same.
    pub clock: usize,
    /// What they say.
    pub written: Written,
}

/// A value of a known column that means nothing to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::declare) struct Unclear {
    /// The column.
    pub column: usize,
    /// What it should have been.
    pub meant: &'static str,
    /// What it is, shortened.
    pub value: String,
}

/// What the cells of a row come to.
#[derive(Debug)]
pub(in crate::declare) struct Finished {
    /// The file named.
    pub file: Option<String>,
    /// What is declared.
    pub declared: Declared,
    /// The catalogue that a reference belongs to.
    pub catalogue: Option<String>,
    /// Who owns a reference.
    pub owner: Option<String>,
    /// What a library says of a loop or sample.
    pub library: Option<Library>,
    /// When it came in, to be resolved once the whole column is known.
    pub received: Option<Received>,
    /// Values that a known column holds but that mean nothing to us.
    pub unclear: Vec<Unclear>,
}

impl RowBuilder {
    /// Takes in one cell of the column with number `column`. Blank cells say nothing.
    pub fn add(&mut self, field: Field, column: usize, cell: &str) {
        let Some(value) = text::value(kept_as_text(cell).as_ref()) else { return };
        let d = &mut self.declared;
        match field {
            Field::File => drop(self.file.get_or_insert(value)),
            Field::Title => fill(&mut d.title, value),
            Field::Version => fill(&mut d.version, value),
            Field::Artist => add_names(&mut d.artists, &value),
            Field::Contributor(role) => {
                let mut names = Vec::new();
                add_names(&mut names, &value);
                let room = MAX_NAMES.saturating_sub(d.contributors.len());
                let with_role = names.into_iter().map(|name| (name, role.to_owned()));
                d.contributors.extend(with_role.take(room));
            }
            Field::Catalogue => fill(&mut self.catalogue, value),
            Field::Owner => fill(&mut self.owner, value),
            Field::Pack => fill(&mut self.library().pack, value),
            Field::Licence => fill(&mut self.library().licence, value),
            Field::Exclusive => match exclusive(&value) {
                Some(exclusive) => drop(self.library().exclusive.get_or_insert(exclusive)),
                None => self.unclear(column, &value, "yes, no, exclusive or non-exclusive"),
            },
            Field::Album => fill(&mut d.album, value),
            Field::AlbumArtist => fill(&mut d.album_artist, value),
            Field::Label => fill(&mut d.label, value),
            Field::Isrc => fill_code(&mut d.isrc, &value),
            Field::Iswc => fill_code(&mut d.iswc, &value),
            Field::Upc => fill_code(&mut d.upc, &value),
            Field::Grid => fill_code(&mut d.grid, &value),
            Field::ReleaseId => fill(&mut d.release_id, value),
            Field::Batch => fill(&mut d.batch_id, value),
            Field::Account => fill(&mut d.account, value),
            Field::TrackNumber => match text::track_number(&value) {
                Some(number) => d.track_number = d.track_number.or(Some(number)),
                None => self.unclear(column, &value, "a track number"),
            },
            Field::Track => match text::track_number(&value) {
                Some(number) => d.track_number = d.track_number.or(Some(number)),
                None => fill(&mut d.title, value),
            },
            Field::Genre => fill(&mut d.genre, value),
            Field::ReleaseDate => fill(&mut d.release_date, value),
            Field::PLine => fill(&mut d.p_line, value),
            Field::CLine => fill(&mut d.c_line, value),
            Field::Duration(unit) => match text::duration_ms(&value, unit) {
                Some(ms) => d.duration_ms = d.duration_ms.or(Some(ms)),
                None => self.unclear(column, &value, "a length"),
            },
            Field::Hash(algorithm) => drop(self.hash.get_or_insert((algorithm, value))),
            Field::HashAlgorithm => drop(self.hash_algorithm.get_or_insert(value)),
            Field::ReceivedAt => self.received(column, value),
            Field::Rights => match rights(&value) {
                Some(rights) => d.rights = rights,
                None => self.unclear(column, &value, "a declaration of rights"),
            },
            Field::Ai(yes_means_all) => self.ai_level(column, &value, yes_means_all),
            Field::AiFacet(facet) => self.ai_facet(column, &value, facet),
            Field::AiParts => {
                let facets = facets_in(&value);
                if facets.is_empty() && ai_level(&value, false) != Some(AiLevel::None) {
                    self.unclear(column, &value, "a list of parts");
                }
                add_facets(&mut self.declared.ai, &facets);
            }
            Field::AiTool => d.ai.tool = d.ai.tool.take().or_else(|| tool(value)),
            Field::Voice => match voice(&value) {
                Some(said) => d.ai.voice = said,
                None => self.unclear(column, &value, "yes, no, or with consent"),
            },
            Field::VoiceOf => d.ai.voice_of = d.ai.voice_of.take().or_else(|| tool(value)),
            Field::Parental => fill(&mut d.parental, value),
            Field::Backfill => self.mark(column, &value, |d| &mut d.is_backfill),
            Field::Transfer => self.mark(column, &value, |d| &mut d.is_catalog_transfer),
            Field::Update => {
                if value.eq_ignore_ascii_case("UpdateMessage") {
                    self.declared.is_update = true;
                } else if !value.eq_ignore_ascii_case("OriginalMessage") {
                    self.mark(column, &value, |d| &mut d.is_update);
                }
            }
        }
    }

    fn library(&mut self) -> &mut Library {
        self.library.get_or_insert_default()
    }

    fn unclear(&mut self, column: usize, value: &str, meant: &'static str) {
        let value = value.chars().take(40).collect();
        self.unclear.push(Unclear { column, meant, value });
    }

    /// A time of arrival; templates may have the day and the time of day in two columns.
    fn received(&mut self, column: usize, value: String) {
        let Some(written) = times::read(&value) else {
            self.unclear(column, &value, "a time that is understood");
            // Kept as it is written, for whoever reads the records.
            self.declared.received_at.get_or_insert(value);
            return;
        };
        match &mut self.received {
            None => {
                self.received = Some(Received { column, clock: column, written });
                self.declared.received_at = Some(value);
            }
            Some(before) => {
                let Some(joined) = before.written.joined(written) else { return };
                match before.written.has_day() {
                    true => before.clock = column,
                    false => before.column = column,
                }
                before.written = joined;
            }
        }
    }

    fn mark(&mut self, column: usize, value: &str, slot: fn(&mut Declared) -> &mut bool) {
        match text::flag(value) {
            Some(yes) => *slot(&mut self.declared) |= yes,
            None => self.unclear(column, value, "yes or no"),
        }
    }

    fn ai_level(&mut self, column: usize, value: &str, yes_means_all: bool) {
        let facets = facets_in(value);
        match ai_level(value, yes_means_all) {
            Some(AiLevel::Undeclared) => {}
            Some(level) => self.declared.ai.level = self.declared.ai.level.max(level),
            // `vocals, lyrics` in the place of a level.
            None if !facets.is_empty() => {
                self.declared.ai.level = self.declared.ai.level.max(AiLevel::Partly);
            }
            None => self.unclear(column, value, "an AI disclosure (none, partly, all)"),
        }
        if self.declared.ai.level > AiLevel::None {
            add_facets(&mut self.declared.ai, &facets);
        }
    }

    fn ai_facet(&mut self, column: usize, value: &str, facet: AiFacet) {
        match ai_level(value, true) {
            Some(AiLevel::None) => self.facets_denied.push(facet),
            Some(AiLevel::Partly | AiLevel::All) => add_facets(&mut self.declared.ai, &[facet]),
            Some(AiLevel::Undeclared) => {}
            None => self.unclear(column, value, "yes or no"),
        }
    }

    /// The row, read from `source`.
    pub fn finish(mut self, source: DeclaredIn) -> Finished {
        if let Some((algorithm, value)) = self.hash.take() {
            let named = self.hash_algorithm.take().or(algorithm.map(str::to_owned));
            self.declared.hash = hash(named, value);
        }
        let ai = &mut self.declared.ai;
        if ai.level == AiLevel::Undeclared {
            let denied = |facet| self.facets_denied.contains(&facet);
            if ai.facets.iter().any(|facet| facet.is_of_recording()) {
                ai.level = AiLevel::Partly;
            } else if denied(AiFacet::Vocals) && denied(AiFacet::Instruments) {
                ai.level = AiLevel::None;
            }
        }
        if *ai != AiDisclosure::default() {
            ai.source = Some(source);
        }
        let RowBuilder { declared, file, catalogue, owner, library, received, unclear, .. } = self;
        Finished { file, declared, catalogue, owner, library, received, unclear }
    }
}

/// Whether a loop is licensed to one alone.
fn exclusive(value: &str) -> Option<bool> {
    text::flag(value).or_else(|| {
        let word: String =
            value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        match word.as_str() {
            "exclusive" | "exklusiv" | "exclusif" | "exclusivo" | "esclusivo" => Some(true),
            "nonexclusive" | "notexclusive" | "royaltyfree" | "nichtexklusiv" | "nonexclusif"
            | "noexclusivo" | "nãoexclusivo" | "nonesclusivo" => Some(false),
            _ => None,
        }
    })
}

fn fill(slot: &mut Option<String>, value: String) {
    slot.get_or_insert(value);
}

/// A cell without what keeps a spreadsheet from taking it for a number: `="0360…"`, or an apostrophe before
/// digits.
fn kept_as_text(cell: &str) -> Cow<'_, str> {
    let bare = cell.trim();
    let quoted = bare.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    if let Some(quoted) = quoted {
        return Cow::Owned(quoted.replace("\"\"", "\""));
    }
    let plain = bare.strip_prefix('\'').filter(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit()) && !rest.contains(['\'', ' '])
    });
    Cow::Borrowed(plain.unwrap_or(cell))
}

/// Codes may be asked for instead of given: `auto`, or signs that stand for nothing.
fn fill_code(slot: &mut Option<String>, value: &str) {
    let value = value.strip_prefix('\'').unwrap_or(value);
    const NONE: &[&str] = &[
        "auto",
        "automatic",
        "generate",
        "auto-generate",
        "assign",
        "none",
        "n/a",
        "na",
        "-",
        "tbd",
    ];
    if !NONE.iter().any(|none| value.eq_ignore_ascii_case(none)) {
        fill(slot, value.to_owned());
    }
}

/// Names between semicolons or bars. Commas and ampersands belong to names too often.
fn add_names(names: &mut Vec<String>, value: &str) {
    for name in value.split([';', '|']).map(str::trim).filter(|name| !name.is_empty()) {
        if names.len() < MAX_NAMES && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
}

fn hash(algorithm: Option<String>, value: String) -> Option<DeclaredHash> {
    let (prefix, digest) = match value.split_once(':') {
        Some((prefix, digest)) => (Some(prefix.to_owned()), digest.to_owned()),
        None => (None, value),
    };
    let by_length = || match digest.len() {
        32 => Some("MD5".to_owned()),
        40 => Some("SHA-1".to_owned()),
        64 => Some("SHA-256".to_owned()),
        128 => Some("SHA-512".to_owned()),
        _ => None,
    };
    let algorithm = prefix.or(algorithm).or_else(by_length)?;
    Some(DeclaredHash { algorithm, value: digest })
}

/// What a value says about how much was generated; `None` where it says nothing that is understood.
pub(in crate::declare) fn ai_level(value: &str, yes_means_all: bool) -> Option<AiLevel> {
    if let Some(yes) = text::flag(value) {
        return Some(match (yes, yes_means_all) {
            (false, _) => AiLevel::None,
            (true, true) => AiLevel::All,
            (true, false) => AiLevel::Partly,
        });
    }
    let words = super::headers::folded(value);
    let percent = words.strip_suffix('%').and_then(|n| n.trim().parse::<f64>().ok());
    if let Some(percent) = percent {
        return Some(match percent {
            p if p <= 0.0 => AiLevel::None,
            p if p >= 100.0 => AiLevel::All,
            _ => AiLevel::Partly,
        });
    }
    let words: Vec<&str> =
        words.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    const PARTLY: &[&str] = &[
        "partly",
        "part",
        "partial",
        "partially",
        "some",
        "assisted",
        "mixed",
        "hybrid",
        "mostly",
        "enhanced",
        "teilweise",
        "teils",
        "partiellement",
        "partiel",
        "parcial",
        "parcialmente",
        "parziale",
        "parzialmente",
    ];
    const ALL: &[&str] = &[
        "all",
        "full",
        "fully",
        "entirely",
        "entire",
        "completely",
        "complete",
        "wholly",
        "100",
        "vollstandig",
        "komplett",
        "entierement",
        "totalement",
        "totalmente",
        "completamente",
        "interamente",
    ];
    const NONE: &[&str] = &[
        "none", "no", "not", "without", "human", "0", "keine", "keiner", "nicht", "ohne", "aucun",
        "aucune", "sans", "ninguno", "ninguna", "sin", "nenhum", "nenhuma", "sem", "nessuno",
        "nessuna", "senza",
    ];
    const NOTHING: &[&str] = &["undeclared", "unknown", "unspecified", "undisclosed"];
    if has(NOTHING) || ["n/a", "na", "-", "?"].contains(&value.trim().to_lowercase().as_str()) {
        return Some(AiLevel::Undeclared);
    }
    // "not fully", "human and AI": what weakens comes before what is weakened.
    if has(PARTLY) || (has(NONE) && has(ALL)) {
        return Some(AiLevel::Partly);
    }
    if has(NONE) {
        return Some(AiLevel::None);
    }
    if has(ALL) || matches!(words[..], ["ai"] | ["generated"] | ["ai", "generated"]) {
        return Some(AiLevel::All);
    }
    None
}

/// The parts named in a list of words.
pub(in crate::declare) fn facets_in(value: &str) -> Vec<AiFacet> {
    const WORDS: &[(&str, AiFacet)] = &[
        ("vocal", AiFacet::Vocals),
        ("voice", AiFacet::Vocals),
        ("singing", AiFacet::Vocals),
        ("instrument", AiFacet::Instruments),
        ("beat", AiFacet::Instruments),
        ("composition", AiFacet::Composition),
        ("melody", AiFacet::Composition),
        ("songwriting", AiFacet::Composition),
        ("lyric", AiFacet::Lyrics),
        ("mastering", AiFacet::PostProduction),
        ("mixing", AiFacet::PostProduction),
        ("post_production", AiFacet::PostProduction),
        ("post-production", AiFacet::PostProduction),
        ("post production", AiFacet::PostProduction),
        ("artwork", AiFacet::Artwork),
        ("cover", AiFacet::Artwork),
        ("video", AiFacet::Video),
    ];
    let value = value.to_lowercase();
    let mut facets: Vec<AiFacet> =
        WORDS.iter().filter(|(word, _)| value.contains(word)).map(|(_, facet)| *facet).collect();
    facets.sort_unstable();
    facets.dedup();
    facets
}

pub(in crate::declare) fn add_facets(ai: &mut AiDisclosure, facets: &[AiFacet]) {
    ai.facets.extend_from_slice(facets);
    ai.facets.sort_unstable();
    ai.facets.dedup();
}

/// A generator named in a column; "none" names none.
fn tool(value: String) -> Option<String> {
    let none = ["none", "no", "n/a", "na", "-"].iter().any(|none| value.eq_ignore_ascii_case(none));
    if none {
        return None;
    }
    // One spelling for those known, so that lists in policies match.
    Some(match generator_in(&value) {
        Some(known) if value.len() <= known.len() + 8 => known.to_owned(),
        _ => value,
    })
}

/// Whether a voice imitates a person: yes, no, or with consent; none where that is not understood.
pub(in crate::declare) fn voice(value: &str) -> Option<Voice> {
    if let Some(yes) = text::flag(value) {
        return Some(if yes { Voice::Cloned } else { Voice::Nobody });
    }
    let folded = super::headers::folded(value);
    let words: Vec<&str> =
        folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let begins = |starts: &[&str]| {
        words.iter().any(|word| starts.iter().any(|start| word.starts_with(start)))
    };
    const NOTHING: &[&str] = &["undeclared", "unknown", "unspecified", "undisclosed"];
    if has(NOTHING) || ["n/a", "na", "-", "?"].contains(&folded.trim()) {
        return Some(Voice::Undeclared);
    }
    let agreed = begins(&[
        "consent",
        "licen",
        "permi",
        "authori",
        "autori",
        "agree",
        "einwillig",
        "zustimm",
        "erlaub",
    ]);
    let denied =
        has(&["no", "not", "without", "ohne", "nicht", "sans", "sin", "sem", "senza", "keine"])
            || begins(&["unauthori", "unlicen"]);
    if agreed {
        return Some(if denied { Voice::Cloned } else { Voice::Licensed });
    }
    if has(&["own", "mine", "self", "eigene"]) {
        return Some(Voice::Licensed);
    }
    if denied || has(&["none", "nobody", "human", "synthetic", "stock", "preset"]) {
        return Some(Voice::Nobody);
    }
    begins(&["clone", "imitat", "imperson", "geklont", "unauthori", "unlicen"])
        .then_some(Voice::Cloned)
}

/// A statement about rights: yes, no, or a sentence that begins like one.
fn rights(value: &str) -> Option<Rights> {
    if let Some(yes) = text::flag(value) {
        return Some(if yes { Rights::Declared } else { Rights::Denied });
    }
    let lower = value.to_lowercase().replace('’', "'");
    let begins = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    if begins(&[
        "i do not",
        "i don't",
        "we do not",
        "we don't",
        "not ",
        "denied",
        "none",
        "unlicensed",
    ]) {
        return Some(Rights::Denied);
    }
    let yes = [
        "i own",
        "i have",
        "i hold",
        "i control",
        "i confirm",
        "i am the",
        "i'm the",
        "we own",
        "we have",
        "we hold",
        "we control",
        "we confirm",
        "own",
        "licen",
        "declared",
        "confirmed",
        "agreed",
        "accepted",
        "100",
        "cleared",
        "exclusive",
        "full",
        "all rights",
    ];
    if begins(&yes) {
        return Some(Rights::Declared);
    }
    begins(&["undeclared", "unknown", "n/a", "-"]).then_some(Rights::Undeclared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::manifest::columns;

    fn row(cells: &[(&str, &str)]) -> (Declared, Vec<String>) {
        let mut row = RowBuilder::default();
        for (at, (name, cell)) in cells.iter().enumerate() {
            row.add(columns::field(name).unwrap(), at, cell);
        }
        let row = row.finish(DeclaredIn::Manifest);
        let unclear = row.unclear.iter();
        let unclear =
            unclear.map(|u| format!("{}: {} is not {}", cells[u.column].0, u.value, u.meant));
        (row.declared, unclear.collect())
    }

    #[test]
    fn codes_kept_as_text_are_the_codes() {
        let (declared, unclear) = row(&[
            ("isrc", "=\"USRC17607839\""),
            ("upc", "'036000291452"),
            ("title", "=\"Say \"\"Hi\"\"\""),
            ("artist", "'68 Comeback"),
        ]);
        assert_eq!(declared.isrc.as_deref(), Some("USRC17607839"));
        assert_eq!(declared.upc.as_deref(), Some("036000291452"));
        assert_eq!(declared.title.as_deref(), Some("Say \"Hi\""));
        assert_eq!(declared.artists, ["'68 Comeback"]);
        assert_eq!(unclear, [""; 0]);
    }

    #[test]
    fn disclosures_in_all_spellings() {
        use AiLevel::{All, None, Partly, Undeclared};
        for (column, cell, level) in [
            ("contains_ai", "All", All),
            ("ContainsAI", "Partly", Partly),
            ("contains_ai", "None", None),
            ("ai", "", Undeclared),
            ("ai", "yes", Partly),
            ("ai_generated", "yes", All),
            ("ai_generated", "no", None),
            ("ai", "AI-assisted", Partly),
            ("ai", "fully AI generated", All),
            ("ai", "not fully", Partly),
            ("ai", "40 %", Partly),
            ("ai", "no AI used", None),
            ("ai", "vocals, lyrics", Partly),
            ("ai", "n/a", Undeclared),
            ("ki", "nein", None),
            ("ki", "teilweise", Partly),
            ("ia", "entièrement", All),
            ("ia", "sin IA", None),
            ("Contém IA", "não", None),
        ] {
            let (declared, problems) = row(&[(column, cell)]);
            assert_eq!(declared.ai.level, level, "{column}: {cell}");
            assert_eq!(problems, [""; 0], "{column}: {cell}");
        }
        let (declared, _) = row(&[("ai", "vocals, lyrics")]);
        assert_eq!(declared.ai.facets, [AiFacet::Vocals, AiFacet::Lyrics]);
        assert_eq!(declared.ai.source, Some(DeclaredIn::Manifest));
        assert_eq!(row(&[("ai", "perhaps")]).1.len(), 1);
    }

    #[test]
    fn parts_alone_declare_a_level_where_they_are_of_the_recording() {
        let level = |cells: &[(&str, &str)]| row(cells).0.ai.level;
        assert_eq!(level(&[("ai_vocals", "yes"), ("ai_instruments", "no")]), AiLevel::Partly);
        assert_eq!(level(&[("ai_vocals", "no"), ("ai_instruments", "no")]), AiLevel::None);
        assert_eq!(level(&[("ai_lyrics", "no")]), AiLevel::Undeclared);
        assert_eq!(level(&[("ai_artwork", "yes")]), AiLevel::Undeclared);
        let (declared, _) = row(&[("ai_artwork", "yes"), ("ai_tool", "suno v4")]);
        assert_eq!(declared.ai.facets, [AiFacet::Artwork]);
        assert_eq!(declared.ai.tool.as_deref(), Some("Suno"));
    }

    #[test]
    fn statements_about_rights() {
        for (cell, rights) in [
            ("yes", Rights::Declared),
            ("I own 100% of the rights", Rights::Declared),
            ("No", Rights::Denied),
            ("I don't own the beat", Rights::Denied),
            ("", Rights::Undeclared),
        ] {
            assert_eq!(row(&[("rights_declaration", cell)]).0.rights, rights, "{cell}");
        }
    }

    #[test]
    fn codes_hashes_names_and_numbers() {
        let (declared, problems) = row(&[
            ("isrc", "AUTO"),
            ("artist", "Earth, Wind & Fire; Guest"),
            ("Artist 2", "Third"),
            ("hash", "d41d8cd98f00b204e9800998ecf8427e"),
            ("track", "3/12"),
            ("duration", "three minutes"),
        ]);
        assert_eq!(declared.isrc, None);
        assert_eq!(declared.artists, ["Earth, Wind & Fire", "Guest", "Third"]);
        assert_eq!(declared.hash.unwrap().algorithm, "MD5");
        assert_eq!(declared.track_number, Some(3));
        assert_eq!(problems, ["duration: three minutes is not a length"]);
    }
}
