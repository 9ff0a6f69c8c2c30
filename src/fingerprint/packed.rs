//! Peaks, packed without loss: what an index keeps of a track to compare it.
//!
//! Peaks: the time since the peak before, the bin, the place within the bin, the rank, in this order for each, by
//! prefix codes ([`super::prefix_code`]) with contexts. Within a frame, bins are other than at its beginning; a
//! tuned piece has its places in every third bin (36 to an octave); of the ranks in half a second the next is
//! likely the lowest that has not been seen yet. That comes to 17.0 bits a peak, where 24 were; an adaptive model
//! that mixes many contexts (logistic mixing, as in PAQ), and is a hundred times as slow, needs 15.6.

use super::constellation::{Constellation, ConstellationError, MAX_DURATION, MAX_RANK, Point};
use super::levels::BandLevels;
use super::prefix_code::{Alphabet, Decoder, PrefixCodeError, encode};

/// A time since the last peak of so many units: no peak yet.
const LONG_GAP: u32 = 255;
/// Highest frequency that a stored peak has.
const MAX_FREQ: u16 = (1 << 11) - 1;
/// Frequency units of a bin, and of half of one: places are counted from the middle of a bin.
const BIN: u16 = 8;
const HALF: u16 = BIN / 2;
/// Bins there are.
const BINS: usize = ((MAX_FREQ + HALF) / BIN) as usize + 1;
/// First bins of the bands whose places and ranks are told apart: those of the quotas. They are a part of this
/// form, and stay as they are if the quotas change.
const EDGES: [usize; 3] = [64, 118, 164];
const BANDS: usize = EDGES.len() + 1;
/// Bins of a semitone.
const SEMITONE: usize = 3;
/// Time units that ranks are remembered.
const MEMORY: u32 = 125;
/// Lowest ranks not seen yet that are told apart.
const LOWS: usize = 13;

/// Contexts: of times, of bins, of places, of ranks.
const TIME: usize = 0;
const BIN_NEW: usize = 1;
const BIN_SAME: usize = 2;
const PLACE: usize = 3;
const RANK: usize = PLACE + SEMITONE * BANDS;
const CONTEXTS: usize = RANK + BANDS * LOWS;

fn peak_alphabets() -> [Alphabet; CONTEXTS] {
    std::array::from_fn(|context| match context {
        TIME => Alphabet { size: LONG_GAP as u16 + 1, longest: 12 },
        BIN_NEW | BIN_SAME => Alphabet { size: BINS as u16, longest: 12 },
        _ if context < RANK => Alphabet { size: BIN, longest: 8 },
        _ => Alphabet { size: u16::from(MAX_RANK) + 1, longest: 8 },
    })
}

/// Band of each bin.
const BAND_OF: [u8; BINS] = {
    let mut bands = [0; BINS];
    let mut bin = 0;
    while bin < BINS {
        let mut band = 0;
        while band < EDGES.len() && bin >= EDGES[band] {
            band += 1;
        }
        bands[bin] = band as u8;
        bin += 1;
    }
    bands
};

/// Which ranks the peaks of the last half second have, band by band.
struct Ranks {
    counts: [[u16; MAX_RANK as usize + 1]; BANDS],
    seen: [u32; BANDS],
    /// First peak that is remembered.
    first: usize,
    /// Until when it is.
    until: u32,
}

impl Ranks {
    fn new() -> Ranks {
        Ranks { counts: [[0; MAX_RANK as usize + 1]; BANDS], seen: [0; BANDS], first: 0, until: 0 }
    }

    /// Context of the rank of a peak in `band` at `time`, after `points`.
    #[inline]
    fn context(&mut self, points: &[Point], time: u32, band: usize) -> usize {
        if time > self.until {
            self.forget(points, time);
        }
        RANK + band * LOWS + (self.seen[band].trailing_ones() as usize).min(LOWS - 1)
    }

    /// Forgets what is longer ago.
    fn forget(&mut self, points: &[Point], time: u32) {
        while let Some(p) = points.get(self.first) {
            self.until = p.time + MEMORY;
            if self.until >= time {
                break;
            }
            let (band, rank) = (band_of(p.freq), usize::from(p.rank & MAX_RANK));
            self.counts[band][rank] = self.counts[band][rank].saturating_sub(1);
            if self.counts[band][rank] == 0 {
                self.seen[band] &= !(1 << rank);
            }
            self.first += 1;
        }
    }

    #[inline]
    fn add(&mut self, band: usize, rank: u8) {
        let rank = usize::from(rank & MAX_RANK);
        // One frame has fewer peaks than this; a forged one must not overflow.
        self.counts[band][rank] = self.counts[band][rank].saturating_add(1);
        self.seen[band] |= 1 << rank;
    }
}

fn bin_of(freq: u16) -> usize {
    usize::from((freq + HALF) / BIN)
}

fn band_of(freq: u16) -> usize {
    usize::from(BAND_OF[bin_of(freq).min(BINS - 1)])
}

