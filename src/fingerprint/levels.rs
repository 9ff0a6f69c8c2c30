//! Band levels: a coarse spectrogram, to tell what else is in the sound where peaks agree.
//!
//! Peaks say that one recording runs along another; they hardly say what was laid over it, since the strongest
//! of both survive. The energy in some wide bands does: in a copy it follows that of the original, band by band,
//! up to a gain and a floor of noise, while a voice over it comes and goes. Band energies over time are an
//! old fingerprint by themselves (Haitsma and Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002);
//! here they only judge what the peaks have found and aligned.
//!
//! Stored by differential pulse-code modulation, four bits a value: the difference from the value decoded before, in
//! steps that grow with its size. Quantised as soon as they are measured, so that a track is the same before and
//! after it was stored.

use std::sync::{LazyLock, OnceLock};

use super::packed_levels;
use super::prefix_code::PrefixCodeError;
use super::spectrum::UNITS_PER_LOG2;
use super::time::TIME_UNITS_PER_SECOND;
use crate::params::FingerprintParams;

/// Level steps per decibel.
pub const STEPS_PER_DB: f64 = 2.0;
/// Level of step 0, in dB relative to a full-scale sine.
pub const FLOOR_DB: f64 = -80.0;
/// The differences that the codes stand for, in steps: onsets are steeper than decays.
const DIFFERENCES: [i16; 16] = [0, 1, -1, 2, -2, 4, -4, 7, -7, 12, -12, 20, -20, 34, -36, 60];
/// Fraction bits of the powers that are summed.
const POWER_BITS: u32 = 16;
/// Level of power 1, in octaves of power below full scale: 96 dB are 31.9.
const LOWEST_LOG2: i32 = -32;
/// Octaves above it up to which powers are told apart: sums of a whole cell still fit.
const HIGHEST: i32 = 38;

/// The energy in a few bands over time.
///
/// Packed ones are unpacked when somebody asks for them: most tracks that a scan compares with turn out to have
/// nothing to do with the query, and nobody does.
#[derive(Debug, Clone, Default)]
pub struct BandLevels {
    /// Number of bands, low to high.
    bands: usize,
    /// Time units per cell.
    cell: u32,
    /// Mean power in half decibels above [`FLOOR_DB`], cell by cell.
    steps: OnceLock<Vec<u8>>,
    /// What they are unpacked from.
    packed: Vec<u8>,
}

impl PartialEq for BandLevels {
    fn eq(&self, other: &BandLevels) -> bool {
        (self.bands, self.cell, self.steps()) == (other.bands, other.cell, other.steps())
    }
}

impl Eq for BandLevels {}

/// Why stored bytes are not band levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BandLevelsError {
    /// The number of bytes is not what the header asks for.
    #[error("band levels of {bytes} bytes claim {cells} cells of {bands} bands")]
    Size {
        /// Cells claimed.
        cells: u32,
        /// Bands claimed.
        bands: u8,
        /// Bytes there are.
        bytes: usize,
    },
    /// What is packed is not to be unpacked.
    #[error("band levels: {0}")]
    Packed(#[from] PrefixCodeError),
    /// A level would leave its range, or a code is not used.
    #[error("band levels leave their range")]
    Range,
}

impl BandLevels {
    /// Levels from steps of half decibels above [`FLOOR_DB`], cell by cell; they are rounded to what can be stored.
    fn new(bands: usize, cell: u32, mut steps: Vec<u8>) -> BandLevels {
        for at in bands..steps.len() {
            steps[at] = nearest(steps[at - bands], steps[at]).1;
        }
        BandLevels { bands, cell, steps: steps.into(), packed: Vec::new() }
    }

    /// The steps; none where what is packed is not to be unpacked.
    fn steps(&self) -> &[u8] {
        let unpacked = || unpack(&self.packed).unwrap_or_default();
        self.steps.get_or_init(unpacked)
    }

    /// Number of bands.
    pub fn bands(&self) -> usize {
        self.bands
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.steps().len() / self.bands.max(1)
    }

    /// Length of a cell in time units.
    pub fn cell_units(&self) -> u32 {
        self.cell
    }

