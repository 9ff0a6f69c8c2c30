//! Makes an index of many tracks with planted families, out of the peaks of a small one.
//!
//! `cargo run --release -p soundalike-bench --bin many_tracks -- INDEX OUT TRACKS FAMILIES TRUTH.tsv`
//!
//! A track is 60 to 200 s of pieces of up to 12 s. The low bands of a piece come from one random place
//! of a random reference and the high bands from another, each reversed in time or mirrored in
//! frequency or both, transposed and stretched: real densities and onsets, in an order that no other
//! track has. Two strangers may share half the bands of one piece, as tracks share a sample; never more.
//!
//! A family has 2 to 40 members, most of them few. A member is its family's track trimmed, stretched,
//! transposed, then robbed of 20 to 40 % of its peaks, with the rest moved by up to one unit and others
//! put in. TRUTH.tsv has the columns that `score_families.py` reads. Same arguments, same index.

#[path = "../common/random.rs"]
mod random;

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use random::Random;
use rayon::prelude::*;
use serde_json::{Value, json};
use soundalike::fingerprint::constellation::{
    Constellation, FREQ_UNITS_PER_BIN, Point, TIME_UNITS_PER_SECOND,
};
use soundalike::fingerprint::stored::{constellation, params_id, payloads, windows};
use soundalike::params::FingerprintParams;
use soundalike_index::{Reader, TrackMeta, TrackRecord, Writer};

const PARAMS: FingerprintParams = FingerprintParams::V2;
/// Tracks per segment.
const BATCH: usize = 5_000;
/// Frequency units of the whole axis.
const AXIS: i32 = 184 * 8;
/// Longest piece in time units (12 s).
const PIECE: u32 = 3_000;
const LARGEST_FAMILY: u32 = 40;

/// What becomes a track.
#[derive(Debug, Clone, Copy)]
enum Plan {
    Stranger(u64),
    Member { family: u64, number: u32 },
}

/// How a member differs from its family's track.
struct Change {
    class: &'static str,
    /// Above 1: faster.
    tempo: f64,
    /// In frequency units.
    shift: i32,
    /// Cut off the start and the end, in per mille.
    trim: [u32; 2],
    /// Peaks are dropped, moved and put in.
    worn: bool,
}

/// One layer of a piece: what lies in `low..high` of a place of a reference, under a random transform.
fn layer(
    source: &Constellation,
    length: u32,
    [low, high]: [i32; 2],
    now: u32,
    random: &mut Random,
    points: &mut Vec<Point>,
) {
    let ratio = 0.75 + f64::from(random.next(1_000)) / 1_700.0;
    let taken = ((f64::from(length) / ratio) as u32).min(source.duration);
    let from = random.next(source.duration - taken);
    let (reversed, mirrored) =
        [(true, false), (false, true), (true, true)][random.next(3) as usize];
    let shift = random.next(193) as i32 - 96;
    for p in source.between(from, from + taken) {
        let time = if reversed { from + taken - p.time } else { p.time - from };
        let freq = if mirrored { AXIS - 1 - i32::from(p.freq) } else { i32::from(p.freq) };
        let time = (f64::from(time) * ratio) as u32;
        let freq = freq + shift;
        if time < length && (low..high).contains(&freq) {
            points.push(Point { time: now + time, freq: freq as u16, rank: p.rank });
        }
    }
}

/// A track that no other one resembles.
fn original(sources: &[Constellation], seed: u64) -> Constellation {
    let mut random = Random::stream(seed);
    let duration = 15_000 + random.next(35_001);
    let mut points = Vec::new();
    let mut now = 0;
    while now < duration {
        let length = (PIECE / 2 + random.next(PIECE / 2)).min(duration - now);
        let split = AXIS * (35 + random.next(31) as i32) / 100;
        for range in [[0, split], [split, AXIS]] {
            let source = &sources[random.next(sources.len() as u32) as usize];
            layer(source, length, range, now, &mut random, &mut points);
        }
        now += length;
    }
    points.sort_unstable();
    points.dedup();
    Constellation { points, duration, ..Constellation::default() }
}

