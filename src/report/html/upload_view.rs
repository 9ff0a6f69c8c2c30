//! One upload: its verdict and why, what the policies say, and its matches.

use std::collections::BTreeMap;

use super::escape;
use super::words::{State, badge, count, level_badge};
use crate::catalog::declared::{AiFacet, AiLevel};
use crate::policy::Finding;
use crate::report::read::Upload;
use crate::report::records::VerdictRecord;
use crate::report::text::{clock, named};
use crate::report::tracklist::Entry;

/// Findings listed.
pub const MAX_FINDINGS: usize = 60;

/// Stretches of a mix that are listed.
const MAX_ENTRIES: usize = 200;

/// Policies whose verdicts are listed.
const MAX_POLICIES: usize = 40;

/// Parts of the page by the identifier of the match or group they show.
pub type Anchors = BTreeMap<String, String>;

/// Opening of the part about an upload, up to its matches.
pub fn head(
    number: usize,
    upload: &Upload,
    verdict: Option<&VerdictRecord>,
    findings: &[Box<Finding>],
    anchors: &Anchors,
) -> String {
    let mut out = String::new();
    put!(
        out,
        "<section class=\"upload\" id=\"u{number}\"><header><h3>{}<span class=\"no\">Upload {number}</span> \
         {}</h3><p class=\"path\">{} · {}</p></header>",
        badge(State::of(upload)),
        title(upload),
        escape::name(&upload.path),
        clock(upload.duration_ms)
    );
    if let Some(error) = &upload.error {
        put!(out, "<p class=\"note\">It could not be read: {}</p>", escape::text(error));
    }
    if let Some(verdict) = verdict {
        reasons(&mut out, verdict, anchors);
    }
    if !upload.tracklist.is_empty() {
        tracklist(&mut out, &upload.tracklist, anchors);
    }
    if !findings.is_empty() {
        findings_table(&mut out, findings, anchors);
        if upload.findings.len() > findings.len() {
            put!(
                out,
                "<p class=\"note\">{} not listed.</p>",
                count(upload.findings.len() - findings.len(), "finding is", "findings are")
            );
        }
    }
    for &cluster in &upload.clusters {
        let number = cluster + 1;
        put!(
            out,
            "<p class=\"note\">Member of <a href=\"#c{number}\">group {number}</a> of near-duplicates.</p>"
        );
    }
    out
}

fn tracklist(out: &mut String, entries: &[Entry], anchors: &Anchors) {
    put!(
        out,
        "<h4>Tracklist: a mix of {}</h4><div class=\"scroll\"><table class=\"tracklist\"><thead><tr>\
         <th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">Reference</th></tr></thead><tbody>",
        count(entries.len(), "stretch", "stretches")
    );
    for entry in entries.iter().take(MAX_ENTRIES) {
        let name = escape::name(&named(entry.title.as_deref(), &entry.artists, &entry.path));
        let name = match anchors.get(&entry.match_id) {
            Some(anchor) => format!("<a href=\"#{anchor}\">{name}</a>"),
            None => name,
        };
        let [begin, end] =
            [entry.sample_begin_time_offset_ms, entry.sample_end_time_offset_ms].map(clock);
        put!(out, "<tr><td>{begin}</td><td>{end}</td><td>{name}</td></tr>");
    }
    out.push_str("</tbody></table></div>");
    if entries.len() > MAX_ENTRIES {
        let more =
            count(entries.len() - MAX_ENTRIES, "further stretch is", "further stretches are");
        put!(out, "<p class=\"note\">{more} not listed.</p>");
    }
}

/// Title and artist, or the name of the file.
pub fn title(upload: &Upload) -> String {
    let file = || upload.path.rsplit(['/', '\\']).next().unwrap_or(&upload.path);
    match (&upload.title, &upload.artists) {
        (Some(title), Some(artists)) => {
            format!("“{}” by {}", escape::name(title), escape::name(artists))
        }
        (Some(title), None) => format!("“{}”", escape::name(title)),
        (None, _) => escape::name(file()),
    }
}

