//! The words for levels and outcomes. An uploader who checks one track is told what to do; a trust
//! team reads the names of the levels.

use maud::{Markup, html};

use crate::level::Level;
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

/// Name of a level at the beginning of a phrase.
pub fn label(level: Level) -> &'static str {
    match level {
        Level::Clear => "Clear",
        Level::Review => "Review",
        Level::Hold => "Hold",
        Level::Reject => "Reject",
    }
}

/// What a level means to a trust team.
pub fn meaning(level: Level) -> &'static str {
    match level {
        Level::Clear => "Nothing to do.",
        Level::Review => "A person should look.",
        Level::Hold => "Not to be delivered until somebody has decided.",
        Level::Reject => "A policy that was applied refuses it.",
    }
}

/// Headline and advice for the uploader of one track.
pub fn to_creator(state: State) -> (&'static str, &'static str) {
    match state {
        State::Verdict(Level::Clear) | State::Nothing => (
            "Nothing found",
            "Nothing in this track resembles a recording of the index it was compared with.",
        ),
        State::Verdict(Level::Review) | State::Matched => (
            "Look at this",
            "Parts of this track should be checked before you submit it. What, and why, stands below.",
        ),
        State::Verdict(Level::Hold) => (
            "Do not submit yet",
            "A distributor would most likely hold this track. Read the reasons below, and have your \
             licences or papers at hand if you hold the rights.",
        ),
        State::Verdict(Level::Reject) => (
            "Your distributor's rules refuse this",
            "The rules of a distributor or platform you chose do not allow this track as it is.",
        ),
        State::Featureless => (
            "Nothing to compare",
            "Silence, a steady tone, or too short: nothing can be said about this track.",
        ),
        State::Unreadable => ("Could not be read", "The file could not be decoded."),
        State::Unknown => ("Not scanned", "The records hold no scan of this track."),
    }
}

/// Numbers with their noun: `1 match`, `2 matches`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    let mut digits = n.to_string();
    let mut at = digits.len();
    while at > 3 {
        at -= 3;
        digits.insert(at, ',');
    }
    format!("{digits} {}", if n == 1 { one } else { many })
}

/// A percentage without needless digits.
pub fn percent(value: f64) -> String {
    format!("{:.0} %", value.clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        assert_eq!(count(1, "match", "matches"), "1 match");
        assert_eq!(count(12_345_678, "peak", "peaks"), "12,345,678 peaks");
        assert_eq!(count(999, "peak", "peaks"), "999 peaks");
    }

    #[test]
    fn a_verdict_weighs_more_than_a_match() {
        let mut upload =
            UploadEntry { result: Some(ScanResult::Matched), ..UploadEntry::default() };
        assert_eq!(State::of(&upload), State::Nothing);
        upload.error = Some("x".into());
        assert_eq!(State::of(&upload), State::Unreadable);
    }
}
