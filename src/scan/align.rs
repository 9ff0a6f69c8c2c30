//! Alignment by offset voting and a robust line fit (Wang 2003; iteratively trimmed least squares).
//!
//! Every pair of a query peak and a reference peak of like frequency votes for the time offset between them; in the
//! histogram of offsets a copy makes one high peak while chance spreads evenly. The highest are refined by a fit of
//! time and pitch over the coincidences that they produce. Peaks alone are needed.

use super::transform::Transform;
use super::verify::{Coincidence, VerifyParams, coincidences};
use crate::fingerprint::{Constellation, Point};

/// Alignment constants.
#[derive(Debug, Clone)]
pub struct AlignParams {
    /// Width of an offset cell in time units.
    pub cell: u32,
    /// Pairs farther apart than this many frequency units do not vote.
    pub freq_reach: u16,
    /// Number of top_offsets taken from one candidate track.
    pub top_offsets: usize,
    /// Least height of a top_offset, in standard deviations over what chance gives.
    pub min_excess: f32,
    /// Peaks of the offset histogram closer than this many cells are one.
    pub separation: usize,
    /// Coincidences needed before the tempo is fitted, too.
    pub min_fit: usize,
    /// Largest deviation of the fitted time factor from the assumed one.
    pub max_tempo_error: f64,
}

impl Default for AlignParams {
    fn default() -> Self {
        AlignParams {
            cell: 4,
            freq_reach: 6,
            top_offsets: 12,
            min_excess: 3.0,
            separation: 8,
            min_fit: 24,
            max_tempo_error: 0.004,
        }
    }
}

/// The reference's points by frequency, for pairing with query points of like frequency.
pub struct ByFrequency {
    /// `starts[f]..starts[f + 1]` are the times of the points of frequency unit `f`.
    starts: Vec<u32>,
    times: Vec<u32>,
}

impl ByFrequency {
    /// Sorts the points of `track` by frequency (counting sort).
    pub fn new(track: &Constellation) -> ByFrequency {
        let top = track.points.iter().map(|p| usize::from(p.freq)).max().unwrap_or(0);
        let mut starts = vec![0u32; top + 2];
        for p in &track.points {
            starts[usize::from(p.freq) + 1] += 1;
        }
        for f in 1..starts.len() {
            starts[f] += starts[f - 1];
        }
        let mut next = starts.clone();
        let mut times = vec![0; track.points.len()];
        for p in &track.points {
            let slot = &mut next[usize::from(p.freq)];
            times[*slot as usize] = p.time;
            *slot += 1;
        }
        ByFrequency { starts, times }
    }

    fn times(&self, from: u16, to: u16) -> &[u32] {
        let last = self.starts.len() - 1;
        let a = self.starts[usize::from(from).min(last)] as usize;
        let b = self.starts[(usize::from(to) + 1).min(last)] as usize;
        &self.times[a..b]
    }
}

/// Counts votes per offset cell; offsets run from `-query_len` to `reference_len`.
fn votes(
    query: &[Point],
    query_len: u32,
    by_freq: &ByFrequency,
    reference_len: u32,
    p: &AlignParams,
) -> Vec<u16> {
    let mut cells = vec![0u16; ((query_len + reference_len) / p.cell) as usize + 2];
    for q in query {
        let shift = query_len.saturating_sub(q.time);
        for &t in by_freq.times(q.freq.saturating_sub(p.freq_reach), q.freq + p.freq_reach) {
            let cell = &mut cells[((t + shift) / p.cell) as usize];
            *cell = cell.saturating_add(1);
        }
    }
    cells
}

