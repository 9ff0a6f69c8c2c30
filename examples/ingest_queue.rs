//! A trust team's queue: look at what came in, and write records with a verdict on every upload.
//!
//! `cargo run --release --example ingest_queue -- REFERENCES UPLOADS...`
//!
//! UPLOADS are files, folders, manifests or DDEX deliveries, as for `soundalike scan`. Records go to standard
//! output, one JSON object a line; they make a page with `soundalike report`.

use std::path::PathBuf;
use std::process::ExitCode;

use soundalike::{
    Cancel, Engine, Error, Index, JsonLines, Judge, Level, Options, Silent, Timestamp, Uploads,
};

fn main() -> ExitCode {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(references), uploads) = (paths.next(), paths.collect::<Vec<_>>()) else {
        eprintln!("usage: ingest_queue REFERENCES UPLOADS...");
        return ExitCode::from(2);
    };
    match look(references, &uploads) {
        Ok(false) => ExitCode::SUCCESS,
        Ok(true) => ExitCode::from(1),
        Err(error) => {
            eprintln!("ingest_queue: {error}");
            ExitCode::from(4)
        }
    }
}

/// Whether an upload should not be delivered until somebody has decided.
fn look(references: PathBuf, uploads: &[PathBuf]) -> Result<bool, Error> {
    let (progress, cancel) = (Silent, Cancel::new());
    let (index, added) = Index::of_files([references], &progress, &cancel)?;
    for error in &added.errors {
        eprintln!("reference not used: {error}");
    }
    let engine = Engine::new(Options::default())
        .with_references(index)
        .with_judge(Judge::by_policies("spotify,cdbaby")?);
    let uploads = Uploads::of_paths(uploads);
    let begin = engine.begin(&uploads, Timestamp::now());
    let mut report = JsonLines(std::io::stdout().lock());
    let outcomes = engine.run(uploads, &begin, &mut report, &progress, &cancel)?;
    Ok(outcomes.verdicts.iter().any(|v| v.verdict >= Level::Hold))
}
