//! Occurrences: where which loop sounds, and how rarely chance does as well.

use super::params::LoopParams;

/// A piece of a loop that was met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Which piece of its loop.
    pub piece: usize,
    /// Length of the piece in seconds.
    pub seconds: f64,
    /// Where in the file it begins, in seconds; below 0 where its beginning is cut off.
    pub at_s: f64,
    /// How far it stands out.
    pub prominence: f64,
}

/// A stretch of the file in which a loop sounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Occurrence {
    /// Begin and end in the file, in seconds.
    pub file_s: (f64, f64),
    /// Begin and end in the loop, in seconds.
    pub loop_s: (f64, f64),
    /// `log10` of the expected number of chance occurrences as prominent, in a library of this size.
    pub log10_evalue: f64,
}

/// Where a loop sounds that `hits` are of, in order of time; nothing unless one of them is beyond chance. `tried`: pieces
/// of the whole library; `length_s`: length of the file.
pub fn occurrences(
    mut hits: Vec<Hit>,
    tried: usize,
    length_s: f64,
    params: &LoopParams,
) -> Vec<Occurrence> {
    let minutes = (length_s / 60.0).max(1.0);
    let log10_evalue = |prominence: f64| {
        (tried.max(1) as f64 * minutes).log10() + params.chance - params.decay * (prominence - 4.0)
    };
    hits.sort_by(|a, b| b.prominence.total_cmp(&a.prominence).then(a.at_s.total_cmp(&b.at_s)));
    let is_sure = |hit: &Hit| log10_evalue(hit.prominence) <= params.accept_log10_evalue;
    if !hits.first().is_some_and(is_sure) {
        return Vec::new();
    }
    let mut kept: Vec<Hit> = Vec::new();
    for hit in hits {
        if log10_evalue(hit.prominence) > params.again_log10_evalue {
            break;
        }
        let overlaps = |other: &Hit| {
            other.piece == hit.piece && (other.at_s - hit.at_s).abs() < params.apart * hit.seconds
        };
        if !kept.iter().any(overlaps) {
            kept.push(hit);
        }
    }
    joined(kept, length_s, params, log10_evalue)
}

/// Pieces that follow each other as in the loop are one occurrence.
fn joined(
    mut hits: Vec<Hit>,
    length_s: f64,
    params: &LoopParams,
    log10_evalue: impl Fn(f64) -> f64,
) -> Vec<Occurrence> {
    const PIECE_S: f64 = super::params::HOP as f64 / super::params::RATE as f64;
    let begin = |hit: &Hit| hit.at_s - hit.piece as f64 * PIECE_S;
    hits.sort_by(|a, b| begin(a).total_cmp(&begin(b)).then(a.piece.cmp(&b.piece)));
    let groups =
        hits.chunk_by(|a, b| begin(b) - begin(a) <= params.agree_s && b.piece == a.piece + 1);
    let mut all: Vec<Occurrence> = groups
        .filter_map(|group| {
            let (first, last) = (group.first()?, group.last()?);
            let (from, to) = (first.at_s.max(0.0), (last.at_s + last.seconds).min(length_s));
            let best = group.iter().map(|hit| hit.prominence).fold(0.0, f64::max);
            (to > from).then(|| Occurrence {
                file_s: (from, to),
                loop_s: (from - begin(first), to - begin(first)),
                log10_evalue: log10_evalue(best),
            })
        })
        .collect();
    all.sort_by(|a, b| a.file_s.0.total_cmp(&b.file_s.0));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &LoopParams = &LoopParams::V1;

    fn hit(piece: usize, at_s: f64, prominence: f64) -> Hit {
        Hit { piece, seconds: 4.0, at_s, prominence }
    }

    #[test]
    fn chance_names_no_loop_and_a_larger_library_needs_more() {
        let one =
            |prominence, tried| occurrences(vec![hit(0, 3.0, prominence)], tried, 60.0, PARAMS);
        assert!(one(5.0, 1).is_empty());
        assert_eq!(one(8.5, 40).len(), 1);
        assert!(one(8.5, 40_000).is_empty());
        assert_eq!(one(14.0, 40_000).len(), 1);
    }

    #[test]
    fn a_loop_in_a_row_is_heard_each_time_and_weaker_ones_beside_a_sure_one() {
        let row = [12.0, 7.0, 9.0, 3.0].iter().enumerate();
        let hits: Vec<Hit> = row.map(|(i, p)| hit(0, 10.0 + 4.0 * i as f64, *p)).collect();
        let found = occurrences(hits.clone(), 10, 60.0, PARAMS);
        let begins: Vec<f64> = found.iter().map(|o| o.file_s.0).collect();
        assert_eq!(begins, [10.0, 14.0, 18.0]);
        // The same bar again, half a loop later, is the loop's own.
        let shifted = hits.into_iter().chain([hit(0, 12.0, 8.0)]).collect();
        assert_eq!(occurrences(shifted, 10, 60.0, PARAMS).len(), 3);
    }

    #[test]
    fn pieces_join_and_ends_are_cut() {
        let hits = vec![hit(0, -1.0, 11.0), hit(1, 3.001, 9.0), hit(2, 30.0, 12.0)];
        let found = occurrences(hits, 3, 33.0, PARAMS);
        assert_eq!(found.len(), 2);
        assert!(found[0].file_s.0 == 0.0 && (found[0].file_s.1 - 7.001).abs() < 1e-9);
        assert!((found[0].loop_s.0 - 1.0).abs() < 1e-9);
        assert_eq!(found[1].file_s, (30.0, 33.0));
        assert!((found[1].loop_s.0 - 8.0).abs() < 1e-9 && (found[1].loop_s.1 - 11.0).abs() < 1e-9);
    }
}
