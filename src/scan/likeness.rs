//! How alike two tracks are where they run along: whether it is the same *recording* that runs there.
//!
//! A line that holds for minutes says that one thing runs along the other, not that it is the same: a voice over a
//! backing track, another performance of a score or a piece generated anew do so as well. How many peaks the two
//! have in common does not tell them apart: a voice leaves as many as noise does, and another performance on the
//! same piano more. How they coincide does. What was recorded once is there to the millisecond, and damage blurs
//! all of it alike; a voice takes away much, for as long as it sounds, and leaves the rest exact; players place
//! every note anew. `benches/kinds` makes pairs of all these, shows the measures of each and fits the lines below.

use super::matcher::Segment;
use super::verify::{VerifyParams, coincidences};
use super::warp::Warp;
use crate::fingerprint::constellation::{FREQ_UNITS_PER_BIN, band_of};
use crate::fingerprint::{Constellation, Point};
use crate::params::{FingerprintParams, QUOTA_BANDS};

/// Time of the segments that is measured, in time units (60 s): twice as much tells nothing more.
const MEASURED: f64 = 15_000.0;
/// Time and frequency distance (units of 4 ms and 4.2 cents) up to which a coincidence is exact.
const EXACT: f64 = 1.0;
/// Coincidences around each, whose median time distance is taken off: tape and clocks wander.
const AROUND: usize = 41;
/// Time between two peaks (time units, 48 to 240 ms) that belong to different onsets, mostly.
const NEIGHBOURS: (u32, u32) = (12, 60);
/// The same where they may belong to one note (48 to 480 ms).
const NOTE: (u32, u32) = (12, 120);
/// Frequency units up to which two peaks are of one note, and from which they are not.
const NOTE_FREQ: (u16, u16) = (4, 16);
/// Differences of time count up to this many time units: farther is chance.
const CUT: f64 = 8.0;
/// Peaks of one band up to this far apart (time units, half a second) follow each other.
const FOLLOWING: u32 = 125;

/// How the peaks of two tracks coincide within the segments of a match. The same from either side.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Likeness {
    /// Coincidences measured.
    pub coincidences: usize,
    /// Share of the peaks that have a partner, 0 to 1.
    pub share: f64,
    /// The same of the strongest peaks, less that of all.
    pub strong_lead: f64,
    /// Share of the coincidences that are exact in time, 0 to 1.
    pub exact_time: f64,
    /// Share of the coincidences that are exact in pitch, 0 to 1.
    pub exact_pitch: f64,
    /// Correlation of having a partner between a peak and the next of its band: above 0 where partners lack in
    /// bursts.
    pub bursts: f64,
    /// Mean difference in lateness between coincidences up to a quarter of a second apart, in time units. Of chance
    /// ones 5.3.
    pub looseness: f64,
    /// That difference within a note over that between notes: below 1 where notes were placed one by one.
    pub note_looseness: f64,
}

/// A quadratic discriminant: above 0 on the side of recordings.
struct Discriminant<const N: usize> {
    constant: f64,
    linear: [f64; N],
    /// Weights of the products, row by row of the upper triangle.
    quadratic: &'static [f64],
}

impl<const N: usize> Discriminant<N> {
    fn at(&self, x: [f64; N]) -> f64 {
        let pairs = (0..N).flat_map(|i| (i..N).map(move |j| (i, j)));
        let products = pairs.zip(self.quadratic).map(|((i, j), w)| w * x[i] * x[j]);
        let linear = self.linear.iter().zip(x).map(|(w, x)| w * x);
        self.constant + linear.sum::<f64>() + products.sum::<f64>()
    }
}

// Fitted by benches/kinds/fit.py on pairs of seed kinds-1 and on what an earlier draft of make_more.py made of them, so
// that together they lose 1.6 % of the recordings there; of those of seed kinds-2, other music and other scores, they
// lost 0.8 %.
/// Copies against much else in it, a voice or a lead over a backing track, and against other players: share, strong
/// lead, exact time, exact pitch, bursts, looseness, note looseness.
const OTHER: Discriminant<7> = Discriminant {
    constant: 27.961,
    linear: [-13.818, 8.302, -11.384, -23.753, -46.663, -2.261, 0.685],
    quadratic: &[
        -3.823, -7.065, 16.559, 19.785, 13.558, 1.202, 2.433, -22.09, -31.364, 35.634, 3.481,
        -2.93, 10.02, 28.807, -31.492, -5.013, 0.701, -5.227, -3.467, 21.199, 5.757, 2.171, 24.363,
        -2.694, 9.655, -0.701, -0.022, -1.597,
    ],
};
/// Copies against performances on other instruments: share, looseness.
const PLAYED_ELSEWHERE: Discriminant<2> =
    Discriminant { constant: 13.134, linear: [-9.155, -0.785], quadratic: &[3.938, 4.247, -0.57] };
