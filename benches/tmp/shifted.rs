#![allow(clippy::all, missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use std::path::Path;
use rayon::prelude::*;
use soundalike::audio::DecodeOptions;
use soundalike::fingerprint::file::fingerprint;
use soundalike::params::FingerprintParams;
use soundalike::scan::compare::compare;
use soundalike::scan::matcher::{MatchParams, Reference};
use soundalike::scan::verify::{runs, coincidences};
use soundalike::scan::warp::Warp;
const P: FingerprintParams = FingerprintParams::V1;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    let out: Vec<String> = rows.par_iter().filter_map(|row| {
        let f: Vec<&str> = row.split('\t').collect();
        let (_, q) = fingerprint(Path::new(f[1]), &P, P.query_density, &DecodeOptions::default()).ok()?;
        let (_, r) = fingerprint(Path::new(f[2]), &P, 1.0, &DecodeOptions::default()).ok()?;
        let prepared = Reference::new(r.clone(), &P);
        let m = MatchParams::default();
        let found = compare(&q, &prepared, 3600.0, &P, &m)?;
        let b = found.best();
        let (from, to) = ((b.query_ms.0 / 4) as u32, (b.query_ms.1 / 4) as u32 + 1);
        let points = q.between(from, to);
        let score = |w: &Warp| runs(points, &r, prepared.background(), w, &m.verify).first().map_or(0.0, |r| r.score);
        let mut s: Vec<f32> = Vec::new();
        for k in 1..=16 {
            let by = 50.0 + 61.0 * k as f64;
            for by in [by, -by] {
                let w = Warp { offset: b.warp.offset + by, ..b.warp };
                let a = w.time(from as f64); let e = w.time(to as f64);
                if a < 0.0 || e > r.duration as f64 { continue; }
                s.push(score(&w));
            }
        }
        s.sort_by(|a, b| b.total_cmp(a));
        let n = s.len();
        let mean = |k: usize| if k == 0 { 0.0 } else { s[..k].iter().sum::<f32>() / k as f32 };
        let c = coincidences(points, &r, &b.warp, &m.verify);
        let mut fr: Vec<u16> = c.iter().map(|c| c.query.freq / 4).collect(); fr.sort(); fr.dedup();
        let mut ti: Vec<u32> = c.iter().map(|c| c.query.time / 5).collect(); ti.sort(); ti.dedup();
        Some(format!("{}\t{:.1}\t{:.1}\t{}\t{:.1}\t{:.1}\t{:.1}\t{:.1}\t{}\t{}\t{}\t{:.2}\t{:.3}\t{:.1}", f[0], f[3].parse::<f64>().unwrap(), b.nats, n, s.first().copied().unwrap_or(0.0), mean(n / 4), mean(n/2), s.get(n/2).copied().unwrap_or(0.0), c.len(), fr.len(), ti.len(), b.seconds(), b.warp.time_factor, found.log10_evalue))
    }).collect();
    for o in out { println!("{o}"); }
}
