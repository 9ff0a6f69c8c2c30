//! soundalike finds out whether audio resembles existing recordings, and shows where.
//!
//! ```text
//! audio ─► fingerprint ─► (soundalike-index) ─► scan ─► report
//! ```
//!
//! [`audio`] turns any file into one mono signal, [`fingerprint`] turns that into a constellation
//! of spectral peaks and descriptor codes, the index crate stores both and finds nearest codes,
//! [`scan`] aligns and verifies candidates peak by peak, [`report`] says what was found. A lower
//! layer never imports a higher one.

#![deny(missing_docs)]

pub mod audio;
pub mod batch;
pub mod catalog;
pub mod decisions;
pub mod engine;
pub mod eval;
pub mod fingerprint;
pub mod id;
pub mod indexer;
pub mod journal;
pub mod level;
pub mod matches;
pub mod params;
pub mod policy;
pub mod progress;
pub mod report;
pub mod rounding;
pub mod scan;
pub mod sweep;
pub mod track;
pub mod watch;
