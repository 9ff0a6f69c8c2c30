//! What plays the same: resemblances of works, which are no matches.

use serde::{Deserialize, Serialize};

use super::{QueryInfo, ReferenceInfo};
use crate::resemblance::{Channel, Resemblance};
use crate::rounding::rounded;
use crate::works::align::Path;
use crate::works::sequence::{CLASSES, IntRow, ROWS_PER_SECOND, Sequence};

/// Another work, and how far it stands out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NextBestRecord {
    /// The work.
    pub reference: ReferenceInfo,
    /// Deviations of its score from those of unrelated works.
    pub z: f64,
}

/// Both sides of an alignment, row by row, in the key and at the time of the query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkExhibit {
    /// Length of a row in the query, ms.
    pub row_ms: f64,
    /// Of each row twelve hexadecimal digits, C first: how strong the pitch class is in the query.
    pub query: Vec<String>,
    /// The same of the reference, moved to the key of the query.
    pub reference: Vec<String>,
    /// Where each row lies in the reference, ms.
    pub reference_ms: Vec<u64>,
    /// Correlation of each row with its counterpart, smoothed over two seconds, in per cent.
    pub agreement_pct: Vec<i8>,
}

/// A reference that plays what the query plays.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResemblanceRecord {
    /// Names query and reference; the same for a repeated scan.
    pub resemblance_id: String,
    /// What they have in common: `harmony`, `melody` or `both`.
    pub channel: Channel,
    /// Whether it is beyond chance; those that are not are shown on request only.
    pub accepted: bool,
    /// The scanned file.
    pub query: QueryInfo,
    /// The reference.
    pub reference: ReferenceInfo,
    /// Begin in the query.
    pub sample_begin_time_offset_ms: u64,
    /// End in the query.
    pub sample_end_time_offset_ms: u64,
    /// Begin in the reference.
    pub db_begin_time_offset_ms: u64,
    /// End in the reference.
    pub db_end_time_offset_ms: u64,
    /// Above 0: the query sounds so many semitones higher, -5 to 6; octaves are not told apart.
    pub transposition_semitones: i8,
    /// Above 1: the query plays faster.
    pub time_factor: f64,
    /// Mean correlation along the alignment, per cent.
    pub agreement_pct: f64,
    /// Deviations of the score from those of unrelated works.
    pub z: f64,
    /// The same of the chords, where both sides have any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harmony_z: Option<f64>,
    /// The same of the tune.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub melody_z: Option<f64>,
    /// `log10` of the expected number of works that would score as high by chance.
    pub log10_evalue: f64,
    /// Works that it was looked for among.
    pub works: usize,
    /// Whether they are enough to tell what chance gives; where not, nothing is accepted.
    pub can_tell: bool,
    /// Share of works drawn at random that score at least half as high, per cent: high for common progressions.
    pub common_pct: f64,
    /// The best other works.
    pub next_best: Vec<NextBestRecord>,
    /// The decision by which it is not held against the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_by: Option<String>,
    /// What a report needs to show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exhibit: Option<WorkExhibit>,
}

impl From<&Resemblance> for ResemblanceRecord {
    fn from(r: &Resemblance) -> ResemblanceRecord {
        let next = |n: &crate::resemblance::NextBest| NextBestRecord {
            reference: ReferenceInfo::from(&*n.reference),
            z: rounded(n.z, 1),
        };
        ResemblanceRecord {
            resemblance_id: r.id.clone(),
            channel: r.channel,
            accepted: r.is_accepted(),
            query: QueryInfo::from(&*r.query),
            reference: ReferenceInfo::from(&*r.reference),
            sample_begin_time_offset_ms: r.query_ms.0,
            sample_end_time_offset_ms: r.query_ms.1,
            db_begin_time_offset_ms: r.reference_ms.0,
            db_end_time_offset_ms: r.reference_ms.1,
            transposition_semitones: r.transposition,
            time_factor: rounded(r.time_factor, 3),
            agreement_pct: rounded(100.0 * r.agreement, 1),
            z: rounded(r.z, 2),
            harmony_z: r.harmony_z.map(|z| rounded(z, 2)),
            melody_z: r.melody_z.map(|z| rounded(z, 2)),
            log10_evalue: rounded(r.log10_evalue, 2),
            works: r.works,
            can_tell: r.can_tell,
            common_pct: rounded(r.common_pct, 1),
            next_best: r.next_best.iter().map(next).collect(),
            allowed_by: r.allowed_by.clone(),
            exhibit: None,
        }
    }
}

impl WorkExhibit {
    /// Of the alignment of a work with `query`, moved up and played more slowly (per mille), along `path`.
    pub fn new(
        (up, slower): (u8, u16),
        path: &Path,
        query: &Sequence,
        work: &[IntRow],
    ) -> WorkExhibit {
        let heard = query.slower(slower).stored();
        let (up, slower) = (usize::from(up), f64::from(slower) / 1000.0);
        let mut exhibit = WorkExhibit {
            row_ms: rounded(1000.0 / ROWS_PER_SECOND as f64 / slower, 3),
            ..WorkExhibit::default()
        };
        for (i, j, similarity) in path.cells.iter().copied() {
            let (Some(heard), Some(there)) = (heard.get(i as usize), work.get(j as usize)) else {
                continue;
            };
            exhibit.query.push(digits(|class| heard[class]));
            exhibit.reference.push(digits(|class| there[(class + up) % CLASSES]));
            exhibit.reference_ms.push(u64::from(j) * 1000 / ROWS_PER_SECOND as u64);
            exhibit.agreement_pct.push((100.0 * similarity).round() as i8);
        }
        exhibit
    }
}

/// Twelve pitch classes, each a hexadecimal digit; what is below the mean is none.
fn digits(value: impl Fn(usize) -> i8) -> String {
    let digit = |class: usize| char::from_digit((2 * value(class).max(0)).min(15) as u32, 16);
    (0..CLASSES).filter_map(digit).collect()
}
