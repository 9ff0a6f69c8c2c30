//! Tables that were joined, cut, added up or exported badly: read right, or told of.

use super::tests::declared;
use super::*;

fn parse(text: &str) -> Manifest {
    Manifest::parse(Path::new("m.csv"), text.as_bytes()).unwrap()
}

/// Files and titles.
fn rows(manifest: &Manifest) -> Vec<(String, String)> {
    let row = |at: usize| {
        let title = declared(manifest, at).title.unwrap_or_default();
        (manifest.rows[at].file.to_string(), title)
    };
    (0..manifest.rows.len()).map(row).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(file, title)| (file.to_string(), title.to_string())).collect()
}

fn codes(manifest: &Manifest) -> Vec<&'static str> {
    manifest.notes.iter().map(|note| note.code).collect()
}

#[test]
fn a_header_in_between_is_no_row_and_is_told() {
    for text in [
        "file,title,artist\na.wav,One,A\nfile,title,artist\nb.wav,Two,B\n",
        "file,title,artist\na.wav,One,A\n\u{feff}file,title,artist\nb.wav,Two,B\n",
        "\u{feff}\"file\",\"title\",\"artist\"\na.wav,One,A\n\u{feff}\"file\",\"title\",\"artist\"\nb.wav,Two,B\n",
        "file,title,artist\na.wav,One,A\n\nFile, Title ,ARTIST\nb.wav,Two,B\n",
    ] {
        let manifest = parse(text);
        assert_eq!(rows(&manifest), pairs(&[("a.wav", "One"), ("b.wav", "Two")]), "{text:?}");
        assert_eq!(
            (codes(&manifest), manifest.errors.len()),
            (vec!["header_again"], 0),
            "{text:?}"
        );
    }
    let message = &parse("file,title\na.wav,One\nfile,title\n").notes[0].message;
    assert!(message.starts_with("line 3 is the header once more"), "{message}");
}

#[test]
fn marks_in_the_middle_hide_no_quotation_mark() {
    let manifest = parse("file,title\na.wav,One\n\u{feff}\"b,c.wav\",Two\n");
    assert_eq!(rows(&manifest), pairs(&[("a.wav", "One"), ("b,c.wav", "Two")]));
}

#[test]
fn another_header_ends_the_table_and_says_so() {
    let text = "file,title,artist\na.wav,One,A\nartist,file,track title\nB,b.wav,Two\n";
    let manifest = parse(text);
    assert_eq!(rows(&manifest), pairs(&[("a.wav", "One")]));
    assert_eq!(manifest.errors.len(), 1);
    assert_eq!(manifest.errors[0].line, 3);
    assert!(manifest.errors[0].message.contains("is not read"), "{:?}", manifest.errors);
}

#[test]
fn totals_are_no_files() {
    for total in
        ["Total,,2", "TOTAL: 2,,", ",Summe,2", "Gesamt (2),,", "Total général,,", "Sub-total,,"]
    {
        let manifest = parse(&format!("file,title,artist\na.wav,One,A\nb.wav,Two,B\n{total}\n"));
        assert_eq!(manifest.rows.len(), 2, "{total}");
        assert_eq!((codes(&manifest), manifest.errors.len()), (vec!["total_row"], 0), "{total}");
    }
    let manifest = parse("file,title,artist\nTotal.wav,Total,Total\nsum/a.wav,Sum,A\n");
    assert_eq!(manifest.rows.len(), 2, "songs may be called so");
    assert_eq!(codes(&manifest), [""; 0]);
}

#[test]
fn rows_under_another_separator_are_read() {
    let text = "file,title,isrc\na.wav,One,USRC17607839\nb.wav;Two;USRC17607840\nc.wav\tThree\t\n";
    let manifest = parse(text);
    let expected = pairs(&[("a.wav", "One"), ("b.wav", "Two"), ("c.wav", "Three")]);
    assert_eq!(rows(&manifest), expected);
    assert_eq!(declared(&manifest, 1).isrc.as_deref(), Some("USRC17607840"));
    assert_eq!(codes(&manifest), ["separator_changes", "separator_changes"]);
    let message = &manifest.notes[1].message;
    assert!(message.starts_with("1 row, the first in line 3, separated by `;`"), "{message}");
    // A name with another sign in it is a name.
    let manifest = parse("file,title\nOne; Two.wav,Both\nArtist | Song.wav\n");
    assert_eq!(rows(&manifest), pairs(&[("One; Two.wav", "Both"), ("Artist | Song.wav", "")]));
}

