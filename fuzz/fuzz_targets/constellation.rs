//! Stored peaks: refused, or read, written back byte for byte, coded and compared; packed ones read and packed again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soundalike::fingerprint::{Constellation, descriptor};
use soundalike::params::FingerprintParams;
use soundalike::scan::comparison::Comparison;
use soundalike::scan::params::ScanParams;
use soundalike::scan::reference::Reference;

/// Longer tracks only take longer, 4 ms units: ten minutes.
const LONGEST: u32 = 150_000;

fuzz_target!(|data: &[u8]| {
    if let Ok(points) = Constellation::from_packed(data, None) {
        assert_eq!(Constellation::from_packed(&points.packed_points(), None), Ok(points));
    }
    let Ok(points) = Constellation::from_bytes(data) else { return };
    assert_eq!(points.to_bytes(), data);
    if points.duration > LONGEST {
        return;
    }
    let params = FingerprintParams::V2;
    let windows = descriptor::windows(&points, params.reference_hop, &params);
    assert!(windows.iter().all(|w| w.time <= points.duration));
    let reference = &Reference::new(points.clone(), &params);
    let (scan, fingerprint) = (&ScanParams::V1, &params);
    let found = Comparison { query: &points, reference, scan, fingerprint }.compare(3600.0);
    assert!(found.is_none_or(|f| f.score.is_finite() && !f.segments.is_empty()));
});
