//! One match: what coincides, where, and what both sides say about themselves.

use std::path::Path;

use super::words::{count, percent};
use super::{escape, figure, metadata_view, plots};
use crate::catalog::declared::Declared;
use crate::report::evidence::{EvidenceRecord, Side};
use crate::report::picture::{Identity, Pictures};
use crate::report::records::{MatchRecord, SegmentRecord};
use crate::report::text::{clock, kind_words, odds};

/// Segments listed; a loop may have hundreds.
const MAX_ROWS: usize = 60;
/// Shown around the segments where no evidence was recorded, in ms.
const MARGIN_MS: u64 = 3_000;

/// A match with what there is to show of it.
pub struct Exhibit {
    record: Box<MatchRecord>,
    evidence: Box<EvidenceRecord>,
    /// Peaks were recorded.
    has_peaks: bool,
    /// Why a side has no picture.
    missing: [Option<String>; 2],
}

impl Exhibit {
    /// Puts an exhibit together; opens audio if `pictures` may.
    pub fn new(
        record: Box<MatchRecord>,
        evidence: Option<Box<EvidenceRecord>>,
        pictures: &Pictures,
    ) -> Exhibit {
        let has_peaks = evidence.is_some();
        let mut evidence = evidence.unwrap_or_else(|| Box::new(extent(&record)));
        let (q, r) = (&record.query, &record.reference);
        let (query, reference) = (&mut evidence.query, &mut evidence.reference);
        // Each decodes a file: side by side.
        let (heard, there) = rayon::join(
            || pictures.complete(query, Path::new(&q.path), Identity::Sha256(&q.sha256)),
            || pictures.complete(reference, Path::new(&r.path), Identity::RefId(&r.ref_id)),
        );
        let missing = [heard, there].map(|outcome| outcome.err().map(|why| why.to_string()));
        Exhibit { record, evidence, has_peaks, missing }
    }

    /// The exhibit in HTML. `number` and `anchor` are ours; the first ones stand open.
    pub fn html(&self, number: usize, declared: &Declared, is_open: bool) -> String {
        let m = &*self.record;
        let mut out = String::new();
        let open = if is_open { " open" } else { "" };
        put!(
            out,
            "<details class=\"match\" id=\"m{number}\"{open}><summary><h4>Match {number} \
             <span class=\"with\">with {}</span></h4><span class=\"facts\">{}</span></summary>",
            reference_name(m),
            facts(m)
        );
        self.statement(&mut out);
        self.picture(&mut out);
        put!(out, "<div class=\"pair-of\"><figure><h5>Offsets</h5>");
        out.push_str(&plots::dot_plot(&self.evidence, &m.segments));
        out.push_str(
            "<figcaption>Each dot is a pair of coinciding peaks. A copy is a straight line; its slope \
             is the speed.</figcaption></figure><div class=\"wide\"><h5>Coverage</h5>",
        );
        coverage(&mut out, m);
        out.push_str("<h5>Segments</h5>");
        segments(&mut out, &m.segments);
        out.push_str("</div></div><h5>Metadata side by side</h5>");
        out.push_str(&metadata_view::table(m, declared));
        put!(
            out,
            "<p class=\"ids\">Match id <code>{}</code> · reference <code>{}</code></p></details>",
            escape::text(&m.match_id),
            escape::text(&m.reference.ref_id)
        );
        out
    }

    fn statement(&self, out: &mut String) {
        let m = &*self.record;
        put!(out, "<p class=\"statement\">{}</p>", statement(m));
        if let Some(decision) = &m.allowed_by {
            put!(
                out,
                "<p class=\"note\">Not held against the upload: decision {}.</p>",
                escape::name(decision)
            );
        }
        if !m.accepted {
            out.push_str(
                "<p class=\"note\">Below the acceptance line: chance gives matches as good as this. \
                 Shown on request only.</p>",
            );
        }
    }

    fn picture(&self, out: &mut String) {
        let title = format!(
            "Spectrograms of this file (above) and the reference (below) over one time axis; {} \
             coinciding peaks in {}.",
            self.evidence.pairs.len(),
            count(self.record.segments.len(), "segment", "segments")
        );
        put!(out, "<figure class=\"scroll\">");
        out.push_str(&figure::draw(&self.evidence, &self.record.segments, &title));
        out.push_str(
            "<figcaption>Above this file, below the reference, on one time axis; dark is loud. Small \
             dots are spectral peaks; large dots in the colour of a numbered segment are peaks that \
             coincide, and some of them are joined.",
        );
        if !self.has_peaks {
            out.push_str(
                " The records hold no peaks of this match (they were written without evidence), so \
                 that only the segments are drawn.",
            );
        }
        for (side, why) in ["this file", "the reference"].iter().zip(&self.missing) {
            if let Some(why) = why {
                put!(out, " No spectrogram of {side}: {}.", escape::text(why));
            }
        }
        out.push_str("</figcaption></figure>");
    }
}

/// What the segments span, where nothing else was recorded.
fn extent(m: &MatchRecord) -> EvidenceRecord {
    let side = |spans: &mut dyn Iterator<Item = (u64, u64)>, duration_ms: u64| {
        let (from, to) = spans.fold((u64::MAX, 0), |all, s| (all.0.min(s.0), all.1.max(s.1)));
        let from = if from > to { 0 } else { from };
        Side {
            begin_ms: from.saturating_sub(MARGIN_MS),
            end_ms: to.saturating_add(MARGIN_MS).min(duration_ms.max(to)),
            ..Side::default()
        }
    };
    let s = &m.segments;
    let mut heard = s.iter().map(|s| (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms));
    let mut there = s.iter().map(|s| (s.db_begin_time_offset_ms, s.db_end_time_offset_ms));
    EvidenceRecord {
        match_id: m.match_id.clone(),
        query: side(&mut heard, m.query.duration_ms),
        reference: side(&mut there, m.reference.duration_ms),
        pairs: Vec::new(),
    }
}

