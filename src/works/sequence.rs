//! What two works are compared by: four rows of twelve pitch classes a second.

/// Pitch classes, C first.
pub const CLASSES: usize = 12;
/// Rows a second.
pub const ROWS_PER_SECOND: usize = 4;
/// Strength of each pitch class, less the mean; of unit length, or zero in silence.
pub type Row = [f32; CLASSES];
/// A row in whole numbers.
pub type IntRow = [i8; CLASSES];

/// The unit of a stored row: four bits a value lose nothing that alignment sees.
pub const STORED_UNIT: f32 = 9.0;
/// The unit of a query's row, which is not stored.
pub const QUERY_UNIT: f32 = 32.0;
/// Stored values lie in `-BIAS..=15 - BIAS`.
const BIAS: i8 = 7;
/// Bytes of a stored row: half a byte a value.
pub const ROW_BYTES: usize = CLASSES / 2;

/// Rows of a query, from a time and at a tempo.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sequence {
    /// The rows.
    pub rows: Vec<Row>,
}

impl Sequence {
    /// Of frames, `per_row` of them a row.
    pub fn of_frames(frames: &[Row], per_row: usize) -> Sequence {
        // The last frame is centred on the end.
        let whole = frames.len().saturating_sub(1);
        Sequence { rows: frames[..whole].iter().step_by(per_row).copied().collect() }
    }

    /// A part of it, as far as it goes.
    pub fn part(&self, rows: std::ops::Range<usize>) -> Sequence {
        let end = rows.end.min(self.rows.len());
        Sequence { rows: self.rows[rows.start.min(end)..end].to_vec() }
    }

    /// As if it were played more slowly, `per_mille` times.
    pub fn slower(&self, per_mille: u16) -> Sequence {
        Sequence { rows: resample(&self.rows, 1000.0 / f64::from(per_mille)) }
    }

    /// Each two rows as their mean.
    pub fn halved(&self) -> Sequence {
        let mean = |[a, b]: &[Row; 2]| std::array::from_fn(|c| 0.5 * (a[c] + b[c]));
        Sequence { rows: self.rows.as_chunks::<2>().0.iter().map(mean).collect() }
    }

    /// In whole numbers of `1 / unit`.
    pub fn quantised(&self, unit: f32) -> Vec<IntRow> {
        let value = |x: f32| (x * unit).round().clamp(-127.0, 127.0) as i8;
        self.rows.iter().map(|row| row.map(value)).collect()
    }

    /// As it is stored.
    pub fn stored(&self) -> Vec<IntRow> {
        let value = |x: f32| (x * STORED_UNIT).round().clamp(f32::from(-BIAS), 8.0) as i8;
        self.rows.iter().map(|row| row.map(value)).collect()
    }

    /// Rows in which something sounds.
    pub fn sounding(&self) -> usize {
        self.rows.iter().filter(|row| row.iter().any(|value| *value != 0.0)).count()
    }
}

/// Rows at every `step`, between two by linear interpolation.
pub fn resample(rows: &[Row], step: f64) -> Vec<Row> {
    let Some(last) = rows.len().checked_sub(1) else { return Vec::new() };
    let places = (0..).map(|i| f64::from(i) * step).take_while(|at| *at < last as f64);
    let row = |at: f64| -> Row {
        let (i, share) = (at as usize, at.fract() as f32);
        let (a, b) = (&rows[i], &rows[(i + 1).min(last)]);
        std::array::from_fn(|c| a[c] * (1.0 - share) + b[c] * share)
    };
    places.map(row).collect()
}

/// Stored rows as bytes: half a byte a value.
pub fn pack(rows: &[IntRow]) -> Vec<u8> {
    let half = |value: i8| (value + BIAS) as u8 & 15;
    let pairs = rows.as_flattened().as_chunks::<2>().0;
    pairs.iter().map(|[a, b]| half(*a) | half(*b) << 4).collect()
}

/// Rows of bytes; none where they are not whole rows.
pub fn unpack(bytes: &[u8]) -> Option<Vec<IntRow>> {
    let (rows, rest) = bytes.as_chunks::<ROW_BYTES>();
    let value = |byte: u8, high: bool| (if high { byte >> 4 } else { byte & 15 }) as i8 - BIAS;
    let row = |bytes: &[u8; ROW_BYTES]| std::array::from_fn(|c| value(bytes[c / 2], c % 2 == 1));
    rest.is_empty().then(|| rows.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<Row> {
        let value = |i: usize, c: usize| (((i * 31 + c * 17) % 23) as f32 - 11.0) / 15.0;
        (0..count).map(|i| std::array::from_fn(|c| value(i, c))).collect()
    }

    #[test]
    fn what_is_stored_is_read_again() {
        let stored = Sequence { rows: rows(50) }.stored();
        let bytes = pack(&stored);
        assert_eq!(bytes.len(), 50 * ROW_BYTES);
        assert_eq!(unpack(&bytes), Some(stored));
        assert_eq!(unpack(&bytes[1..]), None);
    }

    #[test]
    fn a_slower_sequence_is_longer_and_passes_the_same_rows() {
        let sequence = Sequence { rows: rows(101) };
        let slower = sequence.slower(2000);
        assert_eq!(slower.rows.len(), 200);
        assert_eq!(slower.rows[60], sequence.rows[30]);
        assert_eq!(sequence.slower(1000).rows, sequence.rows[..100]);
        assert_eq!(Sequence::default().slower(500), Sequence::default());
    }
}
