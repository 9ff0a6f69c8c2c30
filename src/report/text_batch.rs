//! Clusters and verdicts for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::decide::Commands;
use super::look::{Ink, Look};
use super::phrases::{self, batch_odds, channel_words, count};
use super::records::VerdictRecord;
use super::shares::shares;
use crate::clock::clock;
use crate::declare::text::visible;
use crate::dedup::cluster::{Cluster, Contribution, Member};
use crate::dedup::family::{Family, MeasuredBy};
use crate::dedup::shared_loops::SharedLoop;
use crate::level::Level;
use crate::policy::wording::{LIMITS, advice, headline};
use crate::policy::{Finding, Rule};

/// Members printed per cluster.
const MAX_MEMBERS: usize = 12;
/// Contributions printed per cluster.
const MAX_CONTRIBUTIONS: usize = 5;
/// Ties printed per cluster.
const MAX_TIES: usize = 3;
/// Commands printed per verdict.
const MAX_COMMANDS: usize = 6;

/// How verdicts are told, and by which commands a person decides on them.
pub(super) struct Told<'a> {
    pub look: Look,
    pub commands: &'a Commands,
    /// Commands that allow matches, by match.
    pub matches: &'a BTreeMap<String, String>,
}

/// A cluster: what is shared, what the score is made of, who belongs to it.
pub(super) fn cluster(out: &mut dyn Write, look: Look, c: &Cluster) -> io::Result<()> {
    let level = match c.level {
        Level::Clear => "no concern by itself".to_owned(),
        level => look.level(level),
    };
    let label = look.paint(Ink::Found, "CLUSTER");
    look.line(
        out,
        (0, 2),
        &format!("{label}  {}  score {:.0} of 100: {level}", c.cluster_id, c.score),
    )?;
    look.line(out, (2, 2), &visible(&c.explanation))?;
    contributions(out, look, c)?;
    for member in c.member_details.iter().take(MAX_MEMBERS) {
        look.line(out, (2, 4), &line(member))?;
    }
    if c.size > MAX_MEMBERS {
        look.line(out, (2, 2), &format!("and {} more", c.size - MAX_MEMBERS))?;
    }
    for fact in &c.series {
        look.line(out, (2, 4), &format!("series: {}", visible(&fact.text)))?;
    }
    for tie in c.context.iter().take(MAX_TIES) {
        let text = format!(
            "less close: {} shares {:.0} % with {} ({:.0} % of that)",
            visible(&tie.member),
            tie.member_pct,
            visible(&tie.other),
            tie.other_pct
        );
        look.line(out, (2, 2), &text)?;
    }
    if c.context.len() > MAX_TIES {
        look.line(out, (2, 2), &format!("and {} more less close", c.context.len() - MAX_TIES))?;
    }
    writeln!(out)
}

/// A loop that several share: a suggestion.
pub(super) fn shared_loop(out: &mut dyn Write, look: Look, l: &SharedLoop) -> io::Result<()> {
    let label = look.paint(Ink::Aside, "LOOP?");
    look.line(out, (0, 2), &format!("{label}  {}", visible(&l.text)))?;
    for t in l.tracks.iter().take(MAX_MEMBERS) {
        let text = named(&t.path, t.title.as_deref(), &t.artists, false);
        let at = format!("{}–{}", clock(t.begin_ms), clock(t.end_ms));
        look.line(out, (2, 4), &format!("{}  {at}", visible(&text)))?;
    }
    if l.tracks.len() > MAX_MEMBERS {
        look.line(out, (2, 2), &format!("and {} more", l.tracks.len() - MAX_MEMBERS))?;
    }
    writeln!(out)
}

