//! A verdict and its reasons.

use maud::{Markup, html};

use super::anchors::{Anchor, Anchors};
use super::foreign::{Name, Text};
use super::parts::joined;
use super::words::level_badge;
use crate::declare::declared::{AiDisclosure, AiFacet, AiLevel};
use crate::level::Level;
use crate::policy::eligibility::{Eligibility, Reason};
use crate::policy::wording::headline;
use crate::report::phrases;
use crate::report::records::VerdictRecord;

/// Sentences, policies and decisions listed.
const MAX_REASONS: usize = 60;
const MAX_POLICIES: usize = 40;
const MAX_DECISIONS: usize = 20;
/// Reasons of a platform listed.
const MAX_ELIGIBILITY: usize = 20;
/// Identifiers of matches and clusters looked at.
const MAX_EVIDENCE: usize = 40;

/// Why a verdict is as it is.
pub struct VerdictView<'a> {
    reasons: Vec<Text<'a>>,
    policies: Vec<(Name<'a>, Level)>,
    declaration: Declaration<'a>,
    decisions: Vec<Text<'a>>,
    evidence: Vec<Anchor>,
    eligibility: Vec<Platform<'a>>,
}

/// The answer of a platform of users' uploads.
struct Platform<'a> {
    title: &'static str,
    answer: &'static str,
    /// Case, why it is one, what the platform says, and where that was read.
    reasons: Vec<(String, Text<'a>, Text<'a>, Text<'a>)>,
}

impl<'a> Platform<'a> {
    fn new(eligibility: &'a Eligibility) -> Platform<'a> {
        let reason = |r: &'a Reason| {
            let source = format!("{}: {}, {}", r.policy, r.source, r.date);
            let case = r.case.name().replace('_', " ");
            (case, Text::of(&r.because), Text::of(&r.text), Text::of(source))
        };
        Platform {
            title: eligibility.program.title(),
            answer: phrases::eligibility(eligibility.answer),
            reasons: eligibility.reasons.iter().take(MAX_ELIGIBILITY).map(reason).collect(),
        }
    }

    fn markup(&self) -> Markup {
        html! {
            li {
                strong { (self.title) } ": " (self.answer)
                ul { @for (case, because, text, source) in &self.reasons {
                    li { (case) ": " (because) ". " (text) " " span.note { "[" (source) "]" } }
                } }
            }
        }
    }
}

impl<'a> VerdictView<'a> {
    /// What `verdict` says.
    pub fn new(verdict: &'a VerdictRecord, anchors: &Anchors) -> VerdictView<'a> {
        let policies = verdict.by_policy.iter().take(MAX_POLICIES);
        VerdictView {
            // The first sentence speaks to whoever made the track; the level is told beside it.
            reasons: verdict
                .explanation
                .iter()
                .filter(|reason| *reason != headline(verdict.verdict))
                .take(MAX_REASONS)
                .map(Text::of)
                .collect(),
            policies: policies.map(|(name, &level)| (Name::of(name), level)).collect(),
            declaration: Declaration::new(&verdict.ai_disclosure),
            decisions: verdict.decisions.iter().take(MAX_DECISIONS).map(Text::of).collect(),
            evidence: shown(&verdict.subject, &verdict.evidence, anchors),
            eligibility: verdict.eligibility.iter().map(Platform::new).collect(),
        }
    }

    /// The verdict in HTML.
    pub fn markup(&self) -> Markup {
        html! {
            @if !self.reasons.is_empty() {
                h4 { "Why" }
                ul.reasons { @for reason in &self.reasons { li { (reason) } } }
            }
            @if !self.policies.is_empty() {
                p.policies { @for (policy, level) in &self.policies {
                    span { (policy) " " (level_badge(*level)) }
                } }
            }
            (self.declaration.markup())
            @if !self.eligibility.is_empty() {
                h4 { "As a reference on platforms of users' uploads" }
                p.note { "Another question than distribution: such a platform claims what sounds like the reference." }
                ul.reasons { @for platform in &self.eligibility { (platform.markup()) } }
            }
            @for decision in &self.decisions { p.note { "Decision applied: " (decision) } }
            (links(&self.evidence))
        }
    }
}

/// What the upload says about generated parts.
struct Declaration<'a> {
    said: &'static str,
    facets: String,
    tool: Option<Name<'a>>,
}

impl<'a> Declaration<'a> {
    fn new(ai: &'a AiDisclosure) -> Declaration<'a> {
        let facets: Vec<_> = ai.facets.iter().take(AiFacet::ALL.len()).map(|f| f.name()).collect();
        Declaration {
            said: match ai.level {
                AiLevel::Undeclared => "nothing declared",
                AiLevel::None => "declared to be free of them",
                AiLevel::Partly => "declared in part",
                AiLevel::All => "declared for all of it",
            },
            facets: facets.join(", ").replace('_', " "),
            tool: ai.tool.as_ref().map(Name::of),
        }
    }

    fn markup(&self) -> Markup {
        html! {
            p.note {
                "Generated parts: " (self.said)
                @if !self.facets.is_empty() { " (" (self.facets) ")" }
                @if let Some(tool) = &self.tool { ", made with " (tool) }
                ". This is what the upload says; it was not measured."
            }
        }
    }
}

/// Parts of the page that show the matches of the upload at `path`, and the clusters, called `ids`.
pub fn shown(path: &str, ids: &[String], anchors: &Anchors) -> Vec<Anchor> {
    ids.iter().take(MAX_EVIDENCE).filter_map(|id| anchors.evidence(path, id)).collect()
}

/// Links to the `parts` that show something, if there are any.
pub fn links(parts: &[Anchor]) -> Markup {
    let links: Vec<_> = parts.iter().map(|part| part.link()).collect();
    html! { @if !links.is_empty() { p.note { "Evidence: " (joined(&links, ", ")) } } }
}