fn reference_name(m: &MatchRecord) -> String {
    let r = &m.reference;
    match (&r.title, r.artists.first()) {
        (Some(title), Some(artist)) => {
            format!("“{}” by {}", escape::name(title), escape::name(&artist.name))
        }
        (Some(title), None) => format!("“{}”", escape::name(title)),
        (None, _) => escape::name(&r.path),
    }
}

fn facts(m: &MatchRecord) -> String {
    format!(
        "score {:.0} · {} of this file · {} of the reference",
        m.score.clamp(0.0, 100.0),
        percent(m.query_match_pct),
        percent(m.asset_match_pct)
    )
}

/// The match in a sentence or two.
fn statement(m: &MatchRecord) -> String {
    let kind = capitalised(&kind_words(m));
    let mut out = format!("{}. ", escape::text(&kind));
    let longest = m
        .segments
        .iter()
        .max_by_key(|s| s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms));
    if let Some(s) = longest {
        put!(
            out,
            "{}<strong>{} – {}</strong> of this file runs along <strong>{} – {}</strong> of the \
             reference: {} of its {} spectral peaks land on a peak of the reference, {:.0} a second. ",
            if m.segments.len() > 1 { "Longest segment: " } else { "" },
            clock(s.sample_begin_time_offset_ms),
            clock(s.sample_end_time_offset_ms),
            clock(s.db_begin_time_offset_ms),
            clock(s.db_end_time_offset_ms),
            s.matched_peaks,
            s.query_peaks,
            s.peaks_per_second
        );
    }
    put!(
        out,
        "Score {:.0} of 100, where 50 is the acceptance line; {}.",
        m.score.clamp(0.0, 100.0),
        escape::text(&odds(m.log10_evalue))
    );
    out
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}

fn coverage(out: &mut String, m: &MatchRecord) {
    let s = &m.segments;
    let heard: Vec<_> =
        s.iter().map(|s| (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms)).collect();
    let there: Vec<_> =
        s.iter().map(|s| (s.db_begin_time_offset_ms, s.db_end_time_offset_ms)).collect();
    for (what, share, duration, spans) in [
        ("this file", m.query_match_pct, m.query.duration_ms, heard),
        ("the reference", m.asset_match_pct, m.reference.duration_ms, there),
    ] {
        let label = format!("{} of {what} ({}) is covered", percent(share), clock(duration));
        put!(out, "<p class=\"strip-label\">{label}</p>");
        out.push_str(&plots::strip(duration, &spans, &label));
    }
}

fn segments(out: &mut String, segments: &[SegmentRecord]) {
    out.push_str(
        "<div class=\"scroll\"><table class=\"segments\"><thead><tr><th scope=\"col\">No.</th>\
         <th scope=\"col\">This file</th><th scope=\"col\">Reference</th>\
         <th scope=\"col\" class=\"n\">Coinciding peaks</th>\
         <th scope=\"col\" class=\"n\">A second</th><th scope=\"col\" class=\"n\">Speed</th>\
         <th scope=\"col\" class=\"n\">Pitch</th></tr></thead><tbody>",
    );
    for (i, s) in segments.iter().enumerate().take(MAX_ROWS) {
        put!(
            out,
            "<tr><th scope=\"row\"><span class=\"dot {}\">{}</span></th><td>{} – {}</td>\
             <td>{} – {}{}</td><td class=\"n\">{} of {}</td><td class=\"n\">{:.0}</td>\
             <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            super::svg::style(i),
            i + 1,
            clock(s.sample_begin_time_offset_ms),
            clock(s.sample_end_time_offset_ms),
            clock(s.db_begin_time_offset_ms),
            clock(s.db_end_time_offset_ms),
            if s.repeat { ", the same again" } else { "" },
            s.matched_peaks,
            s.query_peaks,
            s.peaks_per_second,
            speed(s.time_factor),
            cents(s.pitch_cents)
        );
    }
    out.push_str("</tbody></table></div>");
    if segments.len() > MAX_ROWS {
        put!(
            out,
            "<p class=\"note\">{} not listed.</p>",
            count(segments.len() - MAX_ROWS, "further segment is", "further segments are")
        );
    }
}

/// Speed against the reference: `unchanged`, `+3.0 %`.
pub fn speed(factor: f64) -> String {
    let percent = 100.0 * (factor - 1.0);
    if percent.abs() < 0.05 { "unchanged".into() } else { format!("{percent:+.1} %") }
}

/// Pitch against the reference: `unchanged`, `+50 cents`.
pub fn cents(cents: f64) -> String {
    if cents.abs() < 5.0 { "unchanged".into() } else { format!("{cents:+.0} cents") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_speed_and_pitch_read_well() {
        assert_eq!(
            (speed(1.0002), speed(1.03), speed(0.8)),
            ("unchanged".into(), "+3.0 %".into(), "-20.0 %".into())
        );
        assert_eq!((cents(2.0), cents(-50.2)), ("unchanged".into(), "-50 cents".into()));
    }
}
