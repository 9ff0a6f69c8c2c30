//! Which music generators a text or the tags of a file name.
//!
//! Generators and the services around them leave their name in comments, encoder fields, source
//! addresses and user-defined tags; some embed a C2PA manifest. A mention is a fact about the tags,
//! not about the sound: it says what the file says of itself.
//!
//! Names are matched as whole words. Artists, titles and albums are never searched, for people and
//! songs may be called anything; and names that are everyday words count in running text only where
//! the text says that something was made with them.

mod families;

use crate::audio::Tags;

pub use families::{Families, Family, FamilyName, FamilySource, families};

/// Spellings of provenance marks, which are no generators.
const PROVENANCE: &[&str] = &["c2pa", "content credentials", "contentcredentials"];

/// A spelling that is looked for.
struct Spelling<'a> {
    text: &'a str,
    /// Also a word or a name of people.
    common: bool,
    /// Name to show.
    tool: &'a str,
}

/// All spellings, in the order of the file.
fn spellings() -> impl Iterator<Item = Spelling<'static>> {
    let of_name = |name: &'static FamilyName| {
        name.spelled.iter().map(|text| Spelling { text, common: name.common, tool: &name.name })
    };
    let generators = families().all.iter().flat_map(|f| &f.names).flat_map(of_name);
    let provenance = PROVENANCE.iter().map(|text| Spelling { text, common: false, tool: C2PA });
    generators.chain(provenance)
}

/// What a mention of C2PA provenance is shown as. A manifest may also say that a person made the
/// file, so this is a hint to look, and [`Mention::names_generator`] is false for it.
const C2PA: &str = "C2PA manifest";

/// Parts of the names of user-defined tags whose values speak about how the file was made.
const TOOL_KEYS: &[&str] = &[
    "comment",
    "description",
    "software",
    "tool",
    "generator",
    "generated",
    "encoder",
    "encoded",
    "encoding",
    "url",
    "source",
    "website",
    "prompt",
    "model",
    "provenance",
    "c2pa",
    "credential",
    "digitalsource",
    "created",
    "creator",
    "made",
    "disclosure",
    "geob",
    "priv",
    "isft",
    "icmt",
];

/// A generator named by the tags of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention {
    /// The tag.
    pub field: String,
    /// The generator, as people spell it.
    pub tool: String,
}

impl Mention {
    /// Whether a generator is named, not just the presence of a provenance manifest.
    pub fn names_generator(&self) -> bool {
        self.tool != C2PA
    }
}

/// Generators that the tags name, in the order of fields, each once for a field.
pub fn generator_mentions(tags: &Tags) -> Vec<Mention> {
    let plain = [
        ("encoder", &tags.encoder, true),
        ("encoder_settings", &tags.encoder_settings, true),
        ("encoded_by", &tags.encoded_by, true),
        ("url", &tags.url, true),
        ("comment", &tags.comment, false),
        ("description", &tags.description, false),
    ];
    let mut mentions = Vec::new();
    for (field, value, strict) in plain {
        add(&mut mentions, field, value.as_deref().unwrap_or(""), strict);
    }
    for (name, value) in &tags.other {
        let key: String =
            name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if is_ai_key(name) || TOOL_KEYS.iter().any(|part| key.contains(part)) {
            let running = ["comment", "description", "icmt"].iter().any(|part| key.contains(part));
            add(&mut mentions, name, value, !running);
            // The name itself: `c2pa_manifest`, `GEOB:application/x-c2pa-manifest-store`, `suno_id`.
            add(&mut mentions, name, &name.replace('_', " "), false);
        }
    }
    mentions
}

/// A name with `ai` as a word of its own: `AI_TOOL`, `ai-model`.
fn is_ai_key(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case("ai"))
}

fn add(mentions: &mut Vec<Mention>, field: &str, text: &str, about_tools: bool) {
    let text = text.to_lowercase();
    for Spelling { text: spelling, common, tool } in spellings() {
        let trusting = about_tools || !common;
        let found = words(&text, spelling)
            .any(|at| trusting || says_made_with(&text, at, at + spelling.len()));
        let mention = Mention { field: field.to_owned(), tool: tool.to_owned() };
        if found && !mentions.contains(&mention) {
            mentions.push(mention);
        }
    }
}

/// The generator that `text`, a statement about a tool, names.
pub fn generator_in(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let named = |spelling: &str| words(&text, spelling).next().is_some();
    spellings().find(|spelling| named(spelling.text)).map(|spelling| spelling.tool)
}