/// A family: what is played alike, by whom, in which key and tempo, and where.
pub(super) fn family(out: &mut dyn Write, look: Look, f: &Family) -> io::Result<()> {
    let label = look.paint(Ink::Level(Level::Review), "FAMILY");
    let level = look.level(f.level);
    look.line(
        out,
        (0, 2),
        &format!("{label}  {}  plays the same, no copies: {level}", f.family_id),
    )?;
    look.line(out, (2, 2), &visible(&f.explanation))?;
    for m in f.member_details.iter().take(MAX_MEMBERS) {
        let text = named(&m.path, m.title.as_deref(), &m.artists, m.earlier);
        look.line(out, (2, 4), &format!("{}  – {}", visible(&text), visible(&m.differs)))?;
    }
    if f.size > MAX_MEMBERS {
        look.line(out, (2, 2), &format!("and {} more", f.size - MAX_MEMBERS))?;
    }
    let path = |at: usize| f.member_details.get(at).map_or("", |m| m.path.as_str());
    for tie in f.ties.iter().take(MAX_TIES) {
        let text = format!(
            "{} {} – {}  as  {} {} – {}: {}; agreement {:.2}, {}",
            visible(path(tie.a)),
            clock(tie.a_begin_ms),
            clock(tie.a_end_ms),
            visible(path(tie.b)),
            clock(tie.b_begin_ms),
            clock(tie.b_end_ms),
            channel_words(tie.channel),
            tie.agreement_pct / 100.0,
            batch_odds(tie.log10_evalue),
        );
        look.line(out, (2, 4), &text)?;
    }
    if f.ties.len() > MAX_TIES {
        look.line(
            out,
            (2, 2),
            &format!("and {}", count(f.ties.len() - MAX_TIES, "more tie", "more ties")),
        )?;
    }
    if f.measured_by == MeasuredBy::ShuffledBars {
        look.line(
            out,
            (2, 2),
            "too few works to measure chance by; their bars in another order take their place",
        )?;
    }
    writeln!(out)
}

/// What each signal adds, in whole points that add up to the score; what is not shown by name is shown as a sum.
fn contributions(out: &mut dyn Write, look: Look, c: &Cluster) -> io::Result<()> {
    let parts: Vec<(&Contribution, i64)> = c.contributions.iter().zip(shares(c)).collect();
    let (shown, rest) = parts.split_at(parts.len().min(MAX_CONTRIBUTIONS));
    // Reasons to think nothing of it stand at the end; they are never left out.
    let (less, rest): (Vec<_>, Vec<_>) =
        rest.iter().copied().partition(|(part, _)| part.points < 0.0);
    let point = |out: &mut dyn Write, points: i64, text: &str| {
        look.line(out, (4, 6), &format!("{points:>+4}  {text}"))
    };
    for (part, points) in shown {
        point(out, *points, &visible(&part.text))?;
    }
    if !rest.is_empty() {
        let sum = rest.iter().map(|(_, points)| *points).sum();
        point(out, sum, &count(rest.len(), "weaker signal", "weaker signals"))?;
    }
    for (part, points) in less {
        point(out, points, &visible(&part.text))?;
    }
    Ok(())
}

fn line(m: &Member) -> String {
    let text = named(&m.path, m.title.as_deref(), &m.artists, m.earlier);
    format!("{}  – {}", visible(&text), visible(&m.differs))
}

fn named(path: &str, title: Option<&str>, artists: &[String], earlier: bool) -> String {
    let mut text = path.to_owned();
    if let Some(title) = title {
        text += &format!("  \"{title}\"");
    }
    if !artists.is_empty() {
        text += &format!(" by {}", artists.join(", "));
    }
    if earlier {
        text += "  (earlier upload)";
    }
    text
}

/// Verdict and findings of one upload among many.
pub(super) fn verdict(
    out: &mut dyn Write,
    told: &Told<'_>,
    v: &VerdictRecord,
    findings: &[&Finding],
) -> io::Result<()> {
    let look = told.look;
    let level = look.paint(Ink::Level(v.verdict), &v.verdict.name().to_uppercase());
    look.line(out, (0, 2), &format!("{level}  {}", visible(&v.subject)))?;
    let mut lines: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for &finding in findings {
        let known =
            lines.iter_mut().find(|(f, _)| f.rule == finding.rule && f.message == finding.message);
        match known {
            Some((_, packs)) => packs.push(&finding.policy),
            None => lines.push((finding, vec![&finding.policy])),
        }
    }
    for (finding, packs) in lines {
        let by = visible(&packs.join(", "));
        let text = format!("{} ({by})  {}", finding.rule.id(), visible(&finding.message));
        look.line(out, (2, 2), &text)?;
    }
    let commands = told.commands(v, findings.iter().copied());
    for command in commands.iter().take(MAX_COMMANDS) {
        look.command(out, 2, &look.paint(Ink::Aside, command))?;
    }
    match commands.len().saturating_sub(MAX_COMMANDS) {
        0 => Ok(()),
        more => {
            look.line(out, (2, 2), &format!("and {}", count(more, "more match", "more matches")))
        }
    }
}

