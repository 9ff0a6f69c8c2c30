//! Rows of a mel spectrogram: how far the changes in time follow them.
//!
//! Per band, the profile of changes is whitened (a running mean taken away, divided by its median deviation, clipped)
//! and correlated with the cosine of the place inside a row. The phase is fixed by where the rows are, so that at
//! an unchanged pitch nothing is fitted; a score is in standard deviations of white noise. Rows that end below the
//! top of a band, as those do whose pitch was lowered, are looked for up to where they end.

use std::f64::consts::{SQRT_2, TAU};
use std::sync::{LazyLock, OnceLock};

use super::params::{Grid, Lattice, Scale, TraceParams};

/// Units of a whitened value per median deviation.
const STEPS: f64 = 42.0;
/// Median deviations of a normal distribution per standard deviation, inverted.
const MAD: f64 = 1.4826;
/// Cells of the pattern that is drawn.
pub(super) const CELLS: usize = 24;

impl Scale {
    /// `hz` in mel.
    fn mel(self, hz: f64) -> f64 {
        match self {
            Scale::Htk => 2595.0 * (1.0 + hz / 700.0).log10(),
            Scale::Slaney if hz < 1000.0 => hz * 3.0 / 200.0,
            Scale::Slaney => 15.0 + 27.0 * (hz / 1000.0).ln() / 6.4f64.ln(),
        }
    }
}

impl Lattice {
    /// The place of `hz` among the rows: whole numbers are centres.
    pub(super) fn place(&self, hz: f64) -> f64 {
        let mel = |hz| self.scale.mel(hz);
        let (least, most) = (mel(self.range_hz.0), mel(self.range_hz.1));
        (mel(hz) - least) * f64::from(self.rows + 1) / (most - least)
    }
}

/// A profile of changes, whitened band by band; what is without signal is 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Whitened {
    z: Vec<i8>,
    /// Bands that have signal.
    pub(super) used: Vec<bool>,
}

/// The score of a profile against rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Score {
    /// Of all bands that count, in standard deviations.
    pub(super) sum: f64,
    /// By band; none where it does not count.
    pub(super) bands: Vec<Option<f64>>,
}

/// A change of pitch, and what rows leave at it.
type Pitched = (f64, Vec<f32>);

/// Profiles in one raster of frequencies, and what they are compared with.
pub(super) struct Raster {
    grid: Grid,
    params: TraceParams,
    /// First bin of each band, and the first after it.
    bands: Vec<(usize, usize)>,
    /// By lattice, at its own pitch and a step to either side.
    own: Vec<Vec<Vec<f32>>>,
    /// By lattice, and by change of pitch.
    pitched: Vec<OnceLock<Vec<Pitched>>>,
}

/// The raster of the gate.
pub(super) static GLANCE: LazyLock<Raster> =
    LazyLock::new(|| Raster::new(TraceParams::V2.glance, &TraceParams::V2));
/// The raster of the closer look.
pub(super) static CLOSE: LazyLock<Raster> =
    LazyLock::new(|| Raster::new(TraceParams::V2.close, &TraceParams::V2));

impl Raster {
    fn new(grid: Grid, params: &TraceParams) -> Raster {
        let bin = |hz: f64| ((hz - params.range_hz.0) / grid.bin_hz).round() as usize;
        let bands = params.bands.iter().map(|(from, to)| (bin(*from), bin(*to))).collect();
        let pitched = params.lattices.iter().map(|_| OnceLock::new()).collect();
        let (params, own) = (params.clone(), Vec::new());
        let raster = Raster { grid, params, bands, own, pitched };
        let step = raster.params.pitch.2;
        let near = |lattice| [-step, 0.0, step].map(|s| raster.template(lattice, s.exp())).to_vec();
        let own = raster.params.lattices.iter().map(near).collect();
        Raster { own, ..raster }
    }

    /// The changes of pitch that are looked for.
    pub(super) fn pitches(&self) -> impl Iterator<Item = f64> + use<> {
        let (least, most, step) = self.params.pitch;
        let count = ((most - least) / step).round() as i32;
        (0..=count).map(move |i| (least + f64::from(i) * step).exp())
    }

    fn hz(&self, bin: usize) -> f64 {
        self.params.range_hz.0 + bin as f64 * self.grid.bin_hz
    }

    /// First bin of the first band, and the first bin after the last.
    fn whole(&self) -> (usize, usize) {
        let first = self.bands.first().map_or(0, |band| band.0);
        (first, self.bands.last().map_or(first, |band| band.1))
    }

    /// What rows leave whose pitch was changed by `pitch`, from the first band up to where they end.
    pub(super) fn template(&self, lattice: &Lattice, pitch: f64) -> Vec<f32> {
        let (from, to) = self.whole();
        let wave = |bin| (TAU * lattice.place(self.hz(bin) / pitch)).cos() as f32;
        let is_row = |bin: &usize| self.hz(*bin) < lattice.range_hz.1 * pitch;
        (from..to).take_while(is_row).map(wave).collect()
    }

    /// `change` whitened where it is `audible`.
    pub(super) fn whiten(&self, change: &[f64], audible: &[bool]) -> Whitened {
        let (first, last) = self.whole();
        let mut whitened = Whitened { z: vec![0; last - first], used: Vec::new() };
        for &(from, to) in &self.bands {
            let heard = audible[from..to].iter().filter(|a| **a).count();
            let counts = heard as f64 >= self.params.band_share * (to - from) as f64;
            if counts {
                let z = &mut whitened.z[from - first..to - first];
                self.whiten_band(&change[from..to], &audible[from..to], z);
            }
            whitened.used.push(counts);
        }
        whitened
    }

