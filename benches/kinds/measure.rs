//! Measures of likeness of pairs of files, to choose by which one a match is called the same recording.
//!
//! usage: kind_measures TRUTH.tsv > measures.tsv, TRUTH.tsv being that of `make_kinds.py`.

#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use soundalike::audio::DecodeOptions;
use soundalike::fingerprint::file::fingerprint;
use soundalike::fingerprint::{Constellation, Point};
use soundalike::params::FingerprintParams;
use soundalike::scan::matcher::{Found, MatchParams, Reference};
use soundalike::scan::compare::compare;
use soundalike::scan::warp::Warp;

const PARAMS: FingerprintParams = FingerprintParams::V1;

fn main() {
    let truth = PathBuf::from(std::env::args().nth(1).unwrap());
    let dir = truth.parent().unwrap().to_owned();
    let text = std::fs::read_to_string(&truth).unwrap();
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let at = |name: &str| head.iter().position(|h| *h == name).unwrap();
    let (q, r) = (at("query_file"), at("reference_file"));
    let rows: Vec<&str> = lines.collect();
    println!("{}\tturned\t{}", head.join("\t"), NAMES.join("\t"));
    let out: Vec<String> = rows
        .par_iter()
        .flat_map(|row| {
            let fields: Vec<&str> = row.split('\t').collect();
            let (a, b) = (dir.join(fields[q]), dir.join(fields[r]));
            [(false, &a, &b), (true, &b, &a)]
                .into_iter()
                .map(|(turned, query, reference)| {
                    let values = measures(query, reference).unwrap_or_default();
                    format!("{row}\t{}\t{}", u8::from(turned), values.join("\t"))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    for line in out {
        println!("{line}");
    }
}

const NAMES: &[&str] = &[
    "log10e", "qcov", "rcov", "segments", "q14", "q", "r", "rr", "q0", "r0", "t1", "t2", "lt1", "lt2", "ct1",
    "f1", "f2", "hot", "hotr", "even", "tau", "tf", "cents", "r12", "r3", "q12", "q3", "rb0", "rb1", "rb2", "rb3", "lt1r0", "lt1q", "cold", "late", "npk", "m0", "z",
];

fn measures(query: &Path, reference: &Path) -> Option<Vec<String>> {
    let options = DecodeOptions::default();
    let (_, dense) = fingerprint(query, &PARAMS, PARAMS.query_density, &options).ok()?;
    let (_, sparse) = fingerprint(reference, &PARAMS, 1.0, &options).ok()?;
    let (_, dense_reference) = fingerprint(reference, &PARAMS, PARAMS.query_density, &options).ok()?;
    let prepared = Reference::new(sparse.clone(), &PARAMS);
    let seconds = sparse.duration_ms() as f64 / 1000.0;
    let found = compare(&dense, &prepared, seconds, &PARAMS, &MatchParams::default())?;
    let thin = dense.thinned(&PARAMS);
    let mut v = vec![found.log10_evalue, found.query_coverage, found.reference_coverage, found.segments.len() as f64];
    let sum = |of: fn(&soundalike::scan::matcher::Segment) -> u32| found.segments.iter().map(of).sum::<u32>() as f64;
    v.push(sum(|s| s.matched) / sum(|s| s.peaks).max(1.0));
    // Thinned query against thinned reference; reference against dense query.
    let forward = hits(&thin, &sparse, &found, false);
    let back = hits(&sparse, &dense, &found, true);
    let forward_dense = hits(&thin, &dense_reference, &found, false);
    v.push(share(&forward, |_| true));
    v.push(share(&back, |_| true));
    v.push(share(&forward_dense, |_| true));
    v.push(share(&forward_dense, |h| h.rank == 0));
    v.push(share(&back, |h| h.rank == 0));
    let dts: Vec<f64> = back.iter().filter_map(|h| h.near.map(|n| n.0)).collect();
    let within = |list: &[f64], limit: f64| list.iter().filter(|d| d.abs() <= limit).count() as f64 / list.len().max(1) as f64;
    v.push(within(&dts, 1.0));
    v.push(within(&dts, 2.0));
    let local = localised(&back);
    v.push(within(&local, 1.0));
    v.push(within(&local, 2.0));
    // Chance: the same at offsets that are wrong.
    let chance: Vec<f64> = [-90.0, -60.0, 60.0, 90.0].iter().map(|d| {
        let moved = hits_moved(&sparse, &dense, &found, *d);
        share(&moved, |_| true)
    }).collect();
    v.push(chance.iter().sum::<f64>() / 4.0);
    let dfs: Vec<f64> = back.iter().filter_map(|h| h.near.map(|n| n.1)).collect();
    v.push(within(&dfs, 1.0));
    v.push(within(&dfs, 2.0));
    let windows = windows(&back);
    let mut shares: Vec<f64> = windows.clone();
    shares.sort_by(f64::total_cmp);
    let quantile = |s: &[f64], p: f64| if s.is_empty() { 0.0 } else { s[((s.len() - 1) as f64 * p) as usize] };
    v.push(quantile(&shares, 0.9));
    let mut other = self::windows(&forward_dense);
    other.sort_by(f64::total_cmp);
    v.push(quantile(&other, 0.9));
    v.push(quantile(&shares, 0.9) - quantile(&shares, 0.1));
    // Order of ranks of coinciding peaks.
    let pairs: Vec<(u8, u8)> = back.iter().filter_map(|h| h.near.map(|n| (h.rank, n.2))).collect();
    v.push(pairs.iter().filter(|(a, b)| a.abs_diff(*b) <= 1).count() as f64 / pairs.len().max(1) as f64);
    let warp = found.best().warp;
    v.push(warp.time_factor);
    v.push(warp.pitch_cents(&PARAMS));
    v.push(share(&back, |h| (1..=2).contains(&h.rank)));
    v.push(share(&back, |h| h.rank >= 3));
    v.push(share(&forward_dense, |h| (1..=2).contains(&h.rank)));
    v.push(share(&forward_dense, |h| h.rank >= 3));
    for band in 0..4 {
        v.push(share(&back, |h| h.band == band));
    }
    let strong: Vec<Hit> = hits(&sparse, &dense, &found, true).into_iter().filter(|h| h.rank == 0).collect();
    v.push(within(&localised(&strong), 1.0));
    v.push(within(&localised(&forward_dense), 1.0));
    v.push(quantile(&shares, 0.1));
    // Median absolute local distance, and how wide the rest is.
    let mut far: Vec<f64> = local.iter().map(|d| d.abs()).collect();
    far.sort_by(f64::total_cmp);
    v.push(quantile(&far, 0.75));
    v.push(back.len() as f64);
    // Matched rank-0 peaks whose partner is of rank 0, too.
    let tops: Vec<(u8, u8)> = pairs.iter().filter(|p| p.0 == 0).copied().collect();
    v.push(tops.iter().filter(|p| p.1 == 0).count() as f64 / tops.len().max(1) as f64);
    // Bands: the best of the four, the lowest two bands apart.
    let bands: Vec<f64> = (0..4).map(|band| share(&back, |h| h.band == band)).collect();
    v.push(bands.iter().copied().fold(0.0, f64::max));
    Some(v.into_iter().map(|x| format!("{x:.4}")).collect())
}

struct Hit {
    time: u32,
    rank: u8,
    band: usize,
    segment: usize,
    /// Distance in time and frequency units, rank of the partner.
    near: Option<(f64, f64, u8)>,
}

/// Peaks of `from` within the segments, with their nearest partner in `to`. `back`: `from` is the reference's side.
fn hits(from: &Constellation, to: &Constellation, found: &Found, back: bool) -> Vec<Hit> {
    hits_at(from, to, found, back, 0.0)
}

fn hits_moved(from: &Constellation, to: &Constellation, found: &Found, by: f64) -> Vec<Hit> {
    hits_at(from, to, found, true, by)
}

fn hits_at(from: &Constellation, to: &Constellation, found: &Found, back: bool, by: f64) -> Vec<Hit> {
    let mut out = Vec::new();
    for (segment, s) in found.segments.iter().enumerate() {
        let range = if back { s.reference_ms } else { s.query_ms };
        let (begin, end) = ((range.0 / 4) as u32, (range.1 / 4) as u32 + 1);
        let warp = if back { s.warp.inverse() } else { s.warp };
        for p in from.between(begin, end) {
            let band = soundalike::fingerprint::constellation::band_of(&PARAMS, usize::from(p.freq) / 8);
            out.push(Hit { time: p.time, rank: p.rank, band, segment, near: nearest(p, to, &warp, by) });
        }
    }
    out
}

fn nearest(p: &Point, to: &Constellation, warp: &Warp, by: f64) -> Option<(f64, f64, u8)> {
    let (time, freq) = warp.apply(p);
    let time = time + by;
    let from = (time - 12.0).max(0.0) as u32;
    let near = to.between(from, (time + 13.0).max(0.0) as u32).iter().map(|r| {
        (f64::from(r.time) - time, f64::from(r.freq) - freq, r.rank)
    });
    let distance = |d: &(f64, f64, u8)| (d.0 / 4.0).powi(2) + (d.1 / 3.5).powi(2);
    near.filter(|d| distance(d) <= 9.0).min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

fn share(hits: &[Hit], of: impl Fn(&Hit) -> bool) -> f64 {
    let (mut all, mut near) = (0.0, 0.0);
    for h in hits.iter().filter(|h| of(h)) {
        all += 1.0;
        near += f64::from(u8::from(h.near.is_some()));
    }
    near / f64::max(all, 1.0)
}

/// Time distances less the median of the 41 coincidences around each.
fn localised(hits: &[Hit]) -> Vec<f64> {
    let all: Vec<(usize, f64)> = hits.iter().filter_map(|h| h.near.map(|n| (h.segment, n.0))).collect();
    (0..all.len())
        .map(|i| {
            let mut around: Vec<f64> = (i.saturating_sub(20)..(i + 21).min(all.len()))
                .filter(|&j| all[j].0 == all[i].0)
                .map(|j| all[j].1)
                .collect();
            around.sort_by(f64::total_cmp);
            all[i].1 - around[around.len() / 2]
        })
        .collect()
}

/// Shares in windows of two seconds.
fn windows(hits: &[Hit]) -> Vec<f64> {
    let mut by = std::collections::BTreeMap::<(usize, u32), (f64, f64)>::new();
    for h in hits {
        let slot = by.entry((h.segment, h.time / 500)).or_default();
        slot.0 += f64::from(u8::from(h.near.is_some()));
        slot.1 += 1.0;
    }
    by.values().filter(|v| v.1 >= 15.0).map(|v| v.0 / v.1).collect()
}
