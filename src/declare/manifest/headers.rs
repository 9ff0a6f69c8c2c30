//! From a header cell to the column that it names.
//!
//! People and templates write more into headers than a name: `*Track Title*`, `ISRC Code (leave blank if we
//! shall assign one)`, `UPC/EAN – optional`, `Titre de l'album`. What is said in brackets, behind a dash or on
//! a second line is a note, unless it changes what the column is about: `Title (Album)` is no track title.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::field::Field;
use super::names::NAMES;
use crate::declare::times::zones;

/// Longest header looked at, in characters.
const MAX_HEADER: usize = 300;
/// Articles and prepositions that may stand within a name.
const SMALL_WORDS: &[&str] = &[
    "the", "of", "der", "die", "das", "des", "dem", "den", "von", "vom", "de", "du", "la", "le",
    "les", "l", "d", "del", "el", "los", "las", "do", "da", "dos", "das", "il", "lo", "gli", "di",
    "dell", "della", "dello", "degli", "delle", "en", "em", "on", "par", "por", "per",
];
/// Words at either end of a header that only say whether it has to be filled in.
const NOTE_WORDS: &[&str] = &[
    "required",
    "optional",
    "mandatory",
    "compulsory",
    "recommended",
    "if",
    "any",
    "available",
    "applicable",
    "known",
    "needed",
    "pflicht",
    "pflichtfeld",
    "erforderlich",
    "falls",
    "wenn",
    "vorhanden",
    "bekannt",
    "obligatoire",
    "facultatif",
    "optionnel",
    "requis",
    "si",
    "disponible",
    "obligatorio",
    "obligatoria",
    "opcional",
    "requerido",
    "requerida",
    "obrigatorio",
    "obrigatoria",
    "obbligatorio",
    "obbligatoria",
    "facoltativo",
    "facoltativa",
    "opzionale",
    "richiesto",
    "se",
    "disponivel",
    "disponibile",
];
/// Qualifiers after which a column is still about the recording.
const OF_THE_RECORDING: &[&str] = &[
    "audio",
    "track",
    "tracks",
    "song",
    "recording",
    "master",
    "titel",
    "stuck",
    "morceau",
    "piste",
    "pista",
    "faixa",
    "brano",
    "traccia",
    "cancion",
];

/// The names, in the forms of [`key`].
static BY_NAME: LazyLock<HashMap<String, Field>> = LazyLock::new(|| {
    let mut by_name = HashMap::new();
    for (field, names) in NAMES {
        for name in names.split_ascii_whitespace() {
            by_name.insert(key(name), *field);
            // Where a keyboard has no umlauts.
            by_name.insert(
                key(&name.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue")),
                *field,
            );
        }
    }
    by_name
});

/// `name` in lower case without accents, and without anything but letters and digits; the signs of
/// copyright lines and numbers are spelled out.
pub fn key(name: &str) -> String {
    let spelled: String = name.chars().take(MAX_HEADER).flat_map(spelled).collect();
    // `Track #` is a number, `Track` may be a title.
    if name.contains('#') && spelled == "track" { "tracknumber".to_owned() } else { spelled }
}

fn spelled(c: char) -> impl Iterator<Item = char> {
    let (one, more): (Option<char>, &str) = match c {
        '℗' => (Some('p'), ""),
        '©' => (Some('c'), ""),
        'ß' | 'ẞ' => (None, "ss"),
        'æ' | 'Æ' => (None, "ae"),
        'œ' | 'Œ' => (None, "oe"),
        'ø' | 'Ø' => (Some('o'), ""),
        c => (Some(c), ""),
    };
    let letters = one.into_iter().nfkd().filter(|c| !is_combining_mark(*c));
    letters.flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).chain(more.chars())
}

/// What the column called `name` says, the name taken as it stands.
pub(super) fn exact(name: &str) -> Option<Field> {
    let whole = key(name);
    let known = |key: &str| BY_NAME.get(key).copied();
    known(&whole).or_else(|| known(&without_small_words(name))).or_else(|| {
        // `Artist 2`, `composer_1`: templates number what may be given several times.
        let bare = whole.trim_end_matches(|c: char| c.is_ascii_digit());
        known(bare).filter(|field| matches!(field, Field::Artist | Field::Contributor(_)))
    })
}

/// `text` in lower case without accents.
pub(super) fn folded(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c) && !matches!(c, '℗' | '©'))
        .map(key)
        .filter(|word| !word.is_empty())
}

fn without_small_words(name: &str) -> String {
    words(name).filter(|word| !SMALL_WORDS.contains(&word.as_str())).collect()
}

/// What the column with the header `name` says; `None` for those not known.
pub fn field(name: &str) -> Option<Field> {
    let name: String = name.chars().take(MAX_HEADER).collect();
    known(&name).or_else(|| {
        // `created_at_utc`, `Upload time UTC+1`.
        known(zones::without_end(&name)?).filter(|field| *field == Field::ReceivedAt)
    })
}

