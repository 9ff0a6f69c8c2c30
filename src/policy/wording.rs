//! What verdicts, rules and limits mean, for people who read nothing else.

use super::observation::Rule;
use crate::level::Level;

/// Something that this tool does not look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Name in records.
    pub id: &'static str,
    /// In a few words.
    pub title: &'static str,
    /// In words.
    pub text: &'static str,
}

/// What is to be said wherever a voice is spoken of.
pub const VOICE_LIMIT: &str = "Whether the voice imitates a person cannot be told here.";

/// What no verdict of this tool says.
pub const LIMITS: &[Limit] = &[
    Limit {
        id: "not_ai_detection",
        title: "Not an AI detector",
        text: "It does not find out whether audio was generated; it compares what is declared with \
               what the file itself names, with a signed credential (C2PA) if it has one, and with the trace of one old \
               codec, which stays on recordings of people, too. The absence of either says nothing; watermarks \
               such as SynthID cannot be read here.",
    },
    Limit {
        id: "not_composition_match",
        title: "Compositions only where asked for",
        text: "It hears recordings. Only with --works it looks for the same chords or the same tune, too; covers that \
               change them, and likeness of style or voice, are not found.",
    },
    Limit { id: "not_voice_identification", title: "No voice is recognised", text: VOICE_LIMIT },
    Limit {
        id: "not_legal_advice",
        title: "Not a legal conclusion",
        text: "It says what resembles what and what services ask, not who holds which rights; it knows \
               only the references it was given.",
    },
];

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
pub fn duty(level: Level) -> &'static str {
    match level {
        Level::Clear => "Nothing to do.",
        Level::Review => "A person should look.",
        Level::Hold => "Not to be delivered until somebody has decided.",
        Level::Reject => "A policy that was applied refuses it.",
    }
}

/// A verdict in a few words, as a creator is told it.
pub fn headline(level: Level) -> &'static str {
    match level {
        Level::Clear => "Nothing found that speaks against it.",
        Level::Review => "Look at this before you submit.",
        Level::Hold => "Do not submit this yet.",
        Level::Reject => "The rules you chose to check against refuse this.",
    }
}

/// What to do at a level, as a creator is told it.
pub fn advice(level: Level) -> &'static str {
    match level {
        Level::Clear => {
            "Nothing that counts against it was found among the references and in what you declared."
        }
        Level::Review => {
            "A reviewer would look at the points below. Check them; if they are right as they are, keep \
             your papers at hand."
        }
        Level::Hold => {
            "A reviewer would ask for papers first: a licence, an explanation, a corrected declaration. \
             If the finding is wrong, say so with the evidence shown; it can be allowed."
        }
        Level::Reject => {
            "Under the terms quoted below it would be refused as it is. If the finding is wrong, contest \
             it with the evidence shown; a person decides."
        }
    }
}

