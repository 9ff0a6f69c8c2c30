//! One table, written by an independent hand in the ways of many programs and countries, says the same.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::tests::declared;
use super::*;

/// Headers of file, title, artist, ISRC, UPC, account and time of arrival.
const HEADERS: &[[&str; 7]] = &[
    ["path", "title", "artist", "isrc", "upc", "account", "received_at"],
    [
        "Audio File Name *",
        "Track Title (required)",
        "Primary Artist(s) *",
        "ISRC Code (leave blank if we shall assign one)",
        "UPC Code (optional)",
        "Account\nas in your profile",
        "Uploaded At",
    ],
    ["Dateiname", "Titel", "Künstler", "ISRC-Code", "Strichcode", "Konto", "Hochgeladen am"],
    ["DATEINAME", "TITEL", "KUENSTLER", "ISRC-NUMMER", "EAN-CODE", "BENUTZERNAME", "UPLOAD-DATUM"],
    [
        "Nom du fichier",
        "Titre du morceau",
        "Artiste principal",
        "Code ISRC",
        "Code-barres",
        "Nom du compte",
        "Date de réception",
    ],
    [
        "Nombre del archivo",
        "Título de la canción",
        "Artista principal",
        "Código ISRC",
        "Código de barras",
        "Usuario",
        "Fecha de subida",
    ],
    [
        "Nome do arquivo",
        "Título da faixa",
        "Nome do artista",
        "Código ISRC",
        "Código UPC",
        "Conta",
        "Data de envio",
    ],
    [
        "Nome del file",
        "Titolo del brano",
        "Artista",
        "Codice ISRC",
        "Codice EAN",
        "Utente",
        "Data di caricamento",
    ],
];

#[derive(Debug, Clone)]
struct Entry {
    title: String,
    artist: String,
    code: u32,
    time: Timestamp,
}

/// How a table is written.
#[derive(Debug, Clone)]
struct Style {
    header: usize,
    separator: char,
    encoding: usize,
    line_end: usize,
    time: usize,
    codes_as_text: bool,
    quote_all: bool,
    sep_line: bool,
    title_rows: usize,
    extra_column: bool,
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    // As in names, no two accents stand side by side: nothing but the frequency of letters tells code pages apart.
    let word = "[A-Za-z]([äöüéßñ]?[A-Za-z ,;|\"'()-]{1,3}){0,6}[a-z]";
    let entry =
        (word, word, 0u32..99_999, 0i64..2_000_000).prop_map(|(title, artist, code, minutes)| {
            Entry {
                title,
                // Several artists stand between these.
                artist: artist.replace([';', '|'], " "),
                code,
                time: Timestamp::from_second(1_704_067_200).unwrap()
                    + SignedDuration::from_mins(minutes),
            }
        });
    proptest::collection::vec(entry, 1..6)
}

fn styles() -> impl Strategy<Value = Style> {
    let signs = proptest::sample::select(vec![',', ';', '\t', '|']);
    (
        (0..HEADERS.len(), signs, 0usize..7, 0usize..3, 0usize..9),
        (any::<bool>(), any::<bool>(), any::<bool>(), 0usize..4, any::<bool>()),
    )
        .prop_map(
            |(
                (header, separator, encoding, line_end, time),
                (codes, quote, sep, titles, extra),
            )| Style {
                header,
                separator,
                encoding,
                line_end,
                time,
                codes_as_text: codes,
                quote_all: quote,
                sep_line: sep,
                title_rows: titles,
                extra_column: extra,
            },
        )
}

