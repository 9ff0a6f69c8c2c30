//! The page of `soundalike report` in a real browser: what is painted, and what is not let in.
//!
//! Runs where a Chromium is installed; elsewhere it says so and passes, unless
//! `SOUNDALIKE_REQUIRE_BROWSER=1` asks for one. Nothing here depends on how fast it is.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use soundalike::audio::DecodeOptions;
use soundalike::fingerprint::file::analyse;
use soundalike::params::FingerprintParams;
use soundalike::report::evidence::EvidenceRecord;
use soundalike::report::records::Record;
use soundalike::scan::comparison::Comparison;
use soundalike::scan::params::ScanParams;
use soundalike::scan::reference::Reference;

use crate::chromium::installed;
use crate::place::Place;

const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
    "--virtual-time-budget=2000",
];
/// Colour of a banner that calls for a look, and of the first segment (see `style.css`).
const REVIEW: [u8; 3] = [0x86, 0x52, 0x00];
const SEGMENT: [u8; 3] = [0x0b, 0x5f, 0xa5];

/// Opens `page` with further options; what came on standard output.
fn open(browser: &Path, place: &Place, page: &str, options: &[String]) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(options)
        .arg(format!("file://{}", place.path(page).display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("Content Security Policy"), "{stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Pixels of the page as it is painted.
struct Shot {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

fn shoot(browser: &Path, place: &Place, page: &str, (width, height): (u32, u32)) -> Shot {
    let file = place.path("shot.png");
    let options =
        [format!("--screenshot={}", file.display()), format!("--window-size={width},{height}")];
    open(browser, place, page, &options);
    let decoder = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(file).unwrap()));
    let mut reader = decoder.read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    let step = info.color_type.samples();
    assert!(step >= 3, "a picture in colour");
    let pixels = bytes[..info.buffer_size()].chunks(step).map(|p| [p[0], p[1], p[2]]).collect();
    Shot { width: info.width as usize, pixels }
}

impl Shot {
    /// Longest run of one colour downwards.
    fn longest_run(&self, colour: [u8; 3]) -> usize {
        let column = |x: usize| {
            let (mut best, mut run) = (0, 0);
            for p in self.pixels.iter().skip(x).step_by(self.width) {
                run = if *p == colour { run + 1 } else { 0 };
                best = best.max(run);
            }
            best
        };
        (0..self.width).map(column).max().unwrap()
    }

    /// How often each neutral grey between ink and paper occurs.
    fn greys(&self) -> BTreeMap<u8, usize> {
        let mut seen = BTreeMap::new();
        for &[r, g, b] in &self.pixels {
            if r.abs_diff(g) <= 2 && r.abs_diff(b) <= 4 && (50..240).contains(&r) {
                *seen.entry(r / 4).or_insert(0) += 1;
            }
        }
        seen
    }

    fn count(&self, colour: [u8; 3]) -> usize {
        self.pixels.iter().filter(|p| **p == colour).count()
    }

    fn differ(&self, other: &Shot) -> usize {
        self.pixels.iter().zip(&other.pixels).filter(|(a, b)| a != b).count()
    }
}

/// Elements and attributes of a page as the browser holds it, without their text.
fn tags(dom: &str) -> Vec<(String, Vec<String>)> {
    let mut tags = Vec::new();
    let mut rest = dom;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '_');
        let name: String = rest.chars().take_while(|c| is_name(*c)).collect();
        rest = &rest[name.len()..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start();
            match rest.chars().next() {
                None | Some('>') => break,
                Some('/' | '!') if attributes.is_empty() && name.is_empty() => {
                    rest = &rest[rest.find('>').unwrap_or(rest.len())..];
                    break;
                }
                _ => {}
            }
            let end = rest.find(['=', ' ', '>', '\n']).unwrap_or(rest.len()).max(1);
            attributes.push(rest[..end].to_owned());
            rest = &rest[end..];
            if let Some(value) = rest.strip_prefix("=\"") {
                rest = &value[value.find('"').map_or(value.len(), |end| end + 1)..];
            }
        }
        if name == "script" || name == "style" {
            let end = format!("</{name}>");
            rest = &rest[rest.find(&end).unwrap_or(rest.len())..];
        }
        if !name.is_empty() {
            tags.push((name, attributes));
        }
    }
    tags
}

/// Adds the evidence that the scan has not written itself.
fn with_evidence(place: &Place, records: &str) -> String {
    let (params, scan) = (FingerprintParams::V2, &ScanParams::V1);
    let read = |path: &Value, density| {
        let path = place.path(path.as_str().unwrap());
        analyse(&path, &params, density, &DecodeOptions::default(), &mut |_| ()).unwrap()
    };
    let mut out = records.to_owned();
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let id = record["match_id"].as_str().unwrap_or_default().to_owned();
        let has = format!("{{\"type\":\"evidence\",\"match_id\":\"{id}\"");
        if record["type"] != "match" || records.contains(&has) {
            continue;
        }
        let query = read(&record["query"]["path"], params.query_density).constellation;
        let reference = read(&record["reference"]["path"], 1.0).constellation;
        let prepared = &Reference::new(reference.clone(), &params);
        let pair = Comparison { query: &query, reference: prepared, scan, fingerprint: &params };
        let found = pair.compare(100.0).unwrap();
        let evidence = EvidenceRecord::new(&id, &query, &reference, &found, &params, &scan.verify);
        out += &serde_json::to_string(&Record::Evidence(Box::new(evidence))).unwrap();
        out.push('\n');
    }
    out
}

