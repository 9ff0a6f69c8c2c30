//! How the band levels of two tracks differ along a line.
//!
//! A copy has the levels of the original but for what damage does to all of it: a gain that changes with time, a
//! gain that differs between bands, a floor. So the differences are taken in decibels, less the median of each
//! band and less the median of each moment; what is left is small in a copy. A voice leaves much, in bursts and in
//! some bands; another performance leaves some everywhere.

use crate::fingerprint::Constellation;
use crate::fingerprint::constellation::FREQ_UNITS_PER_BIN;
use crate::params::FingerprintParams;
use crate::scan::params::LevelParams;
use crate::scan::span::Span;
use crate::scan::transform::Transform;

/// Two tracks, as one of them sees them.
#[derive(Clone, Copy)]
pub(super) struct Along<'a> {
    pub(super) query: &'a Constellation,
    pub(super) reference: &'a Constellation,
    pub(super) fingerprint: &'a FingerprintParams,
}

impl Along<'_> {
    /// As the other sees them.
    pub(super) fn turned(self) -> Self {
        Along { query: self.reference, reference: self.query, ..self }
    }
}

/// Levels of both tracks as one of them sees them: in dB, moment by moment, and of what stretch.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Bands that lie within both tracks, in all stretches.
    bands: Option<std::ops::Range<usize>>,
    rows: Vec<[Vec<f64>; 2]>,
    /// Index of the first row of each stretch.
    stretches: Vec<usize>,
}

/// What the differences are like.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LevelLikeness {
    /// Correlation of a band's levels over time, median of the bands.
    pub correlation: f64,
    /// The same, lower quartile of the bands.
    pub least_correlation: f64,
    /// Correlation of a band's changes from one moment to the next, lower quartile.
    pub change_correlation: f64,
    /// Root mean square of the differences, in dB.
    pub deviation: f64,
    /// The same where a band is loud in either track: noise and reverb fill what is quiet.
    pub loud: f64,
    /// Share of the differences that are much, 0 to 1: of the track that has more in it.
    pub excess: f64,
    /// The same of the other.
    pub lack: f64,
    /// Standard deviation of the gain over time, in dB.
    pub gain: f64,
    /// Median size of the differences of a moment, in dB, in the calmest tenth of them.
    pub calm: f64,
    /// Kurtosis of the differences, logarithm: high where few are large.
    pub kurtosis: f64,
    /// Correlation of the differences of neighbouring bands.
    pub across: f64,
    /// Correlation of the differences of one moment and the next.
    pub persistence: f64,
}

impl LevelLikeness {
    /// Of what was measured from either side.
    pub(super) fn mean(a: LevelLikeness, b: LevelLikeness) -> LevelLikeness {
        LevelLikeness {
            correlation: f64::midpoint(a.correlation, b.correlation),
            least_correlation: f64::midpoint(a.least_correlation, b.least_correlation),
            change_correlation: f64::midpoint(a.change_correlation, b.change_correlation),
            deviation: f64::midpoint(a.deviation, b.deviation),
            loud: f64::midpoint(a.loud, b.loud),
            excess: f64::midpoint(a.excess, b.excess),
            lack: f64::midpoint(a.lack, b.lack),
            gain: f64::midpoint(a.gain, b.gain),
            calm: f64::midpoint(a.calm, b.calm),
            kurtosis: f64::midpoint(a.kurtosis, b.kurtosis),
            across: f64::midpoint(a.across, b.across),
            persistence: f64::midpoint(a.persistence, b.persistence),
        }
    }
}

