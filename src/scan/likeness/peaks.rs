//! How the peaks of two tracks coincide along a line.
//!
//! What was recorded once is there to the millisecond, and damage blurs all of it alike; players place every note
//! anew.

use crate::fingerprint::{Constellation, Point};
use crate::scan::params::{PeakParams, VerifyParams};
use crate::scan::transform::Transform;
use crate::scan::verify::coincidences;

/// How peaks coincide.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PeakLikeness {
    /// Coincidences measured.
    pub coincidences: usize,
    /// Share of the peaks that have a partner, 0 to 1.
    pub share: f64,
    /// The same of the strongest peaks, less that of all.
    pub strong_lead: f64,
    /// Share of the coincidences that are exact in time, 0 to 1.
    pub exact_time: f64,
    /// The same of the strongest peaks.
    pub strong_exact: f64,
    /// Share of the coincidences that are exact in pitch, 0 to 1.
    pub exact_pitch: f64,
    /// Mean difference in lateness between coincidences up to a quarter of a second apart, in time units. Of chance
    /// ones 5.3.
    pub looseness: f64,
    /// That difference within a note over that between notes: below 1 where notes were placed one by one.
    pub note_looseness: f64,
}

impl PeakLikeness {
    /// Of what was measured from either side.
    pub(super) fn mean(a: PeakLikeness, b: PeakLikeness) -> PeakLikeness {
        PeakLikeness {
            coincidences: a.coincidences.min(b.coincidences),
            share: f64::midpoint(a.share, b.share),
            strong_lead: f64::midpoint(a.strong_lead, b.strong_lead),
            exact_time: f64::midpoint(a.exact_time, b.exact_time),
            strong_exact: f64::midpoint(a.strong_exact, b.strong_exact),
            exact_pitch: f64::midpoint(a.exact_pitch, b.exact_pitch),
            looseness: f64::midpoint(a.looseness, b.looseness),
            note_looseness: f64::midpoint(a.note_looseness, b.note_looseness),
        }
    }
}

/// A coincidence: the peak, and how far its partner lies from where it should.
#[derive(Debug, Clone, Copy)]
struct Met {
    at: Point,
    late: f64,
    sharp: f64,
}

/// The peaks of one side of a match.
#[derive(Debug, Default)]
pub(super) struct Side {
    peaks: usize,
    strong: (usize, usize),
    met: Vec<Met>,
    exact: usize,
    strong_exact: usize,
}

impl Side {
    /// Adds `points`, which `transform` leads into `others`.
    pub(super) fn add(
        &mut self,
        points: &[Point],
        others: &Constellation,
        transform: &Transform,
        verify: &VerifyParams,
        params: &PeakParams,
    ) {
        let first = self.met.len();
        let mut found = coincidences(points, others, transform, verify).into_iter().peekable();
        for p in points {
            let partner = found.next_if(|c| c.query == *p);
            self.peaks += 1;
            self.strong.0 += usize::from(p.rank == 0);
            self.strong.1 += usize::from(p.rank == 0 && partner.is_some());
            if let Some(c) = partner {
                let (time, freq) = transform.apply(p);
                let late = f64::from(c.reference.time) - time;
                self.met.push(Met { at: *p, late, sharp: f64::from(c.reference.freq) - freq });
            }
        }
        for (met, is_exact) in self.met[first..].iter().zip(exact(&self.met[first..], params)) {
            self.exact += usize::from(is_exact);
            self.strong_exact += usize::from(is_exact && met.at.rank == 0);
        }
    }

    pub(super) fn likeness(&self, params: &PeakParams) -> PeakLikeness {
        let count = self.met.len();
        let share = ratio(count, self.peaks);
        let sharp = self.met.iter().filter(|m| m.sharp.abs() <= params.exact).count();
        let (one, other) = params.note_freq;
        let within = self.looseness(params.note, params.cut, |a, b| a.abs_diff(b) <= one);
        let between = self.looseness(params.note, params.cut, |a, b| a.abs_diff(b) > other);
        PeakLikeness {
            coincidences: count,
            share,
            strong_lead: ratio(self.strong.1, self.strong.0) - share,
            exact_time: ratio(self.exact, count),
            strong_exact: ratio(self.strong_exact, self.strong.1),
            exact_pitch: ratio(sharp, count),
            looseness: self.looseness(params.neighbours, params.cut, |_, _| true),
            note_looseness: within / between.max(params.min_between),
        }
    }

    /// Mean difference in lateness of coincidences that lie so far apart and whose pitches are `alike`.
    fn looseness(&self, (from, to): (u32, u32), cut: f64, alike: impl Fn(u16, u16) -> bool) -> f64 {
        let (mut sum, mut count) = (0.0, 0usize);
        for (i, a) in self.met.iter().enumerate() {
            let later = self.met[i + 1..].iter().skip_while(|b| b.at.time < a.at.time + from);
            let near = later.take_while(|b| (a.at.time..=a.at.time + to).contains(&b.at.time));
            for b in near.filter(|b| alike(a.at.freq, b.at.freq)) {
                sum += (a.late - b.late).abs().min(cut);
                count += 1;
            }
        }
        sum / count.max(1) as f64
    }
}

/// Which coincidences are as late as those around them.
fn exact(met: &[Met], params: &PeakParams) -> Vec<bool> {
    let half = params.around / 2;
    let exact = |i: usize| {
        let around = &met[i.saturating_sub(half)..(i + half + 1).min(met.len())];
        let mut late: Vec<f64> = around.iter().map(|m| m.late).collect();
        let middle = late.len() / 2;
        let (_, median, _) = late.select_nth_unstable_by(middle, f64::total_cmp);
        (met[i].late - *median).abs() <= params.exact
    };
    (0..met.len()).map(exact).collect()
}

fn ratio(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}