#[test]
fn a_real_scan_is_painted_with_spectrograms_peaks_and_joins() {
    let Some(browser) = installed() else { return };
    let place = Place::demo();
    let scan = ["scan", "incoming", "--references", "references", "--format", "jsonl"];
    let records = place.run(&scan).expect(1).stdout;
    place.write("scan.jsonl", with_evidence(&place, &records));
    place.run(&["report", "scan.jsonl", "-o", "page.html"]).expect(0);

    let dom = open(&browser, &place, "page.html", &["--dump-dom".to_owned()]);
    let tags = tags(&dom);
    let count = |name: &str| tags.iter().filter(|(n, _)| n == name).count();
    assert_eq!((count("image"), count("script"), count("img")), (6, 1, 0));
    assert_eq!(dom.matches("<details class=\"match\"").count(), 3);
    assert_eq!(dom.matches("<svg class=\"align\"").count(), 3);
    let of_class = |class: &'static str| {
        let paths = dom.split("<path ").filter(move |p| p.starts_with(&format!("class=\"{class}")));
        paths.map(|p| p.split("d=\"").nth(1).unwrap().split('"').next().unwrap().to_owned())
    };
    let joins: Vec<usize> = of_class("join ").map(|d| d.matches('L').count()).collect();
    assert!(joins.len() == 3 && joins.iter().all(|&n| n > 50), "{joins:?}");
    let met: Vec<usize> = of_class("met ").map(|d| d.matches("h0").count()).collect();
    assert!(met.iter().all(|&n| n > 300), "two dots for each coinciding pair: {met:?}");
    assert!(of_class("lone").all(|d| d.matches("h0").count() > 50));
    // What a script adds is there, and only niceties.
    assert_eq!((count("input"), page_source(&place).matches("<input").count()), (1, 0));

    // Exhibits are folded until somebody asks for them.
    let unfolded =
        page_source(&place).replace("<details class=\"match\"", "<details open class=\"match\"");
    let unfolded = unfolded.replace("<details class=\"upload\"", "<details open class=\"upload\"");
    place.write("page.html", unfolded);
    let size = (1_280, 3_200);
    let shot = shoot(&browser, &place, "page.html", size);
    assert!(shot.longest_run(REVIEW) > 80, "banner: {}", shot.longest_run(REVIEW));
    let greys = shot.greys();
    let tones = greys.values().filter(|n| **n > 300).count();
    assert!(tones >= 10, "spectrograms: {greys:?}");
    assert!(greys.values().sum::<usize>() > 60_000, "{greys:?}");
    assert!(shot.count(SEGMENT) > 1_000, "coinciding peaks: {}", shot.count(SEGMENT));

    let page = page_source(&place);
    place
        .write("bare.html", page.replace("class=\"join s", "visibility=\"hidden\" class=\"join s"));
    let bare = shoot(&browser, &place, "bare.html", size);
    assert!(shot.differ(&bare) > 2_000, "joins: {}", shot.differ(&bare));

    let narrow = shoot(&browser, &place, "page.html", (520, 3_000));
    assert!(narrow.longest_run(REVIEW) > 80, "banner when narrow");
    let pdf = place.path("page.pdf");
    open(&browser, &place, "page.html", &[format!("--print-to-pdf={}", pdf.display())]);
    let pdf = std::fs::read(pdf).unwrap();
    assert!(pdf.starts_with(b"%PDF") && pdf.len() > 60_000, "{}", pdf.len());
}

fn page_source(place: &Place) -> String {
    std::fs::read_to_string(place.path("page.html")).unwrap()
}

/// Values that would do harm in the page of a careless writer.
const BAD: &[&str] = &[
    "<script>document.title='taken'</script>",
    "\"onmouseover=\"document.title='taken'\" x=\"",
    "'><img src=x onerror=\"document.title='taken'\">",
    "</style></title><iframe src=\"javascript:alert(1)\">",
    "</bdi></svg><base href=//evil.example>",
    "\u{202e}gpj.exe\u{2066}",
    "]]><!--",
];

