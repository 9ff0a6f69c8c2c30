//! soundalike finds out whether audio resembles existing recordings, shows where, and says what follows.
//!
//! An [`Index`] holds fingerprints of reference recordings; an [`Engine`] looks for them in files, compares
//! files with each other, and judges what was found by policies and decisions ([`Judge`]). A [`Match`] says
//! what a file and a reference have in common: from when to when on both sides, how sure it is, and on what
//! evidence.
//!
//! ```
//! use soundalike::{Cancel, Engine, Index, Options, Silent};
//!
//! # fn main() -> Result<(), soundalike::Error> {
//! // Fingerprint the references. `Index::add` keeps them in a folder; this lasts as long as it is used.
//! let references = ["tests/data/demo/references"];
//! let (index, added) = Index::of_files(references, &Silent, &Cancel::new())?;
//! assert_eq!((added.added, added.errors.len()), (4, 0));
//!
//! // Look for them in a file: cut out, filtered, encoded anew and renamed.
//! let engine = Engine::new(Options::default()).with_references(index);
//! let scan = engine.scan("tests/data/demo/incoming/night-drive.mp3")?;
//! let found = &scan.matches[0];
//! assert_eq!(found.reference.title.as_deref(), Some("UFO: AI Main Theme"));
//! let segment = found.first();
//! assert!(segment.query_ms.0 < 100 && segment.reference_ms.0.abs_diff(7_370) < 100);
//! println!(
//!     "{:.0} % of it is {:?}; chance gives as good a match in 1 of 10^{:.0} scans",
//!     found.measures.query_match_pct,
//!     found.reference.title,
//!     -found.measures.log10_evalue
//! );
//! # Ok(())
//! # }
//! ```
//!
//! Nothing borrows: an engine can be kept by a service, cloned into threads, and brought up to date
//! ([`Engine::refresh`]). Whatever a file holds, it is an [`Error`] or a record, never a panic.
//!
//! # Features
//!
//! | feature | what it brings | default |
//! |---|---|---|
//! | `cli` | the program `soundalike`, with clap, indicatif and ctrlc | yes |
//! | `credentials` | reading signed credentials of files (C2PA), with the crate of that name | yes |
//! | `eval` | measuring recall and false alarms on your own audio; part of `cli` | yes |
//!
//! As a library: `soundalike = { version = "…", default-features = false }`.
//!
//! # What is public
//!
//! What this page lists; what records hold is described in the manual (`docs/src/reference/records.md`).
//! Modules that it does not list are there for the program, the benchmarks and the tests of this package, and
//! change without notice. The list is kept in `tests/public_surface.txt`.

#![deny(missing_docs)]

#[doc(hidden)]
pub mod advise;
#[doc(hidden)]
pub mod audio;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod counted;
#[doc(hidden)]
pub mod credentials;
#[doc(hidden)]
pub mod decisions;
#[doc(hidden)]
pub mod declare;
#[doc(hidden)]
pub mod dedup;
#[doc(hidden)]
pub mod engine;
#[cfg(feature = "eval")]
#[doc(hidden)]
pub mod eval;
#[doc(hidden)]
pub mod fingerprint;
#[doc(hidden)]
pub mod id;
#[doc(hidden)]
pub mod indexer;
#[doc(hidden)]
pub mod journal;
#[doc(hidden)]
pub mod level;
#[doc(hidden)]
pub mod logarithm;
#[doc(hidden)]
pub mod loops;
#[doc(hidden)]
pub mod matches;
#[doc(hidden)]
pub mod params;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod progress;
#[doc(hidden)]
pub mod regular;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod resemblance;
#[doc(hidden)]
pub mod rounding;
#[doc(hidden)]
pub mod scan;
#[cfg(feature = "serve")]
#[doc(hidden)]
pub mod serve;
#[doc(hidden)]
pub mod sweep;
#[cfg(test)]
mod test_random;
#[doc(hidden)]
pub mod trace;
#[doc(hidden)]
pub mod track;
#[doc(hidden)]
pub mod watch;
#[doc(hidden)]
pub mod works;

#[doc(inline)]
pub use audio::{AudioError, DecodeOptions};
#[doc(inline)]
pub use declare::declared::{Declared, DeclaredIn};
#[doc(inline)]
pub use engine::{
    Checked, Compared, Engine, Error, Index, Item, Judge, Options, Outcomes, Scan, Uploads,
};
#[doc(inline)]
pub use fingerprint::signal::{Repetition, Signal};
#[doc(inline)]
pub use indexer::Added;
#[doc(inline)]
pub use level::Level;
#[doc(inline)]
pub use matches::{AlignedSegment, Match, Measures};
#[doc(inline)]
pub use policy::{Finding, Rule, Verdict};
#[doc(inline)]
pub use progress::{Cancel, Progress, Silent};
#[doc(inline)]
pub use report::records::{Begin, ErrorRecord, Record, Summary, VerdictRecord};
#[doc(inline)]
pub use report::{JsonLines, Report};
#[doc(inline)]
pub use scan::kind::MatchKind;
#[doc(inline)]
pub use scan::search::Depth;
#[doc(inline)]
pub use sweep::{Sweep, SweepError};
#[doc(inline)]
pub use track::Track;

/// A moment, as jiff has it.
pub use jiff::Timestamp;
pub use soundalike_index::SearchMode;
