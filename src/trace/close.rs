//! The closer look: the whole file and windows of five seconds, a second apart.

use super::evidence::{BandScore, Edge, Strength, Stretch, Trace, WindowMatch as Opinion};
use super::gate::whitened;
use super::lattice::{CLOSE, Score, Whitened};
use super::params::{Lattice, TraceParams};
use super::profile::{Gatherer, Sums};
use super::spectra::{Pair, Spectra};
use super::window_match::WindowMatch;

/// Least step in the spectrum that is told, in dB.
const LEAST_EDGE_DB: f64 = 8.0;
/// Where a step is looked for, and in what steps.
const EDGE_HZ: (usize, usize, usize) = (9_000, 11_000, 10);
/// What lies before and after a step, from where to where.
const BESIDE_HZ: (f64, f64) = (60.0, 400.0);

/// By how much rows must fit better at another pitch to be there.
const BETTER: f64 = 1.0;

/// Listens closely.
pub(super) struct Close {
    spectra: Spectra,
    inner: Inner,
}

/// All but the spectra.
struct Inner {
    params: &'static TraceParams,
    now: Gatherer,
    /// The second that `now` belongs to.
    second: usize,
    /// The latest seconds, as many as a window has.
    latest: Vec<Sums>,
    whole: Sums,
    /// Profile of the window that begins with each second; none where it is silent.
    windows: Vec<Option<Whitened>>,
    window_match: WindowMatch,
    /// The second opinion, at the end: the phase looks rebuilt from magnitudes.
    agrees: bool,
}

/// Rows that fit, at a pitch.
struct Fit {
    lattice: &'static Lattice,
    pitch: f64,
    score: Score,
    /// Score from which it is strong.
    strong: f64,
    weak: f64,
}

impl Close {
    pub(super) fn new(params: &'static TraceParams) -> Close {
        let spectra = Spectra::new(params.window_s, params.close, params.range_hz);
        let bins = spectra.bins();
        let inner = Inner {
            params,
            now: Gatherer::new(bins, params.close, params),
            second: 0,
            latest: Vec::new(),
            whole: Sums::new(bins),
            windows: Vec::new(),
            window_match: WindowMatch::new(params),
            agrees: false,
        };
        Close { spectra, inner }
    }

    pub(super) fn push(&mut self, rate: u32, samples: &[f32]) {
        let Close { spectra, inner } = self;
        inner.window_match.push(rate, samples);
        spectra.push(rate, samples, |pair| inner.add(pair));
    }

    pub(super) fn finish(mut self) -> Trace {
        let Close { spectra, inner } = &mut self;
        // The second that has begun is no whole one: it is part of the whole, and of no window.
        let mut rest = Sums::new(spectra.bins());
        inner.now.drain_into(&mut rest);
        inner.whole.add(&rest);
        self.inner.conclude()
    }
}

impl Inner {
    fn add(&mut self, pair: &Pair<'_>) {
        while pair.begin_s >= (self.second + 1) as f64 {
            self.second_is_over();
        }
        self.now.add(pair);
        self.window_match.add(pair.first);
    }

    fn second_is_over(&mut self) {
        let mut second = Sums::new(CLOSE.bins());
        self.now.drain_into(&mut second);
        self.second += 1;
        self.whole.add(&second);
        self.latest.push(second);
        if self.latest.len() < self.params.close_window_s {
            return;
        }
        let mut window = Sums::new(CLOSE.bins());
        self.latest.iter().for_each(|second| window.add(second));
        self.latest.remove(0);
        self.windows.push(whitened(&CLOSE, &window, self.params));
    }

    fn conclude(mut self) -> Trace {
        let opinion = self.opinion();
        self.agrees = opinion.as_ref().is_some_and(|opinion| opinion.agrees);
        let Some(whole) = whitened(&CLOSE, &self.whole, self.params) else {
            return Trace { strength: Strength::NotMeasurable, ..Trace::default() };
        };
        let Some(fit) = self.best_fit(&whole) else { return Trace::default() };
        let windows = self.scores(&fit);
        let stretches = self.stretches(&windows, fit.strong);
        let strength = match fit.score.sum {
            score if score >= fit.strong || !stretches.is_empty() => Strength::Strong,
            score if score >= fit.weak => Strength::Weak,
            _ => Strength::None,
        };
        let bands = self.params.bands.iter().zip(&fit.score.bands);
        Trace {
            strength,
            lattice: fit.lattice.name.to_owned(),
            score: fit.score.sum,
            pitch_factor: fit.pitch,
            bands: bands
                .map(|((from, to), score)| BandScore {
                    begin_hz: *from as u32,
                    end_hz: *to as u32,
                    score: *score,
                })
                .collect(),
            windows,
            window_ms: self.params.close_window_s as u64 * 1000,
            stretches,
            window_match: opinion,
            edge: edge(&self.whole.levels_db(), self.params),
            pattern: CLOSE.folded(&whole, fit.lattice, fit.pitch),
        }
    }

    fn opinion(&self) -> Option<Opinion> {
        self.window_match.finish().map(|(spread, ratio)| {
            let (most_spread, most_ratio) = self.params.window_match.most;
            Opinion { agrees: spread <= most_spread && ratio <= most_ratio, spread, ratio }
        })
    }