    /// Mean power of each band between two times (in time units), full scale being 1; none where nothing was
    /// measured.
    pub fn power(&self, from: f64, to: f64) -> Option<Vec<f64>> {
        let cell = f64::from(self.cell.max(1));
        let (a, b) = ((from / cell).max(0.0), (to / cell).min(self.cells() as f64));
        if b - a < 0.5 * (to - from) / cell || b <= a {
            return None;
        }
        let (mut sums, steps) = (vec![0.0; self.bands], self.steps());
        for index in a as usize..b.ceil() as usize {
            let weight = (b.min(index as f64 + 1.0) - a.max(index as f64)) / (b - a);
            let row = &steps[index * self.bands..(index + 1) * self.bands];
            for (sum, &step) in sums.iter_mut().zip(row) {
                *sum += weight * POWERS[usize::from(step)];
            }
        }
        Some(sums)
    }

    /// Appends the compact bytes: `bands u8, cell u16, cells u32`, the first cell a byte a band, then four bits a band
    /// and cell.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.write_head(out);
        let mut codes = self.codes();
        while let Some(low) = codes.next() {
            out.push(low | codes.next().unwrap_or(0) << 4);
        }
    }

    /// Appends them packed: the same head, then the codes of the differences as [`packed_levels`] has them.
    pub(super) fn write_packed(&self, out: &mut Vec<u8>) {
        self.write_head(out);
        let codes: Vec<u8> = self.codes().collect();
        packed_levels::write_levels(&codes, self.bands, &DIFFERENCES, out);
    }

    /// What the codes are relative to.
    fn write_head(&self, out: &mut Vec<u8>) {
        out.push(self.bands as u8);
        out.extend_from_slice(&(self.cell as u16).to_le_bytes());
        out.extend_from_slice(&(self.cells() as u32).to_le_bytes());
        out.extend_from_slice(&self.steps()[..self.bands.min(self.steps().len())]);
    }

    fn codes(&self) -> impl Iterator<Item = u8> {
        let steps = self.steps();
        let first = self.bands.min(steps.len());
        (first..steps.len()).map(move |at| nearest(steps[at - first], steps[at]).0)
    }

    /// Reads what [`write`](Self::write) wrote, to the last byte; any other bytes are an error.
    pub(super) fn read(bytes: &[u8]) -> Result<BandLevels, BandLevelsError> {
        let (head, codes) = Head::read(bytes)?;
        if codes.len() as u64 != head.coded.div_ceil(2) {
            return Err(head.wrong_size(bytes));
        }
        let mut codes = codes.iter().flat_map(|byte| [byte & 15, byte >> 4]);
        let steps = head.steps(codes.by_ref().take(head.coded as usize))?;
        if codes.any(|unused| unused != 0) {
            return Err(BandLevelsError::Range);
        }
        let (bands, cell, packed) = (head.bands, head.cell.into(), Vec::new());
        Ok(BandLevels { bands, cell, steps: steps.into(), packed })
    }

    /// Reads what [`write_packed`](Self::write_packed) wrote. Bytes with another head are an error; others turn out
    /// to be no levels when they are unpacked.
    pub(super) fn read_packed(bytes: &[u8]) -> Result<BandLevels, BandLevelsError> {
        let (head, _) = Head::read(bytes)?;
        let (bands, cell) = (head.bands, head.cell.into());
        Ok(BandLevels { bands, cell, steps: OnceLock::new(), packed: bytes.to_vec() })
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, BandLevelsError> {
    let (head, codes) = Head::read(bytes)?;
    let count = usize::try_from(head.coded).map_err(|_| head.wrong_size(bytes))?;
    head.steps(packed_levels::read_levels(codes, count, head.bands, &DIFFERENCES)?.into_iter())
}

/// What stands before the codes.
struct Head<'a> {
    bands: usize,
    cell: u16,
    cells: u32,
    first: &'a [u8],
    /// Codes that there have to be.
    coded: u64,
}