/// The offsets (time units) with the most votes, best first, with their votes.
///
/// A cell's votes are judged against what the two densities give by chance at that overlap.
pub fn offsets(
    query: &[Point],
    query_len: u32,
    by_freq: &ByFrequency,
    reference_len: u32,
    p: &AlignParams,
) -> Vec<(f64, f32)> {
    let cells = votes(query, query_len, by_freq, reference_len, p);
    let smooth: Vec<u32> =
        cells.windows(3).map(|w| u32::from(w[0]) + 2 * u32::from(w[1]) + u32::from(w[2])).collect();
    if smooth.is_empty() {
        return Vec::new();
    }
    let local = local_mean(&smooth, (2 * 250 / p.cell) as usize);
    let excess = |i: usize| (smooth[i] as f32 - local[i]) / (local[i] + 4.0).sqrt();
    let mut peaks: Vec<usize> = (1..smooth.len().saturating_sub(1))
        .filter(|&i| smooth[i] > smooth[i - 1] && smooth[i] >= smooth[i + 1])
        .filter(|&i| excess(i) >= p.min_excess)
        .collect();
    peaks.sort_by(|&a, &b| excess(b).total_cmp(&excess(a)).then(a.cmp(&b)));
    let mut taken: Vec<usize> = Vec::new();
    for i in peaks {
        if taken.len() == p.top_offsets {
            break;
        }
        if taken.iter().all(|&t| t.abs_diff(i) > p.separation) {
            taken.push(i);
        }
    }
    taken
        .into_iter()
        .map(|i| {
            let centre = (i as f64 + 1.5) * f64::from(p.cell) - f64::from(query_len);
            (centre, excess(i))
        })
        .collect()
}

/// Mean over ± `half` cells.
fn local_mean(values: &[u32], half: usize) -> Vec<f32> {
    let mut prefix = vec![0u64; values.len() + 1];
    for (i, v) in values.iter().enumerate() {
        prefix[i + 1] = prefix[i] + u64::from(*v);
    }
    (0..values.len())
        .map(|i| {
            let (a, b) = (i.saturating_sub(half), (i + half + 1).min(values.len()));
            (prefix[b] - prefix[a]) as f32 / (b - a) as f32
        })
        .collect()
}

/// Refines `transform` over the query points given: offset and pitch by medians, tempo by least squares
/// when there are coincidences enough.
pub fn refine(
    query: &[Point],
    reference: &Constellation,
    transform: Transform,
    align: &AlignParams,
    verify: &VerifyParams,
) -> Transform {
    let wide = VerifyParams { sigma_time: 1.6 * verify.sigma_time, ..verify.clone() };
    let mut fitted = transform;
    for round in 0..3 {
        let found =
            coincidences(query, reference, &fitted, if round == 0 { &wide } else { verify });
        if found.len() < 4 {
            return fitted;
        }
        let dt =
            |c: &Coincidence| f64::from(c.reference.time) - fitted.time(f64::from(c.query.time));
        let df = |c: &Coincidence| {
            f64::from(c.query.freq) - f64::from(c.reference.freq) - fitted.freq_shift
        };
        let shift = median(found.iter().map(dt).collect());
        let bend = median(found.iter().map(df).collect());
        let next = if round > 0 && found.len() >= align.min_fit {
            line(&found, &fitted, verify)
        } else {
            Transform { offset: fitted.offset + shift, ..fitted }
        };
        let next = Transform { freq_shift: fitted.freq_shift + bend, ..next };
        if (next.time_factor - transform.time_factor).abs() > align.max_tempo_error {
            return fitted;
        }
        fitted = next;
    }
    fitted
}

/// Least-squares line through the coincidences, each weighted by its closeness.
fn line(found: &[Coincidence], transform: &Transform, verify: &VerifyParams) -> Transform {
    let (mut sw, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for c in found {
        let x = f64::from(c.query.time);
        let y = f64::from(c.reference.time);
        let residual = (y - transform.time(x)) / verify.sigma_time;
        let w = (-0.5 * residual * residual).exp();
        sw += w;
        sx += w * x;
        sy += w * y;
        sxx += w * x * x;
        sxy += w * x * y;
    }
    let spread = sw * sxx - sx * sx;
    // A few seconds of support, or the slope is noise.
    if spread <= sw * sw * 250.0 * 250.0 {
        return Transform {
            offset: transform.offset + (sy - transform.time_factor * sx) / sw - transform.offset,
            ..*transform
        };
    }
    let slope = (sw * sxy - sx * sy) / spread;
    Transform { offset: (sy - slope * sx) / sw, time_factor: slope, ..*transform }
}

fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    let (_, m, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    *m
}