/// Draws a change; the first member of a family is its original.
fn change(number: u32, random: &mut Random) -> Change {
    let mut change =
        Change { class: "original", tempo: 1.0, shift: 0, trim: [0, 0], worn: number > 0 };
    if number == 0 {
        return change;
    }
    let tempo = |r: &mut Random| 0.9 + f64::from(r.next(2_201)) / 10_000.0;
    let shift = |r: &mut Random| r.next(97) as i32 - 48;
    let trim = |r: &mut Random| [r.next(120), r.next(120)];
    match random.next(7) {
        0 => (change.class, change.worn) = ("copy", false),
        1 => change.class = "reencode",
        2 => (change.class, change.trim) = ("trim", trim(random)),
        3 => (change.class, change.tempo) = ("tempo", tempo(random)),
        4 => (change.class, change.shift) = ("pitch", shift(random)),
        5 => {
            let factor = tempo(random);
            let units = 36.0 * FREQ_UNITS_PER_BIN * factor.log2();
            (change.class, change.tempo, change.shift) = ("speed", factor, units.round() as i32);
        }
        _ => {
            (change.class, change.tempo, change.shift) = ("chain", tempo(random), shift(random));
            change.trim = trim(random);
        }
    }
    change
}

/// Applies a change to the peaks of a track.
fn changed(track: &Constellation, change: &Change, random: &mut Random) -> Constellation {
    let [head, tail] = change.trim.map(|share| track.duration / 1_000 * share);
    let cut = track.slice(head, track.duration - tail);
    let duration = (f64::from(cut.duration) / change.tempo) as u32;
    let dropped = 200 + random.next(201);
    let mut points = Vec::with_capacity(cut.points.len());
    for p in &cut.points {
        if change.worn && random.next(1_000) < dropped {
            continue;
        }
        let mut wobble = || if change.worn { random.next(3) as i32 - 1 } else { 0 };
        let time = (f64::from(p.time) / change.tempo) as i32 + wobble();
        let freq = i32::from(p.freq) + change.shift + wobble();
        if (0..=duration as i32).contains(&time) && (0..AXIS).contains(&freq) {
            points.push(Point { time: time as u32, freq: freq as u16, rank: p.rank });
        }
    }
    let added = if change.worn { points.len() as u32 * (10 + random.next(21)) / 100 } else { 0 };
    for _ in 0..added {
        let (time, freq) = (random.next(duration), random.next(AXIS as u32) as u16);
        points.push(Point { time, freq, rank: random.next(6) as u8 });
    }
    points.sort_unstable();
    points.dedup_by_key(|p| (p.time, p.freq));
    Constellation { points, duration, ..Constellation::default() }
}

/// The plan of every track: families first, the rest strangers, in random order.
fn plans(tracks: usize, families: usize) -> Vec<Plan> {
    let mut random = Random::stream(1);
    let mut plans = Vec::with_capacity(tracks);
    for family in 0..families as u64 {
        // The fourth power of an even draw: half the families have up to four members.
        let share = (f64::from(random.next(1_000)) / 1_000.0).powi(4);
        let size = 2 + (share * f64::from(LARGEST_FAMILY - 1)) as u32;
        plans.extend((0..size).map(|number| Plan::Member { family, number }));
    }
    plans.truncate(tracks);
    plans.extend((0..(tracks - plans.len()) as u64).map(Plan::Stranger));
    for i in (1..plans.len()).rev() {
        plans.swap(i, random.next(i as u32 + 1) as usize);
    }
    plans
}

fn pick<'a>(words: &[&'a str], random: &mut Random) -> &'a str {
    words[random.next(words.len() as u32) as usize]
}

fn title(random: &mut Random) -> String {
    const FIRST: [&str; 12] = [
        "Quiet", "Golden", "Paper", "Neon", "Hollow", "Velvet", "Distant", "Silver", "Amber",
        "Frozen", "Lunar", "Secret",
    ];
    const SECOND: [&str; 12] = [
        "Harbor", "Rain", "Mirror", "Garden", "Signal", "River", "Engine", "Summer", "Lantern",
        "Forest", "Station", "Tide",
    ];
    format!("{} {} {}", pick(&FIRST, random), pick(&SECOND, random), 1 + random.next(99))
}

fn artist(random: &mut Random) -> String {
    const FIRST: [&str; 8] = ["Mara", "Jonas", "Aiko", "Lena", "Tomas", "Noor", "Elio", "Freya"];
    const LAST: [&str; 8] = ["Vale", "Moreau", "Okafor", "Haas", "Kim", "Novak", "Sato", "Lund"];
    format!("{} {}", pick(&FIRST, random), pick(&LAST, random))
}

/// What a track declares. Every third family is one recording delivered again; the others are new titles
/// and codes of one account.
fn declared(plan: Plan, random: &mut Random) -> TrackMeta {
    let (legitimate, owner) = match plan {
        Plan::Stranger(_) => (None, random.next(4_000)),
        Plan::Member { family, .. } => ((family % 3 == 0).then_some(family), family as u32 % 150),
    };
    let mut shared = Random::stream(7_000_000 + legitimate.unwrap_or(0));
    let random = if legitimate.is_some() { &mut shared } else { random };
    TrackMeta {
        title: Some(title(random)),
        artists: vec![artist(random)],
        isrc: Some(format!("QZ{:03}25{:05}", random.next(900), random.next(100_000))),
        label: Some(format!("Label {}", owner % 60)),
        owner: Some(format!("acc-{owner}")),
        ..TrackMeta::default()
    }
}