    /// The rows that fit the whole best: at their own pitch; at another one where that is beyond doubt; or those
    /// that fit a stretch of it.
    fn best_fit(&self, whole: &Whitened) -> Option<Fit> {
        let p = self.params;
        let own = CLOSE.own_pitch(whole).into_iter().zip(p.lattices).map(|(score, lattice)| Fit {
            lattice,
            pitch: 1.0,
            score,
            strong: p.strong,
            weak: p.weak,
        });
        let by_score = |a: &Fit, b: &Fit| a.score.sum.total_cmp(&b.score.sum);
        let all: Vec<Fit> = own.collect();
        let best = all.iter().max_by(|a, b| by_score(a, b))?;
        // A change by a semitone moves rows by nearly whole ones: what fits better elsewhere belongs there.
        let pitched = self.at_any_pitch(whole, 0);
        let is_elsewhere = pitched.as_ref().is_some_and(|fit| {
            fit.score.sum >= fit.strong && fit.score.sum > best.score.sum + BETTER
        });
        if best.score.sum >= best.strong && !is_elsewhere {
            return all.into_iter().max_by(by_score);
        }
        let pitched = if is_elsewhere { pitched } else { self.other_pitch(whole) };
        if pitched.as_ref().is_some_and(|fit| fit.score.sum >= fit.strong) {
            return pitched;
        }
        // Only a part may have the rows; then the whole says little.
        let in_part = |fit: &Fit| self.stretches(&self.scores(fit), fit.strong).len();
        if let Some(at) = (0..all.len()).find(|at| in_part(&all[*at]) > 0) {
            return all.into_iter().nth(at);
        }
        let best = all.into_iter().max_by(by_score);
        match (pitched, best) {
            (Some(pitched), Some(best))
                if best.score.sum < best.weak
                    && (pitched.score.sum >= pitched.weak || in_part(&pitched) > 0) =>
            {
                Some(pitched)
            }
            (_, best) => best,
        }
    }

    /// The rows of lattice number `at`, at the pitch at which they fit best.
    fn at_any_pitch(&self, whole: &Whitened, at: usize) -> Option<Fit> {
        let p = self.params;
        let (pitch, score) = CLOSE.best_pitch(whole, at);
        let lattice = p.lattices.get(at)?;
        // Hundreds of pitches are tried, and chance gives one of them more than it gives a single one. The second
        // opinion knows no rows and no pitch: where it agrees, less is enough.
        let strong = if self.agrees { p.strong_agreed } else { p.strong_pitched };
        Some(Fit { lattice, pitch, score, strong, weak: p.weak_pitched.min(strong) })
    }

    /// The rows that fit best at any pitch.
    fn other_pitch(&self, whole: &Whitened) -> Option<Fit> {
        let moved = self.params.lattices.iter().enumerate().filter(|(_, l)| l.at_any_pitch);
        let fits = moved.filter_map(|(at, _)| self.at_any_pitch(whole, at));
        fits.max_by(|a, b| a.score.sum.total_cmp(&b.score.sum))
    }

    fn scores(&self, fit: &Fit) -> Vec<Option<f64>> {
        let template = CLOSE.template(fit.lattice, fit.pitch);
        let score = |w: &Option<Whitened>| w.as_ref().map(|w| CLOSE.correlate(w, &template).sum);
        self.windows.iter().map(score).collect()
    }

    fn stretches(&self, windows: &[Option<f64>], strong: f64) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let mut at = 0;
        while at < windows.len() {
            let run = windows[at..].iter().take_while(|s| s.is_some_and(|s| s >= strong)).count();
            if run >= self.params.strong_windows {
                let scores = windows[at..at + run].iter().flatten();
                stretches.push(Stretch {
                    begin_ms: at as u64 * 1000,
                    end_ms: (at + run - 1 + self.params.close_window_s) as u64 * 1000,
                    score: scores.copied().fold(0.0, f64::max),
                });
            }
            at += run.max(1);
        }
        stretches
    }
}

/// The steepest step down near 10 kHz.
fn edge(levels_db: &[f64], params: &TraceParams) -> Option<Edge> {
    let mut sums = vec![0.0];
    sums.extend(levels_db.iter().scan(0.0, |sum, level| {
        *sum += level;
        Some(*sum)
    }));
    let bin = |hz: f64| ((hz - params.range_hz.0) / params.close.bin_hz).round() as usize;
    let mean = |from: f64, to: f64| {
        let (from, to) = (bin(from), bin(to));
        (sums[to] - sums[from]) / (to - from) as f64
    };
    let (near, far) = BESIDE_HZ;
    let step = |hz: usize| {
        let at = hz as f64;
        (mean(at - far, at - near) - mean(at + near, at + far), hz)
    };
    let steps = (EDGE_HZ.0..=EDGE_HZ.1).step_by(EDGE_HZ.2).map(step);
    let (db, hz) = steps.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (db >= LEAST_EDGE_DB).then_some(Edge { hz: hz as u32, db })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_another_pitch_less_is_enough_where_the_second_opinion_agrees() {
        let p = &TraceParams::V2;
        let mut close = Close::new(p);
        let bins = close.spectra.bins();
        let change: Vec<f64> = (0..bins).map(|bin| (bin % 7) as f64).collect();
        let whole = CLOSE.whiten(&change, &vec![true; bins]);
        let mut asked = |agrees| {
            close.inner.agrees = agrees;
            close.inner.at_any_pitch(&whole, 0).unwrap().strong
        };
        assert_eq!((asked(false), asked(true)), (p.strong_pitched, p.strong_agreed));
        // More than any version of a human track has at any pitch, and than its own pitch takes.
        assert!(p.strong_agreed > p.human.highest_pitched && p.strong_agreed > p.strong);
        assert!(p.strong_pitched > p.strong_agreed);
    }
}
