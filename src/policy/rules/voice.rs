//! DISC-005: a voice that imitates a person, as far as words tell: what is declared, and titles that name somebody
//! whose voice a generator sings with. Whose voice is heard cannot be told here.

use super::observation;
use crate::declare::declared::Voice;
use crate::policy::facts::FactsBuilder;
use crate::policy::identity::{in_brackets, key};
use crate::policy::observation::{Observation, Rule};
use crate::policy::wording::VOICE_LIMIT;
use crate::policy::words::quoted;
use crate::policy::{Batch, Upload};

pub(super) fn observe(batch: &Batch<'_>, upload: &Upload, all: &mut Vec<Observation>) {
    let ai = &upload.declared.ai;
    let named = ai.voice_of.clone().or_else(|| named_in_title(batch, upload));
    // A voice of one's own, or of nobody, is nobody else's.
    let own = named.as_deref().is_some_and(|name| is_own(upload, name));
    let said = matches!(ai.voice, Voice::Cloned | Voice::Licensed);
    if ai.voice == Voice::Nobody || own || !(said || named.is_some()) {
        return;
    }
    let known = named.as_deref().and_then(|name| likeness(batch, name));
    let mut message = match (ai.voice, &named) {
        (Voice::Licensed, Some(name)) => {
            format!("a voice is declared to be that of {} with consent", quoted(name))
        }
        (Voice::Licensed, None) => {
            "a voice is declared to imitate a person with consent".to_owned()
        }
        (Voice::Cloned, Some(name)) => format!("a voice is declared to imitate {}", quoted(name)),
        (Voice::Cloned, None) => "a voice is declared to imitate a person".to_owned(),
        (_, Some(name)) => format!(
            "{} is named as the voice that a generator sings with, and nothing is declared of it",
            quoted(name)
        ),
        (_, None) => return,
    };
    if let Some(known) = known {
        message.push_str(&format!("; the references have an artist called {}", quoted(known)));
    }
    let limit = VOICE_LIMIT.trim_end_matches('.');
    let first = limit.chars().next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    message.push_str(&format!("; {first}{}", limit.get(1..).unwrap_or_default()));
    let facts = FactsBuilder::default()
        .word("voice", ai.voice.name())
        .flag("voice_named", named.is_some())
        .flag("voice_known", known.is_some());
    all.push(observation(Rule::Disc005, message, facts));
}

fn is_own(upload: &Upload, name: &str) -> bool {
    let name = key(name);
    upload.declared.artists.iter().any(|artist| {
        key(artist) == name || crate::policy::identity::split_credit(artist).contains(&name)
    })
}

/// The artist of the references called so, or so alike that one is taken for the other.
fn likeness<'b>(batch: &'b Batch<'_>, name: &'b str) -> Option<&'b str> {
    let names = batch.protected();
    if names.contains(name) { Some(name) } else { names.confusable(name) }
}

/// Signs in a title that a generator sings with somebody's voice: "Song (AI Drake)", "Song (Drake AI cover)",
/// "Song - in the voice of Drake".
fn named_in_title(batch: &Batch<'_>, upload: &Upload) -> Option<String> {
    let d = &upload.declared;
    let title = d.title.as_deref().and_then(in_brackets);
    let texts = title.into_iter().chain(d.version.as_deref());
    texts.chain(d.artists.iter().map(String::as_str)).find_map(|text| named_in(batch, text))
}

fn named_in(batch: &Batch<'_>, text: &str) -> Option<String> {
    let bare = text.trim_matches(|c: char| "()[]-–— ".contains(c));
    let words: Vec<&str> = bare.split_whitespace().collect();
    let lower: Vec<String> = words
        .iter()
        .map(|w| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .collect();
    let voice_of = lower.windows(2).position(|w| {
        matches!(w[0].as_str(), "voice" | "vocals" | "stimme")
            && matches!(w[1].as_str(), "of" | "von")
    });
    let rest: Vec<&str> = match voice_of {
        // "in the voice of" names a person by itself.
        Some(at) => return some_name(&words[at + 2..]),
        None if lower.iter().any(|w| w == "ai") => {
            const AROUND: &[&str] = &[
                "ai", "cover", "voice", "vocals", "vocal", "version", "clone", "model", "by",
                "with", "feat", "ft", "the", "sings", "singing",
            ];
            let named = words.iter().zip(&lower).filter(|(_, l)| !AROUND.contains(&l.as_str()));
            named.map(|(word, _)| *word).collect()
        }
        None => return None,
    };
    // Beside "AI" alone, anything may stand; only a name that the references know is one.
    let name = some_name(&rest)?;
    likeness(batch, &name).is_some().then_some(name)
}

fn some_name(words: &[&str]) -> Option<String> {
    let name = words.join(" ");
    let name = name.trim_matches(|c: char| "()[]-–—'\"’ ".contains(c)).to_owned();
    (!name.is_empty()).then_some(name)
}
