//! Both sides of a match to listen to, one above the other on one time axis.
//!
//! The page says where they run along each other; the script plays. What the upload changed of speed and pitch is
//! undone on the side of the reference, as far as a browser can (`playbackRate`, `preservesPitch`).

use maud::{Markup, html};
use serde_json::json;

use crate::clock::clock;
use crate::report::html::fragments::Text;
use crate::report::records::{MatchRecord, SegmentRecord};
use crate::serve::media::Silent;

/// Segments that can be jumped to.
const MAX_SEGMENTS: usize = 60;

/// Where a segment lies on both sides, ms, and what was changed in it.
fn told(s: &SegmentRecord) -> serde_json::Value {
    json!([
        s.sample_begin_time_offset_ms,
        s.sample_end_time_offset_ms,
        s.db_begin_time_offset_ms,
        s.db_end_time_offset_ms,
        s.time_factor,
        s.pitch_cents
    ])
}

/// The longest segment: what is heard first.
fn longest(m: &MatchRecord) -> usize {
    let length = |s: &SegmentRecord| s.sample_end_time_offset_ms - s.sample_begin_time_offset_ms;
    let own = m.segments.iter().take(MAX_SEGMENTS).enumerate().filter(|(_, s)| !s.repeat);
    own.max_by_key(|(at, s)| (length(s), usize::MAX - at)).map_or(0, |(at, _)| at)
}

/// The player of match `m` of the upload `id`; `silent`: why the reference cannot be heard, where that is known.
/// `has_peaks`: what it rests on was recorded.
pub(super) fn player(id: &str, m: &MatchRecord, silent: Option<Silent>, has_peaks: bool) -> Markup {
    let segments: Vec<_> = m.segments.iter().take(MAX_SEGMENTS).map(told).collect();
    let of_match = format!("/v1/uploads/{id}/matches/{}", m.match_id);
    let data = json!({
        "query": { "audio": format!("/v1/uploads/{id}/audio"), "waveform": format!("/v1/uploads/{id}/waveform"),
                   "spectrogram": format!("/v1/uploads/{id}/spectrogram"), "duration": m.query.duration_ms },
        "reference": { "audio": format!("{of_match}/audio"), "waveform": format!("{of_match}/waveform"),
                       "spectrogram": format!("{of_match}/spectrogram"),
                       "duration": m.reference.duration_ms, "silent": silent.map(Silent::words) },
        "peaks": has_peaks.then(|| format!("{of_match}/peaks")),
        "segments": segments,
        "first": longest(m),
    });
    html! {
        div.player data-player=(Text::whole(data.to_string())) role="group" aria-label="Listen to both sides" {
            div.views {
                div.as role="group" aria-label="How both sides are drawn" {
                    button type="button" data-view="wave" aria-pressed="true" { "Waveform" }
                    button type="button" data-view="spectrum" aria-pressed="false" { "Spectrogram and peaks" }
                    kbd { "s" }
                }
                label.zoom { span { "Show" }
                    select {
                        option value="whole" { "all of both" }
                        option value="match" { "the segment" }
                        option value="close" { "ten seconds" }
                    }
                }
                p.legend-of aria-hidden="true" { span.ring {} "coinciding peak" span.speck {} "peak of one side only" }
            }
            div.lanes {
                (lane("query", "This upload"))
                (lane("reference", "Reference"))
            }
            div.transport {
                button.play type="button" aria-label="Play" title="Play or pause (space)" { span.shape aria-hidden="true" {} span.words { "Play" } }
                div.sides role="group" aria-label="Which side is heard" {
                    button.side type="button" data-side="query" aria-pressed="true" { "Upload" }
                    button.side type="button" data-side="reference" aria-pressed="false" { "Reference" }
                    @if has_peaks {
                        button.side type="button" data-side="peaks" aria-pressed="false" title="What coincides, made audible: not the audio (y)" { "Peaks" }
                    }
                    kbd { "x" }
                }
                button.back type="button" title="To the beginning of the match (b)" { "Match from " span.from { (m.segments.first().map_or_else(String::new, |s| clock(s.sample_begin_time_offset_ms))) } }
                label.undo { span { "Undo" }
                    select {
                        option value="both" { "speed and pitch" }
                        option value="speed" { "speed only" }
                        option value="pitch" { "pitch only" }
                        option value="none" { "nothing" }
                    }
                }
                label.loop { input type="checkbox"; " Repeat" }
            }
            p.said role="status" {}
            @if m.segments.len() > 1 {
                div.jumps role="group" aria-label="Segments" {
                    @for (at, s) in m.segments.iter().take(MAX_SEGMENTS).enumerate() {
                        button.jump.{ "s" (at % 6) } type="button" data-segment=(at) {
                            b { (at + 1) } " " (clock(s.sample_begin_time_offset_ms)) " → " (clock(s.db_begin_time_offset_ms))
                            @if s.repeat { span.muted { " again" } }
                        }
                    }
                }
            }
        }
    }
}

fn lane(side: &str, words: &str) -> Markup {
    html! {
        div.lane data-side=(side) {
            p.lane-head { span.name { (words) } span.at {} }
            div.wave {
                canvas.tiles aria-hidden="true" {}
                canvas.over aria-hidden="true" {}
                div.cursor aria-hidden="true" {}
                p.silent hidden {}
            }
        }
    }
}