/// Appends the peaks of a track of `duration`.
fn write_points(points: &[Point], duration: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&duration.to_le_bytes());
    out.extend_from_slice(&(points.len() as u32).to_le_bytes());
    let mut symbols = Vec::with_capacity(4 * points.len());
    let mut ranks = Ranks::new();
    let mut now = 0;
    let stored: Vec<Point> = points
        .iter()
        .map(|p| Point { freq: p.freq & MAX_FREQ, rank: p.rank.min(MAX_RANK), ..*p })
        .collect();
    for (at, p) in stored.iter().enumerate() {
        let mut gap = p.time - now;
        let context = if gap == 0 { BIN_SAME } else { BIN_NEW };
        while gap >= LONG_GAP {
            symbols.push((TIME as u16, LONG_GAP as u16));
            gap -= LONG_GAP;
        }
        symbols.push((TIME as u16, gap as u16));
        let (bin, band) = (bin_of(p.freq), band_of(p.freq));
        symbols.push((context as u16, bin as u16));
        let place = PLACE + band * SEMITONE + bin % SEMITONE;
        symbols.push((place as u16, (p.freq + HALF) % BIN));
        let context = ranks.context(&stored[..at], p.time, band);
        symbols.push((context as u16, p.rank.into()));
        ranks.add(band, p.rank);
        now = p.time;
    }
    encode(&peak_alphabets(), &symbols, out);
}

/// Reads what [`write_points`] wrote; any other bytes are an error.
fn read_points(bytes: &[u8]) -> Result<(Vec<Point>, u32), ConstellationError> {
    let Some((&[d0, d1, d2, d3, n0, n1, n2, n3], bits)) = bytes.split_first_chunk() else {
        return Err(ConstellationError::Truncated);
    };
    let duration = u32::from_le_bytes([d0, d1, d2, d3]);
    let count = u32::from_le_bytes([n0, n1, n2, n3]);
    if duration > MAX_DURATION {
        return Err(ConstellationError::Duration(duration));
    }
    // A symbol has a bit at least, a peak four.
    if count as usize > bits.len().saturating_mul(2) {
        return Err(ConstellationError::Count { points: count, bytes: bytes.len() });
    }
    let mut decoder = Decoder::new(&peak_alphabets(), bits)?;
    let mut points: Vec<Point> = Vec::with_capacity(count as usize);
    let mut ranks = Ranks::new();
    let mut now = 0u32;
    for _ in 0..count {
        let before = now;
        loop {
            decoder.refill();
            let gap = u32::from(decoder.next(TIME));
            now += gap;
            if now > duration {
                return Err(ConstellationError::Time);
            }
            if gap < LONG_GAP {
                break;
            }
        }
        let bin = decoder.next(if now == before { BIN_SAME } else { BIN_NEW });
        let band = usize::from(BAND_OF[usize::from(bin).min(BINS - 1)]);
        let place = decoder.next(PLACE + band * SEMITONE + usize::from(bin) % SEMITONE);
        let freq = (bin * BIN + place).checked_sub(HALF).filter(|freq| *freq <= MAX_FREQ);
        let freq = freq.ok_or(PrefixCodeError::Symbol)?;
        let rank = decoder.next(ranks.context(&points, now, band)) as u8;
        ranks.add(band, rank);
        points.push(Point { time: now, freq, rank });
    }
    decoder.finish()?;
    Ok((points, duration))
}

impl Constellation {
    /// Its points, packed.
    pub fn packed_points(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8 + self.points.len() * 5 / 2);
        write_points(&self.points, self.duration, &mut out);
        out
    }

    /// Its levels, packed.
    pub fn packed_levels(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.levels.write_packed(&mut out);
        out
    }

    /// Reads what [`packed_points`](Self::packed_points) and [`packed_levels`](Self::packed_levels) wrote; any
    /// other bytes are an error.
    pub fn from_packed(
        points: &[u8],
        levels: Option<&[u8]>,
    ) -> Result<Constellation, ConstellationError> {
        let (points, duration) = read_points(points)?;
        let levels = levels.map(BandLevels::read_packed).transpose()?.unwrap_or_default();
        Ok(Constellation { points, duration, levels })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn points() -> impl Strategy<Value = Vec<Point>> {
        let point = (0u32..9_000, 0u16..=MAX_FREQ, 0u8..=MAX_RANK);
        prop::collection::vec(point, 0..400).prop_map(|list| {
            let all = list.into_iter().map(|(time, freq, rank)| Point { time, freq, rank });
            let mut points: Vec<Point> = all.collect();
            points.sort_unstable();
            points
        })
    }

    proptest! {
        #[test]
        fn peaks_come_back(points in points()) {
            let mut bytes = Vec::new();
            write_points(&points, 9_000, &mut bytes);
            prop_assert_eq!(read_points(&bytes), Ok((points, 9_000)));
        }

        #[test]
        fn changed_bytes_are_read_or_refused(points in points(), at in any::<prop::sample::Index>(), by in 1u8..) {
            let mut bytes = Vec::new();
            write_points(&points, 9_000, &mut bytes);
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            if let Ok((points, duration)) = read_points(&bytes) {
                prop_assert!(points.is_sorted_by_key(|p| p.time));
                prop_assert!(points.iter().all(|p| p.time <= duration && p.freq <= MAX_FREQ));
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_points(&bytes);
        }
    }

    #[test]
    fn a_claim_of_billions_of_peaks_is_refused_before_any_allocation() {
        let bytes = [0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0];
        assert!(matches!(read_points(&bytes), Err(ConstellationError::Count { .. })));
    }
}
