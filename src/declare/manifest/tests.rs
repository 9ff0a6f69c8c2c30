use proptest::prelude::*;

use super::*;
use crate::declare::declared::AiLevel;

/// What its row number `at` declares.
pub(super) fn declared(manifest: &Manifest, at: usize) -> Declared {
    manifest.described(&manifest.rows[at]).declared
}

fn parse(text: &str) -> Manifest {
    Manifest::parse(Path::new("m.csv"), text.as_bytes()).unwrap()
}

#[test]
fn separators_headers_and_encodings_are_told_by_themselves() {
    let expected = declared(&parse("path,title,isrc\na.wav,One,USABC2600001\n"), 0);
    assert_eq!(expected.title.as_deref(), Some("One"));
    for text in [
        "\u{feff}path;title;isrc\r\na.wav;One;USABC2600001\r\n",
        "Path\tTitle\tISRC\tshoe size\na.wav\tOne\tUSABC2600001\t43\n",
        "path|title|isrc\na.wav|One|USABC2600001",
        "{\"path\":\"a.wav\",\"title\":\"One\",\"isrc\":\"USABC2600001\"}\n",
    ] {
        assert_eq!(declared(&parse(text), 0), expected, "{text}");
    }
    let utf16: Vec<u8> = [0xFEFFu16]
        .into_iter()
        .chain("path\ttitle\na.wav\tÄrger\n".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let manifest = Manifest::parse(Path::new("m"), &utf16).unwrap();
    assert_eq!(declared(&manifest, 0).title.as_deref(), Some("Ärger"));
}

#[test]
fn lines_before_the_header_are_passed_over_and_counted() {
    let manifest = parse("sep=;\nBulk upload template v3;;\n\nfilename;title\na.wav;One\n;Two\n");
    assert_eq!((&*manifest.rows[0].file, manifest.rows[0].line), ("a.wav", 5));
    assert_eq!(manifest.errors, [RowError { line: 6, message: "no file is named".into() }]);
}

#[test]
fn a_row_with_a_stray_separator_is_an_error_and_the_rest_goes_on() {
    let manifest = parse("path,title,isrc\na.wav,One, two,USABC2600001\nb.wav,Three\n");
    assert_eq!(manifest.errors[0].line, 2);
    assert!(manifest.errors[0].message.contains("4 cells"), "{:?}", manifest.errors);
    assert_eq!(manifest.rows.len(), 1);
    assert_eq!(manifest.rows[0].line, 3);
}

#[test]
fn quoted_cells_may_span_lines() {
    let manifest = parse("path,title\n\"a.wav\",\"One\nmore\"\nb.wav,Two\n");
    assert_eq!(declared(&manifest, 0).title.as_deref(), Some("One more"));
    assert_eq!(manifest.rows[1].line, 4);
}

#[test]
fn json_lines_nest_and_list() {
    let manifest = parse(concat!(
        "{\"file\":\"a.wav\",\"track\":{\"title\":\"One\",\"isrc\":null},\"artists\":[\"A\",{\"name\":\"B\"}],",
        "\"duration_ms\":53000,\"contains_ai\":true,\"album\":{\"title\":\"LP\",\"upc\":\"036000291452\",\"label\":{\"name\":\"L\"},",
        "\"studio\":{\"name\":\"S\"}}}\n",
        "not json\n\n{\"title\":\"no file\"}\n",
    ));
    let declared = declared(&manifest, 0);
    assert_eq!(declared.title.as_deref(), Some("One"));
    assert_eq!(declared.artists, ["A", "B"]);
    assert_eq!(declared.duration_ms, Some(53_000));
    assert_eq!(declared.ai.level, AiLevel::Partly);
    assert_eq!(declared.album.as_deref(), Some("LP"));
    assert_eq!(declared.label.as_deref(), Some("L"));
    assert_eq!(declared.upc.as_deref(), Some("036000291452"));
    let lines: Vec<u64> = manifest.errors.iter().map(|e| e.line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn what_is_no_manifest_is_refused_in_words() {
    let refused =
        |text: &str| Manifest::parse(Path::new("m.csv"), text.as_bytes()).unwrap_err().to_string();
    assert!(refused("title,artist\nOne,A\n").contains("title, artist"));
    assert!(refused("").contains("empty"));
    assert!(refused("[{\"path\":\"a\"}]").contains("array"));
}

#[test]
fn a_quote_that_is_never_closed_does_not_swallow_the_file_in_silence() {
    let mut text = "path,title\na.wav,\"One\n".to_owned();
    for i in 0..6_000 {
        text.push_str(&format!("file-{i}.wav,Title {i}\n"));
    }
    let manifest = parse(&text);
    assert!(manifest.errors[0].message.contains("quotation mark"), "{:?}", manifest.errors);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut with_header = b"path,title,ai,duration\n".to_vec();
        with_header.extend(&bytes);
        for bytes in [&bytes, &with_header] {
            if let Ok(manifest) = Manifest::parse(Path::new("m"), bytes) {
                for row in &manifest.rows {
                    prop_assert!(!row.file.is_empty() && !row.file.contains(char::is_control));
                }
            }
        }
    }
}