    fn whiten_band(&self, change: &[f64], audible: &[bool], z: &mut [i8]) {
        let half = (self.params.whiten_hz / self.grid.bin_hz).round() as usize;
        let mut sums = vec![(0.0, 0.0); change.len() + 1];
        for k in 0..change.len() {
            let (sum, count) = sums[k];
            sums[k + 1] = match audible[k] {
                true => (sum + change[k], count + 1.0),
                false => (sum, count),
            };
        }
        let mut over = Vec::with_capacity(change.len());
        for k in (0..change.len()).filter(|k| audible[*k]) {
            let (from, to) = (k.saturating_sub(half), (k + half + 1).min(change.len()));
            let mean = (sums[to].0 - sums[from].0) / f64::max(sums[to].1 - sums[from].1, 1.0);
            over.push((k, change[k] - mean));
        }
        let mut sizes: Vec<f64> = over.iter().map(|(_, value)| value.abs()).collect();
        let middle = sizes.len() / 2;
        if sizes.is_empty() {
            return;
        }
        let deviation = MAD * *sizes.select_nth_unstable_by(middle, f64::total_cmp).1 + 1e-9;
        let clip = self.params.clip;
        for (k, value) in over {
            z[k] = ((value / deviation).clamp(-clip, clip) * STEPS).round() as i8;
        }
    }

    /// The score of each lattice at its own pitch: the highest within a step.
    pub(super) fn own_pitch(&self, whitened: &Whitened) -> Vec<Score> {
        let best = |templates: &Vec<Vec<f32>>| {
            let scores = templates.iter().map(|template| self.correlate(whitened, template));
            scores.max_by(|a, b| a.sum.total_cmp(&b.sum)).unwrap_or_default()
        };
        self.own.iter().map(best).collect()
    }

    /// The pitch at which the rows of lattice number `lattice` score most, and that score.
    pub(super) fn best_pitch(&self, whitened: &Whitened, lattice: usize) -> (f64, Score) {
        let Some((rows, table)) = self.params.lattices.get(lattice).zip(self.pitched.get(lattice))
        else {
            return (1.0, Score::default());
        };
        // Few files come so far, but hundreds of pitches cost more than the sums that they serve.
        let table = table.get_or_init(|| {
            self.pitches().map(|pitch| (pitch, self.template(rows, pitch))).collect()
        });
        let scores = table.iter().map(|(pitch, t)| (*pitch, self.correlate(whitened, t)));
        scores.max_by(|a, b| a.1.sum.total_cmp(&b.1.sum)).unwrap_or_default()
    }

    /// The score of a profile against what rows leave.
    pub(super) fn correlate(&self, whitened: &Whitened, template: &[f32]) -> Score {
        let (first, _) = self.whole();
        let mut bands = Vec::with_capacity(self.bands.len());
        for (&(from, to), used) in self.bands.iter().zip(&whitened.used) {
            let end = (to - first).min(template.len());
            let part = (from - first).min(end)..end;
            let counts = *used && part.len() as f64 >= self.params.band_share * (to - from) as f64;
            let (product, square) = products(&whitened.z[part.clone()], &template[part]);
            bands.push(counts.then(|| SQRT_2 * product / f64::max(square, 1.0).sqrt()));
        }
        let count = bands.iter().flatten().count().max(1);
        Score { sum: bands.iter().flatten().sum::<f64>() / (count as f64).sqrt(), bands }
    }

    /// The profile folded by the place inside a row, from half a row below its centre to half a row above.
    pub(super) fn folded(&self, whitened: &Whitened, lattice: &Lattice, pitch: f64) -> Vec<f64> {
        let (first, _) = self.whole();
        let mut cells = [(0.0, 0.0); CELLS];
        for (i, z) in whitened.z.iter().enumerate().filter(|(_, z)| **z != 0) {
            let place = lattice.place(self.hz(first + i) / pitch) + 0.5;
            let cell = ((place - place.floor()) * CELLS as f64) as usize;
            let cell = &mut cells[cell.min(CELLS - 1)];
            *cell = (cell.0 + f64::from(*z) / STEPS, cell.1 + 1.0);
        }
        cells.iter().map(|(sum, count)| sum / f64::max(*count, 1.0)).collect()
    }
}

/// Sum of products, and of squares, in lanes so that it is straight vector code.
fn products(z: &[i8], template: &[f32]) -> (f64, f64) {
    const LANES: usize = 16;
    let (mut sums, mut squares) = ([0f32; LANES], [0i32; LANES]);
    let mut add = |lane: usize, z: i8, wave: f32| {
        sums[lane] += f32::from(z) * wave;
        squares[lane] += i32::from(z) * i32::from(z);
    };
    for (z, template) in z.chunks(LANES).zip(template.chunks(LANES)) {
        for (lane, (z, wave)) in z.iter().zip(template).enumerate() {
            add(lane, *z, *wave);
        }
    }
    (sums.iter().map(|s| f64::from(*s)).sum(), squares.iter().map(|s| f64::from(*s)).sum())
}

impl Raster {
    /// Number of bins in a profile.
    pub(super) fn bins(&self) -> usize {
        let (from, to) = self.params.range_hz;
        (to / self.grid.bin_hz).round() as usize - (from / self.grid.bin_hz).round() as usize
    }

    /// From the first frame of a pair to the second.
    pub(super) fn lag_s(&self) -> f64 {
        self.grid.lag_s
    }

    /// How far the neighbourhood of a bin reaches, in bins.
    pub(super) fn margin(&self) -> usize {
        (self.params.level_hz / self.grid.bin_hz).round() as usize
    }
}
