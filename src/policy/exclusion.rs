//! What packs say of platforms of users' uploads: which kind of thing cannot stand as a reference there.

use serde::{Deserialize, Serialize};

use super::asked::words;
use super::source::Source;

words! {
    /// A platform that claims the uploads of its users for whoever holds a reference.
    #[derive(Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Program {
        /// YouTube Content ID.
        ContentId "content_id",
        /// Meta: Facebook and Instagram, fingerprints and audio library.
        Meta "meta",
        /// TikTok: users' videos.
        TiktokUgc "tiktok_ugc",
    }
}

impl Program {
    /// The platform for people.
    pub fn title(self) -> &'static str {
        match self {
            Program::ContentId => "YouTube Content ID",
            Program::Meta => "Meta (Facebook, Instagram)",
            Program::TiktokUgc => "TikTok (users' videos)",
        }
    }
}

words! {
    /// What kind of thing a track is, or has in it, that decides whether it can be a reference.
    #[derive(Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Case {
        /// The recording of another party.
        Copy "copy",
        /// A recording with speed or pitch changed.
        Modified "modified",
        /// A part of another party's recording.
        Excerpt "excerpt",
        /// A loop, or a known loop of a library.
        Loop "loop",
        /// Recordings of several others in one.
        Mashup "mashup",
        /// A DJ mix or medley.
        Mix "mix",
        /// A remix or bootleg.
        Remix "remix",
        /// Karaoke, or over somebody's backing track.
        Karaoke "karaoke",
        /// A cover, a tribute, a sound-alike.
        Soundalike "soundalike",
        /// Public domain, or under a free licence.
        PublicDomain "public_domain",
        /// Classical works.
        Classical "classical",
        /// Noise, nature, effects, music to sleep by.
        Generic "generic",
        /// Made by a generator throughout.
        Generated "generated",
        /// A voice that imitates a person.
        VoiceClone "voice_clone",
    }
}

words! {
    /// What a platform answers.
    #[derive(Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    Answer {
        /// Only after something is shown or left out.
        Ask "ask",
        /// Its terms name this kind of thing as not eligible.
        Ineligible "ineligible",
    }
}

/// What a pack says of cases on platforms.
#[derive(Debug, Clone, PartialEq)]
pub struct Exclusion {
    /// The platforms.
    pub programs: Vec<Program>,
    /// The cases.
    pub cases: Vec<Case>,
    /// The answer.
    pub answer: Answer,
    /// In words.
    pub text: String,
    /// Where that was read.
    pub source: Source,
}
