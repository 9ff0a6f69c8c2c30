//! What the stages of a comparison share: two tracks, and the parameters by which they are compared.
//!
//! The stages are methods of [`Comparison`], each in the file named after it: `prefilter`, `align`, `grow`,
//! `runs` (verify), `chain` (evidence), `resolve`, `compare`.

use super::params::ScanParams;
use super::probe::Prober;
use super::reference::Reference;
use super::transform::Transform;
use crate::fingerprint::Constellation;
use crate::params::FingerprintParams;

/// A query and a reference, and the parameters by which they are compared.
#[derive(Clone, Copy)]
pub struct Comparison<'a> {
    /// The query's peaks.
    pub query: &'a Constellation,
    /// The reference.
    pub reference: &'a Reference,
    /// Parameters of the scan.
    pub scan: &'a ScanParams,
    /// Parameters by which both were fingerprinted.
    pub fingerprint: &'a FingerprintParams,
}

/// A transform, and the nats that it scored in the stretch where it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The transform.
    pub transform: Transform,
    /// Its score.
    pub raw_score: f32,
}

impl Comparison<'_> {
    /// The query alone.
    pub(super) fn prober(&self) -> Prober<'_> {
        Prober { query: self.query, scan: self.scan, fingerprint: self.fingerprint }
    }
}

impl<'a> Prober<'a> {
    /// The query with a reference.
    pub(super) fn against<'b>(&self, reference: &'b Reference) -> Comparison<'b>
    where
        'a: 'b,
    {
        let Prober { query, scan, fingerprint } = *self;
        Comparison { query, reference, scan, fingerprint }
    }
}
