//! One group of near-duplicates: why it is one, who is in it, and when they came.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::escape;
use super::match_view::{cents, speed};
use super::svg::{Scale, num};
use super::words::{count, level_badge, percent};
use crate::batch::cluster::{Cluster, Member};
use crate::catalog::text::instant;
use crate::report::text::clock;

/// Members in the matrix; more would be smaller than a letter.
const MAX_MATRIX: usize = 80;
/// Members up to which the cells of the matrix hold numbers.
const MAX_WRITTEN: usize = 20;
/// Members listed.
const MAX_ROWS: usize = 500;
/// Weaker ties listed.
const MAX_TIES: usize = 50;
/// Accounts that have a line of their own in the timeline.
const MAX_LANES: usize = 8;

/// The group in HTML. `anchor` finds the part of the page that is about an upload.
pub fn section(
    number: usize,
    c: &Cluster,
    is_open: bool,
    anchor: &dyn Fn(&str) -> Option<String>,
) -> String {
    let mut out = String::new();
    put!(
        out,
        "<details class=\"cluster\" id=\"c{number}\"{}><summary><h3>Group {number} \
         <span class=\"with\">{} that share one recording</span></h3>\
         <span class=\"facts\">{} score {:.0} of 100</span></summary>",
        if is_open { " open" } else { "" },
        count(c.size, "track", "tracks"),
        level_badge(c.level),
        c.score.clamp(0.0, 100.0)
    );
    if !c.explanation.is_empty() {
        put!(out, "<p class=\"statement\">{}</p>", escape::text(&c.explanation));
    }
    facts(&mut out, c);
    contributions(&mut out, c);
    if !c.member_details.is_empty() {
        out.push_str("<div class=\"pair-of\"><div>");
        matrix(&mut out, c);
        out.push_str("</div><div class=\"wide\">");
        timeline(&mut out, &c.member_details);
        out.push_str("</div></div>");
    }
    members(&mut out, c, anchor);
    ties(&mut out, c);
    put!(
        out,
        "<p class=\"ids\">Group id <code>{}</code></p></details>",
        escape::text(&c.cluster_id)
    );
    out
}

fn facts(out: &mut String, c: &Cluster) {
    let i = &c.identity;
    out.push_str("<dl class=\"facts-list\">");
    let mut fact = |term: &str, value: String| {
        put!(out, "<div><dt>{term}</dt><dd>{value}</dd></div>");
    };
    fact("Titles", i.titles.to_string());
    fact("Artists", i.artists.to_string());
    fact(
        "ISRCs",
        format!("{} of {}", i.isrcs, count(i.isrc_registrants, "registrant", "registrants")),
    );
    fact("Accounts", i.accounts.to_string());
    fact("Labels", i.labels.to_string());
    fact(
        "Length",
        format!("{} ± {:.1} s", clock(c.duration_ms.p50), c.duration_ms.iqr as f64 / 2000.0),
    );
    let [low, high] = c.pitch_cents_range;
    fact("Pitch", format!("{low:+.0} … {high:+.0} cents"));
    let [slow, fast] = c.time_factor_range;
    if slow > 0.0 {
        fact("Speed", format!("{} … {}", speed(slow), speed(fast)));
    }
    if let Some(seconds) = c.window.seconds {
        fact("Came in within", span(seconds));
    }
    fact("Pairs that overlap", percent(100.0 * c.density));
    fact("Weakest tie", format!("{} shared", percent(c.weakest_edge_pct)));
    out.push_str("</dl>");
}

fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn contributions(out: &mut String, c: &Cluster) {
    if c.contributions.is_empty() {
        return;
    }
    out.push_str(
        "<h4>What the score is made of</h4><div class=\"scroll\"><table class=\"bars\"><thead><tr>\
         <th scope=\"col\">Signal</th><th scope=\"col\">Points that would be missing without it</th>\
         <th scope=\"col\">Strength × weight</th><th scope=\"col\">In words</th></tr></thead><tbody>",
    );
    for part in c.contributions.iter().take(40) {
        let points = if part.points.is_finite() { part.points } else { 0.0 };
        put!(
            out,
            "<tr><th scope=\"row\"><code>{}</code></th><td class=\"bar\">\
             <svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"ground\" width=\"100\" height=\"10\"/>\
             <rect class=\"{}\" width=\"{}\" height=\"10\"/></svg> <b>{points:+.0}</b></td>\
             <td>{:.2} × {:.2}</td><td>{}</td></tr>",
            escape::text(&part.signal),
            if points < 0.0 { "less" } else { "more" },
            num(points.abs().min(100.0)),
            part.value,
            part.weight,
            escape::text(&part.text)
        );
    }
    out.push_str("</tbody></table></div>");
}

/// Share that each pair has in common, the smaller of both sides.
fn matrix(out: &mut String, c: &Cluster) {
    let n = c.member_details.len().min(MAX_MATRIX);
    let cell = (420.0 / n as f64).clamp(5.0, 30.0);
    let (left, top) = (26.0, 22.0);
    let size = cell * n as f64;
    put!(
        out,
        "<h4>Similarity</h4><figure><svg class=\"matrix\" viewBox=\"0 0 {0} {1}\" \
         style=\"max-width:{2}px\" role=\"img\" aria-label=\"Share in common of each pair of {n} \
         tracks\"><rect class=\"ground frame\" x=\"{left}\" y=\"{top}\" width=\"{size:.1}\" \
         height=\"{size:.1}\"/>",
        num(left + size + 2.0),
        num(top + size + 2.0),
        num((left + size) * 1.1)
    );
    let step = (14.0 / cell).ceil().max(1.0) as usize;
    for i in (0..n).step_by(step) {
        let middle = (i as f64 + 0.5) * cell;
        put!(
            out,
            "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{n}</text>\
             <text class=\"tick\" x=\"{}\" y=\"{}\" dy=\".35em\" text-anchor=\"end\">{n}</text>",
            num(left + middle),
            num(top - 6.0),
            num(left - 5.0),
            num(top + middle),
            n = i + 1
        );
        let (x, y) = (num(left + i as f64 * cell), num(top + i as f64 * cell));
        put!(
            out,
            "<rect class=\"self\" x=\"{x}\" y=\"{y}\" width=\"{0}\" height=\"{0}\"/>",
            num(cell)
        );
    }
    let shown = c.edges.iter().filter(|e| e.a < n && e.b < n && e.a != e.b);
    for e in shown.take(MAX_MATRIX * MAX_MATRIX / 2) {
        let share = e.a_pct.min(e.b_pct).clamp(0.0, 100.0);
        for (row, column) in [(e.a, e.b), (e.b, e.a)] {
            let (x, y) = (left + column as f64 * cell, top + row as f64 * cell);
            put!(
                out,
                "<rect class=\"cell\" x=\"{}\" y=\"{}\" width=\"{3}\" height=\"{3}\" \
                 fill-opacity=\"{:.2}\"/>",
                num(x),
                num(y),
                0.06 + 0.84 * share / 100.0,
                num(cell)
            );
            if n <= MAX_WRITTEN {
                put!(
                    out,
                    "<text class=\"value{}\" x=\"{}\" y=\"{}\" dy=\".35em\">{share:.0}</text>",
                    if share > 72.0 { " on" } else { "" },
                    num(x + cell / 2.0),
                    num(y + cell / 2.0)
                );
            }
        }
    }
    out.push_str("</svg><figcaption>Per cent of the shorter side that each pair shares; the darker, the more; empty: no verified overlap of most of both.");
    if c.member_details.len() > n {
        put!(out, " The first {n} of {} tracks are shown.", c.member_details.len());
    }
    out.push_str("</figcaption></figure>");
}

/// A time of arrival, where it can be told.
fn arrival(member: &Member) -> Option<i64> {
    Some(instant(member.received_at.as_deref()?)?.as_second())
}

fn moment(second: i64) -> String {
    let text = Timestamp::from_second(second).map(|t| t.to_string()).unwrap_or_default();
    text.replace('T', " ").replace('Z', " UTC")
}