/// Copies against performances on the same instrument: share, exact time, exact pitch, looseness, note looseness.
const PLAYED_AGAIN: Discriminant<5> = Discriminant {
    constant: 12.443,
    linear: [31.288, 45.61, -92.919, -7.125, 44.374],
    quadratic: &[
        4.433, -21.831, -12.387, 1.446, -24.442, -31.153, 31.286, -0.057, -6.841, 51.455, -0.634,
        -16.334, 1.06, 1.666, -5.758,
    ],
};
/// Share below which it is never called the same recording: of 1,943 damaged copies of both seeds 13 had less, eight
/// of them through a speech codec of 3.2 kbit/s.
const MIN_SHARE: f64 = 0.27;
/// Coincidences below which the measures say nothing: some four seconds of a copy.
const MIN_COINCIDENCES: usize = 60;

impl Likeness {
    /// Whether it is one recording that runs along both, as far as the measures can tell; else another version of
    /// the same material, or one that much else lies over.
    pub fn is_recording(&self) -> bool {
        let l = self;
        if l.coincidences < MIN_COINCIDENCES {
            return true;
        }
        let other = OTHER.at([
            l.share,
            l.strong_lead,
            l.exact_time,
            l.exact_pitch,
            l.bursts,
            l.looseness,
            l.note_looseness,
        ]);
        let again = [l.share, l.exact_time, l.exact_pitch, l.looseness, l.note_looseness];
        l.share >= MIN_SHARE
            && other >= 0.0
            && PLAYED_ELSEWHERE.at([l.share, l.looseness]) >= 0.0
            && PLAYED_AGAIN.at(again) >= 0.0
    }

    /// Measures the likeness of `query` and `reference` within `segments`.
    pub fn of(
        query: &Constellation,
        reference: &Constellation,
        segments: &[Segment],
        params: &FingerprintParams,
        verify: &VerifyParams,
    ) -> Likeness {
        let query = query.thinned(params);
        let total: f64 = segments.iter().map(|s| s.seconds() * 250.0).sum();
        let part = (MEASURED / total.max(1.0)).min(1.0);
        let mut sides = [Side::default(), Side::default()];
        for s in segments {
            let (here, there) = (middle(s.query_ms, part), middle(s.reference_ms, part));
            sides[0].add(query.between(here.0, here.1), reference, &s.warp, params, verify);
            let back = s.warp.inverse();
            sides[1].add(reference.between(there.0, there.1), &query, &back, params, verify);
        }
        Likeness::mean(sides.map(|side| side.likeness()))
    }

    fn mean([a, b]: [Likeness; 2]) -> Likeness {
        Likeness {
            coincidences: a.coincidences.min(b.coincidences),
            share: f64::midpoint(a.share, b.share),
            strong_lead: f64::midpoint(a.strong_lead, b.strong_lead),
            exact_time: f64::midpoint(a.exact_time, b.exact_time),
            exact_pitch: f64::midpoint(a.exact_pitch, b.exact_pitch),
            bursts: f64::midpoint(a.bursts, b.bursts),
            looseness: f64::midpoint(a.looseness, b.looseness),
            note_looseness: f64::midpoint(a.note_looseness, b.note_looseness),
        }
    }
}

