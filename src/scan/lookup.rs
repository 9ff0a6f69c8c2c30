//! Questions about a query to the index, and their answers.
//!
//! They are asked in two rounds. A third of them finds most copies, and who is found needs no more;
//! the other questions, more of them and each more thorough, are for what is still unexplained then. All
//! blocks of a query are asked about at once: the more questions, the more of them share the reading
//! of a cell.

use soundalike_index::{Hit, Query, Reader, SearchOptions};

use crate::fingerprint::projection::WeighedCode;

/// One question in this many is asked in the first round.
const FIRST_SHARE: usize = 3;
/// Bounds of the cells opened per segment for one question; the first round keeps to the lower one.
const CELLS: std::ops::RangeInclusive<usize> = 48..=768;
/// Codes compared at most for all the questions about a query of several blocks before only the nearest
/// cells are opened: 11 ms. Looking at all the 60,000 anchors of 372 tracks instead took 0.12 s, as long as
/// decoding the track; of 60 tracks with a hidden excerpt either way finds one that the other misses.
const EXACT_COMPARISONS: usize = 16 << 20;

impl From<WeighedCode> for Query {
    fn from(code: WeighedCode) -> Query {
        Query { code: code.code, weights: code.weights }
    }
}

/// Which questions to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Round {
    /// A third, spread evenly.
    First,
    /// All others.
    Rest,
}

impl Round {
    /// How many of `limit` candidates are worth comparing: what a third of the questions finds is
    /// near the top, or it is not found.
    pub fn candidates(self, limit: usize) -> usize {
        if self == Round::First { limit / 2 } else { limit }
    }

    fn asks(self, group: usize) -> bool {
        group.is_multiple_of(FIRST_SHARE) == (self == Round::First)
    }
}

/// What there is to ask about one block of a query. Question `i` is about `about[i]`; `hits[i]` is empty
/// until it was asked.
pub struct Questions<T> {
    /// The block, in time units.
    pub block: (u32, u32),
    /// What each question is about.
    pub about: Vec<T>,
    /// The answers.
    pub hits: Vec<Vec<Hit>>,
    codes: Vec<Query>,
    /// Questions of one group are asked in the same round.
    groups: Vec<usize>,
}

impl<T> Questions<T> {
    /// Questions about `block`: what each is about, its group and its code.
    pub fn new(block: (u32, u32), all: impl Iterator<Item = (T, usize, Query)>) -> Questions<T> {
        let empty = Vec::new;
        let (about, hits, codes, groups) = (empty(), Vec::new(), Vec::new(), Vec::new());
        let mut questions = Questions { block, about, hits, codes, groups };
        for (about, group, code) in all {
            questions.about.push(about);
            questions.groups.push(group);
            questions.codes.push(code);
            questions.hits.push(Vec::new());
        }
        questions
    }

    /// What each question is about, with its answers.
    pub fn answers(&self) -> impl Iterator<Item = (&T, &Vec<Hit>)> {
        self.about.iter().zip(&self.hits)
    }
}

/// Cells opened per segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// So many in the second round for all questions about a query together: one of many may miss its answer,
    /// one of a few may not.
    Shared(usize),
    /// So many for each question.
    Each(usize),
}

/// Asks the questions of one round in `space` for `k` hits each.
pub fn ask<T>(
    index: &Reader,
    space: u8,
    questions: &mut [Questions<T>],
    round: Round,
    cells: Cells,
    options: &SearchOptions,
) {
    let total: usize = questions.iter().map(|q| q.codes.len()).sum();
    let each = match (cells, round) {
        (Cells::Each(cells), _) => cells,
        (Cells::Shared(_), Round::First) => *CELLS.start(),
        (Cells::Shared(all), Round::Rest) => {
            (all / total.max(1)).clamp(*CELLS.start(), *CELLS.end())
        }
    };
    let exact_up_to = if questions.len() > 1 || matches!(cells, Cells::Each(_)) {
        options.exact_up_to.min(EXACT_COMPARISONS / total.max(1))
    } else {
        options.exact_up_to
    };
    let options = SearchOptions { probes: each, ef: each, exact_up_to, ..*options };
    let chosen = |q: &Questions<T>| -> Vec<usize> {
        (0..q.codes.len()).filter(|&i| round.asks(q.groups[i])).collect()
    };
    let codes: Vec<Query> =
        questions.iter().flat_map(|q| chosen(q).into_iter().map(|i| q.codes[i])).collect();
    let mut answers = index.search(space, &codes, &options).into_iter();
    for q in questions {
        for (i, hits) in chosen(q).into_iter().zip(answers.by_ref()) {
            q.hits[i] = hits;
        }
    }
}

#[cfg(test)]
mod tests {
    use soundalike_index::{ParamsId, TrackMeta, TrackRecord, Window, Writer};

    use super::*;

    #[test]
    fn two_rounds_answer_every_question_once() {
        let dir = tempfile::tempdir().unwrap();
        let params = ParamsId { digest: [1; 32], description: "test".into() };
        let windows = (0..10).map(|i| Window { space: 0, time: i, code: [1 << i, 0, 0, 0] });
        let track = TrackRecord {
            meta: TrackMeta { ref_id: "t".into(), ..TrackMeta::default() },
            constellation: Vec::new(),
            windows: windows.collect(),
        };
        Writer::open_or_create(dir.path(), params).unwrap().commit(vec![track]).unwrap();
        let index = Reader::open(dir.path()).unwrap();
        let query = |i: u32| Query::from([1 << i, 0, 0, 0]);
        let block = |from: u32| {
            Questions::new((0, 1), (from..from + 5).map(|i| (i, (i - from) as usize, query(i))))
        };
        let mut questions = [block(0), block(5)];
        let options = SearchOptions { k: 1, ..SearchOptions::default() };
        let answered = |questions: &[Questions<u32>]| {
            questions.iter().flat_map(|q| &q.hits).filter(|hits| !hits.is_empty()).count()
        };
        ask(&index, 0, &mut questions, Round::First, Cells::Shared(100), &options);
        assert_eq!(answered(&questions), 4);
        ask(&index, 0, &mut questions, Round::Rest, Cells::Shared(100), &options);
        for q in &questions {
            for (about, hits) in q.about.iter().zip(&q.hits) {
                assert_eq!((hits[0].time, hits[0].distance), (*about, 0));
            }
        }
    }
}
