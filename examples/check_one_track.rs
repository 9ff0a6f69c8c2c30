//! A maker's check of one track before it is submitted: does it resemble anything by accident?
//!
//! `cargo run --release --example check_one_track -- TRACK REFERENCES...`

// What it prints is what it is for.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;
use std::process::ExitCode;

use soundalike::{Cancel, Checked, Engine, Error, Index, Item, Judge, Options, Silent};

fn main() -> ExitCode {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(track), references) = (paths.next(), paths.collect::<Vec<_>>()) else {
        eprintln!("usage: check_one_track TRACK REFERENCES...");
        return ExitCode::from(2);
    };
    match check(track, &references) {
        Ok(checked) => tell(&checked),
        Err(error) => {
            eprintln!("check_one_track: {error}");
            return ExitCode::from(3);
        }
    }
    ExitCode::SUCCESS
}

fn check(track: PathBuf, references: &[PathBuf]) -> Result<Checked, Error> {
    let (index, _) = Index::of_files(references, &Silent, &Cancel::new())?;
    let engine = Engine::new(Options::default())
        .with_references(index)
        .with_judge(Judge::by_policies("distrokid")?);
    engine.check(&Item::bare(track))
}

fn tell(checked: &Checked) {
    if checked.scan.is_featureless {
        println!("Silence, a steady tone, or too short: nothing can be said.");
    }
    for found in &checked.scan.matches {
        let name = found.reference.title.as_deref().unwrap_or(&found.reference.path);
        println!("{name}: {:.0} % of your track", found.measures.query_match_pct);
        for segment in &found.segments {
            let seconds = |ms: u64| ms as f64 / 1000.0;
            let ((a, b), (c, d)) = (segment.query_ms, segment.reference_ms);
            println!(
                "  listen: yours {:.1}-{:.1} s, theirs {:.1}-{:.1} s",
                seconds(a),
                seconds(b),
                seconds(c),
                seconds(d)
            );
        }
    }
    println!("{}", checked.verdict.explanation.join("\n"));
}
