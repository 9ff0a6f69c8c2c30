//! Times indexing against bare decoding, and scanning, each on one thread.

use std::time::Duration;

use super::clock::timed;
use super::material::SourceFile;
use super::query::Bench;
use super::report::Speed;
use super::stats::quantile;
use super::{EvalOptions, material::Cut, wav};
use crate::audio::decode_file;
use crate::fingerprint::descriptor;
use crate::fingerprint::file::{fingerprint, sha256_of};
use crate::scan::search::Depth;

/// Audio to compare indexing and decoding on.
const SAMPLE_S: f64 = 600.0;
/// Queries to time scanning on.
const SCANS: usize = 40;

/// Measures both costs on the first files of `sources`, which indexing has read before, so that
/// the disk has no part in it.
pub(super) fn indexing(sources: &[SourceFile], options: &EvalOptions, speed: &mut Speed) {
    let (mut bare, mut whole) = (Duration::ZERO, Duration::ZERO);
    for source in sources {
        if speed.sample_audio_s >= SAMPLE_S {
            break;
        }
        let (info, spent) = timed(|| decode_file(&source.path, &options.decode, &mut |_| {}));
        let Ok(info) = info else { continue };
        bare += spent;
        whole += timed(|| index_one(source, options)).1;
        speed.sample_audio_s += info.duration_ms as f64 / 1000.0;
    }
    if !bare.is_zero() {
        speed.decode_x_realtime = speed.sample_audio_s / bare.as_secs_f64();
        speed.index_cpu_ratio = whole.as_secs_f64() / bare.as_secs_f64();
    }
}

/// All that adding a file computes, storing aside.
fn index_one(source: &SourceFile, options: &EvalOptions) -> usize {
    let params = &options.params;
    let hash = sha256_of(&source.path);
    let Ok((_, track)) = fingerprint(&source.path, params, 1.0, &options.decode, &mut |_| ())
    else {
        return 0;
    };
    let windows = descriptor::windows(&track, params.reference_hop, params);
    windows.len() + track.to_bytes().len() + usize::from(hash.is_ok())
}

/// Scans clean excerpts one after the other on one thread.
pub(super) fn scanning(bench: &Bench<'_>, cuts: &[Cut], speed: &mut Speed) {
    let Ok(alone) = rayon::ThreadPoolBuilder::new().num_threads(1).build() else { return };
    let length_s = bench.options.longest();
    let path = bench.dir.join("timing.wav");
    let mut times = Vec::new();
    for cut in cuts.iter().filter(|c| c.fits(length_s)).take(SCANS) {
        let query = cut.load(length_s).and_then(|s| wav::write_pcm(&path, &[s])).ok();
        let Some(Ok(query)) = query.map(|()| bench.constellation(&path)) else { continue };
        let (_, spent) = alone.install(|| timed(|| bench.scanner.scan(&query, Depth::Standard)));
        times.push(spent.as_secs_f64() * 1000.0);
    }
    let _ = std::fs::remove_file(&path);
    speed.scan_queries = times.len();
    speed.scan_length_s = length_s;
    speed.scan_median_ms = quantile(&mut times, 0.5).unwrap_or(0.0);
    speed.scan_p95_ms = quantile(&mut times, 0.95).unwrap_or(0.0);
}