impl Side {
    /// Adds a stretch of the query, which `transform` leads into the reference.
    pub(super) fn add(
        &mut self,
        along: Along<'_>,
        span: Span,
        transform: &Transform,
        params: &LevelParams,
    ) {
        let (here, there) = (&along.query.levels, &along.reference.levels);
        let step = here.cell_units() * params.cells;
        if here.bands() == 0 || here.bands() != there.bands() {
            return;
        }
        let shift = transform.freq_shift
            / FREQ_UNITS_PER_BIN
            / (along.fingerprint.bins as f64 / here.bands() as f64);
        let within = (shift.max(0.0).ceil() as usize).min(here.bands())
            ..(here.bands() as f64 + shift.min(0.0)).floor().max(0.0) as usize;
        let known = self.bands.get_or_insert(within.clone());
        let start = known.start.max(within.start);
        *known = start..known.end.min(within.end).max(start);
        self.stretches.push(self.rows.len());
        for at in span.begin.div_ceil(step)..span.end / step {
            let (from, to) = (f64::from(at * step), f64::from((at + 1) * step));
            if let Some(q) = here.power(from, to)
                && let Some(r) = there.power(transform.time(from), transform.time(to))
            {
                self.rows.push([decibels(&q), shifted(&decibels(&r), shift)]);
            }
        }
    }

    /// None where there is too little of it.
    pub(super) fn likeness(mut self, params: &LevelParams) -> Option<LevelLikeness> {
        let bands = self.bands.clone()?;
        if self.rows.len() < params.min_moments {
            return None;
        }
        for side in 0..2 {
            self.floor(side, bands.clone(), params.range_db);
        }
        let alive: Vec<usize> = bands.filter(|&band| self.is_alive(band, params.alive)).collect();
        if alive.len() < params.min_bands {
            return None;
        }
        let side = |side: usize| -> Grid {
            self.rows
                .iter()
                .map(|row| alive.iter().map(|&band| row[side][band]).collect())
                .collect()
        };
        Some(measure([side(0), side(1)], &self.stretches, params))
    }

    /// Raises what is too low to count.
    fn floor(&mut self, side: usize, bands: std::ops::Range<usize>, range_db: f64) {
        let all = self.rows.iter().flat_map(|row| &row[side][bands.clone()]).copied().collect();
        let floor = quantile(all, 0.95) - range_db;
        for level in self.rows.iter_mut().flat_map(|row| &mut row[side]) {
            *level = level.max(floor);
        }
    }

    fn is_alive(&self, band: usize, share: f64) -> bool {
        let lowest = |side: usize| self.rows.iter().map(|r| r[side][band]).fold(f64::MAX, f64::min);
        let floors = [lowest(0), lowest(1)];
        let above = |row: &&[Vec<f64>; 2]| (0..2).any(|side| row[side][band] > floors[side] + 1.0);
        self.rows.iter().filter(above).count() as f64 > share * self.rows.len() as f64
    }
}

/// Values by moment and band.
type Grid = Vec<Vec<f64>>;

fn measure([mut a, mut b]: [Grid; 2], stretches: &[usize], params: &LevelParams) -> LevelLikeness {
    for grid in [&mut a, &mut b] {
        centre(grid, stretches, mean);
    }
    let (left, gain) = residual(&a, &b, stretches);
    let mut levels = spread(&left, params.much_db);
    let bands = correlations(&a, &b);
    levels.correlation = quantile(bands.clone(), 0.5);
    levels.least_correlation = quantile(bands, 0.25);
    levels.change_correlation = quantile(correlations(&changes(&a), &changes(&b)), 0.25);
    levels.gain = gain;
    levels.loud = loud(&left, &b, params.loud);
    levels
}

/// Root mean square of the differences where a band is loud.
fn loud(left: &Grid, b: &Grid, share: f64) -> f64 {
    let mut squares = Vec::new();
    for band in 0..left.first().map_or(0, Vec::len) {
        // The other track's levels are these and the difference.
        let louder = |(b, left): (&Vec<f64>, &Vec<f64>)| b[band] + left[band].max(0.0);
        let levels: Vec<f64> = b.iter().zip(left).map(louder).collect();
        let least = quantile(levels.clone(), 1.0 - share);
        let loud = levels.iter().zip(left).filter(|(level, _)| **level >= least);
        squares.extend(loud.map(|(_, left)| left[band].powi(2)));
    }
    mean(squares).sqrt()
}

