//! From the user's files to known and unknown excerpts with exact positions.
//!
//! Who is held out, and where the cuts are, depends on the contents of the files and the seed
//! alone: not on their names, their order or the machine.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rayon::prelude::*;
use soundalike_index::TrackNo;

use super::degrade::{RATE, rms};
use super::report::Skipped;
use super::rng::Rng;
use super::{EvalError, EvalOptions, wav};
use crate::audio::{DecodeOptions, decode_file};
use crate::fingerprint::file::sha256_of;

/// Excerpts below this RMS (-60 dBFS) are silence, of which nobody can say whose it is.
const SILENCE: f64 = 1e-3;

/// A file of the user's.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Hash of its bytes.
    pub(super) sha256: [u8; 32],
}

/// A track to cut from.
pub(super) struct SourceTrack {
    /// The file.
    pub(super) source: SourceFile,
    /// Its length in seconds.
    pub(super) seconds: f64,
    /// Its number in the index; none if unknown.
    pub(super) number: Option<TrackNo>,
}

/// An excerpt, on disk as 16 kHz mono.
#[derive(Debug)]
pub(super) struct Cut {
    /// The file it was cut from.
    pub(super) path: PathBuf,
    /// Name of its random numbers.
    pub(super) name: String,
    /// Number of the track in the index; none if unknown.
    pub(super) track: Option<TrackNo>,
    /// Where it begins in its track, in seconds.
    pub(super) begin_s: f64,
    /// Its samples.
    pub(super) len: usize,
    /// The samples on disk.
    signal: PathBuf,
    /// The excerpt at the original's own rate, for ffmpeg.
    pub(super) native: PathBuf,
}

impl Cut {
    /// Whether it is long enough for queries of `length_s`.
    pub(super) fn fits(&self, length_s: u32) -> bool {
        self.len >= samples(length_s)
    }

    /// The first `length_s` seconds.
    pub(super) fn load(&self, length_s: u32) -> Result<Vec<f32>, EvalError> {
        wav::read_exact(&self.signal, samples(length_s))
    }
}

/// The different files among `files` in random but repeatable order.
pub(super) fn identify(
    files: &[PathBuf],
    seed: u64,
    skipped: &mut Vec<Skipped>,
) -> Vec<SourceFile> {
    let hashed: Vec<_> = files.par_iter().map(|path| sha256_of(path)).collect();
    let mut seen = HashSet::new();
    let mut sources = Vec::new();
    for (path, hash) in files.iter().zip(hashed) {
        match hash {
            Err(error) => skipped.push(Skipped::new(path, error.to_string())),
            Ok(sha256) if seen.insert(sha256) => {
                sources.push(SourceFile { path: path.clone(), sha256 });
            }
            Ok(_) => skipped.push(Skipped::new(path, "same bytes as another file")),
        }
    }
    sources.sort_by_key(|s| (Rng::new(seed, &[b"holdout", &s.sha256]).bits(), s.sha256));
    sources
}

/// Takes the share `options.holdout` out of `sources`, at least one; files that cannot be used as
/// unknowns stay with the others.
pub(super) fn hold_out(sources: &mut Vec<SourceFile>, options: &EvalOptions) -> Vec<SourceTrack> {
    let wanted = (sources.len() as f64 * options.holdout).round() as usize;
    let wanted = wanted.clamp(1, sources.len().saturating_sub(1).max(1));
    let mut held: Vec<SourceTrack> = Vec::new();
    let mut rest = Vec::new();
    let mut waiting = std::mem::take(sources).into_iter();
    while held.len() < wanted {
        let tried: Vec<SourceFile> = waiting.by_ref().take(wanted - held.len()).collect();
        if tried.is_empty() {
            break;
        }
        let lengths: Vec<Option<f64>> =
            tried.par_iter().map(|s| length(&s.path, options)).collect();
        for (source, seconds) in tried.into_iter().zip(lengths) {
            match seconds {
                Some(seconds) => held.push(SourceTrack { source, seconds, number: None }),
                None => rest.push(source),
            }
        }
    }
    rest.extend(waiting);
    *sources = rest;
    held
}

/// Length in seconds, if the file can be read and is long enough to cut from.
fn length(path: &Path, options: &EvalOptions) -> Option<f64> {
    let info = decode_file(path, &options.decode, &mut |_| {}).ok()?;
    let seconds = info.duration_ms as f64 / 1000.0;
    (seconds >= f64::from(options.shortest())).then_some(seconds)
}

/// Excerpts of `tracks` in equal shares, spread over each track; `options.queries` in all, unless
/// they would overlap. Returns how many were silent besides.
pub(super) fn cut(
    tracks: &[SourceTrack],
    options: &EvalOptions,
    dir: &Path,
) -> Result<(Vec<Cut>, usize), EvalError> {
    let counts = shares(tracks, options);
    let made: Result<Vec<Vec<Option<Cut>>>, EvalError> = tracks
        .par_iter()
        .zip(counts)
        .with_max_len(1)
        .map(|(track, count)| cut_track(track, count, options, dir))
        .collect();
    let all: Vec<Option<Cut>> = interleave(made?);
    let silent = all.iter().filter(|c| c.is_none()).count();
    Ok((all.into_iter().flatten().collect(), silent))
}

