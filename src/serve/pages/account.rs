//! One account across days: what it sent, what came of it, what it said of itself, what was decided.

use std::collections::BTreeMap;

use axum::Extension;
use axum::extract::State;
use axum::response::Html;
use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{Place, moment, status_words, verdict_badge, verdict_words};
use super::links::escaped;
use super::queue::line;
use super::{Failed, item, shown};
use crate::counted::{count, thousands};
use crate::declare::declared::{AiLevel, Rights};
use crate::report::html::fragments::{Name, Text};
use crate::report::records::Record;
use crate::serve::Desk;
use crate::serve::extract::Asked;
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::state::{DayRow, LineRow, Status, UploadRow, Used, UsedRow, Verdict};

/// Uploads listed.
const UPLOADS: u32 = 60;
/// Decisions, and clusters, listed.
const LISTED: u32 = 30;
/// Values listed of each kind.
const VALUES: u32 = 8;
/// Uploads whose declarations are read.
const DECLARED: u32 = 500;
/// Days drawn, the latest.
const DAYS: usize = 90;

/// Which account is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    name: String,
}

/// The page.
pub(super) async fn page(
    State(desk): State<Shared>,
    Asked(wanted): Asked<Wanted>,
    Extension(caller): Extension<Caller>,
) -> Result<Html<String>, Failed> {
    let page = blocking(&desk, move |desk| {
        let days = desk.store.days_of(&wanted.name)?;
        if days.is_empty() {
            return Err(Problem::not_found("no upload came from an account of this name"));
        }
        let view = View::new(desk, wanted.name, days)?;
        let title = format!("Account {}", view.name);
        Ok(desk.frame(&title, Place::Queue, &caller).around(&view.markup()))
    })
    .await?;
    Ok(shown(page))
}

struct View {
    name: String,
    days: Vec<DayRow>,
    uploads: Vec<UploadRow>,
    used: Vec<(&'static str, Vec<UsedRow>, u64)>,
    statements: Statements,
    clusters: Markup,
    decisions: Markup,
}

/// What its uploads state, and in how many of those that were read.
#[derive(Default)]
struct Statements {
    read: u64,
    /// By what is stated: uploads, first day, last day.
    said: BTreeMap<&'static str, (u64, String, String)>,
}

impl Statements {
    fn of(desk: &Desk, account: &str) -> Result<Statements, Problem> {
        let mut by_job: BTreeMap<String, Vec<(String, LineRow)>> = BTreeMap::new();
        for (job, day, line) in desk.store.verdicts_of_account(account, DECLARED)? {
            by_job.entry(job).or_default().push((day, line));
        }
        let mut all = Statements::default();
        for (job, lines) in by_job {
            for (day, line) in lines {
                // A job whose records are gone says nothing of its uploads.
                let Ok(text) = desk.read_lines(&job, &[line]) else { continue };
                if let Ok(Record::Verdict(verdict)) = serde_json::from_slice(&text) {
                    all.add(&day, verdict.declared.rights, verdict.declared.ai.level);
                }
            }
        }
        Ok(all)
    }

    fn add(&mut self, day: &str, rights: Rights, ai: AiLevel) {
        self.read += 1;
        let rights = match rights {
            Rights::Declared => "Holds the rights",
            Rights::Denied => "Does not hold the rights",
            Rights::Undeclared => "Says nothing about rights",
        };
        let ai = match ai {
            AiLevel::All => "All of it made with a generator",
            AiLevel::Partly => "Partly made with a generator",
            AiLevel::None => "Not made with a generator",
            AiLevel::Undeclared => "Says nothing about generators",
        };
        for said in [rights, ai] {
            let entry = self.said.entry(said).or_insert((0, day.to_owned(), day.to_owned()));
            entry.0 += 1;
            entry.1 = entry.1.as_str().min(day).to_owned();
            entry.2 = entry.2.as_str().max(day).to_owned();
        }
    }
}

impl View {
    fn new(desk: &Desk, name: String, days: Vec<DayRow>) -> Result<View, Problem> {
        let kinds = [
            ("Artists", Used::Artists),
            ("Labels", Used::Label),
            ("Releases", Used::Release),
            ("ISRC registrants", Used::Registrant),
        ];
        let used = kinds.into_iter().map(|(words, kind)| {
            let (rows, different) = desk.store.used_by(&name, kind, VALUES)?;
            Ok((words, rows, different))
        });
        let used = used.collect::<Result<_, Problem>>()?;
        Ok(View {
            uploads: desk.store.latest_of(&name, UPLOADS)?,
            used,
            statements: Statements::of(desk, &name)?,
            clusters: clusters(desk, &name)?,
            decisions: decisions(desk, &name)?,
            name,
            days,
        })
    }