/// The middle `part` of a stretch, in time units.
fn middle((begin, end): (u64, u64), part: f64) -> (u32, u32) {
    let (begin, end) = (begin as f64 / 4.0, end as f64 / 4.0);
    let cut = (end - begin) * (1.0 - part) / 2.0;
    ((begin + cut) as u32, (end - cut) as u32 + 1)
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
struct Side {
    peaks: usize,
    strong: (usize, usize),
    met: Vec<Met>,
    exact: usize,
    bands: [Band; QUOTA_BANDS],
}

/// Whether the peaks of a band have partners, in time order.
#[derive(Debug, Default)]
struct Band(Vec<(u32, bool)>);

impl Side {
    /// Adds `points`, which `warp` leads into `others`.
    fn add(
        &mut self,
        points: &[Point],
        others: &Constellation,
        warp: &Warp,
        params: &FingerprintParams,
        verify: &VerifyParams,
    ) {
        let first = self.met.len();
        let mut found = coincidences(points, others, warp, verify).into_iter().peekable();
        for p in points {
            let partner = found.next_if(|c| c.query == *p);
            self.peaks += 1;
            self.strong.0 += usize::from(p.rank == 0);
            self.strong.1 += usize::from(p.rank == 0 && partner.is_some());
            let band = band_of(params, usize::from(p.freq) / FREQ_UNITS_PER_BIN as usize);
            self.bands[band].0.push((p.time, partner.is_some()));
            if let Some(c) = partner {
                let (time, freq) = warp.apply(p);
                let late = f64::from(c.reference.time) - time;
                self.met.push(Met { at: *p, late, sharp: f64::from(c.reference.freq) - freq });
            }
        }
        self.exact += count_exact(&self.met[first..]);
    }

    fn likeness(&self) -> Likeness {
        let count = self.met.len();
        let share = ratio(count, self.peaks);
        let sharp = self.met.iter().filter(|m| m.sharp.abs() <= EXACT).count();
        let within = self.looseness(NOTE, |a, b| a.abs_diff(b) <= NOTE_FREQ.0);
        let between = self.looseness(NOTE, |a, b| a.abs_diff(b) > NOTE_FREQ.1);
        Likeness {
            coincidences: count,
            share,
            strong_lead: ratio(self.strong.1, self.strong.0) - share,
            exact_time: ratio(self.exact, count),
            exact_pitch: ratio(sharp, count),
            bursts: self.bursts(),
            looseness: self.looseness(NEIGHBOURS, |_, _| true),
            note_looseness: within / between.max(0.3),
        }
    }

    /// Mean difference in lateness of coincidences that lie so far apart and whose pitches are `alike`.
    fn looseness(&self, (from, to): (u32, u32), alike: impl Fn(u16, u16) -> bool) -> f64 {
        let (mut sum, mut count) = (0.0, 0usize);
        for (i, a) in self.met.iter().enumerate() {
            let later = self.met[i + 1..].iter().skip_while(|b| b.at.time < a.at.time + from);
            let near = later.take_while(|b| (a.at.time..=a.at.time + to).contains(&b.at.time));
            for b in near.filter(|b| alike(a.at.freq, b.at.freq)) {
                sum += (a.late - b.late).abs().min(CUT);
                count += 1;
            }
        }
        sum / count.max(1) as f64
    }

    fn bursts(&self) -> f64 {
        let (mut together, mut alone) = (0.0, 0.0);
        for Band(peaks) in &self.bands {
            let mean = ratio(peaks.iter().filter(|p| p.1).count(), peaks.len());
            let lead = |met: bool| f64::from(u8::from(met)) - mean;
            for pair in peaks.windows(2) {
                if (pair[0].0..=pair[0].0 + FOLLOWING).contains(&pair[1].0) {
                    together += lead(pair[0].1) * lead(pair[1].1);
                    alone += mean * (1.0 - mean);
                }
            }
        }
        together / f64::max(alone, 1e-6)
    }
}

/// How many coincidences are as late as those around them, to within [`EXACT`].
fn count_exact(met: &[Met]) -> usize {
    let half = AROUND / 2;
    let exact = |i: usize| {
        let around = &met[i.saturating_sub(half)..(i + half + 1).min(met.len())];
        let mut late: Vec<f64> = around.iter().map(|m| m.late).collect();
        let middle = late.len() / 2;
        let (_, median, _) = late.select_nth_unstable_by(middle, f64::total_cmp);
        (met[i].late - *median).abs() <= EXACT
    };
    (0..met.len()).filter(|&i| exact(i)).count()
}

fn ratio(part: usize, of: usize) -> f64 {
    part as f64 / of.max(1) as f64
}
