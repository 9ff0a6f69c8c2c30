//! What follows from all that is known of an upload.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::declare::declared::{AiDisclosure, Declared};
use crate::level::Level;
use crate::policy::{Eligibility, Observed, Rule, Upload, Verdict};

/// Outcome for one upload.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct VerdictRecord {
    /// The upload: its path.
    pub subject: String,
    /// The gravest level of its findings.
    pub verdict: Level,
    /// Rules behind it: those of its findings at `review` and above, gravest first.
    pub reasons: Vec<Rule>,
    /// The same in plain words, one sentence a finding.
    pub explanation: Vec<String>,
    /// What each policy asks about the reasons, with source and date.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<String>,
    /// Whether it can be a reference on platforms of users' uploads (`content_id`, `meta`, `tiktok_ugc`): an answer
    /// of its own, beside the verdict. Only platforms that something speaks against are in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eligibility: Vec<Eligibility>,
    /// The verdict of each policy applied.
    pub by_policy: BTreeMap<String, Level>,
    /// What was declared about generators.
    pub ai_disclosure: AiDisclosure,
    /// Matches and clusters behind it.
    pub evidence: Vec<String>,
    /// Decisions that took findings away or added them.
    pub decisions: Vec<String>,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Decoded length.
    pub duration_ms: u64,
    /// What the upload says about itself.
    pub declared: Declared,
    /// What this tool does not look at: `not_ai_detection`, `not_composition_match`, `not_voice_identification`,
    /// `not_legal_advice`.
    pub limits: Vec<String>,
    /// What was the case before any policy, for other policies to be tried on (`soundalike policy test`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Observed>,
}

impl VerdictRecord {
    /// The record of a verdict on `upload`, in which `decisions` played a part.
    pub fn new(upload: &Upload, verdict: Verdict, decisions: Vec<String>) -> VerdictRecord {
        VerdictRecord {
            subject: upload.track.path.clone(),
            verdict: verdict.level,
            reasons: verdict.reasons,
            explanation: verdict.explanation,
            asks: verdict.asks,
            eligibility: verdict.eligibility,
            by_policy: verdict.by_policy,
            ai_disclosure: upload.declared.ai.clone(),
            evidence: verdict.evidence,
            decisions,
            sha256: upload.track.sha256_hex(),
            duration_ms: upload.track.duration_ms,
            declared: upload.declared.clone(),
            limits: verdict.limits,
            observed: Vec::new(),
        }
    }
}
