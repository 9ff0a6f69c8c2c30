//! Measures the index on synthetic codes: building, opening, searching, recall against the exact scan.
//!
//! `cargo run --release -p soundalike-bench --bin index_measure -- [windows per space] [noise] [spread], both in percent of bits`
//!
//! A tenth of the codes are distorted copies of others, as repeats within a track are; queries are
//! stored codes with `noise` percent of their bits flipped. `spread` sets how far windows lie from their
//! track, and tracks from their style; 30 makes codes nearly random, the hardest case.

use std::io::Write;
use std::time::Instant;

use soundalike_index::{
    Code, ParamsId, Payload, Reader, SearchMode, SearchOptions, TrackMeta, TrackRecord, Window,
    Writer,
};

/// SplitMix64: small, seeded, good enough.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn code(&mut self) -> Code {
        std::array::from_fn(|_| self.next())
    }

    fn noisy(&mut self, code: &Code, percent: u64) -> Code {
        let mut out = *code;
        for bit in 0..256 {
            if self.next() % 1000 < percent * 10 {
                out[bit / 64] ^= 1 << (bit % 64);
            }
        }
        out
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let windows: usize = args.next().map_or(Ok(100_000), |a| a.parse())?;
    let noise: u64 = args.next().map_or(Ok(15), |a| a.parse())?;
    let spread: u64 = args.next().map_or(Ok(30), |a| a.parse())?;
    let mut out = std::io::stdout().lock();
    let mut random = Random(1);

    let per_track = 200;
    // Correlated codes, like real descriptors: tracks drift around a few hundred styles.
    let styles: Vec<Code> = (0..300).map(|_| random.code()).collect();
    let mut tracks = Vec::new();
    let mut codes = Vec::new();
    for t in 0..windows / per_track {
        let style = styles[random.next() as usize % styles.len()];
        let track = random.noisy(&style, spread);
        let mut own: Vec<Window> = Vec::new();
        for time in 0..per_track as u32 {
            let code = if time >= 10 && random.next().is_multiple_of(10) {
                random.noisy(&own[time as usize - 10].code, 2)
            } else {
                random.noisy(&track, spread)
            };
            own.push(Window { space: 0, time, code });
            codes.push(code);
        }
        let mut sha256 = [0; 32];
        sha256[..8].copy_from_slice(&(t as u64).to_le_bytes());
        let meta = TrackMeta { ref_id: format!("t{t}"), sha256, ..TrackMeta::default() };
        tracks.push(TrackRecord {
            meta,
            payloads: vec![Payload::new("peaks", 1, vec![0; 2_000])],
            windows: own,
        });
    }

    let dir = std::env::temp_dir().join(format!("soundalike-measure-{}", std::process::id()));
    let params = ParamsId { digest: [0; 32], description: "measure".into() };
    let mut writer = Writer::open_or_create(&dir, params)?;
    let start = Instant::now();
    writer.commit(tracks)?;
    let built = start.elapsed();
    let start = Instant::now();
    let reader = Reader::open(&dir)?;
    let opened = start.elapsed();
    let stats = reader.stats();
    writeln!(
        out,
        "{} codes: build {:.1} µs/window, open {:.1} ms, {} cells, {} bytes of graph ({:.0} per cell), {:?}",
        codes.len(),
        built.as_secs_f64() * 1e6 / codes.len() as f64,
        opened.as_secs_f64() * 1e3,
        stats.cells[0],
        stats.bytes_graph,
        stats.bytes_graph as f64 / stats.cells[0].max(1) as f64,
        stats.segments[0].probes,
    )?;

    let picked: Vec<usize> = (0..512).map(|_| random.next() as usize % codes.len()).collect();
    let queries: Vec<Code> = picked.iter().map(|&at| random.noisy(&codes[at], noise)).collect();
    let options =
        |mode, probes, ef| SearchOptions { mode, probes, ef, k: 10, ..SearchOptions::default() };
    let mut truth = Vec::new();
    let runs = [
        (SearchMode::Exact, 0, 0),
        (SearchMode::Auto, 32, 64),
        (SearchMode::Auto, 64, 64),
        (SearchMode::Auto, 128, 128),
        (SearchMode::Auto, 256, 256),
        (SearchMode::Hnsw, 8, 32),
        (SearchMode::Hnsw, 16, 64),
        (SearchMode::Hnsw, 32, 64),
        (SearchMode::Hnsw, 64, 128),
        (SearchMode::Hnsw, 128, 256),
    ];
    for (mode, probes, ef) in runs {
        let opts = options(mode, probes, ef);
        let mut hits = Vec::new();
        // The best of some repeats: other processes only ever add time.
        let mut took = f64::MAX;
        for _ in 0..7 {
            let start = Instant::now();
            hits = reader.search(0, &queries, &opts);
            took = took.min(start.elapsed().as_secs_f64());
        }
        if mode == SearchMode::Exact {
            truth = hits.clone();
        }
        let first = hits.iter().zip(&truth).filter(|(h, t)| h.first() == t.first()).count();
        let (mut common, mut all) = (0, 0);
        for (h, t) in hits.iter().zip(&truth) {
            all += t.len();
            common += t.iter().filter(|hit| h.contains(hit)).count();
        }
        writeln!(
            out,
            "{mode:?} probes {probes} ef {ef}: {:.1} µs/query, recall@1 {:.3}, recall@10 {:.3}",
            took * 1e6 / queries.len() as f64,
            first as f64 / queries.len() as f64,
            common as f64 / all.max(1) as f64,
        )?;
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}
