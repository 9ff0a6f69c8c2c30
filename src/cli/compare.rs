//! `soundalike compare`: two files, no index.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use sha2::{Digest, Sha256};
use soundalike::fingerprint::file::{Analysis, analyse};
use soundalike::indexer::hex;
use soundalike::params::FingerprintParams;
use soundalike::report::Report;
use soundalike::report::records::{
    Begin, ErrorRecord, MatchRecord, QueryInfo, Record, ReferenceInfo, Scanned, Summary,
};
use soundalike::scan::compare::compare;
use soundalike::scan::matcher::{MatchParams, Reference};

use super::common::{Exit, Failure, Format, WorkArgs};
use super::review::exit;
use super::scan::finish;

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The file in question
    query: PathBuf,
    /// The file it may resemble
    reference: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 0 even if they match
    #[arg(long)]
    exit_zero: bool,
    #[command(flatten)]
    work: WorkArgs,
}

/// Runs the comparison.
pub(super) fn run(args: CompareArgs) -> Result<Exit, Failure> {
    let started = Instant::now();
    let params = FingerprintParams::V2;
    args.work.start_threads()?;
    let decode = args.work.decode_options();
    let (query, reference) = rayon::join(
        || analyse(&args.query, &params, params.query_density, &decode),
        || analyse(&args.reference, &params, 1.0, &decode),
    );
    let mut report = args.format.report()?;
    report.record(&Record::Begin(begin(&args)))?;
    let mut summary = Summary { inputs: 2, ..Summary::default() };
    let mut usable = Vec::new();
    for (path, analysis) in [(&args.query, query), (&args.reference, reference)] {
        match analysis {
            Ok(analysis) => usable.push(analysis),
            Err(error) => {
                summary.errors += 1;
                report.record(&Record::Error(ErrorRecord::audio(path, &error)))?;
            }
        }
    }
    if let [query, reference] = usable.as_slice() {
        let matched =
            pair((&args.query, query), (&args.reference, reference), &params, &mut *report)?;
        summary.scanned = 2;
        summary.matched = usize::from(matched);
        summary.matches = usize::from(matched);
        summary.audio_seconds =
            (query.info.duration_ms + reference.info.duration_ms) as f64 / 1000.0;
    }
    let exit = exit(&summary, summary.matches > 0 && !args.exit_zero);
    summary.exit_code = exit as u8;
    finish(&mut summary, started);
    if args.format != Format::Text {
        report.record(&Record::Summary(summary))?;
    }
    Ok(exit)
}

/// Compares and reports; whether they match.
fn pair(
    (query_path, query): (&Path, &Analysis),
    (reference_path, reference): (&Path, &Analysis),
    params: &FingerprintParams,
    report: &mut dyn Report,
) -> Result<bool, Failure> {
    let prepared = Reference::new(reference.constellation.clone(), params);
    let seconds = reference.info.duration_ms as f64 / 1000.0;
    let found = compare(&query.constellation, &prepared, seconds, params, &MatchParams::default());
    let info = QueryInfo::new(query_path, query);
    let accepted = found.as_ref().is_some_and(|f| f.accepted());
    if let Some(found) = found.filter(|_| accepted) {
        let reference_info = ReferenceInfo::of_file(reference_path, reference);
        let same_bytes = query.sha256 == reference.sha256;
        let record = MatchRecord::new(info.clone(), reference_info, &found, same_bytes, params);
        report.record(&Record::Match(Box::new(record)))?;
    }
    let empty = query.constellation.points.is_empty() || reference.constellation.points.is_empty();
    let result = match accepted {
        true => "matched",
        false if empty => "no_features",
        false => "no_match",
    };
    report.record(&Record::Scanned(Scanned {
        query: info,
        result: result.into(),
        matches: usize::from(accepted),
        tracklist: Vec::new(),
        signal: Some(query.signal.clone()),
    }))?;
    Ok(accepted)
}

fn begin(args: &CompareArgs) -> Begin {
    let version = env!("CARGO_PKG_VERSION");
    let mut hash = Sha256::new_with_prefix(version);
    for path in [&args.query, &args.reference] {
        hash.update(b"\n");
        hash.update(path.as_os_str().as_encoded_bytes());
    }
    Begin::new(format!("s_{}", hex(&hash.finalize()[..8])), None)
}