fn known(name: &str) -> Option<Field> {
    if let Some(field) = exact(name) {
        return Some(field);
    }
    let (base, notes) = parts(name);
    if words(&base).all(|word| NOTE_WORDS.contains(&word.as_str())) {
        return notes.iter().find_map(|note| lenient(note));
    }
    let own = lenient(&base);
    for note in notes.iter().filter(|note| words(note).count() <= 2) {
        let joined = [format!("{note} {base}"), format!("{base} {note}")];
        if let Some(field) = joined.iter().find_map(|name| exact(name)) {
            return Some(field);
        }
        let other = exact(note).filter(|field| Some(*field) != own);
        if other.is_some() && !OF_THE_RECORDING.contains(&key(note).as_str()) {
            return None;
        }
    }
    own
}

/// The name in front of a header, and what is said besides.
fn parts(name: &str) -> (String, Vec<String>) {
    let numbered = name
        .trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '(' | '[' | '℗' | '©'));
    let digits = numbered.trim_start_matches(|c: char| c.is_ascii_digit());
    let name = match digits.strip_prefix(['.', ')']) {
        Some(rest) if digits.len() < numbered.len() => rest,
        _ => numbered,
    };
    let (mut base, mut notes, mut note) = (String::new(), Vec::new(), String::new());
    let mut depth = 0usize;
    for c in name.chars() {
        match c {
            '(' | '[' | '{' | '<' | '（' => depth += 1,
            ')' | ']' | '}' | '>' | '）' if depth > 0 => {
                depth -= 1;
                notes.push(std::mem::take(&mut note));
            }
            c if depth > 0 => note.push(c),
            c => base.push(c),
        }
    }
    notes.push(note);
    let cut = |c: char| {
        matches!(c, '\n' | '\r' | ':' | '*' | '–' | '—' | ',' | ';' | '?' | '!' | '→' | '=')
    };
    let start = base.len() - base.trim_start().len();
    let end = [base[start..].find(cut), base[start..].find(" - "), base[start..].find(". ")];
    if let Some(end) = end.into_iter().flatten().min() {
        notes.push(base.split_off(start + end));
    }
    notes.retain(|note| words(note).next().is_some());
    (base, notes)
}

