//! Comparing a query with references: candidates, alignment, verification, score.

pub mod agree;
pub mod align;
pub mod background;
pub mod candidates;
pub mod compare;
pub mod independence;
pub mod kind;
pub mod likeness;
pub mod lookup;
pub mod matcher;
pub mod novelty;
pub mod resolve;
pub mod scanner;
pub mod score;
pub mod sieve;
pub mod splice;
pub mod survey;
pub mod verify;
pub mod warp;
pub mod warped;