/// Differences less the median of their band and of their moment, and the standard deviation of the latter.
fn residual(a: &Grid, b: &Grid, stretches: &[usize]) -> (Grid, f64) {
    let difference = |(a, b): (&Vec<f64>, &Vec<f64>)| a.iter().zip(b).map(|(a, b)| a - b).collect();
    let mut left: Grid = a.iter().zip(b).map(difference).collect();
    centre(&mut left, stretches, median);
    let gains: Vec<f64> = left.iter().map(|row| median(row.clone())).collect();
    for (row, gain) in left.iter_mut().zip(&gains) {
        row.iter_mut().for_each(|v| *v -= gain);
    }
    centre(&mut left, stretches, median);
    let middle = mean(gains.clone());
    (left, mean(gains.iter().map(|gain| (gain - middle).powi(2)).collect()).sqrt())
}

/// How large the differences are, and how they lie.
fn spread(left: &Grid, much_db: f64) -> LevelLikeness {
    let all: Vec<f64> = left.iter().flatten().copied().collect();
    let moment = |power: i32| mean(all.iter().map(|v| v.powi(power)).collect());
    let (second, fourth) = (moment(2), moment(4));
    let much = |sign: f64| {
        all.iter().filter(|&&v| v * sign > much_db).count() as f64 / all.len().max(1) as f64
    };
    let (over, under) = (much(1.0), much(-1.0));
    let sizes = left.iter().map(|row| median(row.iter().map(|v| v.abs()).collect()));
    let beside = |products: Vec<f64>| mean(products) / (second + 1e-6);
    let next =
        |w: &[Vec<f64>]| -> Vec<f64> { w[0].iter().zip(&w[1]).map(|(a, b)| a * b).collect() };
    LevelLikeness {
        deviation: second.sqrt(),
        excess: over.max(under),
        lack: over.min(under),
        calm: quantile(sizes.collect(), 0.1),
        // Differences of less than a decibel are rounding: of them nothing is said.
        kurtosis: ((fourth + 1.0) / (second * second + 1.0)).ln(),
        across: beside(left.iter().flat_map(|r| r.windows(2).map(|w| w[0] * w[1])).collect()),
        persistence: beside(left.windows(2).flat_map(next).collect()),
        ..LevelLikeness::default()
    }
}

fn changes(grid: &Grid) -> Grid {
    let change = |w: &[Vec<f64>]| w[1].iter().zip(&w[0]).map(|(a, b)| a - b).collect();
    grid.windows(2).map(change).collect()
}

/// Takes the middle of each band off, stretch by stretch: an edited copy may have another tone in each.
fn centre(grid: &mut Grid, stretches: &[usize], middle: fn(Vec<f64>) -> f64) {
    for (i, &from) in stretches.iter().enumerate() {
        let to = stretches.get(i + 1).copied().unwrap_or(grid.len());
        let stretch = &mut grid[from..to];
        for band in 0..stretch.first().map_or(0, Vec::len) {
            let middle = middle(stretch.iter().map(|row| row[band]).collect());
            stretch.iter_mut().for_each(|row| row[band] -= middle);
        }
    }
}

/// Correlation over time, band by band.
fn correlations(a: &Grid, b: &Grid) -> Vec<f64> {
    let bands = a.first().map_or(0, Vec::len);
    (0..bands)
        .map(|band| {
            let column = |grid: &Grid| -> Vec<f64> {
                let values: Vec<f64> = grid.iter().map(|row| row[band]).collect();
                let mean = mean(values.clone());
                values.into_iter().map(|v| v - mean).collect()
            };
            let (x, y) = (column(a), column(b));
            let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
            dot(&x, &y) / (dot(&x, &x) * dot(&y, &y) + 1e-9).sqrt()
        })
        .collect()
}

fn decibels(power: &[f64]) -> Vec<f64> {
    power.iter().map(|p| 10.0 * p.max(1e-12).log10()).collect()
}

/// Levels of a track as they would lie on the axis of one that sounds `shift` bands higher.
fn shifted(levels: &[f64], shift: f64) -> Vec<f64> {
    let last = levels.len() as f64 - 1.0;
    let at = |band: usize| {
        let position = (band as f64 - shift).clamp(0.0, last);
        let (low, part) = (position as usize, position.fract());
        levels[low] * (1.0 - part) + levels[(low + 1).min(levels.len() - 1)] * part
    };
    (0..levels.len()).map(at).collect()
}