/// How many excerpts each track gives.
fn shares(tracks: &[SourceTrack], options: &EvalOptions) -> Vec<usize> {
    let room = |t: &SourceTrack| ((t.seconds / f64::from(options.longest())) as usize).max(1);
    let mut counts = vec![0; tracks.len()];
    let mut left = options.queries;
    loop {
        let before = left;
        for (count, track) in counts.iter_mut().zip(tracks) {
            if left > 0 && *count < room(track) {
                *count += 1;
                left -= 1;
            }
        }
        if left == before {
            return counts;
        }
    }
}

/// First excerpts of all tracks, then second ones: neighbours in the list are different music.
fn interleave<T>(lists: Vec<Vec<T>>) -> Vec<T> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut out = Vec::new();
    loop {
        let before = out.len();
        out.extend(lists.iter_mut().filter_map(Iterator::next));
        if out.len() == before {
            return out;
        }
    }
}

fn cut_track(
    track: &SourceTrack,
    count: usize,
    options: &EvalOptions,
    dir: &Path,
) -> Result<Vec<Option<Cut>>, EvalError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let total = (track.seconds * f64::from(RATE)) as usize;
    let len = samples(options.longest()).min(total);
    let mut rng = Rng::new(options.seed, &[b"cuts", &track.source.sha256]);
    let stratum = (total - len) as f64 / count as f64;
    let begins: Vec<usize> =
        (0..count).map(|i| ((i as f64 + rng.unit()) * stratum) as usize).collect();
    let signals = decode_ranges(&track.source.path, &begins, len, &options.decode);
    let shortest = samples(options.shortest());
    let mut cuts = Vec::new();
    for (begin, signal) in begins.into_iter().zip(signals) {
        if signal.len() < shortest || rms(&signal[..shortest]) < SILENCE {
            cuts.push(None);
            continue;
        }
        let name = format!("{}-{begin}", crate::id::hex(&track.source.sha256[..6]));
        let at = dir.join(format!("{name}.wav"));
        wav::write_exact(&at, &signal)?;
        cuts.push(Some(Cut {
            path: track.source.path.clone(),
            track: track.number,
            begin_s: begin as f64 / f64::from(RATE),
            len: signal.len(),
            signal: at,
            native: dir.join(format!("{name}-native.wav")),
            name,
        }));
    }
    Ok(cuts)
}

/// The stretches of `len` samples at `begins` (ascending) of a file, decoded in one go without
/// holding the rest. A file that has become unreadable meanwhile gives short stretches.
fn decode_ranges(
    path: &Path,
    begins: &[usize],
    len: usize,
    options: &DecodeOptions,
) -> Vec<Vec<f32>> {
    let mut out = vec![Vec::with_capacity(len); begins.len()];
    let end = begins.last().map_or(0, |b| b + len);
    // The last stretch ends the need, so the rest of the file is not decoded.
    let enough = Duration::from_secs((end / RATE as usize + 1) as u64);
    let options =
        DecodeOptions { max_duration: options.max_duration.min(enough), ..options.clone() };
    let mut position = 0;
    let _ = decode_file(path, &options, &mut |chunk| {
        for (begin, signal) in begins.iter().zip(&mut out) {
            let from = begin.max(&position) - position;
            let to = (begin + len).clamp(position, position + chunk.len()) - position;
            if from < to {
                signal.extend_from_slice(&chunk[from..to]);
            }
        }
        position += chunk.len();
    });
    out
}

/// Samples in `seconds`.
fn samples(seconds: u32) -> usize {
    seconds as usize * RATE as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(seconds: f64) -> SourceTrack {
        let source = SourceFile { path: PathBuf::new(), sha256: [0; 32] };
        SourceTrack { source, seconds, number: None }
    }

    #[test]
    fn excerpts_are_shared_out_evenly_within_the_material() {
        let options = EvalOptions { queries: 10, lengths_s: vec![5, 10], ..EvalOptions::default() };
        assert_eq!(shares(&[track(200.0), track(25.0), track(7.0)], &options), [7, 2, 1]);
        assert_eq!(shares(&[track(20.0)], &options), [2]);
    }

    #[test]
    fn stretches_are_cut_where_they_should_be() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ramp.wav");
        let ramp: Vec<f32> = (0..100_000).map(|i| i as f32 / 100_000.0).collect();
        wav::write_exact(&path, &ramp).unwrap();
        let begins = [0, 33_333, 80_000];
        let cuts = decode_ranges(&path, &begins, 16_000, &DecodeOptions::default());
        for (begin, cut) in begins.iter().zip(cuts) {
            assert_eq!(cut.len(), 16_000);
            let middle = 8_000;
            assert!((cut[middle] - ramp[begin + middle]).abs() < 1e-3);
        }
    }
}