/// The family that `text`, a statement about a tool, names, and the name of it that is used.
pub fn family_in(text: &str) -> Option<(&'static Family, &'static FamilyName)> {
    let text = text.to_lowercase();
    let named = |name: &FamilyName| {
        name.spelled
            .iter()
            .filter(|spelling| words(&text, spelling).next().is_some())
            .map(String::len)
            .max()
    };
    let all = families().all.iter().flat_map(|f| f.names.iter().map(move |n| (f, n)));
    // The longest spelling: "google flow music" before what is a part of it; of equals the first.
    let found = all.filter_map(|(f, n)| Some((named(n)?, f, n)));
    found.reduce(|best, other| if other.0 > best.0 { other } else { best }).map(|(_, f, n)| (f, n))
}

/// Where `word` stands in `text` as a whole word. Both are lower case.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        // `suno3.5` and `SunoV4` are spelled so, too.
        let version = |c: char| c.is_ascii_digit() || c == 'v';
        !before.is_some_and(char::is_alphanumeric)
            && !after.is_some_and(|c| c.is_alphanumeric() && !version(c))
    })
}

/// Does the text around `start..end` say that something was made with what stands there?
fn says_made_with(text: &str, start: usize, end: usize) -> bool {
    const BEFORE: &[&str] = &["with", "by", "using", "via", "from", "on", "in", "through"];
    const MADE: &[&str] =
        &["made", "created", "generated", "composed", "produced", "generator", "ai", "prompt"];
    const AFTER: &[&str] = &[".com", ".ai", ".io", " ai", "-ai", " music ai"];
    if AFTER.iter().any(|after| text[end..].starts_with(after)) {
        return true;
    }
    let mut before = text[..start].split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    let last = before.next_back().unwrap_or("");
    BEFORE.contains(&last) && before.rev().take(4).any(|word| MADE.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(tags: &Tags) -> Vec<(String, String)> {
        generator_mentions(tags).into_iter().map(|m| (m.field, m.tool)).collect()
    }

    fn comment(text: &str) -> Vec<String> {
        let tags = Tags { comment: Some(text.to_owned()), ..Tags::default() };
        tools(&tags).into_iter().map(|(_, tool)| tool).collect()
    }

    #[test]
    fn comments_encoders_and_addresses_name_generators() {
        assert_eq!(comment("made with suno; created=2026-03-01T10:00:00Z; id=1f"), ["Suno"]);
        assert_eq!(comment("https://www.udio.com/songs/abc"), ["Udio"]);
        assert_eq!(comment("Generated by MusicGen (facebook/musicgen-large)"), ["MusicGen"]);
        let tags = Tags {
            encoder: Some("Boomy".into()),
            url: Some("https://suno.com/song/1".into()),
            other: vec![("AI_TOOL".into(), "Stable Audio 2.5".into())],
            ..Tags::default()
        };
        let expected = [("encoder", "Boomy"), ("url", "Suno"), ("AI_TOOL", "Stable Audio")];
        assert_eq!(tools(&tags), expected.map(|(f, t)| (f.to_owned(), t.to_owned())));
    }

    #[test]
    fn people_songs_and_everyday_words_are_left_alone() {
        let tags = Tags {
            title: Some("Udio".into()),
            artists: vec!["Boomy".into()],
            album: Some("Suno".into()),
            label: Some("Mubert Records".into()),
            other: vec![("ARTISTSORT".into(), "Udio".into())],
            ..Tags::default()
        };
        assert_eq!(tools(&tags), []);
        for text in ["a boomy bass drum", "Suno na", "sung loudly by Aiva", "studio", "sunoco"] {
            assert_eq!(comment(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn one_family_is_recognised_by_each_of_its_names() {
        for text in [
            "Riffusion",
            "riffusion v1",
            "Producer.ai",
            "ProducerAI (FUZZ 2.0)",
            "Google Flow Music",
            "flow music",
        ] {
            let (family, name) = family_in(text).unwrap();
            assert_eq!(family.id, "riffusion", "{text}");
            assert!(family.names.contains(name));
        }
        assert_eq!(family_in("Flow Music").unwrap().1.name, "Flow Music");
        assert_eq!(family_in("Suno v4").unwrap().0.id, "suno");
        for text in ["my own voice", "flow", "sunoco", ""] {
            assert!(family_in(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_embedded_c2pa_manifest_is_seen_but_names_no_generator() {
        let tags = Tags {
            other: vec![("GEOB:application/x-c2pa-manifest-store".into(), "(binary)".into())],
            ..Tags::default()
        };
        let mentions = generator_mentions(&tags);
        assert_eq!(mentions.len(), 1);
        assert_eq!(mentions[0].tool, "C2PA manifest");
        assert!(!mentions[0].names_generator());
    }
}