    fn sum(&self, wanted: impl Fn(&DayRow) -> bool) -> u64 {
        self.days.iter().filter(|day| wanted(day)).map(|day| day.uploads).sum()
    }

    fn markup(&self) -> Markup {
        html! {
            div.account-page {
                nav.crumbs aria-label="Queue" {
                    a href="/" { "← Queue" }
                    a href={ "/?status=&account=" (escaped(&self.name)) } { "Its uploads in the queue" }
                }
                header.head {
                    p.kind { "Account" }
                    h1 { (Name::of(&self.name)) }
                    (self.facts())
                }
                div.account-parts {
                    section.card.wide { h2 { "Uploads by day" } (Chart::new(&self.days).markup()) }
                    section.card { h2 { "What it declares" } (self.declares()) }
                    section.card { h2 { "What its uploads carry" } (self.carries()) }
                    section.card { h2 { "Decisions" } (self.decisions) }
                    section.card { h2 { "Near-duplicates" } (self.clusters) }
                }
                section.its-uploads { h2 { "Latest uploads" } (self.by_day()) }
            }
        }
    }

    fn facts(&self) -> Markup {
        let all = self.sum(|_| true);
        let (first, last) = (self.days.first(), self.days.last());
        let days: std::collections::BTreeSet<_> = self.days.iter().map(|day| &day.day).collect();
        html! {
            dl.facts-list {
                div { dt { "Uploads" } dd { (thousands(all)) } }
                @if let (Some(first), Some(last)) = (first, last) {
                    div { dt { "First" } dd { (first.day) } }
                    div { dt { "Last" } dd { (last.day) } }
                    div { dt { "Days with uploads" } dd { (days.len()) } }
                }
                @for verdict in Verdict::ALL {
                    @let n = self.sum(|day| day.verdict == verdict);
                    @if n > 0 { div { dt { (verdict_words(verdict)) } dd { (thousands(n)) } } }
                }
                @for status in [Status::Open, Status::Passed, Status::Held, Status::Rejected, Status::Parked] {
                    @let n = self.sum(|day| day.status == status);
                    @if n > 0 { div.standing { dt { (status_words(status)) } dd { (thousands(n)) } } }
                }
            }
        }
    }

    fn declares(&self) -> Markup {
        let all = &self.statements;
        let rows: Vec<_> = all.said.iter().collect();
        html! {
            @if rows.is_empty() { p.note { "Nothing is known of that." } }
            @else {
                div.sideways { table.used {
                    thead { tr { th scope="col" { "Statement" } th.n scope="col" { "Uploads" } th scope="col" { "From" } th scope="col" { "To" } } }
                    tbody { @for (said, (uploads, first, last)) in rows {
                        tr { th scope="row" { (said) } td.n { (thousands(*uploads)) } td { (first) } td { (last) } }
                    } }
                } }
                @if all.read < self.sum(|_| true) {
                    p.note { "Of the latest " (count(all.read as usize, "upload", "uploads")) " with a verdict." }
                }
            }
        }
    }