impl<'a> Head<'a> {
    /// The head and what follows it.
    fn read(bytes: &'a [u8]) -> Result<(Head<'a>, &'a [u8]), BandLevelsError> {
        let size = |bands, cells| BandLevelsError::Size { cells, bands, bytes: bytes.len() };
        let Some((&[bands, c0, c1, n0, n1, n2, n3], rest)) = bytes.split_first_chunk() else {
            return Err(size(0, 0));
        };
        let (cell, cells) = (u16::from_le_bytes([c0, c1]), u32::from_le_bytes([n0, n1, n2, n3]));
        let width = usize::from(bands);
        let coded = u64::from(bands) * u64::from(cells.saturating_sub(1));
        let is_empty = bands == 0 && cell == 0 && cells == 0;
        let first = rest.split_at_checked(if cells == 0 { 0 } else { width });
        let (first, codes) = first.ok_or_else(|| size(bands, cells))?;
        if !is_empty && (bands == 0 || cell == 0) {
            return Err(size(bands, cells));
        }
        Ok((Head { bands: width, cell, cells, first, coded }, codes))
    }

    fn wrong_size(&self, bytes: &[u8]) -> BandLevelsError {
        BandLevelsError::Size { cells: self.cells, bands: self.bands as u8, bytes: bytes.len() }
    }

    /// The steps that `codes` lead to; there are as many as there have to be.
    fn steps(&self, codes: impl Iterator<Item = u8>) -> Result<Vec<u8>, BandLevelsError> {
        let mut steps = Vec::with_capacity(self.first.len() + self.coded as usize);
        steps.extend_from_slice(self.first);
        for code in codes {
            let value = i16::from(steps[steps.len() - self.bands]) + DIFFERENCES[usize::from(code)];
            steps.push(u8::try_from(value).map_err(|_| BandLevelsError::Range)?);
        }
        Ok(steps)
    }
}

/// Power at each step.
static POWERS: LazyLock<[f64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|step| 10f64.powf((step as f64 / STEPS_PER_DB + FLOOR_DB) / 10.0))
});

/// The code whose difference leads nearest to `wanted`, and where it leads.
fn nearest(before: u8, wanted: u8) -> (u8, u8) {
    let mut best = (0, before);
    for (code, difference) in (0..).zip(DIFFERENCES) {
        if let Ok(value) = u8::try_from(i16::from(before) + difference)
            && value.abs_diff(wanted) < best.1.abs_diff(wanted)
        {
            best = (code, value);
        }
    }
    best
}

/// Streaming meter: push rows of the spectrogram, take the levels.
pub struct LevelMeter {
    bins: usize,
    bands: usize,
    cell: u32,
    rows: u32,
    filled: u32,
    sums: Vec<u64>,
    steps: Vec<u8>,
}

impl LevelMeter {
    /// A meter for the spectrogram of `params`.
    pub fn new(params: &FingerprintParams) -> Self {
        let cell = params.frame_seconds() * params.level_rows as f64 * TIME_UNITS_PER_SECOND;
        LevelMeter {
            bins: params.bins,
            bands: params.level_bands,
            cell: cell.round() as u32,
            rows: params.level_rows as u32,
            filled: 0,
            sums: vec![0; params.level_bands],
            steps: Vec::new(),
        }
    }

    /// Takes the levels of the next frame, as [`super::spectrum`] gives them.
    pub fn push(&mut self, row: &[i16]) {
        for (band, sum) in self.sums.iter_mut().enumerate() {
            let bins = self.bins * band / self.bands..self.bins * (band + 1) / self.bands;
            *sum += row[bins].iter().map(|&level| power(level)).sum::<u64>();
        }
        self.filled += 1;
        if self.filled == self.rows {
            self.close();
        }
    }

    /// Ends the stream.
    pub fn finish(mut self) -> BandLevels {
        if self.filled > 0 {
            self.close();
        }
        BandLevels::new(self.bands, self.cell, self.steps)
    }

    fn close(&mut self) {
        for (band, sum) in self.sums.iter_mut().enumerate() {
            let bins = self.bins * (band + 1) / self.bands - self.bins * band / self.bands;
            let mean = *sum as f64 / (bins as f64 * f64::from(self.filled));
            let log2 = mean.max(1.0).log2() - f64::from(POWER_BITS) + f64::from(LOWEST_LOG2);
            let steps = (log2 * 10.0 * std::f64::consts::LOG10_2 - FLOOR_DB) * STEPS_PER_DB;
            self.steps.push(steps.round().clamp(0.0, 255.0) as u8);
            *sum = 0;
        }
        self.filled = 0;
    }
}