#[test]
fn rows_with_fewer_or_more_cells_are_told() {
    let manifest = parse("file,title,artist\na.wav,One,A\nb.wav,Two\nc.wav\nd.wav,Fo,ur,D\n");
    assert_eq!(manifest.rows.len(), 3);
    assert_eq!(codes(&manifest), ["short_row"]);
    let message = &manifest.notes[0].message;
    assert!(
        message.starts_with("2 rows have fewer cells than the header (lines 3, 4)"),
        "{message}"
    );
    assert!(
        manifest.errors[0].message.starts_with("4 cells for 3 columns"),
        "{:?}",
        manifest.errors
    );
}

#[test]
fn a_quotation_mark_that_swallows_rows_is_told() {
    let text = "file,title,artist\na.wav,\"One,A\nb.wav,Two,B\nc.wav,Three,C\nd.wav,\"Four\",D\ne.wav,Five,E\n";
    let manifest = parse(text);
    assert_eq!(manifest.errors.len(), 1, "{:?}", manifest.errors);
    assert_eq!(manifest.errors[0].line, 2);
    assert!(manifest.errors[0].message.contains("on to line 5"), "{:?}", manifest.errors);
    assert_eq!(rows(&manifest), pairs(&[("e.wav", "Five")]));
    let manifest = parse("file,title,artist\na.wav,\"One\nand more, of it\",A\n");
    assert_eq!((manifest.rows.len(), manifest.errors.len()), (1, 0), "a value may have two lines");
}

#[test]
fn a_column_without_a_value_in_any_row_is_told() {
    let manifest = parse("file,title,isrc,upc,genre\na.wav,One,,,\nb.wav,Two,, ,\n");
    assert_eq!(codes(&manifest), ["column_empty"]);
    assert_eq!(manifest.notes[0].message, "`isrc`, `upc` are empty in all 2 rows");
    assert_eq!(codes(&parse("file,title,isrc\na.wav,One,\n")), [""; 0]);
}

#[test]
fn bytes_of_no_text_are_named_by_their_line() {
    let error =
        Manifest::parse(Path::new("m.csv"), b"file,title\na.wav,One\nb.wav\0,Two\n").unwrap_err();
    assert!(error.to_string().contains("NUL byte in line 3"), "{error}");
}

#[test]
fn times_are_those_of_the_zone_in_the_header() {
    let received = |header: &str, cell: &str| {
        let manifest = parse(&format!("file,{header}\na.wav,{cell}\n"));
        (declared(&manifest, 0).received_at.unwrap(), codes(&manifest))
    };
    let read = |time: &str| (format!("2026-07-01T{time}Z"), Vec::new());
    assert_eq!(received("Uploaded (UTC+2)", "2026-07-01 12:00"), read("10:00:00"));
    assert_eq!(received("created_at [CET]", "2026-07-01 12:00"), read("11:00:00"));
    assert_eq!(received("created_at_utc", "2026-07-01 12:00"), read("12:00:00"));
    assert_eq!(received("Uploaded at (Europe/Berlin)", "01.07.2026 12:00"), read("10:00:00"));
    assert_eq!(received("Uploaded (Europe/Berlin)", "2026-07-01T12:00:00+00:00"), read("12:00:00"));
    let (time, codes) = received("Uploaded (IST)", "2026-07-01 12:00");
    assert_eq!((&*time, codes), ("2026-07-01T12:00:00Z", vec!["zone_not_understood"]));
    let (_, codes) = received("Uploaded (IST)", "2026-07-01T12:00:00Z");
    assert_eq!(codes, [""; 0], "each time says its own");
    let manifest = parse("file,upload date,upload time (UTC-5)\na.wav,2026-07-01,12:00\n");
    assert_eq!(declared(&manifest, 0).received_at.as_deref(), Some("2026-07-01T17:00:00Z"));
}
