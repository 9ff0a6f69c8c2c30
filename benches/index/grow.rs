//! What it takes to add tracks to an index: opening it for writing, commits of 128 tracks as `index add` makes
//! them, and the compaction at the end; fingerprints come from the tracks of another index, decoding aside.
//!
//! `cargo run --release -p soundalike-bench --bin index_grow -- INDEX FROM TRACKS`
//!
//! INDEX is changed. The tracks of FROM are added under other content hashes.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use soundalike::fingerprint::stored::{constellation, params_id, payloads, windows};
use soundalike::params::FingerprintParams;
use soundalike_index::{CompactPolicy, Reader, TrackRecord, Writer};

const PARAMS: FingerprintParams = FingerprintParams::V2;
/// Tracks per commit.
const CHUNK: usize = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, index, from, tracks] = args.as_slice() else {
        return Err("usage: index_grow INDEX FROM TRACKS".into());
    };
    let reader = Reader::open(Path::new(from))?;
    let chosen: Vec<_> = reader.tracks().take(tracks.parse()?).collect();
    let made: Vec<TrackRecord> = chosen
        .into_par_iter()
        .filter_map(|(number, meta)| {
            let points = constellation(&reader, number).ok()??;
            let mut meta = meta.clone();
            meta.sha256[..8].iter_mut().for_each(|byte| *byte ^= 0xa5);
            meta.ref_id = format!("grown-{}", meta.ref_id);
            Some(TrackRecord {
                meta,
                payloads: payloads(&points),
                windows: windows(&points, &PARAMS),
            })
        })
        .collect();
    let mut out = std::io::stdout().lock();
    let start = Instant::now();
    let mut writer = Writer::open_or_create(Path::new(index), params_id(&PARAMS))?;
    let opened = start.elapsed();
    for chunk in made.chunks(CHUNK) {
        writer.commit(chunk.to_vec())?;
    }
    let committed = start.elapsed();
    writer.compact(CompactPolicy::Tiered)?;
    writeln!(
        out,
        "{} tracks added: open {:.2} s, commits {:.1} s, compaction {:.1} s, in all {:.1} s",
        made.len(),
        opened.as_secs_f64(),
        (committed - opened).as_secs_f64(),
        (start.elapsed() - committed).as_secs_f64(),
        start.elapsed().as_secs_f64(),
    )?;
    Ok(())
}
