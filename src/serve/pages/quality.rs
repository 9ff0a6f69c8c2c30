//! How well it does: rules by what people decided, and a sample of what was called clear; and kept views.

use axum::extract::{Form, Path, State};
use axum::response::{Html, Redirect};
use axum::{Extension, extract::Query};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;

use super::choices::NOT_SO;
use super::layout::{Place, status_words, title_of};
use super::{Failed, links, shown};
use crate::counted::{count, thousands};
use crate::engine::day;
use crate::policy::Rule;
use crate::report::html::fragments::Name;
use crate::serve::api::listing::{Wanted, found};
use crate::serve::problem::Problem;
use crate::serve::security::Caller;
use crate::serve::shared::{Shared, blocking};
use crate::serve::stamp::now;
use crate::serve::state::{Audited, Tally, Verdict};

/// Uploads drawn for a look.
const DRAWN: u32 = 20;
/// Days from which they are drawn.
const DAYS: i64 = 30;
/// Longest name of a view.
const MAX_NAME: usize = 60;
/// Quantile of the normal distribution for intervals of 95 %.
const Z: f64 = 1.96;

/// The page.
pub(super) async fn page(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Result<Html<String>, Failed> {
    let page = blocking(&desk, move |desk| {
        let tallies = desk.store.tallies(NOT_SO)?;
        let rows: Vec<(Rule, Tally)> =
            Rule::ALL.iter().filter_map(|rule| Some((*rule, *tallies.get(rule.id())?))).collect();
        let from = day(Timestamp::now() - SignedDuration::from_hours(24 * DAYS)).to_string();
        let sample = desk.store.clear_sample(&from, DRAWN)?;
        let all = desk.store.clear_since(&from)?;
        let content = html! {
            div.quality {
                h1 { "How well it does" }
                p.lead { "By what people decided at this desk." }
                section.card { h2 { "Rules" } (rules(&rows)) }
                section.card { h2 { "A sample of what was called clear" } (audit(&sample, all)) }
            }
        };
        Ok(desk.frame("How well it does", Place::Quality, &caller).around(&content))
    })
    .await?;
    Ok(shown(page))
}

/// Wilson's interval for a share of `n` in which `k` are so.
fn interval(k: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (k, n) = (k as f64, n as f64);
    let (share, z2) = (k / n, Z * Z);
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn rules(rows: &[(Rule, Tally)]) -> Markup {
    html! {
        @if rows.is_empty() { p.note { "No rule has spoken against an upload yet." } }
        @else {
            p.note {
                "Right are uploads that were refused, and those let through for another reason than “" (NOT_SO) " …” (a licence does not make the finding wrong). What is held or open is not counted."
            }
            div.sideways { table.used.rules-of {
                thead { tr {
                    th scope="col" { "Rule" } th.n scope="col" { "Right" } th scope="col" { "95 %" } th.n scope="col" { "Refused" }
                    th.n scope="col" { "Passed" } th.n scope="col" { "Passed: not so" } th.n scope="col" { "Held" } th.n scope="col" { "Open" }
                } }
                tbody { @for (rule, t) in rows {
                    @let decided = t.rejected + t.passed + t.wrong;
                    @let right = t.rejected + t.passed;
                    @let (low, high) = interval(right, decided);
                    tr {
                        th scope="row" { (rule.title()) " " code.rule { (rule.id()) } }
                        td.n { @if decided > 0 { b { (percent(right as f64 / decided as f64)) } } @else { span.muted { "–" } } }
                        td { @if decided > 0 { (percent(low)) " to " (percent(high)) } @else { span.muted { "nothing decided" } } }
                        @for n in [t.rejected, t.passed, t.wrong, t.held, t.open] { td.n { (thousands(n)) } }
                    }
                } }
            } }
        }
    }
}

fn audit(sample: &[Audited], all: u64) -> Markup {
    let judged: Vec<bool> = sample
        .iter()
        .filter_map(|(_, a)| a.as_ref().map(|(outcome, _)| outcome == "missed"))
        .collect();
    let missed = judged.iter().filter(|missed| **missed).count() as u64;
    let (_, most) = interval(missed, judged.len() as u64);
    html! {
        @if sample.is_empty() { p.note { "Nothing was called clear in the last " (DAYS) " days." } }
        @else {
            p.note {
                "Drawn by chance from " (count(all as usize, "upload", "uploads")) " of the last " (DAYS)
                " days, the same for everybody. Listen, and say whether clear was right."
                @if !judged.is_empty() {
                    " " strong { (judged.len()) " of " (sample.len()) " looked at, " (missed) " missed: at most " (percent(most)) " of all, with 95 % confidence." }
                }
            }
            ol.audit { @for (upload, outcome) in sample {
                li {
                    a href={ "/uploads/" (upload.id) } { (Name::of(title_of(upload))) }
                    span.muted {
                        @if let Some(artists) = &upload.artists { (Name::of(artists)) " · " }
                        @if let Some(name) = &upload.account { (links::account(name)) " · " }
                        (status_words(upload.status))
                    }
                    div.outcome {
                        @match outcome {
                            Some((outcome, who)) => {
                                span.did.(if outcome == "missed" { "reject" } else { "pass" }) { @if outcome == "missed" { "✕ Missed" } @else { "✓ Right" } }
                                span.muted { " by " (Name::of(who)) }
                            },
                            None => form method="post" action={ "/quality/" (upload.id) } {
                                button name="outcome" value="right" { "Right" span.sr { ": " (Name::of(title_of(upload))) } }
                                button name="outcome" value="missed" { "Missed" span.sr { ": " (Name::of(title_of(upload))) } }
                            },
                        }
                    }
                }
            } }
        }
    }
}

/// What somebody found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcome {
    outcome: String,
}

/// Notes what somebody found in an upload that was called clear.
pub(super) async fn looked(
    State(desk): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    Form(said): Form<Outcome>,
) -> Result<Redirect, Failed> {
    let is_right = match said.outcome.as_str() {
        "right" => true,
        "missed" => false,
        _ => return Err(Problem::bad("`outcome` is right or missed").into()),
    };
    blocking(&desk, move |desk| {
        let upload = found(desk, &id)?;
        if upload.verdict != Verdict::Level(crate::level::Level::Clear) {
            return Err(Problem::unusable("only what was called clear is looked at like that"));
        }
        desk.store.audit(&id, is_right, &caller.name, &now())?;
        Ok(())
    })
    .await?;
    Ok(Redirect::to("/quality"))
}

/// A view to keep.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct View {
    name: String,
    address: String,
}