/// What a rule observes and what it does not.
pub fn meaning(rule: Rule) -> &'static str {
    match rule {
        Rule::Audio001 => {
            "Most of the upload runs along most of a reference, at the same speed and pitch. Copies of a \
             party's own references, and what a decision allows, are notes."
        }
        Rule::Audio002 => {
            "The upload runs along a reference once speed (1 % or more) or pitch (25 cents or more) is \
             undone: sped-up, slowed and pitched copies."
        }
        Rule::Audio003 => {
            "At least 15 seconds, or a fifth of a reference, are in the upload: samples, medleys, \
             backing tracks. Repeated loops count for a look only."
        }
        Rule::Audio004 => {
            "A few seconds are shared: a sample, a stock loop, a jingle. Never more than a look."
        }
        Rule::Audio005 => {
            "The upload matches a reference that was put on the block list, or comes from an account or \
             registrant that was."
        }
        Rule::Audio006 => {
            "One recording carries ISRCs of different registrants and different names: the mark of \
             audio that was taken over from somewhere else."
        }
        Rule::Audio007 => {
            "The material of a reference runs along, but not as a copy does: a voice or other music lies over it, \
             as over a backing track, or it was played or generated again. Never more than a look."
        }
        Rule::Audio008 => {
            "A loop or sample of a library sounds in the upload, or is all that the upload and a reference have in \
             common. Many may use it: never more than a look."
        }
        Rule::Work001 => {
            "The same chords in the same rhythm, or the same upper voice, as in a reference, in whatever key, tempo and on whatever \
             instruments, for longer than chance explains. Many songs share chords: never more than a look."
        }
        Rule::Work002 => {
            "Other uploads of the batch, or earlier ones, play the same chords in the same rhythm or the same upper voice and              are no copies: restyles, covers, or a generator's variants of one song. Never more than a look."
        }
        Rule::Bulk001 => "The upload shares most of its audio with others of the batch.",
        Rule::Bulk002 => {
            "One recording stands under several titles, artists or ISRCs. Versions of one track by one \
             artist are for a look only."
        }
        Rule::Bulk003 => {
            "The account delivered many tracks within a day, or several releases with generated parts \
             within a week. Backfill, transfers and updates are not counted."
        }
        Rule::Bulk004 => {
            "A large part of an account's tracks last 30 to 45 seconds, nearly all alike: just enough \
             to be paid for."
        }
        Rule::Bulk005 => {
            "All tracks of a release (three or more) are near-duplicates of each other."
        }
        Rule::Bulk006 => "One part, repeated back to back, makes up the track.",
        Rule::Tech001 => "Most of the track is silence.",
        Rule::Tech002 => "Most of the track is steady noise: hiss, rain, static.",
        Rule::Tech004 => "The file ends early or has packets that cannot be decoded.",
        Rule::Tech005 => "The decoded length differs from the declared one.",
        Rule::Tech006 => "The file is not the one whose hash was declared.",
        Rule::Tech007 => {
            "Near-silence before or after the music; graver where only that lifts the track over 30 \
             seconds."
        }
        Rule::Tech008 => {
            "The file is longer than what was to be looked at (`--max-minutes`): nothing is known of the rest. The \
             file itself may be whole."
        }
        Rule::Meta001 => "A manifest or message describes the upload and gives no ISRC.",
        Rule::Meta002 => "An ISRC, UPC, EAN, ISWC or GRid does not have the form of one.",
        Rule::Meta003 => {
            "One ISRC is on audio that differs, or on the same audio under another artist or account."
        }
        Rule::Meta004 => "The same audio of the same artist carries different ISRCs.",
        Rule::Meta005 => "The last digit of a UPC or EAN does not follow from the others.",
        Rule::Meta006 => "The same audio is known under another title, artist or account.",
        Rule::Meta010 => "Nothing in the declaration says that the uploader holds the rights.",
        Rule::Meta011 => {
            "The artist name resembles a protected one without being it, or the title strings keywords, \
             other artists' names or the same words in new orders together."
        }
        Rule::Meta012 => {
            "Tables and messages give one and the same file several ISRCs: one recording has one code."
        }
        Rule::Disc001 => "The declaration does not say whether generators were used.",
        Rule::Disc002 => {
            "Declared free of generated parts, while the file's tags or the declaration name a generator, an intact \
             signed credential says that it was generated, or the sound has a strong trace of a decoder. A trace or \
             a credential alone is never more than a look: the codec passes recordings of people, too, and what a \
             credential says is its signer's word."
        }
        Rule::Disc006 => {
            "The file has a signed credential (C2PA), and was changed after it was signed, or the credential speaks of \
             something generated and does not hold otherwise. Any editing does that: never more than a look."
        }
        Rule::Disc007 => {
            "Another file of the delivery with the same recording has a signed credential, and this one has none: \
             conversion removes it. Marks of provenance are to be kept. Never more than a look."
        }
        Rule::Disc005 => {
            "A voice is declared to imitate a person, or the title or the declaration names somebody whose voice a \
             generator sings with. Only words are compared: whether the voice imitates a person cannot be told here."
        }
        Rule::Disc003 => {
            "Generated parts are declared. That is honest; some services refuse or do not pay for them."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_and_level_has_words_that_conclude_nothing_legal() {
        let texts = Rule::ALL.iter().map(|r| meaning(*r));
        let levels = Level::ALL.iter().flat_map(|l| [headline(*l), advice(*l)]);
        for text in texts.chain(levels) {
            assert!(text.len() > 20, "{text}");
            let lower = text.to_lowercase();
            for word in ["infring", "illegal", "stolen", "guilty", "thief", "probability"] {
                assert!(!lower.contains(word), "{text}");
            }
        }
    }
}