    fn carries(&self) -> Markup {
        html! {
            @if self.used.iter().all(|(_, rows, _)| rows.is_empty()) { p.note { "No names, labels or codes." } }
            div.sideways { table.used {
                thead { tr { th scope="col" { "Value" } th.n scope="col" { "Uploads" } th scope="col" { "From" } th scope="col" { "To" } } }
                @for (words, rows, different) in &self.used {
                    @if !rows.is_empty() {
                        tbody {
                            tr.group { th colspan="4" scope="rowgroup" { (words) " " span.count { (thousands(*different)) } } }
                            @for row in rows {
                                tr { th scope="row" { (Name::of(&row.value)) } td.n { (thousands(row.uploads)) } td { (row.first) } td { (row.last) } }
                            }
                            @if *different > rows.len() as u64 {
                                tr { td.muted colspan="4" { "and " (thousands(different - rows.len() as u64)) " more" } }
                            }
                        }
                    }
                }
            } }
        }
    }

    fn by_day(&self) -> Markup {
        let mut days: Vec<(&str, Vec<&UploadRow>)> = Vec::new();
        for upload in &self.uploads {
            let day = upload.received_at.get(..10).unwrap_or_default();
            match days.last_mut().filter(|(last, _)| *last == day) {
                Some((_, rows)) => rows.push(upload),
                None => days.push((day, vec![upload])),
            }
        }
        let left = self.sum(|_| true).saturating_sub(self.uploads.len() as u64);
        html! {
            @for (day, rows) in days {
                h3.day { time datetime=(day) { (day) } " " span.muted { (count(rows.len(), "upload", "uploads")) @if left > 0 { " here" } } }
                ol.rows.boxed { @for row in rows { (line(row)) } }
            }
            @if left > 0 {
                p.more { a.button href={ "/?status=&order=newest&account=" (escaped(&self.name)) } { "All " (thousands(self.sum(|_| true))) " in the queue" } }
            }
        }
    }
}

fn clusters(desk: &Desk, name: &str) -> Result<Markup, Problem> {
    let clusters = desk.store.clusters_of_account(name, LISTED)?;
    Ok(html! {
        @if clusters.is_empty() { p.note { "None of its uploads is in a cluster." } }
        ul.cluster-links { @for (c, own) in &clusters {
            li {
                (verdict_badge(c.level)) " "
                a href={ "/clusters/" (c.id) } { (count(c.size as usize, "track", "tracks")) " that share one recording" }
                span.muted { " · " (own) " of this account" }
                p { (Text::of(&c.says)) }
            }
        } }
    })
}

fn decisions(desk: &Desk, name: &str) -> Result<Markup, Problem> {
    let reviews = desk.store.reviews_of_account(name, LISTED)?;
    Ok(html! {
        @if reviews.is_empty() { p.note { "None yet." } }
        ol.decisions-of { @for (review, upload, title) in &reviews {
            li {
                p { span.did.(review.action.name()) { (item::done(review.action)) } " by " (Name::of(&review.who)) ", " (moment(&review.at)) }
                p { a href={ "/uploads/" (upload) } { (Name::of(title)) } }
                p.reason { (Text::whole(&review.reason)) }
            }
        } }
    })
}

/// Uploads by day as bars, the gravest below.
struct Chart<'a> {
    /// Each day from the first to the last, those without uploads, too.
    days: Vec<(String, Vec<&'a DayRow>)>,
    /// Days before these.
    before: usize,
}

/// Width of a day, height of the bars.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 120.0;

impl<'a> Chart<'a> {
    fn new(rows: &'a [DayRow]) -> Chart<'a> {
        let mut days: Vec<(String, Vec<&DayRow>)> = Vec::new();
        for row in rows {
            let date: Option<Date> = row.day.parse().ok();
            let previous: Option<Date> = days.last().and_then(|(day, _)| day.parse().ok());
            if days.last().is_some_and(|(day, _)| *day == row.day) {
                if let Some((_, same)) = days.last_mut() {
                    same.push(row);
                }
                continue;
            }
            if let (Some(mut day), Some(date)) = (previous, date) {
                // A gap of years is not drawn day by day.
                let mut left = DAYS;
                while let Ok(next) = day.tomorrow()
                    && next < date
                    && left > 0
                {
                    days.push((next.to_string(), Vec::new()));
                    (day, left) = (next, left - 1);
                }
            }
            days.push((row.day.clone(), vec![row]));
        }
        let before = days.len().saturating_sub(DAYS);
        Chart { days: days.split_off(before), before }
    }

    fn markup(&self) -> Markup {
        let of = |rows: &[&DayRow]| rows.iter().map(|row| row.uploads).sum::<u64>();
        let most = self.days.iter().map(|(_, rows)| of(rows)).max().unwrap_or(1).max(1);
        let step = (WIDTH / self.days.len().max(1) as f64).min(48.0);
        let bar = |n: u64| HEIGHT * n as f64 / most as f64;
        let (first, last) = (self.days.first(), self.days.last());
        html! {
            figure.by-day {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT + 40.0) } role="img" aria-label={ "Uploads on each of " (self.days.len()) " days, by verdict; the table below says the same" } {
                    path.axis d={ "M0 " (HEIGHT + 12.0) "h" (WIDTH) } {}
                    text.tick x="0" y="10" { (count(most as usize, "upload", "uploads")) " on the busiest day" }
                    @for (at, (day, rows)) in self.days.iter().enumerate() {
                        g {
                            title { (day) ": " (count(of(rows) as usize, "upload", "uploads")) }
                            @for (from, verdict, n) in stacked(rows) {
                                rect.bar.(verdict.name()) x=(format!("{:.1}", at as f64 * step + step * 0.1)) width=(format!("{:.1}", (step * 0.8).max(1.0)))
                                    y=(format!("{:.1}", 12.0 + HEIGHT - bar(from + n))) height=(format!("{:.1}", bar(n))) {}
                            }
                        }
                    }
                    @if let (Some((first, _)), Some((last, _))) = (first, last) {
                        text.tick x="0" y=(HEIGHT + 30.0) { (first) }
                        @if first != last {
                            text.tick x=(format!("{:.1}", (step * self.days.len() as f64).max(190.0))) y=(HEIGHT + 30.0) text-anchor="end" { (last) }
                        }
                    }
                }
                figcaption {
                    @for verdict in Verdict::ALL { span.legend { span.swatch.(verdict.name()) aria-hidden="true" {} (verdict_words(verdict)) } }
                    @if self.before > 0 { " Before that: " (count(self.before, "day", "days")) " not drawn." }
                }
            }
            details.days {
                summary { "As a table" }
                div.sideways { table.used {
                    thead { tr { th scope="col" { "Day" } @for verdict in Verdict::ALL { th.n scope="col" { (verdict_words(verdict)) } } th.n scope="col" { "All" } } }
                    tbody { @for (day, rows) in self.days.iter().rev().filter(|(_, rows)| !rows.is_empty()) {
                        tr {
                            th scope="row" { (day) }
                            @for verdict in Verdict::ALL { td.n { (of(&rows.iter().filter(|row| row.verdict == verdict).copied().collect::<Vec<_>>())) } }
                            td.n { (of(rows)) }
                        }
                    } }
                } }
            }
        }
    }
}

