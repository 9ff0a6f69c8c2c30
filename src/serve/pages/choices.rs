//! What can be decided, and what follows from it before it is done.

use maud::{Markup, html};

use crate::counted::count;
use crate::decisions::review::Action;
use crate::serve::decide::{Reach, reach_of};
use crate::serve::state::UploadRow;

/// What is decided on.
pub(super) enum About {
    /// An upload, with how many matches, and how far a pass of it reaches.
    Upload { matches: u64, reach: Reach },
    /// So many open members of a cluster.
    Members(usize),
}

impl About {
    /// The one upload.
    pub(super) fn of(upload: &UploadRow) -> About {
        About::Upload { matches: upload.matches, reach: reach_of(upload) }
    }
}

/// How reasons for a pass begin that say that what was found is not so.
pub(super) const NOT_SO: &str = "Not the same";

/// What can be decided, and by which key.
const CHOICES: &[(Action, &str, &str)] = &[
    (Action::Pass, "Pass", "p"),
    (Action::Hold, "Hold", "h"),
    (Action::Reject, "Reject", "r"),
    (Action::Park, "Park", "a"),
];

/// Reasons that are given often.
const OFFERED: &[(Action, &[&str])] = &[
    (
        Action::Pass,
        &[
            "Licensed: the papers are here",
            "Same owner",
            "Not the same recording",
            "Not the same song",
            "Free to use (public domain, stock)",
        ],
    ),
    (
        Action::Hold,
        &[
            "Papers asked for",
            "Answer of the account awaited",
            "To be looked at by a second person",
        ],
    ),
    (
        Action::Reject,
        &[
            "Copy of a recording of somebody else",
            "Changed copy of a recording of somebody else",
            "Part of a bulk upload",
            "Declaration is wrong",
        ],
    ),
    (Action::Park, &["Looked at later", "Waiting for a colleague"]),
];

/// What comes of an action.
fn follows(about: &About, action: Action) -> String {
    let one = match (action, about) {
        (Action::Pass, About::Upload { reach: Reach::Matches, .. } | About::Members(_)) => {
            "It may be delivered. From the next scan on, what it matches or resembles now is not held against this \
             file or a copy of it; matches with references that come later are asked about again."
        }
        (Action::Pass, About::Upload { reach: Reach::File, .. }) => {
            "It may be delivered. From the next scan on, nothing is held against this very file."
        }
        (Action::Hold, _) => {
            "It is kept back and leaves the list of open uploads. Scans are not changed by this."
        }
        (Action::Reject, _) => {
            "It is refused. From the next scan on, this very file is refused wherever it comes from."
        }
        (Action::Park, _) => "It is put aside under “Parked”. Scans are not changed by this.",
        (Action::Reopen, _) => "The last decision is taken back, with all that followed from it.",
    };
    match about {
        About::Members(n) => {
            format!("For each of {}: {one}", count(*n, "open member", "open members"))
        }
        About::Upload { .. } => one.to_owned(),
    }
}

/// The choices, and the form that asks why.
pub(super) fn decide_on(about: &About) -> Markup {
    let heading = match about {
        About::Upload { .. } => "Decide".to_owned(),
        About::Members(n) => format!("Decide on {}", count(*n, "open member", "open members")),
    };
    html! {
        section.decide-on {
            h2 { (heading) }
            div.choices {
                @for (action, words, key) in CHOICES {
                    button.choice.(action.name()) type="button" data-action=(action.name()) aria-keyshortcuts=(key) {
                        span.word { (words) } kbd { (key) }
                    }
                }
            }
            form.because-form hidden {
                p.follows {}
                @for (action, ..) in CHOICES {
                    template data-follows=(action.name()) { (follows(about, *action)) }
                }
                (reasons())
                @if let About::Upload { matches: 1.., .. } = about { (reach(about)) }
                label.until data-for="pass park" hidden {
                    span { "Until (a day, or 90d)" }
                    input name="until" maxlength="40" autocomplete="off";
                }
                p.wrong role="alert" hidden {}
                div.do {
                    button.strong type="submit" { "Enter the decision" }
                    button.plain type="button" data-cancel { "Cancel" }
                }
            }
        }
    }
}

fn reasons() -> Markup {
    html! {
        fieldset.reasons-offered {
            legend { "Why" }
            @for (action, reasons) in OFFERED {
                div data-for=(action.name()) hidden {
                    @for (i, reason) in reasons.iter().enumerate() {
                        label {
                            input type="radio" name="offered" value=(reason);
                            span { kbd { (i + 1) } " " (reason) }
                        }
                    }
                }
            }
            label.words { span { "In your words" } textarea name="reason" rows="2" maxlength="900" {} }
        }
    }
}

fn reach(about: &About) -> Markup {
    let About::Upload { matches, .. } = about else { return Markup::default() };
    html! {
        fieldset.reach data-for="pass" hidden {
            legend { "What is passed" }
            label {
                input type="radio" name="reach" value="matches" checked;
                span { "The " (count(*matches as usize, "match", "matches")) " found now" }
            }
            label {
                input type="radio" name="reach" value="file";
                span { "This file, whatever it matches" }
            }
        }
    }
}