impl Style {
    fn cell(&self, cell: &str) -> String {
        let special = cell.contains(['"', '\n', '\r', self.separator]);
        if self.quote_all || special || cell.starts_with(' ') {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    }

    fn code(&self, code: &str) -> String {
        if self.codes_as_text { format!("=\"{code}\"") } else { code.to_owned() }
    }

    /// The time as written; to the second in all of these.
    fn time(&self, time: Timestamp) -> String {
        let zoned = time.to_zoned(TimeZone::UTC);
        let days = time.as_second() as f64 / 86_400.0 + 25_569.0;
        match self.time {
            0 => time.to_string(),
            1 => zoned.strftime("%Y-%m-%d %H:%M").to_string(),
            2 => zoned.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string(),
            3 => zoned.strftime("%-m/%-d/%Y %-I:%M %p").to_string(),
            4 => zoned.strftime("%d.%m.%Y %H:%M").to_string(),
            5 => zoned.strftime("%d.%m.%y %H:%M").to_string(),
            6 => format!("{days:.7}"),
            7 => format!("{days:.7}").replace('.', ","),
            _ => zoned.strftime("%d %B %Y, %H:%M Uhr").to_string(),
        }
    }

    fn row(&self, cells: &[String]) -> String {
        let cells: Vec<String> = cells.iter().map(|cell| self.cell(cell)).collect();
        cells.join(&self.separator.to_string())
    }

    /// The table as bytes, and the line of each entry.
    fn write(&self, entries: &[Entry]) -> (Vec<u8>, Vec<u32>) {
        let mut rows = Vec::new();
        if self.sep_line {
            rows.push(format!("sep={}", self.separator));
        }
        for number in 0..self.title_rows {
            // A blank line among them.
            let title = if number == 1 {
                String::new()
            } else {
                format!("Delivery {number} of August Music")
            };
            rows.push(self.row(&[title, String::new()]));
        }
        let mut header: Vec<String> =
            HEADERS[self.header].iter().map(|&name| name.to_owned()).collect();
        if self.extra_column {
            header.insert(2, "Shoe size".to_owned());
        }
        rows.push(self.row(&header));
        for (number, entry) in entries.iter().enumerate() {
            let mut cells = vec![
                format!("audio {number}.wav"),
                entry.title.clone(),
                entry.artist.clone(),
                self.code(&isrc(entry)),
                self.code(&upc(entry)),
                format!("acc-{}", entry.code % 7),
                self.time(entry.time),
            ];
            if self.extra_column {
                cells.insert(2, "43".to_owned());
            }
            rows.push(self.row(&cells));
        }
        let mut line = 1;
        let mut lines = Vec::new();
        for row in &rows {
            lines.push(line);
            line += 1 + row.matches('\n').count() as u32;
        }
        let lines = lines.split_off(rows.len() - entries.len());
        let end = ["\n", "\r\n", "\r"][self.line_end];
        let text = (rows.join("\n") + "\n").replace('\n', end);
        (self.encode(&text), lines)
    }

    fn encode(&self, text: &str) -> Vec<u8> {
        let utf16 = |mark: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.encode_utf16().chain(text.encode_utf16()).flat_map(order).collect()
        };
        match self.encoding {
            0 => text.as_bytes().to_vec(),
            1 => format!("\u{feff}{text}").into_bytes(),
            2 => utf16("\u{feff}", u16::to_le_bytes),
            3 => utf16("\u{feff}", u16::to_be_bytes),
            4 => utf16("", u16::to_le_bytes),
            5 => utf16("", u16::to_be_bytes),
            _ => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
        }
    }
}

fn isrc(entry: &Entry) -> String {
    format!("USRC176{:05}", entry.code)
}

fn upc(entry: &Entry) -> String {
    format!("0360002{:05}", entry.code)
}

proptest! {
    #[test]
    fn every_spelling_of_a_table_says_the_same(entries in entries(), style in styles()) {
        let (bytes, lines) = style.write(&entries);
        let manifest = Manifest::parse(Path::new("m.csv"), &bytes);
        let manifest = manifest.map_err(|e| TestCaseError::fail(format!("{e}")))?;
        prop_assert_eq!(&manifest.errors, &[]);
        prop_assert_eq!(manifest.rows.len(), entries.len());
        // What day it is may be open where no day is after the twelfth: then that is said.
        let said = manifest.notes.iter().any(|note| note.code == "day_or_month_first");
        let passed = manifest.notes.iter().any(|note| note.code == "columns_passed_over");
        prop_assert_eq!(passed, style.extra_column, "{:?}", manifest.notes);
        prop_assert!(style.time == 3 || !said);
        for (number, entry) in entries.iter().enumerate() {
            let row = &manifest.rows[number];
            prop_assert_eq!(&*row.file, format!("audio {number}.wav"));
            prop_assert_eq!(row.line, lines[number]);
            let d = declared(&manifest, number);
            let written = |text: &str| crate::declare::text::value(text);
            prop_assert_eq!(d.title, written(&entry.title));
            prop_assert_eq!(d.artists.first().cloned(), written(&entry.artist));
            prop_assert_eq!(d.isrc, Some(isrc(entry)));
            prop_assert_eq!(d.upc, Some(upc(entry)));
            prop_assert_eq!(d.account, Some(format!("acc-{}", entry.code % 7)));
            // With AM and PM the month comes first, told or not.
            prop_assert_eq!(d.received_at, Some(entry.time.to_string()));
        }
    }
}