/// When the members came in, a line for each account.
fn timeline(out: &mut String, members: &[Member]) {
    out.push_str("<h4>Upload timeline</h4>");
    let timed: Vec<(usize, i64, &Member)> =
        members.iter().enumerate().filter_map(|(i, m)| Some((i, arrival(m)?, m))).collect();
    let first = timed.iter().map(|t| t.1).min();
    let last = timed.iter().map(|t| t.1).max();
    let Some((first, last)) = first.zip(last) else {
        out.push_str("<p class=\"note\">The records do not say when these tracks came in.</p>");
        return;
    };
    let mut lanes: BTreeMap<&str, Vec<(usize, i64)>> = BTreeMap::new();
    for (i, time, member) in &timed {
        let account = member.account.as_deref().unwrap_or("");
        let is_new = !lanes.contains_key(account);
        let lane = if is_new && lanes.len() >= MAX_LANES { "\u{10ffff}" } else { account };
        lanes.entry(lane).or_default().push((*i, *time));
    }
    let x = Scale::new((first as f64, last.max(first + 1) as f64), (30.0, 590.0));
    let mut body = String::new();
    let mut y = 8.0;
    for (account, list) in &lanes {
        let label = match *account {
            "" => "account not stated".to_owned(),
            "\u{10ffff}" => "other accounts".to_owned(),
            name => escape::text(&name.chars().take(50).collect::<String>()),
        };
        let height = lane(&mut body, list, &x, y + 18.0);
        put!(
            body,
            "<text class=\"tick\" x=\"0\" y=\"{}\"><tspan class=\"iso\">{label}</tspan>: {}</text>",
            num(y + 10.0),
            count(list.len(), "track", "tracks")
        );
        y += 18.0 + height + 10.0;
    }
    put!(
        out,
        "<figure class=\"scroll\"><svg class=\"timeline\" viewBox=\"0 0 620 {}\" role=\"img\" \
         aria-label=\"Arrivals from {} to {}\">{body}<path class=\"axis\" d=\"M30 {y}H590\"/>\
         <text class=\"tick\" x=\"30\" y=\"{text}\">{}</text>\
         <text class=\"tick\" x=\"590\" y=\"{text}\" text-anchor=\"end\">{}</text></svg>",
        num(y + 26.0),
        moment(first),
        moment(last),
        moment(first),
        moment(last),
        y = num(y),
        text = num(y + 17.0)
    );
    put!(out, "<figcaption>Each disc is a track, by its number in the list.");
    if timed.len() < members.len() {
        put!(out, " {} of {} have no time of arrival.", members.len() - timed.len(), members.len());
    }
    out.push_str("</figcaption></figure>");
}

/// The discs of one account, stacked where they would hide each other; the height of the stack.
fn lane(out: &mut String, list: &[(usize, i64)], x: &Scale, top: f64) -> f64 {
    const ROWS: usize = 8;
    let radius = if list.len() <= 120 { 8.0 } else { 3.5 };
    let mut free = [f64::NEG_INFINITY; ROWS];
    let mut sorted = list.to_vec();
    sorted.sort_by_key(|&(i, time)| (time, i));
    let mut height: f64 = 0.0;
    for (i, time) in sorted {
        let at = x.at(time as f64);
        let row = free.iter().position(|&f| f <= at).unwrap_or(ROWS - 1);
        free[row] = at + 2.0 * radius + 1.0;
        let y = top + radius + row as f64 * (2.0 * radius + 1.0);
        height = height.max(y + radius - top);
        put!(
            out,
            "<circle class=\"upload-dot\" cx=\"{}\" cy=\"{}\" r=\"{radius}\"/>",
            num(at),
            num(y)
        );
        if radius > 5.0 {
            put!(
                out,
                "<text class=\"upload-no\" x=\"{}\" y=\"{}\" dy=\".36em\">{}</text>",
                num(at),
                num(y),
                i + 1
            );
        }
    }
    height
}

