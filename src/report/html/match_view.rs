//! One match: what coincides, where, and what both sides say about themselves.

use maud::{Markup, html};

use super::anchors::Anchor;
use super::exhibit::Exhibit;
use super::foreign::{Name, Text};
use super::metadata_view::Comparison;
use super::parts::{note, recording};
use super::segments_view::{self, Coverage};
use super::words::percent;
use super::{figure, listen_view, plots};
use crate::clock::clock;
use crate::declare::declared::Declared;
use crate::report::decide::Commands;
use crate::report::phrases::{beside_loops_words, kind_words, odds};
use crate::report::records::{MatchRecord, SegmentRecord, credit};

/// A match as it is shown in full.
pub struct MatchView<'a> {
    reference: Markup,
    facts: String,
    statement: Statement<'a>,
    listen: Markup,
    /// Both spectrograms, and the dot-plot.
    drawings: [Markup; 2],
    has_peaks: bool,
    /// Sides without a picture, and why.
    missing: Vec<(&'static str, Text<'a>)>,
    coverage: [Coverage; 2],
    segments: &'a [SegmentRecord],
    comparison: Comparison,
    ids: [Text<'a>; 2],
    /// The command that allows it.
    decide: Option<Text<'a>>,
}

impl<'a> MatchView<'a> {
    /// The view of `exhibit`, of an upload that declares `declared`.
    pub fn new(exhibit: &'a Exhibit, declared: &Declared, commands: &Commands) -> MatchView<'a> {
        let (m, r) = (&*exhibit.record, &exhibit.record.reference);
        let artists = credit(&r.artists, ", ");
        let missing = ["this file", "the reference"].into_iter().zip(&exhibit.missing);
        MatchView {
            reference: recording(r.title.as_deref(), artists.as_deref(), &r.path),
            facts: format!(
                "score {:.0} · {} of this file · {} of the reference",
                m.score.clamp(0.0, 100.0),
                percent(m.query_match_pct),
                percent(m.asset_match_pct)
            ),
            statement: Statement::new(m),
            listen: listen_view::markup(&exhibit.heard),
            drawings: [
                figure::draw(&exhibit.evidence, &m.segments),
                plots::dot_plot(&exhibit.evidence, &m.segments),
            ],
            has_peaks: exhibit.has_peaks,
            missing: missing
                .filter_map(|(side, why)| Some((side, Text::of(why.as_deref()?))))
                .collect(),
            coverage: Coverage::of_both(m),
            segments: &m.segments,
            comparison: Comparison::new(m, declared),
            ids: [Text::of(&m.match_id), Text::of(&r.ref_id)],
            decide: commands.allow_match(m).filter(|_| m.allowed_by.is_none()).map(Text::of),
        }
    }

    /// The match in HTML as the `number`-th of its page.
    pub fn markup(&self, number: usize, is_open: bool) -> Markup {
        let [match_id, ref_id] = &self.ids;
        html! {
            details.match id=(Anchor::Match(number)) open[is_open] {
                summary {
                    h4 { "Match " (number) " " span.with { "with " (self.reference) } }
                    span.facts { (self.facts) }
                }
                (self.statement.markup())
                (self.listen)
                (self.drawn())
                h5 { "Metadata side by side" }
                (self.comparison.markup())
                p.ids {
                    "Match id " code { (match_id) } " · reference " code { (ref_id) }
                }
                @if let Some(command) = &self.decide {
                    p.decide { "If it is licensed: " code { (command) } }
                }
            }
        }
    }

    /// What it rests on.
    pub fn drawn(&self) -> Markup {
        html! {
            (self.spectrograms())
            div.pair-of {
                (self.offsets())
                div.wide {
                    h5 { "Coverage" }
                    @for side in &self.coverage { (side.markup()) }
                    h5 { "Segments" }
                    (segments_view::table(self.segments))
                }
            }
        }
    }

    fn spectrograms(&self) -> Markup {
        html! {
            figure.scroll {
                (self.drawings[0])
                figcaption {
                    "Above this file, below the reference, on one time axis; what is loud stands out. Small \
                     dots are spectral peaks; large dots in the colour of a numbered segment are \
                     peaks that coincide, and some of them are joined."
                    @if !self.has_peaks {
                        " The records hold no peaks of this match (they were written without \
                         evidence), so that only the segments are drawn."
                    }
                    @for (side, why) in &self.missing {
                        " No spectrogram of " (side) ": " (why) "."
                    }
                }
            }
        }
    }

    fn offsets(&self) -> Markup {
        html! {
            figure {
                h5 { "Offsets" }
                (self.drawings[1])
                figcaption {
                    "Each dot is a pair of coinciding peaks. A copy is a straight line; its slope \
                     is the speed."
                }
            }
        }
    }
}

/// The longest segment in numbers.
struct Longest {
    is_one_of_many: bool,
    /// Begin and end, in the file and in the reference.
    heard: [String; 2],
    there: [String; 2],
    peaks: String,
}

impl Longest {
    fn of(segments: &[SegmentRecord]) -> Option<Longest> {
        let s = segments.iter().max_by_key(|s| {
            s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms)
        })?;
        Some(Longest {
            is_one_of_many: segments.len() > 1,
            heard: [s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms].map(clock),
            there: [s.db_begin_time_offset_ms, s.db_end_time_offset_ms].map(clock),
            peaks: format!(
                "{} of its {} spectral peaks land on a peak of the reference, {:.0} a second",
                s.matched_peaks, s.query_peaks, s.peaks_per_second
            ),
        })
    }

    fn markup(&self) -> Markup {
        let ([from, to], [begin, end]) = (&self.heard, &self.there);
        html! {
            @if self.is_one_of_many { "Longest segment: " }
            strong { (from) " – " (to) }
            " of this file runs along "
            strong { (begin) " – " (end) }
            " of the reference: " (self.peaks) ". "
        }
    }
}

/// The match in a sentence or two, and what it does not count for.
pub struct Statement<'a> {
    kind: Text<'a>,
    longest: Option<Longest>,
    score: String,
    allowed_by: Option<Name<'a>>,
    beside_loops: Option<Text<'a>>,
    is_accepted: bool,
}

impl<'a> Statement<'a> {
    /// About `m`.
    pub fn new(m: &'a MatchRecord) -> Statement<'a> {
        Statement {
            kind: Text::of(capitalised(&kind_words(m))),
            longest: Longest::of(&m.segments),
            score: format!(
                "Score {:.0} of 100, where 50 is the acceptance line; {}.",
                m.score.clamp(0.0, 100.0),
                odds(m.log10_evalue)
            ),
            allowed_by: m.allowed_by.as_ref().map(Name::of),
            beside_loops: beside_loops_words(m).map(|words| Text::of(capitalised(&words))),
            is_accepted: m.accepted,
        }
    }

    /// In HTML.
    pub fn markup(&self) -> Markup {
        html! {
            p.statement {
                (self.kind) ". "
                @if let Some(longest) = &self.longest { (longest.markup()) }
                (self.score)
            }
            @if let Some(words) = &self.beside_loops {
                p.note { (words) "." }
            }
            @if let Some(decision) = &self.allowed_by {
                p.note { "Not held against the upload: decision " (decision) "." }
            }
            @if !self.is_accepted {
                (note("Below the acceptance line: chance gives matches as good as this. Shown on \
                       request only."))
            }
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}
