//! Records: the contract with everything outside. Field names are stable; fields may be added.
//!
//! Offsets use ACRCloud's names because ingest systems parse them already.

mod credential;
mod error;
mod matched;
mod resembling;
mod run;
mod tracing;
mod track;
mod verdict;

use serde::{Deserialize, Serialize};

use super::evidence::EvidenceRecord;
use crate::dedup::cluster::Cluster;
use crate::dedup::family::Family;
use crate::dedup::shared_loops::SharedLoop;
use crate::policy::Finding;

pub use credential::CredentialRecord;
pub use error::{ErrorRecord, NoteRecord};
pub use matched::{MatchRecord, ScanResult, Scanned, SegmentRecord, TracklistEntry};
pub use resembling::{NextBestRecord, ResemblanceRecord, WorkExhibit};
pub use run::{Begin, DecisionsInfo, DeliveryInfo, IndexInfo, PolicyInfo, SCHEMA, Summary};
pub use tracing::{CloseLook, DecoderTraceRecord};
pub use track::{ExternalIds, LibraryInfo, Name, QueryInfo, ReferenceInfo, credit};
pub use verdict::VerdictRecord;

/// One line of output.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// First record of a scan.
    Begin(Begin),
    /// A query that resembles a reference.
    Match(Box<MatchRecord>),
    /// A query that plays what a reference plays.
    Resemblance(Box<ResemblanceRecord>),
    /// Traces that a decoder left in a query, or that none were found.
    DecoderTrace(Box<DecoderTraceRecord>),
    /// The signed credential of a query, where it has one.
    Credential(Box<CredentialRecord>),
    /// A query is done; says plainly whether anything was found.
    Scanned(Scanned),
    /// A cluster of near-duplicates.
    Cluster(Box<Cluster>),
    /// A family of tracks that play the same without being copies of each other.
    Family(Box<Family>),
    /// A loop that tracks of several artists share, as a suggestion.
    SharedLoop(Box<SharedLoop>),
    /// What a policy makes of an upload.
    Finding(Box<Finding>),
    /// The gravest of the findings on an upload.
    Verdict(Box<VerdictRecord>),
    /// What a report needs to show a match.
    Evidence(Box<EvidenceRecord>),
    /// An input that could not be used.
    Error(ErrorRecord),
    /// Something worth a remark.
    Note(NoteRecord),
    /// Last record of a scan.
    Summary(Summary),
    /// A record of a later version, when records are read back.
    #[serde(other)]
    Unknown,
}