/// Keeps a view of the queue.
pub(super) async fn keep(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
    Form(view): Form<View>,
) -> Result<Redirect, Failed> {
    let name: String = view.name.trim().chars().take(MAX_NAME).collect();
    if name.is_empty() {
        return Err(Problem::unusable("a view needs a name").into());
    }
    // Only what the queue understands, so that a kept view leads nowhere else.
    let is_here = view.address == "/" || view.address.starts_with("/?");
    let wanted = Some(&view.address)
        .filter(|_| is_here)
        .and_then(|address| address.parse::<axum::http::Uri>().ok());
    let wanted = wanted.and_then(|uri| Query::<Wanted>::try_from_uri(&uri).ok());
    let Some(Query(wanted)) = wanted else {
        return Err(Problem::unusable("this is no view of the queue").into());
    };
    wanted.filter()?;
    let address = Wanted { after: None, ..wanted }.address();
    let back = address.clone();
    blocking(&desk, move |desk| match desk.store.keep_filter(&name, &address, &caller.name)? {
        true => Ok(()),
        false => Err(Problem::unusable("there are too many views; forget one")),
    })
    .await?;
    Ok(Redirect::to(&back))
}

/// Forgets a view.
pub(super) async fn forget(
    State(desk): State<Shared>,
    Path(n): Path<i64>,
) -> Result<Redirect, Failed> {
    blocking(&desk, move |desk| Ok(desk.store.drop_filter(n)?)).await?;
    Ok(Redirect::to("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_wilson() {
        // By the formula of Wilson (1927), to three digits.
        for ((k, n), (low, high)) in
            [((0, 20), (0.0, 0.161)), ((10, 20), (0.299, 0.701)), ((20, 20), (0.839, 1.0))]
        {
            let found = interval(k, n);
            assert!((found.0 - low).abs() < 0.001 && (found.1 - high).abs() < 0.001, "{found:?}");
        }
        assert_eq!(interval(0, 0), (0.0, 1.0));
    }
}
