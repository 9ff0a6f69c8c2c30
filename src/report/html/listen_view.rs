//! Both sides of a match to listen to in a report.

use maud::{Markup, Render, html};

use crate::clock::clock;
use crate::report::sound::{Heard, Sound, Source};

/// The address of a sound.
struct Address<'a>(&'a Sound);

impl Render for Address<'_> {
    fn render_to(&self, out: &mut String) {
        match &self.0.source {
            // Percent-encoded: nothing in it needs an escape.
            Source::Beside(address) => {
                out.push_str(address);
                out.push_str("#t=");
                out.push_str(&format!("{:.2}", self.0.from_ms as f64 / 1000.0));
            }
            Source::At(address) => out.push_str(address),
            Source::Clip(base64) => {
                out.push_str("data:audio/flac;base64,");
                out.push_str(base64);
            }
        }
    }
}

/// The players.
pub fn markup(heard: &Heard) -> Markup {
    let sides = ["This file", "Reference"].into_iter().zip(&heard.sides);
    let both = heard.sides.iter().all(Option::is_some);
    html! {
        @if heard.sides.iter().any(Option::is_some) || heard.peaks.is_some() {
            div.listen data-slope=(format!("{:.6}", heard.slope)) {
                h5 { "Listen" }
                @for (name, sound) in sides {
                    @match sound {
                        Some(sound) => (player(name, sound)),
                        None => p.note { (name) ": the audio was not at hand when this page was made." },
                    }
                }
                @if let Some(peaks) = &heard.peaks {
                    (player("Peaks of both", peaks))
                    p.note {
                        "Made of the fingerprints, not the audio: what coincides sounds in the middle, what only this \
                         file has on the left, what only the reference has on the right."
                    }
                }
                // The script makes a button of it.
                @if both { p.switch hidden { "Hear the other side at the same moment" } }
            }
        }
    }
}

fn player(name: &str, sound: &Sound) -> Markup {
    let begin = match sound.source {
        Source::Beside(_) => 0,
        Source::Clip(_) | Source::At(_) => sound.holds.0,
    };
    html! {
        div.heard {
            span.whose { (name) }
            span.muted {
                @match sound.source {
                    Source::Beside(_) => { "from " (clock(sound.from_ms)) }
                    Source::Clip(_) | Source::At(_) => { (clock(sound.holds.0)) " – " (clock(sound.holds.1)) }
                }
            }
            audio controls preload="none" aria-label=(name) src=(Address(sound)) data-begin=(begin) data-from=(sound.from_ms) {}
        }
    }
}