fn mean(values: Vec<f64>) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn median(values: Vec<f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value below which a share `q` lies; 0 of nothing.
fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let at = q * (values.len() - 1) as f64;
    let (_, &mut low, rest) = values.select_nth_unstable_by(at as usize, f64::total_cmp);
    let high = rest.iter().copied().fold(f64::MAX, f64::min).max(low);
    if at.fract() > 0.0 { low + (high - low) * at.fract() } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::levels::LevelMeter;
    use crate::scan::params::ScanParams;

    const PARAMS: FingerprintParams = FingerprintParams::V2;
    const LEVELS: &LevelParams = &ScanParams::V1.likeness.levels;

    fn along<'a>(query: &'a Constellation, reference: &'a Constellation) -> Along<'a> {
        Along { query, reference, fingerprint: &PARAMS }
    }

    /// Twelve seconds whose level in dB at a time (in cells of 128 ms) and band is given.
    fn track(level: impl Fn(usize, usize) -> f64) -> Constellation {
        let mut meter = LevelMeter::new(&PARAMS);
        for cell in 0..96 {
            let of_bin = |bin| level(cell, bin * PARAMS.level_bands / PARAMS.bins);
            let row: Vec<i16> =
                (0..PARAMS.bins).map(|bin| (of_bin(bin) / 3.0103 * 256.0) as i16).collect();
            (0..PARAMS.level_rows).for_each(|_| meter.push(&row));
        }
        Constellation { duration: 96 * 32, levels: meter.finish(), ..Constellation::default() }
    }

    /// Bands that move on their own, by up to 20 dB.
    fn music(cell: usize, band: usize) -> f64 {
        -40.0 + 10.0 * ((cell / 2) as f64 * (0.7 + 0.13 * band as f64) + band as f64).sin()
    }

    fn likeness(a: &Constellation, b: &Constellation) -> LevelLikeness {
        let mut side = Side::default();
        side.add(along(a, b), Span::new(0, a.duration), &Transform::shift(0.0), LEVELS);
        side.likeness(LEVELS).unwrap()
    }

    #[test]
    fn gain_and_tone_are_no_difference() {
        let copy = track(|cell, band| {
            music(cell, band) + 5.0 * (cell as f64 / 9.0).sin() - 1.5 * band as f64
        });
        let l = likeness(&track(music), &copy);
        assert!(l.deviation < 1.0, "{l:?}");
        assert!(l.least_correlation > 0.8 && l.gain > 2.0, "{l:?}");
        assert_eq!((l.excess, l.lack), (0.0, 0.0));
    }

    #[test]
    fn what_comes_and_goes_in_some_bands_is() {
        let seed = |cell: usize, band: usize| {
            if cell / 16 % 2 == 1 && (5..9).contains(&band) { -25.0 } else { -90.0 }
        };
        let mix = track(|cell, band| music(cell, band).max(seed(cell, band)));
        let l = likeness(&mix, &track(music));
        assert!(l.excess > 0.05 && l.lack < 0.01, "{l:?}");
        assert!(l.deviation > 3.0 && l.calm < 0.5, "{l:?}");
    }

    #[test]
    fn bands_are_followed_when_the_pitch_changes() {
        // Two bands up is 23 bins.
        let higher = track(|cell, band| music(cell, band.wrapping_sub(2).min(99)));
        let mut side = Side::default();
        let shift = 2.0 * PARAMS.bins as f64 / PARAMS.level_bands as f64 * FREQ_UNITS_PER_BIN;
        let transform = Transform { freq_shift: shift, ..Transform::shift(0.0) };
        let all = Span::new(0, higher.duration);
        side.add(along(&higher, &track(music)), all, &transform, LEVELS);
        let l = side.likeness(LEVELS).unwrap();
        assert!(l.least_correlation > 0.99, "{l:?}");
    }

    #[test]
    fn of_too_little_nothing_is_said() {
        let (a, b) = (track(music), track(music));
        let mut side = Side::default();
        side.add(along(&a, &b), Span::new(0, 900), &Transform::shift(0.0), LEVELS);
        assert_eq!(side.likeness(LEVELS), None);
    }
}
