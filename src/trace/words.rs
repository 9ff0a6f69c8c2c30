//! What a trace means, in words that hold: evidence of a codec, never of a maker, and never a percentage.

use super::evidence::{Strength, Trace, Traced};
use super::params::{Human, Lattice, TraceParams};

/// Pitch factors nearer to 1 than this are none.
const SAME_PITCH: f64 = 0.002;

/// What is to be known where nothing was found.
const ABSENCE: &str =
    "No trace was found. That says nothing: current generators leave no such trace.";

/// What was found, in a sentence or four.
pub fn statement(traced: &Traced) -> String {
    let params = &TraceParams::V2;
    if let Some(reason) = &traced.failed {
        return format!("Not measured: the file could not be read a second time ({reason}).");
    }
    match (&traced.close, traced.strength()) {
        (_, Strength::NotMeasurable) => {
            "Not measurable: too little sound, or none above 5 kHz. That says nothing.".to_owned()
        }
        (Some(trace), Strength::Strong) => strong(trace, params),
        (Some(trace), Strength::Weak) => weak(trace, &params.human),
        _ => ABSENCE.to_owned(),
    }
}

fn strong(trace: &Trace, params: &TraceParams) -> String {
    let human = &params.human;
    let highest = human.highest(trace.is_pitched());
    let lattice = params.lattices.iter().find(|lattice| lattice.name == trace.lattice);
    let rows = lattice.map_or("a mel spectrogram", |lattice: &Lattice| lattice.words);
    let mut text = format!("Carries the row pattern of {rows} ");
    let whole_is_strong = trace.stretches.is_empty() || trace.score >= human.highest(false);
    match whole_is_strong {
        true => {
            text += &format!(
                "(score {:.1}; {} versions of human tracks: at most {highest:.1}).",
                trace.score, human.versions
            )
        }
        false => {
            text += &format!(
                "(score {:.1} in a part of it; {} versions of human tracks, as a whole: at most {highest:.1}).",
                trace.highest(),
                human.versions
            )
        }
    }
    if !trace.stretches.is_empty() {
        let places: Vec<String> = trace.stretches.iter().take(3).map(place).collect();
        let more = if trace.stretches.len() > 3 { ", and more" } else { "" };
        text += &format!(" From {}{more}.", places.join(", from "));
    }
    if let Some(edge) = &trace.edge {
        text +=
            &format!(" The band ends at {:.1} kHz ({:.0} dB).", f64::from(edge.hz) / 1e3, edge.db);
    }
    if trace.window_match.as_ref().is_some_and(|w| w.agrees) {
        text +=
            " The spectrum fluctuates as one does whose phase was rebuilt from 100 ms magnitudes.";
    }
    if (trace.pitch_factor - 1.0).abs() > SAME_PITCH {
        text += &format!(" Pitch factor {:.3}.", trace.pitch_factor);
    }
    text + " Consistent with output of such a model or with any audio passed through its codec, \
            a person's own recording included."
}

fn weak(trace: &Trace, human: &Human) -> String {
    format!(
        "A faint row pattern ({:.1}; {} versions of human tracks: at most {:.1}); not enough to act on.",
        trace.score,
        human.versions,
        human.highest(trace.is_pitched())
    )
}

/// "0:20 to 0:36".
fn place(stretch: &super::evidence::Stretch) -> String {
    let clock = |ms: u64| format!("{}:{:02}", ms / 60_000, ms / 1000 % 60);
    format!("{} to {}", clock(stretch.begin_ms), clock(stretch.end_ms))
}