fn members(out: &mut String, c: &Cluster, anchor: &dyn Fn(&str) -> Option<String>) {
    out.push_str(
        "<h4>Tracks</h4><div class=\"scroll\"><table class=\"members\"><thead><tr>\
         <th scope=\"col\">No.</th><th scope=\"col\">Title</th><th scope=\"col\">Artist</th>\
         <th scope=\"col\">ISRC</th><th scope=\"col\">Account</th><th scope=\"col\">Received</th>\
         <th scope=\"col\" class=\"n\">Length</th><th scope=\"col\">Against the representative</th>\
         </tr></thead><tbody>",
    );
    let or_dash = |value: &Option<String>| match value {
        Some(value) => escape::name(value),
        None => "<span class=\"muted\">–</span>".to_owned(),
    };
    for (i, m) in c.member_details.iter().enumerate().take(MAX_ROWS) {
        let title = match &m.title {
            Some(title) => escape::name(title),
            None => escape::name(&m.path),
        };
        let title = match anchor(&m.path) {
            Some(id) => format!("<a href=\"#{id}\">{title}</a>"),
            None => title,
        };
        let relation = if m.path == c.representative {
            "representative".to_owned()
        } else if m.differs.is_empty() {
            format!("speed {}, pitch {}", speed(m.time_factor), cents(m.pitch_cents))
        } else {
            escape::text(&m.differs)
        };
        put!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{title}{}<br><span class=\"path\">{}</span></td>\
             <td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{relation}</td></tr>",
            i + 1,
            if m.earlier { " <span class=\"muted\">(earlier upload)</span>" } else { "" },
            escape::name(&m.path),
            if m.artists.is_empty() { or_dash(&None) } else { escape::name(&m.artists.join("; ")) },
            or_dash(&m.isrc),
            or_dash(&m.account),
            or_dash(&m.received_at),
            clock(m.duration_ms)
        );
    }
    if c.member_details.is_empty() {
        for (i, path) in c.members.iter().enumerate().take(MAX_ROWS) {
            put!(
                out,
                "<tr><th scope=\"row\">{}</th><td colspan=\"7\">{}</td></tr>",
                i + 1,
                escape::name(path)
            );
        }
    }
    out.push_str("</tbody></table></div>");
    let all = c.member_details.len().max(c.members.len());
    if all > MAX_ROWS {
        put!(out, "<p class=\"note\">{} more are not listed.</p>", all - MAX_ROWS);
    }
}

fn ties(out: &mut String, c: &Cluster) {
    if c.context.is_empty() {
        return;
    }
    out.push_str(
        "<h4>Weaker ties</h4><p class=\"note\">Tracks outside the group that share a part with a \
         member, a common loop for instance. They are context and do not count.</p>\
         <div class=\"scroll\"><table><thead><tr><th scope=\"col\">Member</th>\
         <th scope=\"col\">Other track</th><th scope=\"col\" class=\"n\">Of the member</th>\
         <th scope=\"col\" class=\"n\">Of the other</th></tr></thead><tbody>",
    );
    for tie in c.context.iter().take(MAX_TIES) {
        put!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            escape::name(&tie.member),
            escape::name(&tie.other),
            percent(tie.member_pct),
            percent(tie.other_pct)
        );
    }
    out.push_str("</tbody></table></div>");
    if c.context.len() > MAX_TIES {
        put!(out, "<p class=\"note\">{} more are not listed.</p>", c.context.len() - MAX_TIES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_read_with_and_without_an_offset() {
        let at = |text: &str| {
            arrival(&Member { received_at: Some(text.to_owned()), ..Member::default() })
        };
        assert_eq!(at("1970-01-01T02:00:00+02:00"), Some(0));
        assert_eq!(at("1970-01-01 00:01:00"), Some(60));
        assert_eq!(at("1970-01-02"), Some(86_400));
        assert_eq!(at("yesterday"), None);
    }

    #[test]
    fn spans_of_time_read_well() {
        assert_eq!(
            (span(41), span(2_460), span(14_400)),
            ("41 s".into(), "41 min".into(), "4 h".into())
        );
    }
}