/// Records in which every text is hostile.
fn hostile_records() -> String {
    let bad = |i: usize| BAD[i % BAD.len()];
    let mut out = String::new();
    let mut put = |record: Value| out += &format!("{record}\n");
    put(json!({"type": "begin", "schema": bad(0), "scan_id": bad(0), "tool_version": bad(1),
        "index": {"id": bad(2), "tracks": 1, "params_hash": bad(3)},
        "policy": [{"id": bad(0), "title": bad(1), "version": bad(2), "verified_on": bad(3), "stale": true}],
        "decisions": {"entries": 1, "head": bad(2)}}));
    for (i, text) in BAD.iter().enumerate() {
        let path = format!("in/{i}{text}");
        put(
            json!({"type": "match", "match_id": format!("m{i}{text}"), "match_kind": "excerpt", "accepted": true,
            "score": 1e300, "log10_evalue": -1e300, "query_match_pct": -5, "asset_match_pct": 1e9,
            "peaks_per_second": 1, "modified": true, "time_factor": 1e200, "frequency_factor": 1,
            "pitch_cents": -1e200, "allowed_by": text,
            "query": {"path": path, "sha256": text, "duration_ms": u64::MAX, "codec": text, "title": text,
                "artists": [{"name": text}], "album": text, "label": text,
                "external_ids": {"isrc": text, "upc": text}, "truncated": true, "damaged_packets": 1},
            "reference": {"ref_id": text, "path": text, "title": text, "artists": [{"name": text}],
                "album": text, "external_ids": {"isrc": text, "upc": text}, "label": text,
                "catalog": text, "owner": text, "duration_ms": 0},
            "segments": [{"sample_begin_time_offset_ms": u64::MAX, "sample_end_time_offset_ms": 3,
                "db_begin_time_offset_ms": 5, "db_end_time_offset_ms": u64::MAX, "matched_peaks": 1,
                "query_peaks": 0, "peaks_per_second": 1e300, "time_factor": -1, "pitch_cents": 0}]}),
        );
        put(
            json!({"type": "evidence", "match_id": format!("m{i}{text}"), "query": {"begin_ms": 9, "end_ms": 1,
            "peaks": [[1, 2], [4_000_000_000u32, 4_000_000_000u32]], "spectrogram_png": text, "cents": 0},
            "reference": {"spectrogram_png": text}, "pairs": [[0, 0, 0], [77, 88, 4_000_000_000u32]]}),
        );
        put(
            json!({"type": "finding", "rule": "META-006", "level": "reject", "subject": path, "message": text,
            "policy_text": text, "evidence": [text], "policy": text,
            "source": if i == 0 { "javascript:document.title='taken'" } else { text }, "verified_on": text}),
        );
        put(
            json!({"type": "verdict", "subject": path, "verdict": "reject", "reasons": ["META-006"],
            "explanation": [text], "by_policy": {*text: "hold"}, "evidence": [text], "decisions": [text],
            "ai_disclosure": {"level": "all", "tool": text},
            "declared": {"title": text, "version": text, "artists": [text], "account": text}}),
        );
        let member = json!({"path": path, "title": text, "artists": [text], "isrc": text, "account": text,
            "received_at": if i % 2 == 0 { "2026-01-02T03:04:05Z" } else { text }, "differs": text});
        put(
            json!({"type": "cluster", "cluster_id": text, "size": 2, "score": -1e99, "level": "hold",
            "explanation": text, "members": [path, text], "member_details": [member, member],
            "edges": [{"a": 0, "b": 1, "a_pct": 1e99, "b_pct": -1}, {"a": 99, "b": 0}],
            "contributions": [{"signal": text, "points": 1e300, "text": text}],
            "context": [{"member": text, "other": text}]}),
        );
        put(json!({"type": "error", "subject": text, "code": text, "message": text}));
    }
    out
}

#[test]
fn nothing_from_a_file_becomes_part_of_the_page() {
    let Some(browser) = installed() else { return };
    let place = Place::empty();
    place.write("hostile.jsonl", hostile_records());
    place.run(&["report", "hostile.jsonl", "--title", "Safe & sound"]).expect(0);
    let dom = open(&browser, &place, "hostile.html", &["--dump-dom".to_owned()]);
    let tags = tags(&dom);
    let count = |name: &str| tags.iter().filter(|(n, _)| n == name).count();
    assert_eq!((count("script"), count("style"), count("title")), (1, 1, 1));
    for name in ["img", "image", "iframe", "base", "form", "object", "embed", "link"] {
        assert_eq!(count(name), 0, "{name}");
    }
    for (name, attributes) in &tags {
        let handler = attributes.iter().find(|a| a.to_lowercase().starts_with("on"));
        assert!(handler.is_none(), "{name} {handler:?}");
    }
    assert!(dom.contains("<title>Safe &amp; sound</title>"), "no script of theirs has run");
    assert!(!dom.contains("href=\"javascript:"));
    assert!(!dom.contains(['\u{202e}', '\u{2066}']) && dom.contains("[U+202E]gpj.exe[U+2066]"));
    let shown = BAD.len();
    assert_eq!(dom.matches("<details class=\"match\"").count(), shown);
    assert_eq!(dom.matches("<details class=\"cluster\"").count(), shown);
    // It is a page that can be looked at, all the same.
    let shot = shoot(&browser, &place, "hostile.html", (1_280, 1_500));
    assert!(shot.longest_run([0x8c, 0x17, 0x36]) > 80);
}
