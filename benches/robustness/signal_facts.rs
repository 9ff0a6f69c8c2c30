//! Prints what the signal of audio files is made of, as JSON lines in the order given:
//! `signal_facts FILE...`, or `signal_facts -` for a list of paths on standard input.

use std::io::{BufRead, Write};
use std::path::Path;

use rayon::prelude::*;
use soundalike::audio::DecodeOptions;
use soundalike::fingerprint::file::analyse_signal;
use soundalike::params::FingerprintParams;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    if files == ["-"] {
        files = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
    }
    let lines: Vec<Result<String, String>> = files
        .par_iter()
        .map(|file| {
            let options = DecodeOptions::default();
            let analysed = analyse_signal(Path::new(file), &FingerprintParams::V2, 1.0, &options);
            let (_, _, signal) = analysed.map_err(|error| error.to_string())?;
            Ok(serde_json::json!({ "path": file, "signal": signal }).to_string())
        })
        .collect();
    let mut out = std::io::stdout().lock();
    for line in lines {
        match line {
            Ok(line) => writeln!(out, "{line}")?,
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}
