//! Makes a large index out of a small one: its references and distractors made from their peaks.
//!
//! `cargo run --release -p soundalike-bench --bin distractors -- INDEX OUT TRACKS`
//!
//! A distractor is 200 s of pieces (4 to 12 s) of random references, each reversed in time or
//! mirrored in frequency or both, transposed and stretched: real densities, onsets and chords, in
//! an order that no recording has, so that no query can rightly match them. Same arguments, same
//! index.

#[path = "../common/random.rs"]
mod random;

use std::error::Error;
use std::io::Write;
use std::path::Path;

use random::Random;
use rayon::prelude::*;
use soundalike::fingerprint::constellation::{Constellation, Point};
use soundalike::fingerprint::stored::{constellation, params_id, payloads, windows};
use soundalike::params::FingerprintParams;
use soundalike_index::{Reader, TrackMeta, TrackRecord, Writer};

const PARAMS: FingerprintParams = FingerprintParams::V2;
/// Length of a distractor in time units (200 s).
const LENGTH: u32 = 50_000;
/// Tracks per segment.
const BATCH: usize = 20_000;
/// Frequency units of the whole axis.
const AXIS: i32 = 184 * 8;

/// One distractor, from `seed`.
fn distractor(sources: &[Constellation], seed: u64) -> Constellation {
    let mut random = Random::stream(seed);
    let mut points = Vec::new();
    let mut now = 0;
    while now < LENGTH {
        let source = &sources[random.next(sources.len() as u32) as usize];
        let length = (1_000 + random.next(2_000)).min(source.duration);
        let from = random.next(source.duration - length);
        let (reversed, mirrored) =
            [(true, false), (false, true), (true, true)][random.next(3) as usize];
        let shift = random.next(193) as i32 - 96;
        let ratio = 0.75 + f64::from(random.next(1_000)) / 1_700.0;
        for p in source.between(from, from + length) {
            let time = if reversed { from + length - p.time } else { p.time - from };
            let freq = if mirrored { AXIS - 1 - i32::from(p.freq) } else { i32::from(p.freq) };
            let time = now + (f64::from(time) * ratio) as u32;
            let freq = freq + shift;
            if time <= LENGTH && (0..AXIS).contains(&freq) {
                points.push(Point { time, freq: freq as u16, rank: p.rank });
            }
        }
        now += ((f64::from(length) * ratio) as u32).max(1);
    }
    points.sort_unstable();
    Constellation { points, duration: LENGTH, ..Constellation::default() }
}

fn record(meta: TrackMeta, track: &Constellation) -> TrackRecord {
    TrackRecord { meta, payloads: payloads(track), windows: windows(track, &PARAMS) }
}

fn made(sources: &[Constellation], number: usize) -> TrackRecord {
    let track = distractor(sources, number as u64);
    let mut sha256 = [0xd1; 32];
    sha256[..8].copy_from_slice(&(number as u64).to_le_bytes());
    let meta = TrackMeta {
        ref_id: format!("distractor-{number}"),
        path: format!("distractor-{number}"),
        duration_ms: track.duration_ms(),
        sha256,
        ..TrackMeta::default()
    };
    record(meta, &track)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, index, out, tracks] = args.as_slice() else {
        return Err("usage: distractors INDEX OUT TRACKS".into());
    };
    let tracks: usize = tracks.parse()?;
    let reader = Reader::open(Path::new(index))?;
    let mut originals = Vec::new();
    let mut sources = Vec::new();
    for (track, meta) in reader.tracks() {
        let points = constellation(&reader, track)?.ok_or("a track without peaks")?;
        originals.push(record(meta.clone(), &points));
        sources.push(points);
    }
    sources.retain(|s| s.duration > 5_000);
    let mut writer = Writer::open_or_create(Path::new(out), params_id(&PARAMS))?;
    let mut log = std::io::stderr();
    let mut next = 0;
    let distractors = tracks.saturating_sub(originals.len());
    while next < distractors || !originals.is_empty() {
        let end = distractors.min(next + BATCH);
        let mut batch = std::mem::take(&mut originals);
        batch.par_extend((next..end).into_par_iter().map(|number| made(&sources, number)));
        writer.commit(batch)?;
        next = end;
        writeln!(log, "{end} distractors")?;
    }
    Ok(())
}
