//! Finding what a query and references have in common: seeds, alignment, verification, score.
//!
//! ```text
//! fingerprint codes ─► lookup (IVF cells, HNSW) ─► seeds, candidates (offset histograms) ─► align (line fit)
//!      ─► verify (log-likelihood ratio) ─► splice (Viterbi) ─► score (Karlin-Altschul) ─► MatchEvidence
//! ```
//!
//! The plan is that of BLAST (Altschul et al. 1990), seed and extend, on the time-frequency peaks of Wang (2003).
//! [`scanner`] does it against an index, [`compare`] with one other track.

pub mod align;
pub mod background;
pub mod candidates;
pub mod compare;
pub mod independence;
pub mod kind;
pub mod likeness;
pub mod lookup;
pub mod matcher;
pub mod prefilter;
pub mod resolve;
pub mod scanner;
pub mod score;
pub mod seeds;
pub mod self_repetition;
pub mod sparse;
pub mod splice;
pub mod transform;
pub mod verify;
pub mod vote;
