//! What follows from what was found and what was declared.
//!
//! Rules look at matches, clusters, the signal and the declaration, and make [`Observation`]s: what is the
//! case, in plain words, with the numbers it rests on. A dated policy pack says how grave each is
//! under that service's terms and turns them into [`Finding`]s; the gravest is the verdict.
//!
//! ```text
//! Upload + Batch ─► rules::observe ─► Observations ─► verdict::judge ─► Findings, Verdict
//!                                                      ▲ PackSet::select("spotify,cdbaby")
//! ```

mod accounts;
pub mod asked;
mod batch;
mod condition;
mod confusable;
mod difference;
pub mod eligibility;
mod error;
pub mod exclusion;
pub mod facts;
mod identity;
pub mod matrix;
pub mod observation;
mod pack;
#[cfg(test)]
mod pack_tests;
mod packset;
mod reader;
pub mod rules;
mod source;
mod stuffing;
mod trial;
pub mod upload;
pub mod verdict;
pub mod wording;
mod words;

pub use batch::Batch;
pub use condition::Condition;
pub use difference::{Difference, difference};
pub use eligibility::{Eligibility, eligibility};
pub use error::PackError;
pub use observation::{Ceiling, Fact, Facts, Finding, Observation, Observed, Rule};
pub use pack::{Pack, PackRule};
pub use packset::{BUILT_IN, DEFAULT_PACK, PackSet, pack_files};
pub use rules::{observe, observe_all};
pub use source::{Confidence, Source};
pub use trial::{Trial, try_pack};
pub use upload::{FileHashes, Upload};
pub use verdict::{Verdict, judge};

/// The rule that `name` is most probably meant to be.
pub fn nearest_rule(name: &str) -> Option<Rule> {
    words::nearest(name, Rule::ALL.iter().map(|r| r.id())).and_then(Rule::from_id)
}