impl Told<'_> {
    /// What allows that which speaks against an upload: each of the matches, or else the file.
    fn commands<'f>(
        &self,
        v: &VerdictRecord,
        findings: impl Iterator<Item = &'f Finding>,
    ) -> Vec<String> {
        let mut commands: Vec<String> = Vec::new();
        if v.verdict == Level::Clear {
            return commands;
        }
        for id in findings.flat_map(|f| &f.evidence) {
            let command = self.matches.get(id).filter(|command| !commands.contains(command));
            commands.extend(command.cloned());
        }
        if commands.is_empty() {
            commands.extend(self.commands.allow_file(&visible(&v.subject)));
        }
        commands
    }
}

/// Verdict on a single file, as its maker would want to be told.
pub(super) fn single(
    out: &mut dyn Write,
    told: &Told<'_>,
    v: &VerdictRecord,
    findings: &[Finding],
) -> io::Result<()> {
    let look = told.look;
    let heading = look.paint(Ink::Level(v.verdict), headline(v.verdict));
    look.line(out, (0, 0), &format!("{heading}  ({})", v.verdict.name()))?;
    look.line(out, (0, 0), advice(v.verdict))?;
    for finding in grave(findings) {
        writeln!(out)?;
        look.line(out, (2, 2), &format!("{}  {}", finding.rule.id(), visible(&finding.message)))?;
        if let Some(text) = &finding.policy_text {
            look.line(out, (4, 2), &format!("{}: {}", visible(&finding.policy), visible(text)))?;
            let (source, date) = (visible(&finding.source), visible(&finding.verified_on));
            look.line(out, (4, 2), &format!("source: {source}, last checked {date}"))?;
        }
    }
    for note in findings.iter().filter(|f| f.level == Level::Clear) {
        writeln!(out)?;
        let text = format!("note  {} ({})", visible(&note.message), note.rule.id());
        look.line(out, (2, 2), &text)?;
    }
    if v.by_policy.len() > 1 {
        let all = v
            .by_policy
            .iter()
            .map(|(id, level)| format!("{}: {}", visible(id), look.level(*level)));
        let all = all.collect::<Vec<_>>().join(", ");
        writeln!(out)?;
        look.line(out, (2, 2), &format!("By policy: {all}"))?;
    }
    eligibility(out, told, v)?;
    decide(out, told, v, findings)?;
    writeln!(out, "\nWhat this cannot tell:")?;
    for limit in LIMITS {
        look.line(out, (2, 2), &format!("- {}", limit.text))?;
    }
    writeln!(out)
}

/// Whether it can be a reference on platforms of users' uploads, where something speaks against it.
fn eligibility(out: &mut dyn Write, told: &Told<'_>, v: &VerdictRecord) -> io::Result<()> {
    if v.eligibility.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let head = "As a reference on platforms of users' uploads, which is another question than distribution:";
    told.look.line(out, (2, 2), head)?;
    for platform in &v.eligibility {
        let answer = phrases::eligibility(platform.answer);
        told.look.line(out, (4, 2), &format!("{}: {answer}", platform.program.title()))?;
        for reason in &platform.reasons {
            let case = reason.case.name().replace('_', " ");
            let because = visible(&reason.because);
            told.look.line(out, (6, 2), &format!("{case}: {because}"))?;
            let said = format!(
                "{}: {} [{}, {}]",
                visible(&reason.policy),
                visible(&reason.text),
                visible(&reason.source),
                visible(&reason.date)
            );
            told.look.line(out, (8, 2), &said)?;
        }
    }
    Ok(())
}

/// How to decide on it, where there is something to decide.
fn decide(
    out: &mut dyn Write,
    told: &Told<'_>,
    v: &VerdictRecord,
    findings: &[Finding],
) -> io::Result<()> {
    let commands = told.commands(v, grave(findings));
    if commands.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    told.look.line(out, (0, 0), "To decide, with your reason in the place of the dots:")?;
    for command in commands.iter().chain(&told.commands.block_file(&visible(&v.subject))) {
        told.look.command(out, 2, command)?;
    }
    Ok(())
}

fn grave(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|f| f.level > Level::Clear)
}

/// Rule identifiers as one value of a table.
pub(super) fn joined(rules: &[Rule]) -> String {
    rules.iter().map(|rule| rule.id()).collect::<Vec<_>>().join(" ")
}