/// The record of the track at `position`, and its line of the truth.
fn track(sources: &[Constellation], position: usize, plan: Plan) -> (TrackRecord, Change) {
    let mut random = Random::stream(3_000_000 + position as u64);
    let (seed, change) = match plan {
        Plan::Stranger(seed) => (1_000_000 + seed, change(0, &mut random)),
        Plan::Member { family, number } => (2_000_000 + family, change(number, &mut random)),
    };
    let points = changed(&original(sources, seed), &change, &mut random);
    let mut sha256 = [0x5a; 32];
    sha256[..8].copy_from_slice(&(position as u64).to_le_bytes());
    let meta = TrackMeta {
        ref_id: name(position),
        path: path_of(position),
        duration_ms: points.duration_ms(),
        sha256,
        ..declared(plan, &mut random)
    };
    let record =
        TrackRecord { meta, payloads: payloads(&points), windows: windows(&points, &PARAMS) };
    (record, change)
}

fn name(position: usize) -> String {
    format!("t{position:06}")
}

fn path_of(position: usize) -> String {
    format!("uploads/{}.wav", name(position))
}

/// The change in the form that the scorer reads.
fn steps(change: &Change) -> Value {
    let mut steps = Vec::new();
    if change.trim != [0, 0] {
        let [start, end] = change.trim.map(|share| f64::from(share) / 1_000.0);
        steps.push(json!({"op": "trim", "start": start, "end": end}));
    }
    if change.tempo != 1.0 {
        steps.push(json!({"op": "tempo", "factor": change.tempo}));
    }
    if change.shift != 0 {
        let semitones = 12.0 * f64::from(change.shift) / (36.0 * FREQ_UNITS_PER_BIN);
        steps.push(json!({"op": "pitch", "semitones": semitones}));
    }
    json!({ "steps": steps })
}

fn sources(index: &Path) -> Result<Vec<Constellation>, Box<dyn Error>> {
    let reader = Reader::open(index)?;
    let mut sources = Vec::new();
    for (track, _) in reader.tracks() {
        sources.push(constellation(&reader, track)?.ok_or("a track without peaks")?);
    }
    sources.retain(|s| f64::from(s.duration) > 20.0 * TIME_UNITS_PER_SECOND);
    if sources.is_empty() {
        return Err("the index holds no track of 20 s or more".into());
    }
    Ok(sources)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, index, out, tracks, families, truth] = args.as_slice() else {
        return Err("usage: many_tracks INDEX OUT TRACKS FAMILIES TRUTH.tsv".into());
    };
    let plans = plans(tracks.parse()?, families.parse()?);
    let sources = sources(Path::new(index))?;
    let originals: std::collections::BTreeMap<u64, usize> = plans
        .iter()
        .enumerate()
        .filter_map(|(position, plan)| match plan {
            Plan::Member { family, number: 0 } => Some((*family, position)),
            _ => None,
        })
        .collect();
    let mut writer = Writer::open_or_create(Path::new(out), params_id(&PARAMS))?;
    let mut truth = BufWriter::new(File::create(truth)?);
    writeln!(truth, "file\tfamily\tclass\tparameters\toriginal\tlength")?;
    for (batch, plans) in plans.chunks(BATCH).enumerate() {
        let first = batch * BATCH;
        let made: Vec<(TrackRecord, Change)> = plans
            .par_iter()
            .enumerate()
            .map(|(i, plan)| track(&sources, first + i, *plan))
            .collect();
        let mut records = Vec::with_capacity(made.len());
        for (plan, (record, change)) in plans.iter().zip(made) {
            let (family, class, original) = match plan {
                Plan::Stranger(_) => ("-".to_owned(), "unrelated", "-".to_owned()),
                Plan::Member { family, .. } => {
                    let original = originals.get(family);
                    let original = original.map_or("-".to_owned(), |p| path_of(*p));
                    (format!("f{family:04}"), change.class, original)
                }
            };
            let (path, seconds) = (&record.meta.path, record.meta.duration_ms as f64 / 1_000.0);
            let steps = steps(&change);
            writeln!(truth, "{path}\t{family}\t{class}\t{steps}\t{original}\t{seconds:.1}")?;
            records.push(record);
        }
        writer.commit(records)?;
        writeln!(std::io::stderr(), "{} tracks", first + plans.len())?;
    }
    Ok(truth.flush()?)
}
