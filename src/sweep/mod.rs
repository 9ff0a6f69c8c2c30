//! Two indexes against each other, night by night: the references, and the own catalogue.
//!
//! All that is remembered between two sweeps is which references and which catalogue tracks have met:
//! *every track seen has been compared with every reference seen*. New references are first compared with
//! the tracks seen, one by one, and each is seen when that is done; then new tracks are compared with
//! all references, which by then have all been seen. So the sentence holds after every single
//! step, whatever happens to the indexes or to the process in between, and nothing else is needed to
//! go on after a crash ([`state`]). What was found is written before the progress is ([`findings`]).
//!
//! No audio is decoded: the peaks that an index keeps to verify matches serve as the query, too.

pub mod compare;
mod error;
pub mod findings;
pub mod judge;
mod loops;
pub mod plan;
mod run;
pub mod state;
pub mod summary;
mod sums;
pub mod tell;

pub use error::SweepError;
pub use run::{Sweep, SweptTrack};

/// SHA-256 of an audio file: what a track is known by on either side.
pub type Hash = [u8; 32];

/// Longest line of the files in the state folder, in bytes.
const MAX_LINE: usize = 8 << 20;
