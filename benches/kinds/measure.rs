//! Measures of likeness of pairs of files, to choose by which one a match is called the same recording.
//!
//! usage: kind_measures TRUTH.tsv > measures.tsv
//!
//! TRUTH.tsv is that of `make_kinds.py`. Every pair is compared both ways; `fit.py` reads the result.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use soundalike::audio::DecodeOptions;
use soundalike::fingerprint::file::fingerprint;
use soundalike::params::FingerprintParams;
use soundalike::scan::comparison::Comparison;
use soundalike::scan::evidence::MatchEvidence;
use soundalike::scan::params::ScanParams;
use soundalike::scan::reference::Reference;

const PARAMS: FingerprintParams = FingerprintParams::V2;

/// Columns after those of the truth.
const NAMES: &str = "turned\tlog10e\tquery_coverage\treference_coverage\tsegments\ttime_factor\tpitch_cents\t\
    coincidences\tshare\tstrong_lead\texact_time\tstrong_exact\texact_pitch\tlooseness\tnote_looseness\t\
    correlation\tleast_correlation\tchange_correlation\tdeviation\tloud\texcess\tlack\tgain\tcalm\tkurtosis\tacross\t\
    persistence";

fn main() {
    let truth = PathBuf::from(std::env::args().nth(1).unwrap());
    let dir = truth.parent().unwrap();
    let text = std::fs::read_to_string(&truth).unwrap();
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    let at = |name: &str| head.split('\t').position(|h| h == name).unwrap();
    let (query, reference) = (at("query_file"), at("reference_file"));
    println!("{head}\t{NAMES}");
    let rows: Vec<&str> = lines.collect();
    let done: Vec<String> = rows
        .par_iter()
        .map(|row| {
            let file = |column: usize| dir.join(row.split('\t').nth(column).unwrap());
            let (a, b) = (file(query), file(reference));
            let line = |turned, found| format!("{row}\t{turned}\t{}\n", values(found));
            line(0, pair(&a, &b)) + &line(1, pair(&b, &a))
        })
        .collect();
    print!("{}", done.concat());
}

fn pair(query: &Path, reference: &Path) -> Option<MatchEvidence> {
    let peaks =
        |path, density| fingerprint(path, &PARAMS, density, &DecodeOptions::default(), &mut |_| ());
    let (_, query) = peaks(query, PARAMS.query_density).ok()?;
    let (_, points) = peaks(reference, 1.0).ok()?;
    let seconds = points.duration_ms() as f64 / 1000.0;
    let (query, reference) = (&query, &Reference::new(points, &PARAMS));
    let pair = Comparison { query, reference, scan: &ScanParams::V1, fingerprint: &PARAMS };
    let found = pair.compare(seconds)?;
    found.accepted().then_some(found)
}

/// Nothing for what was not accepted, or too short to measure.
fn values(found: Option<MatchEvidence>) -> String {
    let Some(found) = found else { return "\t".repeat(NAMES.split('\t').count() - 2) };
    let (peaks, transform) = (found.likeness.peaks, found.best().transform);
    let Some(levels) = found.likeness.levels else { return values(None) };
    let all = [
        found.log10_evalue,
        found.query_coverage,
        found.reference_coverage,
        found.segments.len() as f64,
        transform.time_factor,
        transform.pitch_cents(&PARAMS),
        peaks.coincidences as f64,
        peaks.share,
        peaks.strong_lead,
        peaks.exact_time,
        peaks.strong_exact,
        peaks.exact_pitch,
        peaks.looseness,
        peaks.note_looseness,
        levels.correlation,
        levels.least_correlation,
        levels.change_correlation,
        levels.deviation,
        levels.loud,
        levels.excess,
        levels.lack,
        levels.gain,
        levels.calm,
        levels.kurtosis,
        levels.across,
        levels.persistence,
    ];
    all.map(|value| format!("{value:.4}")).join("\t")
}
