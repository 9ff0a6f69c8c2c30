//! Excerpts in the middle of long tracks are found at the depth that a queue is scanned at.
//!
//! Real music, with its peaks put together as a splice puts it together.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

mod peaks;

use std::sync::Arc;

use peaks::{PARAMS, changed, peaks};
use soundalike::fingerprint::stored::{params_id, payloads, windows};
use soundalike::fingerprint::{Constellation, Point};
use soundalike::scan::search::{Depth, Scanner, TrackMatch};
use soundalike_index::{Reader, SearchMode, TrackMeta, TrackRecord, Writer};
use tempfile::TempDir;

/// An index of `names`, each in a commit of its own.
fn index(names: &[&str]) -> (TempDir, Arc<Reader>) {
    let dir = tempfile::tempdir().unwrap();
    for name in names {
        let track = peaks(name, 1.0);
        let meta = TrackMeta {
            ref_id: (*name).into(),
            path: (*name).into(),
            duration_ms: track.duration_ms(),
            sha256: std::array::from_fn(|i| name.as_bytes()[i % name.len()]),
            ..TrackMeta::default()
        };
        let record =
            TrackRecord { meta, payloads: payloads(&track), windows: windows(&track, &PARAMS) };
        Writer::open_or_create(dir.path(), params_id(&PARAMS))
            .unwrap()
            .commit(vec![record])
            .unwrap();
    }
    let reader = Arc::new(Reader::open(dir.path()).unwrap());
    (dir, reader)
}

/// One after the other.
fn joined(parts: &[Constellation]) -> Constellation {
    let mut whole = Constellation { points: Vec::new(), duration: 0, ..Constellation::default() };
    for part in parts {
        let moved = part.points.iter().map(|p| Point { time: p.time + whole.duration, ..*p });
        whole.points.extend(moved);
        whole.duration += part.duration;
    }
    whole
}

fn host() -> [Constellation; 2] {
    [
        peaks("references/geoscape.ogg", PARAMS.query_density),
        peaks("references/zalek.ogg", PARAMS.query_density),
    ]
}

fn scan(reader: &Arc<Reader>, query: &Constellation, depth: Depth) -> Vec<TrackMatch> {
    let found = Scanner::new(reader.clone(), PARAMS, SearchMode::Auto).scan(query, depth);
    found.into_iter().filter(|m| m.found.accepted()).collect()
}

#[test]
fn some_seconds_in_the_middle_are_found_where_they_are() {
    let (_dir, reader) = index(&["references/main-theme.ogg", "references/typing-to-jazz.ogg"]);
    let theme = peaks("references/main-theme.ogg", PARAMS.query_density);
    let [before, after] = host();
    for (speed, seconds) in [(1.0, 7), (1.07, 14), (0.9, 14)] {
        let excerpt = changed(&theme.slice(1_500, 1_500 + 250 * seconds), speed, 0.0);
        let query = joined(&[before.clone(), excerpt.clone(), after.clone()]);
        for depth in [Depth::Standard, Depth::Thorough] {
            let found = scan(&reader, &query, depth);
            assert_eq!(found.len(), 1, "{speed} {depth:?}");
            assert_eq!(reader.meta(found[0].track).unwrap().ref_id, "references/main-theme.ogg");
            let best = found[0].found.best();
            let (begin, end) = (before.duration_ms(), before.duration_ms() + excerpt.duration_ms());
            assert!(best.query_ms.0.abs_diff(begin) < 1_500, "{speed} {depth:?}: {best:?}");
            assert!(best.query_ms.1.abs_diff(end) < 1_500, "{speed} {depth:?}: {best:?}");
            assert!(best.reference_ms.0.abs_diff(6_000) < 1_500, "{speed} {depth:?}: {best:?}");
            assert!((best.transform.time_factor / speed - 1.0).abs() < 0.005, "{speed}: {best:?}");
        }
    }
}

#[test]
fn every_reference_that_holds_it_is_named() {
    let names = ["references/main-theme.ogg", "incoming/night-drive.mp3", "references/zalek.ogg"];
    let (_dir, reader) = index(&names);
    let [before, _] = host();
    let theme = peaks("references/main-theme.ogg", PARAMS.query_density);
    let found = scan(&reader, &joined(&[before, theme]), Depth::Standard);
    let mut named: Vec<&str> =
        found.iter().map(|m| reader.meta(m.track).unwrap().ref_id.as_str()).collect();
    named.sort_unstable();
    assert_eq!(named, ["incoming/night-drive.mp3", "references/main-theme.ogg"]);
}

#[test]
fn other_music_is_not_accused() {
    let (_dir, reader) = index(&["references/main-theme.ogg", "references/typing-to-jazz.ogg"]);
    for depth in [Depth::Standard, Depth::Thorough] {
        assert_eq!(scan(&reader, &joined(&host()), depth), []);
    }
}