#[test]
fn what_only_the_whole_column_tells_is_told_once() {
    let read = |times: &[&str]| {
        let rows: String =
            times.iter().enumerate().map(|(n, t)| format!("{n}.wav;{t}\n")).collect();
        Manifest::parse(Path::new("m"), format!("file;uploaded at\n{rows}").as_bytes()).unwrap()
    };
    let times = |manifest: &Manifest| -> Vec<String> {
        (0..manifest.rows.len()).map(|at| declared(manifest, at).received_at.unwrap()).collect()
    };
    let told = read(&["03/04/2026 10:00", "25/04/2026 10:00"]);
    assert_eq!(times(&told), ["2026-04-03T10:00:00Z", "2026-04-25T10:00:00Z"]);
    assert_eq!(told.notes, []);
    let open = read(&["03/04/2026 10:00", "04/04/2026 10:00", "05/04/2026 10:00"]);
    assert_eq!(times(&open)[0], "2026-04-03T10:00:00Z");
    assert_eq!(open.notes.len(), 1);
    assert!(open.notes[0].message.contains("`uploaded at` (as in line 2)"), "{:?}", open.notes);
    // Read one way, that of most; what cannot be read so is told of, and not compared either.
    let mixed =
        read(&["03/04/2026", "04/25/2026", "25/04/2026", "26/04/2026", "04/27/2026", "28/04/2026"]);
    let read_so = times(&mixed);
    assert_eq!(read_so[..3], ["2026-04-03T00:00:00Z", "04/25/2026", "2026-04-25T00:00:00Z"]);
    assert_eq!(crate::declare::times::instant(&read_so[1]), None);
    assert_eq!(mixed.notes.len(), 1, "{:?}", mixed.notes);
    assert_eq!(mixed.notes[0].code, "day_and_month_mixed");
    let message = &mixed.notes[0].message;
    assert!(
        message.contains("day first; 2 dates cannot be read so (lines 3, 6) and are"),
        "{message}"
    );
    let even = read(&["03/04/2026", "25/04/2026", "04/25/2026"]);
    assert_eq!(even.notes.len(), 1, "{:?}", even.notes);
    assert!(
        even.notes[0].message.contains("1 date cannot be read so (line 4) and is"),
        "{:?}",
        even.notes
    );
    let unclear = read(&["yesterday", "2026-04-25", "today", "then"]);
    assert_eq!(times(&unclear)[0], "yesterday");
    assert_eq!(unclear.notes.len(), 1);
    let message = &unclear.notes[0].message;
    assert!(message.contains("line 2") && message.contains("2 more"), "{message}");
}

#[test]
fn a_file_that_is_no_table_is_not_quoted() {
    let secret = "root:x:0:0:Sehr Geheim,,,:/root:/bin/bash\nname;phone\nSehr Geheim;12345\n";
    let error = Manifest::parse(Path::new("m.csv"), secret.as_bytes()).unwrap_err().to_string();
    assert!(!error.contains("Geheim") && !error.contains("root"), "{error}");
}

#[test]
fn a_quote_left_open_in_a_short_table_is_an_error() {
    let text = "path,title\na.wav,One\nb.wav,\"Two\nc.wav,Three\nd.wav,Four\n";
    let manifest = Manifest::parse(Path::new("m"), text.as_bytes()).unwrap();
    assert_eq!(manifest.rows.len(), 1);
    assert_eq!(manifest.errors[0].line, 3);
    assert!(manifest.errors[0].message.contains("never closed"), "{:?}", manifest.errors);
}

#[test]
fn a_row_of_groups_and_lines_of_prose_are_no_header() {
    for text in [
        "Audio;;Codes;\nFile;Title;ISRC;UPC\na.wav;One;USRC17607839;036000291452\n",
        "File: delivery of May;;;\nName of sender;Ann;;\nFile;Title;ISRC;UPC\na.wav;One;USRC17607839;036000291452\n",
    ] {
        let manifest = Manifest::parse(Path::new("m"), text.as_bytes()).unwrap();
        let d = declared(&manifest, 0);
        assert_eq!(
            (d.title.as_deref(), d.isrc.as_deref()),
            (Some("One"), Some("USRC17607839")),
            "{text}"
        );
        assert_eq!(manifest.rows.len(), 1);
    }
}