/// Mantissas of powers of two, `2^(i / 256)`, rounded to [`POWER_BITS`] bits: whole numbers sum up the same on every
/// machine.
static MANTISSAS: LazyLock<[u64; 256]> = LazyLock::new(|| {
    let one = f64::from(1u32 << POWER_BITS);
    std::array::from_fn(|i| ((i as f64 / f64::from(UNITS_PER_LOG2)).exp2() * one).round() as u64)
});

/// Power of a spectrogram level.
fn power(level: i16) -> u64 {
    let octave = (i32::from(level >> 8) - LOWEST_LOG2).clamp(0, HIGHEST);
    MANTISSAS[usize::from(level as u8)] << octave
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAMS: FingerprintParams = FingerprintParams::V2;

    fn measured(rows: &[Vec<i16>]) -> BandLevels {
        let mut meter = LevelMeter::new(&PARAMS);
        rows.iter().for_each(|row| meter.push(row));
        meter.finish()
    }

    fn db(power: f64) -> f64 {
        10.0 * power.log10()
    }

    #[test]
    fn a_level_is_the_mean_power_of_its_band() {
        // -30 dB everywhere, but for one loud bin of the lowest band that makes it 10 * log10(10) dB louder.
        let level = |db: f64| (db / 3.0103 * 256.0).round() as i16;
        let mut row = vec![level(-30.0); PARAMS.bins];
        let width = PARAMS.bins / PARAMS.level_bands;
        row[3] = level(-30.0 + db(9.0 * width as f64 + 1.0));
        let levels = measured(&vec![row; 20]);
        let power = levels.power(0.0, 60.0).unwrap();
        assert!((db(power[0]) + 20.0).abs() < 0.5, "{}", db(power[0]));
        assert!(power[1..].iter().all(|&p| (db(p) + 30.0).abs() < 0.5));
        assert_eq!(levels.power(500.0, 600.0), None, "after the end");
    }

    #[test]
    fn an_onset_is_followed_and_small_changes_are_exact() {
        let level = |db: f64| vec![(db / 3.0103 * 256.0).round() as i16; PARAMS.bins];
        let cell = PARAMS.level_rows;
        let rows: Vec<_> = [-70.0, -40.0, -41.0, -39.5, -39.0]
            .into_iter()
            .flat_map(|db| vec![level(db); cell])
            .collect();
        let levels = measured(&rows);
        let read: Vec<f64> = (0..5)
            .map(|i| db(levels.power(f64::from(i * 32), f64::from(i * 32 + 32)).unwrap()[5]))
            .collect();
        let close = read.iter().zip([-70.0, -40.0, -41.0, -39.5, -39.0]);
        assert!(close.into_iter().all(|(a, b)| (a - b).abs() < 0.8), "{read:?}");
    }

    fn levels() -> impl Strategy<Value = BandLevels> {
        let steps = proptest::collection::vec(any::<u8>(), 0..40 * 16);
        (1usize..17, steps).prop_map(|(bands, mut steps)| {
            steps.truncate(steps.len() / bands * bands);
            BandLevels::new(bands, 32, steps)
        })
    }

    #[test]
    fn cells_of_no_length_are_refused() {
        assert!(BandLevels::read(&[16, 0, 0, 0, 0, 0, 0]).is_err());
        assert!(BandLevels::read(&[0, 32, 0, 0, 0, 0, 0]).is_err());
        assert_eq!(BandLevels::read(&[0; 7]), Ok(BandLevels::default()));
    }

    proptest! {
        #[test]
        fn bytes_round_trip(levels in levels()) {
            let mut bytes = Vec::new();
            levels.write(&mut bytes);
            prop_assert_eq!(&BandLevels::read(&bytes).unwrap(), &levels);
            let mut bytes = Vec::new();
            levels.write_packed(&mut bytes);
            prop_assert_eq!(BandLevels::read_packed(&bytes).unwrap(), levels);
        }

        #[test]
        fn any_packed_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(levels) = BandLevels::read_packed(&bytes) {
                let _ = levels.power(0.0, 100.0);
            }
        }

        #[test]
        fn any_bytes_are_read_and_written_back_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(levels) = BandLevels::read(&bytes) {
                let mut again = Vec::new();
                levels.write(&mut again);
                prop_assert_eq!(again, bytes);
            }
        }
    }
}