/// A name with words around it that say whether it has to be filled in, or in two languages.
fn lenient(base: &str) -> Option<Field> {
    if let Some(field) = exact(base) {
        return Some(field);
    }
    let mut all: Vec<String> = words(base).collect();
    while all.last().is_some_and(|word| NOTE_WORDS.contains(&word.as_str())) {
        all.pop();
    }
    let first =
        all.iter().position(|word| !NOTE_WORDS.contains(&word.as_str())).unwrap_or(all.len());
    if let Some(field) = exact(&all[first..].join(" ")) {
        return Some(field);
    }
    let mut alternatives = base.replace(" or ", "/").replace(" oder ", "/").replace(" ou ", "/");
    alternatives = alternatives.replace('|', "/");
    if !alternatives.contains('/') {
        return None;
    }
    // `Titel / Title`: all that are known have to be the same.
    let mut meant = alternatives.split('/').filter_map(exact);
    let first = meant.next()?;
    meant.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::declare::text::TimeUnit;

    #[test]
    fn spelling_of_columns_makes_no_difference() {
        for name in ["track_filename", "Track Filename", "TRACK-FILENAME", "trackFilename "] {
            assert_eq!(field(name), Some(Field::File), "{name}");
        }
        assert_eq!(field("UPC/EAN"), Some(Field::Upc));
        assert_eq!(field("album_upc|album_ean"), Some(Field::Upc));
        assert_eq!(field("℗ Line"), Some(Field::PLine));
        assert_eq!(field("(C) line"), Some(Field::CLine));
        assert_eq!(field("Track #"), Some(Field::TrackNumber));
        assert_eq!(field("Primary Artist 2"), Some(Field::Artist));
        assert_eq!(field("sha256"), Some(Field::Hash(Some("SHA-256"))));
        for name in ["shoe size", "", "***", "()", "Title / Artist", "studio name", "12"] {
            assert_eq!(field(name), None, "{name}");
        }
    }

    #[test]
    fn notes_in_headers_are_no_part_of_the_name() {
        for (names, meant) in [
            (
                "Track Title (required)|*Track Title*|Track Title *|3. Track Title|Track Title – as on the cover|\
                 Track Title: no emoji|Track Title\nMax. 100 characters|Track Title [Pflichtfeld]|\
                 Required: Track Title|Track Title required|Title (track)|Titel / Title|Title of the Track",
                Field::Title,
            ),
            (
                "ISRC Code (leave blank if we shall assign one)|ISRC, if you have one|ISRC (if available)|\
                 ISRC (audio)|Track ISRC*|ISRC optional",
                Field::Isrc,
            ),
            (
                "UPC Code (optional)|UPC / EAN – 12 or 13 digits|UPC (release)|UPC or EAN",
                Field::Upc,
            ),
            ("Title (Album)|Album Title *|Release (title)", Field::Album),
            ("Artist (Album)|Album Artist (required)", Field::AlbumArtist),
            ("Primary Artist(s) *|Artist/Band|Artist (primary)|Name (Artist)", Field::Artist),
            ("Audio File Name *|Audio file (WAV, FLAC or MP3)|File Name (path)", Field::File),
            ("Duration (ms)|Length (in ms)", Field::Duration(TimeUnit::Milliseconds)),
            ("Duration (seconds)", Field::Duration(TimeUnit::Seconds)),
            ("Length (mm:ss)", Field::Duration(TimeUnit::Unknown)),
            ("Upload Date (MM/DD/YYYY)|Date (upload)|Uploaded At [UTC]", Field::ReceivedAt),
            ("Artist (featured)", Field::Contributor("featured_artist")),
            ("Hash (MD5)", Field::Hash(Some("MD5"))),
        ] {
            for name in names.split('|').filter(|name| !name.trim().is_empty()) {
                assert_eq!(field(name), Some(meant), "{name}");
            }
        }
        // A note that is another column makes it a column that is not known.
        for name in ["Title (Label)", "Name, Genre", "Label (ISRC)"] {
            assert_eq!(field(name), None, "{name}");
        }
    }

    #[test]
    fn columns_are_known_in_five_more_languages() {
        for (names, meant) in [
            (
                "Dateiname|Audiodatei|DATEINAME *|Nom du fichier|Fichier audio|Nombre del archivo|Nome do arquivo|\
                 Nome do ficheiro|Nome del file",
                Field::File,
            ),
            (
                "Titel|Songtitel|Titre|Titre du morceau|Título|Título de la canción|TITULO|Título da faixa|\
                 Titolo del brano",
                Field::Title,
            ),
            (
                "Künstler|Kuenstler|KUNSTLER|Hauptkünstler|Hauptkuenstler|Interpret|Artiste principal|\
                 Nom de l'artiste|Artista|Nombre del artista|Nome do artista|Artista principale",
                Field::Artist,
            ),
            (
                "Albumtitel|Titre de l’album|Título del álbum|Título do álbum|Titolo dell'album",
                Field::Album,
            ),
            ("Code ISRC|Código ISRC|Codice ISRC|ISRC-Code (optional)", Field::Isrc),
            ("Strichcode|Code-barres|Código de barras|Codice a barre|EAN-Code", Field::Upc),
            (
                "Konto|Benutzername|Nom du compte|Nombre de usuario|Conta|Nome utente",
                Field::Account,
            ),
            (
                "Hochgeladen am|Upload-Datum|Date de réception|Fecha de subida|Data de envio|Data di caricamento",
                Field::ReceivedAt,
            ),
            (
                "Veröffentlichungsdatum|Veroeffentlichungsdatum|Date de sortie|Fecha de lanzamiento|\
                 Data de lançamento|Data di uscita",
                Field::ReleaseDate,
            ),
            (
                "Länge|Laenge|Dauer|Durée|Duración|Duração|Durata",
                Field::Duration(TimeUnit::Unknown),
            ),
            ("Plattenfirma|Maison de disques|Sello discográfico|Gravadora|Etichetta", Field::Label),
            ("Rechte|Droits|Derechos|Direitos|Diritti", Field::Rights),
            ("Titelnummer|Numéro de piste|Número de pista|Número da faixa", Field::TrackNumber),
            ("KI-generiert|Généré par IA|Generado por IA", Field::Ai(true)),
        ] {
            for name in names.split('|').map(str::trim) {
                assert_eq!(field(name), Some(meant), "{name}");
                // Files of Macs take accents apart.
                assert_eq!(field(&name.nfd().collect::<String>()), Some(meant), "{name}");
            }
        }
    }

    #[test]
    fn no_name_means_two_things() {
        let mut fields: HashMap<String, Field> = HashMap::new();
        for (field, names) in NAMES {
            for name in names.split_ascii_whitespace() {
                for form in
                    [name.to_owned(), name.replace('ü', "ue").replace('ö', "oe").replace('ä', "ae")]
                {
                    let before = fields.insert(key(&form), *field);
                    assert!(before.is_none_or(|before| before == *field), "{name}");
                }
                assert!(name.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase()), "{name}");
            }
        }
    }

    proptest! {
        /// What a template puts around a name does not change it.
        #[test]
        fn decorated_names_mean_what_they_mean_bare(
            which in 0usize..10_000,
            before in "(\\*|\\*\\* |[1-9]\\. )?",
            after in "( \\*| \\(required\\)| \\(optional\\)| - optional|: see page 3| \\[max\\. 60\\]|\nno emoji)?",
        ) {
            let all: Vec<(Field, &str)> = NAMES
                .iter()
                .flat_map(|(field, names)| names.split_ascii_whitespace().map(|name| (*field, name)))
                .collect();
            let (meant, name) = all[which % all.len()];
            let decorated = format!("{before}{name}{after}");
            prop_assert_eq!(field(&decorated), Some(meant), "{}", decorated);
        }

        #[test]
        fn any_header_is_a_column_or_none(name in "\\PC{0,60}") {
            field(&name);
        }
    }
}
