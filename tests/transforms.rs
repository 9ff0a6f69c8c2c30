//! Copies at another pitch, tempo and speed are found, and the change is told.
//!
//! Real music, with its peaks moved as such a change moves them.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

mod peaks;

use peaks::{PARAMS, changed, peaks};
use soundalike::fingerprint::Constellation;
use soundalike::scan::comparison::Comparison;
use soundalike::scan::evidence::MatchEvidence;
use soundalike::scan::params::ScanParams;
use soundalike::scan::reference::Reference;

fn found(query: &Constellation, reference: &str) -> Option<MatchEvidence> {
    let reference = &Reference::new(peaks(reference, 1.0), &PARAMS);
    Comparison { query, reference, scan: &ScanParams::V1, fingerprint: &PARAMS }.compare(3600.0)
}

#[test]
fn pitch_tempo_and_speed_are_found_and_measured() {
    let original = peaks("references/main-theme.ogg", PARAMS.query_density).slice(1_000, 4_000);
    for (speed, cents) in [
        (1.0, 400.0),
        (1.0, -400.0),
        (1.2, 0.0),
        (0.8, 0.0),
        (1.25, 386.3),
        (0.8, -386.3),
        (1.03, -150.0),
    ] {
        let query = changed(&original, speed, cents);
        let found = found(&query, "references/main-theme.ogg").unwrap();
        let transform = found.best().transform;
        assert!(found.accepted(), "{speed} {cents}: {}", found.log10_evalue);
        assert!((transform.time_factor / speed - 1.0).abs() < 0.005, "{speed}: {transform:?}");
        assert!((transform.pitch_cents(&PARAMS) - cents).abs() < 10.0, "{cents}: {transform:?}");
        let (begin, _) = found.best().reference_ms;
        assert!(begin.abs_diff(4_000) < 1_000, "{begin}");
    }
}

#[test]
fn other_music_is_not_found_at_any_pitch_or_tempo() {
    let query = peaks("references/main-theme.ogg", PARAMS.query_density);
    for other in ["references/geoscape.ogg", "references/zalek.ogg"] {
        assert!(!found(&query, other).is_some_and(|f| f.accepted()), "{other}");
    }
}
