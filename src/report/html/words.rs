//! The words for levels and outcomes. An uploader who checks one track is told what to do; a trust
//! team reads the names of the levels.

use maud::{Markup, html};

use crate::level::Level;
use crate::policy::wording::{advice, headline};
pub use crate::policy::wording::{duty as meaning, label};
pub use crate::report::phrases::count;
use crate::report::read::UploadEntry;
use crate::report::records::ScanResult;

/// What a table says about an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A verdict was recorded.
    Verdict(Level),
    /// No verdict, but an accepted match.
    Matched,
    /// No verdict, and nothing found.
    Nothing,
    /// Nothing that can be fingerprinted.
    Featureless,
    /// It could not be read.
    Unreadable,
    /// The records do not say: there are findings or clusters, but no scan.
    Unknown,
}

impl State {
    /// The state of `upload`.
    pub fn of(upload: &UploadEntry) -> State {
        let is_featureless = upload.result == Some(ScanResult::NoFeatures);
        // That nothing speaks against it says little of a file in which nothing can be heard.
        let is_empty_word = |level| level == Level::Clear && is_featureless;
        if let Some((level, _)) = upload.verdict.filter(|v| !is_empty_word(v.0)) {
            return State::Verdict(level);
        }
        if upload.error.is_some() {
            return State::Unreadable;
        }
        if upload.matches.iter().any(|m| m.accepted && !m.allowed) {
            return State::Matched;
        }
        match upload.result {
            _ if is_featureless => State::Featureless,
            Some(_) => State::Nothing,
            None => State::Unknown,
        }
    }

    /// Class and words of its badge.
    pub fn badge(self) -> (&'static str, &'static str) {
        match self {
            State::Verdict(level) => (level.name(), label(level)),
            State::Matched => ("review", "Match"),
            State::Nothing => ("clear", "No match"),
            State::Featureless => ("none", "Nothing to hear"),
            State::Unreadable => ("none", "Unreadable"),
            State::Unknown => ("none", "Not scanned"),
        }
    }
}

/// A badge for `state`: a shape and a word, so that colour is not needed.
pub fn badge(state: State) -> Markup {
    let (class, words) = state.badge();
    html! { span.level.(class) { (words) } }
}

/// A badge for a level.
pub fn level_badge(level: Level) -> Markup {
    badge(State::Verdict(level))
}

/// Headline and advice for the uploader of one track.
pub fn to_creator(state: State) -> (&'static str, &'static str) {
    match state {
        State::Verdict(level) => (headline(level), advice(level)),
        State::Matched => (headline(Level::Review), advice(Level::Review)),
        State::Nothing => (headline(Level::Clear), advice(Level::Clear)),
        State::Featureless => (
            "Nothing to compare",
            "Silence, a steady tone, or too short: nothing can be said about this track.",
        ),
        State::Unreadable => ("Could not be read", "The file could not be decoded."),
        State::Unknown => ("Not scanned", "The records hold no scan of this track."),
    }
}

/// A percentage without needless digits.
pub fn percent(value: f64) -> String {
    format!("{:.0} %", value.clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_weighs_more_than_a_match() {
        let mut upload =
            UploadEntry { result: Some(ScanResult::Matched), ..UploadEntry::default() };
        assert_eq!(State::of(&upload), State::Nothing);
        upload.error = Some("x".into());
        assert_eq!(State::of(&upload), State::Unreadable);
    }
}
