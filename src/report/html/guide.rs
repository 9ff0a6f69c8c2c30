//! What the report does not say, what its levels mean, and how its exhibits are read.

use maud::{Markup, html};

use super::words::{level_badge, meaning};
use crate::level::Level;
use crate::policy::wording::LIMITS;

/// How far any of it reaches, in a sentence.
pub fn in_short() -> &'static str {
    "A resemblance is evidence, no verdict of a court: a person decides."
}

/// What no result means, and what to do against a wrong one.
pub fn limits(is_single: bool) -> Markup {
    let title =
        if is_single { "What this tool cannot know" } else { "What this report does not say" };
    html! {
        section.limits #limits {
            h2 { (title) }
            div.columns { (not_said()) (if_wrong()) }
        }
    }
}

fn not_said() -> Markup {
    html! {
        ul { @for limit in LIMITS {
            li { strong { (limit.title) "." } " " (limit.text) }
        } }
    }
}

fn if_wrong() -> Markup {
    html! {
        div {
            h3 { "If you think it is wrong" }
            p {
                "Listen to both sides at the times given: they are exact to about a tenth of a \
                 second. Short matches with a score barely above 50 may be a shared sample, loop \
                 or drum pattern. To contest a result, name the match id and the index id to \
                 whoever sent you this report, with what shows your right to the recording. A \
                 trust team records its decision with "
                code { "soundalike allow" }
                ", with reason and expiry; the next run applies it, and the log of decisions \
                 keeps it."
            }
        }
    }
}

/// The levels with what they mean.
pub fn key() -> Markup {
    html! {
        p.key { @for level in Level::ALL {
            span { (level_badge(level)) " " (meaning(level)) }
        } }
    }
}

/// Terms of the exhibits, explained.
pub fn method() -> Markup {
    let terms = [
        (
            "Spectral peak",
            "A moment and pitch that stands out of its surroundings, between 150 Hz and 5 kHz. A \
             recording has some thirty a second; together they are its fingerprint.",
        ),
        (
            "Coinciding peaks",
            "Peaks of both files that fall on each other when one is laid over the other at the \
             offset, speed and pitch given.",
        ),
        (
            "Score",
            "0 to 100, with the acceptance line at 50. It follows from the number of matches as \
             good as this one that chance would give in one scan of an index of this size; at the \
             line that is 1 in 1,000.",
        ),
        (
            "Speed and pitch",
            "Of the upload against the reference: +3 % plays faster, +50 cents sounds a quarter \
             tone higher.",
        ),
        ("Coverage", "Share of the file that lies in segments, for each side."),
        (
            "Resemblance",
            "Both play the same chords or the same tune, on whatever instruments; no recording is \
             shared. How far it stands out from unrelated works says how rare that is.",
        ),
        (
            "Family",
            "Recordings of one delivery, or of an earlier one, that resemble each other so. They are \
             no copies; near-duplicates are told as clusters.",
        ),
        (
            "Segments",
            "Numbered, and told apart by dashes and hatching besides colour, so that the report \
             can be read in print.",
        ),
    ];
    html! {
        section.method {
            dl { @for (term, meaning) in terms { dt { (term) } dd { (meaning) } } }
        }
    }
}
