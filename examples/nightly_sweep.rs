//! A night's sweep: what is new in the catalogue or among the references since the last one?
//!
//! `cargo run --release --example nightly_sweep -- REFERENCES CATALOGUE STATE`
//!
//! REFERENCES and CATALOGUE are folders of audio. Their indexes and what is remembered lie in the folder STATE,
//! so that the next night only what is new is compared.

// What it prints is what it is for.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use soundalike::{Cancel, Index, Silent, Sweep, SweepError, Timestamp};

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [references, catalogue, state] = paths.as_slice() else {
        eprintln!("usage: nightly_sweep REFERENCES CATALOGUE STATE");
        return ExitCode::from(2);
    };
    match night(references, catalogue, state) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nightly_sweep: {error}");
            ExitCode::from(4)
        }
    }
}

fn night(references: &Path, catalogue: &Path, state: &Path) -> Result<(), SweepError> {
    let cancel = Cancel::new();
    let (references, _) = Index::add(state.join("references"), [references], &Silent, &cancel)?;
    let (catalogue, _) = Index::add(state.join("catalogue"), [catalogue], &Silent, &cancel)?;
    let now = Timestamp::now();
    let mut sweep = Sweep::in_folder(&state.join("sweep"), &references, &catalogue, now)?;
    sweep.run(&Silent, &cancel)?;
    for found in sweep.new_matches()? {
        let name = found.reference.title.as_deref().unwrap_or(&found.reference.path);
        println!(
            "{}: {:.0} % of it runs along {name}, score {:.0}",
            found.query.path, found.measures.query_match_pct, found.measures.score
        );
    }
    println!("{} pairs compared", sweep.pairs());
    sweep.finish(Timestamp::now())
}
