//! What the policies found about an upload, with their own words and where those are published.

use maud::{Markup, html};

use super::anchors::{Anchor, Anchors};
use super::foreign::{Name, Source, Text};
use super::parts::Column::Words;
use super::parts::{or_absent, table_head};
use super::verdict_view::{links, shown};
use super::words::level_badge;
use crate::level::Level;
use crate::policy::{Finding, Rule};

/// A finding in the table.
pub struct FindingRow<'a> {
    level: Level,
    rule: Rule,
    message: Name<'a>,
    evidence: Vec<Anchor>,
    policy: Name<'a>,
    /// Day on which somebody last looked at the policy.
    read_on: Option<Text<'a>>,
    policy_text: Option<Name<'a>>,
    source: Option<Source<'a>>,
}

impl<'a> FindingRow<'a> {
    /// The row of `finding`.
    pub fn new(finding: &'a Finding, anchors: &Anchors) -> FindingRow<'a> {
        let stated = |value: &'a str| Some(value).filter(|v| !v.is_empty());
        FindingRow {
            level: finding.level,
            rule: finding.rule,
            message: Name::whole(&finding.message),
            evidence: shown(&finding.subject, &finding.evidence, anchors),
            policy: Name::of(&finding.policy),
            read_on: stated(&finding.verified_on).map(Text::of),
            policy_text: finding.policy_text.as_ref().map(Name::of),
            source: stated(&finding.source).map(Source),
        }
    }

    fn markup(&self) -> Markup {
        html! {
            tr {
                td { (level_badge(self.level)) }
                th scope="row" { code { (self.rule.id()) } br; (self.rule.title()) }
                td { (self.message) (links(&self.evidence)) }
                td {
                    b { (self.policy) }
                    @if let Some(day) = &self.read_on { ", as read on " (day) }
                    br;
                    (or_absent(self.policy_text.as_ref(), "General rule of this tool"))
                    @if let Some(source) = &self.source { br; span.source { (source) } }
                }
            }
        }
    }
}

/// The table of `findings`.
pub fn table(findings: &[FindingRow<'_>]) -> Markup {
    let columns =
        [Words("Level"), Words("Rule"), Words("What is the case"), Words("What the policy says")];
    html! {
        h4 { "Findings by policy" }
        div.scroll { table.findings {
            (table_head(&columns))
            tbody { @for finding in findings { (finding.markup()) } }
        } }
    }
}
