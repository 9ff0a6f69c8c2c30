//! What follows from what was heard and what was declared.
//!
//! Rules look at matches, clusters, the signal and the declaration, and make [`Observation`]s: what is the
//! case, in plain words, with the numbers it rests on. A dated policy pack says how grave each is
//! under that service's terms and turns them into [`Finding`]s; the gravest is the verdict.

pub mod observation;

pub use observation::{Fact, Facts, Finding, Observation, Rule};
