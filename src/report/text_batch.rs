//! Clusters and verdicts for people.

use std::io::{self, Write};

use super::records::VerdictRecord;
use crate::declare::text::visible;
use crate::dedup::cluster::{Cluster, Member};
use crate::level::Level;
use crate::policy::wording::{LIMITS, advice, headline};
use crate::policy::{Finding, Rule};

/// Members printed per cluster.
const MAX_MEMBERS: usize = 12;
/// Contributions printed per cluster.
const MAX_CONTRIBUTIONS: usize = 5;
/// Ties printed per cluster.
const MAX_TIES: usize = 3;

/// A cluster: what is shared, what the score is made of, who belongs to it.
pub(super) fn cluster(out: &mut dyn Write, c: &Cluster) -> io::Result<()> {
    let level = if c.level > Level::Clear { c.level.name() } else { "no concern by itself" };
    writeln!(out, "CLUSTER  {}  score {:.0} of 100: {level}", c.cluster_id, c.score)?;
    writeln!(out, "  {}", visible(&c.explanation))?;
    for part in c.contributions.iter().take(MAX_CONTRIBUTIONS) {
        writeln!(out, "    {:+5.0}  {}", part.points, visible(&part.text))?;
    }
    for member in c.member_details.iter().take(MAX_MEMBERS) {
        writeln!(out, "  {}", line(member))?;
    }
    if c.size > MAX_MEMBERS {
        writeln!(out, "  and {} more", c.size - MAX_MEMBERS)?;
    }
    for tie in c.context.iter().take(MAX_TIES) {
        writeln!(
            out,
            "  less close: {} shares {:.0} % with {} ({:.0} % of that)",
            visible(&tie.member),
            tie.member_pct,
            visible(&tie.other),
            tie.other_pct
        )?;
    }
    if c.context.len() > MAX_TIES {
        writeln!(out, "  and {} more less close", c.context.len() - MAX_TIES)?;
    }
    writeln!(out)
}

fn line(m: &Member) -> String {
    let mut text = m.path.clone();
    if let Some(title) = &m.title {
        text += &format!("  \"{title}\"");
    }
    if !m.artists.is_empty() {
        text += &format!(" by {}", m.artists.join(", "));
    }
    if m.earlier {
        text += "  (earlier upload)";
    }
    format!("{}  – {}", visible(&text), visible(&m.differs))
}

/// Verdict and findings of one upload among many.
pub(super) fn verdict(
    out: &mut dyn Write,
    v: &VerdictRecord,
    findings: &[Finding],
) -> io::Result<()> {
    writeln!(out, "{}  {}", v.verdict.name().to_uppercase(), visible(&v.subject))?;
    let mut lines: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for finding in told(findings) {
        let known =
            lines.iter_mut().find(|(f, _)| f.rule == finding.rule && f.message == finding.message);
        match known {
            Some((_, packs)) => packs.push(&finding.policy),
            None => lines.push((finding, vec![&finding.policy])),
        }
    }
    for (finding, packs) in lines {
        let by = visible(&packs.join(", "));
        writeln!(out, "  {} ({by})  {}", finding.rule.id(), visible(&finding.message))?;
    }
    Ok(())
}

/// Verdict on a single file, as its maker would want to be told.
pub(super) fn single(
    out: &mut dyn Write,
    v: &VerdictRecord,
    findings: &[Finding],
) -> io::Result<()> {
    writeln!(out, "{}  ({})", headline(v.verdict), v.verdict.name())?;
    writeln!(out, "{}", advice(v.verdict))?;
    for finding in told(findings) {
        writeln!(out, "\n  {}  {}", finding.rule.id(), visible(&finding.message))?;
        if let Some(text) = &finding.policy_text {
            writeln!(out, "    {}: {}", visible(&finding.policy), visible(text))?;
            let (source, date) = (visible(&finding.source), visible(&finding.verified_on));
            writeln!(out, "    source: {source}, last checked {date}")?;
        }
    }
    let notes: Vec<&Finding> = findings.iter().filter(|f| f.level == Level::Clear).collect();
    for note in &notes {
        writeln!(out, "\n  note  {} ({})", visible(&note.message), note.rule.id())?;
    }
    if v.by_policy.len() > 1 {
        let all = v.by_policy.iter().map(|(id, level)| format!("{id}: {}", level.name()));
        writeln!(out, "\n  By policy: {}", visible(&all.collect::<Vec<_>>().join(", ")))?;
    }
    writeln!(out, "\nWhat this cannot tell:")?;
    for limit in LIMITS {
        writeln!(out, "  - {}", limit.text)?;
    }
    writeln!(out)
}

fn told(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|f| f.level > Level::Clear)
}

/// Rule identifiers as one value of a table.
pub(super) fn joined(rules: &[Rule]) -> String {
    rules.iter().map(|rule| rule.id()).collect::<Vec<_>>().join(" ")
}