/// What stands on what: uploads below, verdict, uploads.
fn stacked(rows: &[&DayRow]) -> Vec<(u64, Verdict, u64)> {
    let mut below = 0;
    let mut stack = Vec::new();
    for verdict in Verdict::ALL {
        let n = rows.iter().filter(|row| row.verdict == verdict).map(|row| row.uploads).sum();
        if n > 0 {
            stack.push((below, verdict, n));
        }
        below += n;
    }
    stack
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: &str, uploads: u64) -> DayRow {
        let verdict = Verdict::Level(crate::level::Level::Review);
        DayRow { day: day.to_owned(), verdict, status: Status::Open, uploads }
    }

    #[test]
    fn days_without_uploads_are_drawn_and_old_ones_are_counted() {
        let rows = [day("2026-02-27", 3), day("2026-03-02", 1)];
        let chart = Chart::new(&rows);
        let days: Vec<_> =
            chart.days.iter().map(|(day, rows)| (day.as_str(), rows.len())).collect();
        assert_eq!(
            days,
            [("2026-02-27", 1), ("2026-02-28", 0), ("2026-03-01", 0), ("2026-03-02", 1)]
        );
        let rows = [day("1999-01-01", 1), day("2026-03-02", 1)];
        let chart = Chart::new(&rows);
        assert_eq!((chart.days.len(), chart.before), (DAYS, 2));
    }
}