fn reasons(out: &mut String, verdict: &VerdictRecord, anchors: &Anchors) {
    if !verdict.explanation.is_empty() {
        out.push_str("<h4>Why</h4><ul class=\"reasons\">");
        for sentence in verdict.explanation.iter().take(MAX_FINDINGS) {
            put!(out, "<li>{}</li>", escape::text(sentence));
        }
        out.push_str("</ul>");
    }
    if !verdict.by_policy.is_empty() {
        out.push_str("<p class=\"policies\">");
        for (policy, level) in verdict.by_policy.iter().take(MAX_POLICIES) {
            put!(out, "<span>{} {}</span>", escape::name(policy), level_badge(*level));
        }
        out.push_str("</p>");
    }
    let ai = &verdict.ai_disclosure;
    let facets: Vec<&str> = ai.facets.iter().take(AiFacet::ALL.len()).map(|f| f.name()).collect();
    let said = match ai.level {
        AiLevel::Undeclared => "nothing declared",
        AiLevel::None => "declared to be free of them",
        AiLevel::Partly => "declared in part",
        AiLevel::All => "declared for all of it",
    };
    put!(out, "<p class=\"note\">Generated parts: {said}");
    if !facets.is_empty() {
        put!(out, " ({})", facets.join(", ").replace('_', " "));
    }
    if let Some(tool) = &ai.tool {
        put!(out, ", made with {}", escape::name(tool));
    }
    out.push_str(". This is what the upload says; it was not measured.</p>");
    for decision in verdict.decisions.iter().take(20) {
        put!(out, "<p class=\"note\">Decision applied: {}</p>", escape::text(decision));
    }
    links(out, &verdict.evidence, anchors);
}

fn links(out: &mut String, evidence: &[String], anchors: &Anchors) {
    let shown: Vec<String> = evidence
        .iter()
        .take(40)
        .filter_map(|id| {
            let anchor = anchors.get(id)?;
            let (kind, number) = anchor.split_at(1);
            let what = if kind == "c" { "group" } else { "match" };
            Some(format!("<a href=\"#{anchor}\">{what} {number}</a>"))
        })
        .collect();
    if !shown.is_empty() {
        put!(out, "<p class=\"note\">Evidence: {}</p>", shown.join(", "));
    }
}

fn findings_table(out: &mut String, findings: &[Box<Finding>], anchors: &Anchors) {
    out.push_str(
        "<h4>Findings by policy</h4><div class=\"scroll\"><table class=\"findings\"><thead><tr>\
         <th scope=\"col\">Level</th><th scope=\"col\">Rule</th><th scope=\"col\">What is the case</th>\
         <th scope=\"col\">What the policy says</th></tr></thead><tbody>",
    );
    for f in findings {
        let said = match &f.policy_text {
            Some(text) => escape::name(text),
            None => "<span class=\"muted\">General rule of this tool</span>".to_owned(),
        };
        let source = match f.source.as_str() {
            "" => String::new(),
            source => format!("<br><span class=\"source\">{}</span>", escape::source(source)),
        };
        let seen = match f.verified_on.as_str() {
            "" => String::new(),
            day => format!(", as read on {}", escape::text(day)),
        };
        let mut evidence = String::new();
        links(&mut evidence, &f.evidence, anchors);
        put!(
            out,
            "<tr><td>{}</td><th scope=\"row\"><code>{}</code><br>{}</th><td>{}{evidence}</td>\
             <td><b>{}</b>{seen}<br>{said}{source}</td></tr>",
            level_badge(f.level),
            f.rule.id(),
            escape::text(f.rule.title()),
            escape::name(&f.message),
            escape::name(&f.policy)
        );
    }
    out.push_str("</tbody></table></div>");
}
