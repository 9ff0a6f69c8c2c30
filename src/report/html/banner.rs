//! The result in one look: of a batch for a trust team, of one track for whoever uploads it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use maud::{Markup, html};

use super::foreign::Text;
use super::upload_view;
use super::words::{State, count, label, meaning, to_creator};
use crate::level::Level;
use crate::policy::Rule;
use crate::report::read::UploadEntry;
use crate::report::records::VerdictRecord;

/// Frequent reasons named.
const MAX_FREQUENT: usize = 5;
/// Reasons for the verdict of one track.
const MAX_REASONS: usize = 8;

/// How many uploads, or clusters, something holds for.
struct Tile {
    class: Option<&'static str>,
    number: usize,
    words: &'static str,
}

/// The result of a batch.
pub struct Banner {
    class: &'static str,
    headline: String,
    line: &'static str,
    tiles: Vec<Tile>,
    /// Rules with the number of uploads they speak against, the most frequent first.
    frequent: Vec<(Rule, usize)>,
}

impl Banner {
    /// Counts what came of `uploads`, which form so many `clusters` and `families`.
    pub fn new(uploads: &[UploadEntry], clusters: usize, families: usize) -> Banner {
        let mut levels: BTreeMap<Level, usize> = BTreeMap::new();
        for (level, _) in uploads.iter().filter_map(|u| u.verdict) {
            *levels.entry(level).or_default() += 1;
        }
        let state = |wanted: State| uploads.iter().filter(|u| State::of(u) == wanted).count();
        let (matched, unreadable) = (state(State::Matched), state(State::Unreadable));
        let gravest = levels.keys().next_back().copied();
        let by_level = levels.iter().rev().map(|(&level, &number)| Tile {
            class: Some(level.name()),
            number,
            words: label(level),
        });
        let others = [
            (matched, "with matches, no verdict"),
            (unreadable, "unreadable"),
            (
                clusters,
                if clusters == 1 {
                    "cluster of near-duplicates"
                } else {
                    "clusters of near-duplicates"
                },
            ),
            (
                families,
                if families == 1 {
                    "family that plays the same"
                } else {
                    "families that play the same"
                },
            ),
        ];
        let others = others.map(|(number, words)| Tile { class: None, number, words });
        Banner {
            class: gravest
                .map_or(if matched + families > 0 { "review" } else { "clear" }, Level::name),
            headline: headline(gravest, &levels, uploads.len(), (matched, families)),
            line: gravest.map_or(
                "No policy was applied, so that there are no verdicts: only what was found.",
                meaning,
            ),
            tiles: by_level.chain(others.into_iter().filter(|t| t.number > 0)).collect(),
            frequent: frequent(uploads),
        }
    }

    /// The banner in HTML.
    pub fn markup(&self) -> Markup {
        html! {
            section.banner.(self.class) aria-label="Result" {
                h2 { (self.headline) }
                p { (self.line) }
                ul.tiles { @for tile in &self.tiles {
                    li class=[tile.class] { b { (tile.number) } " " (tile.words) }
                } }
                @if !self.frequent.is_empty() {
                    h3 { "Most frequent reasons" }
                    ul.reasons { @for (rule, n) in &self.frequent {
                        li {
                            (rule.title()) ": " (count(*n, "upload", "uploads"))
                            " " code.rule { (rule.id()) }
                        }
                    } }
                }
            }
        }
    }
}

fn frequent(uploads: &[UploadEntry]) -> Vec<(Rule, usize)> {
    let mut reasons = BTreeMap::new();
    for rule in uploads.iter().flat_map(|u| &u.reasons) {
        *reasons.entry(*rule).or_insert(0usize) += 1;
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|&(rule, n)| (Reverse(n), rule));
    reasons.truncate(MAX_FREQUENT);
    reasons
}

fn headline(
    gravest: Option<Level>,
    levels: &BTreeMap<Level, usize>,
    all: usize,
    (matched, families): (usize, usize),
) -> String {
    let uploads = |n| count(n, "upload", "uploads");
    let Some(gravest) = gravest else {
        return match matched {
            0 if families > 0 => count(families, "family plays the same", "families play the same"),
            0 => format!("Nothing found in {}", uploads(all)),
            n => format!("{n} of {} resemble a recording", uploads(all)),
        };
    };
    let n = uploads(levels.get(&gravest).copied().unwrap_or(0));
    match gravest {
        Level::Clear => format!("All {n} clear"),
        Level::Review => format!("{n} to look at"),
        Level::Hold => format!("{n} on hold"),
        Level::Reject => format!("{n} refused by policy"),
    }
}

/// The result for the uploader of one track.
pub struct CreatorBanner<'a> {
    class: &'static str,
    headline: &'static str,
    advice: &'static str,
    title: Markup,
    reasons: Vec<Text<'a>>,
}

impl<'a> CreatorBanner<'a> {
    /// What to say about `upload` and its verdict.
    pub fn new(upload: &UploadEntry, verdict: Option<&'a VerdictRecord>) -> CreatorBanner<'a> {
        let state = State::of(upload);
        let (headline, advice) = to_creator(state);
        let reasons = verdict.map(|v| v.explanation.as_slice()).unwrap_or_default();
        CreatorBanner {
            class: state.badge().0,
            headline,
            advice,
            title: upload_view::title(upload),
            // The first sentence of an explanation is the headline.
            reasons: reasons
                .iter()
                .filter(|reason| *reason != headline)
                .take(MAX_REASONS)
                .map(Text::of)
                .collect(),
        }
    }

    /// The banner in HTML.
    pub fn markup(&self) -> Markup {
        html! {
            section.banner.(self.class) aria-label="Result" {
                h2 { (self.headline) }
                p.about { (self.title) }
                p { (self.advice) }
                @if !self.reasons.is_empty() {
                    h3 { "Reasons" }
                    ul.reasons { @for reason in &self.reasons { li { (reason) } } }
                }
            }
        }
    }
}
