//! DISC rules: what is declared about generated parts, and what the file itself says.
//!
//! Words are compared with words, and with the trace of a decoder where the sound has a strong one. Such a trace is
//! evidence of a codec that also passes recordings of people: by itself it is never more than a reason to look. The same
//! holds for what a signed credential says, which is its signer's word; one that says that people made it clears nothing.

use super::{cap, observation};
use crate::credentials;
use crate::declare::declared::{AiDisclosure, AiFacet, AiLevel};
use crate::declare::generators::family_in;
use crate::level::Level;
use crate::policy::facts::FactsBuilder;
use crate::policy::observation::{Observation, Rule};
use crate::policy::words::{quoted, some_of, visible};
use crate::policy::{Batch, Upload};
use crate::trace::Strength;
use crate::trace::words::statement;

/// Family of a generator that none of those known is.
const OTHER: &str = "other";

/// Tags named in a message.
const SHOWN: usize = 3;

pub(super) fn observe(batch: &Batch<'_>, upload: &Upload, all: &mut Vec<Observation>) {
    let ai = &upload.declared.ai;
    match ai.level {
        AiLevel::Undeclared => all.extend(undeclared(batch, upload)),
        AiLevel::None => all.extend(contradiction(upload)),
        AiLevel::Partly | AiLevel::All => all.push(declared(ai)),
    }
}

fn tags(upload: &Upload) -> String {
    let named: Vec<String> = upload
        .tags_generator
        .iter()
        .map(|(field, generator)| format!("{} in the tag {}", quoted(generator), visible(field)))
        .collect();
    some_of(&named, SHOWN)
}

fn undeclared(batch: &Batch<'_>, upload: &Upload) -> Option<Observation> {
    let generator = !upload.tags_generator.is_empty();
    let trace = strong_trace(upload);
    let signed = generated_by_credential(upload);
    if !(upload.has_declaration || batch.policy_chosen || generator || signed.is_some()) {
        return None;
    }
    let mut message = if generator {
        format!(
            "nothing is declared about generated parts, but the file names a generator: {}",
            tags(upload)
        )
    } else {
        "nothing is declared about generated parts".to_owned()
    };
    if let Some(trace) = &trace {
        message += &format!("; the sound has a decoder's trace: {trace}");
    }
    if let Some(signed) = &signed {
        message += &format!("; a signed credential says that it was generated: {signed}");
    }
    let facts = FactsBuilder::default()
        .flag("generator_in_tags", generator)
        .maybe("decoder_trace", traced(upload));
    let facts = with_credential(facts, upload);
    Some(observation(Rule::Disc001, message, facts))
}

/// Why a trace alone is never more than a reason to look.
const ONLY_A_TRACE: &str =
    "a decoder's trace is evidence of a codec, which also passes recordings of people";

/// Why a credential alone is never more than a reason to look.
const ONLY_A_CREDENTIAL: &str =
    "what a credential says is its signer's word; somebody has to compare it with what is declared";

/// How strong the trace of a decoder in the sound is, where it was listened for.
fn traced(upload: &Upload) -> Option<&'static str> {
    upload.trace.as_ref().map(|traced| traced.strength().name())
}

/// What a strong trace of a decoder says.
fn strong_trace(upload: &Upload) -> Option<String> {
    let traced = upload.trace.as_ref().filter(|t| t.strength() == Strength::Strong)?;
    Some(statement(traced))
}

fn contradiction(upload: &Upload) -> Option<Observation> {
    let tool = upload.declared.ai.tool.as_deref();
    let named = match (upload.tags_generator.is_empty(), tool) {
        (false, _) => Some(tags(upload)),
        (true, Some(tool)) => Some(format!("{} in the declaration itself", quoted(tool))),
        (true, None) => None,
    };
    let (trace, signed) = (strong_trace(upload), generated_by_credential(upload));
    let has_trace = trace.is_some();
    let mut message = match (&named, trace) {
        (None, None) if signed.is_none() => return None,
        (None, None) => {
            "declared free of generated parts, but a signed credential says otherwise".to_owned()
        }
        (Some(named), None) => {
            format!("declared free of generated parts, but a generator is named: {named}")
        }
        (Some(named), Some(trace)) => format!(
            "declared free of generated parts, but a generator is named: {named}; the sound has a \
             decoder's trace, too: {trace}"
        ),
        (None, Some(trace)) => format!(
            "declared free of generated parts, but the sound has a decoder's trace: {trace}"
        ),
    };
    if let Some(signed) = &signed {
        message += match named.is_some() || has_trace {
            true => "; a signed credential says that it was generated, too: ",
            false => ": ",
        };
        message += signed;
    }
    let facts = FactsBuilder::default()
        .flag("generator_in_tags", !upload.tags_generator.is_empty())
        .flag("tool_named", tool.is_some())
        .maybe("decoder_trace", traced(upload));
    let facts = with_credential(facts, upload);
    let mut seen = observation(Rule::Disc002, message, facts);
    if named.is_none() {
        let reason = if signed.is_some() { ONLY_A_CREDENTIAL } else { ONLY_A_TRACE };
        cap(&mut seen, Level::Review, reason);
    }
    Some(seen)
}

/// What an intact credential says that was generated, in words.
fn generated_by_credential(upload: &Upload) -> Option<String> {
    let credential = upload.credential.as_ref().filter(|c| c.state.is_intact())?;
    credential.origin().is_generated().then(|| visible(&credentials::words::statement(credential)))
}

/// States what became of the credential; what it says counts only where it is intact.
fn with_credential(facts: FactsBuilder, upload: &Upload) -> FactsBuilder {
    let Some(credential) = &upload.credential else { return facts };
    let says = credential.state.is_intact().then(|| credential.origin().name());
    facts.word("credential", credential.state.name()).maybe("credential_says", says)
}

fn declared(ai: &AiDisclosure) -> Observation {
    let has = |any: &[AiFacet]| ai.facets.iter().any(|f| any.contains(f));
    let of: Vec<&str> = ai.facets.iter().map(|f| f.name()).collect();
    let of = if of.is_empty() {
        String::new()
    } else {
        format!(" ({})", of.join(", ").replace('_', " "))
    };
    let family = ai.tool.as_deref().and_then(family_in);
    let tool = ai.tool.as_deref().map(|t| format!(", made with {}", quoted(t))).unwrap_or_default();
    let line = family.filter(|(family, _)| family.names.len() > 1);
    let tool = line.map_or(tool.clone(), |(family, _)| format!("{tool} ({})", family.line()));
    let how_much = if ai.level == AiLevel::All { "all of it" } else { "parts of it" };
    let only_post =
        !ai.facets.is_empty() && ai.facets.iter().all(|f| *f == AiFacet::PostProduction);
    let facts = FactsBuilder::default()
        .flag("tool_named", ai.tool.is_some())
        .maybe("tool", ai.tool.as_deref())
        .flag("only_post_production", only_post)
        .flag("ai_audio", has(&[AiFacet::Vocals, AiFacet::Instruments]))
        .flag("ai_composition", has(&[AiFacet::Composition, AiFacet::Lyrics]))
        .flag("ai_vocals", has(&[AiFacet::Vocals]))
        .flag("ai_instruments", has(&[AiFacet::Instruments]))
        .flag("ai_lyrics", has(&[AiFacet::Lyrics]))
        .flag("ai_tune", has(&[AiFacet::Composition]))
        .flag("ai_artwork", has(&[AiFacet::Artwork]))
        .flag("ai_video", has(&[AiFacet::Video]))
        .word("voice", ai.voice.name())
        .maybe("generator", ai.tool.as_ref().map(|_| family.map_or(OTHER, |(f, _)| f.id.as_str())))
        .maybe("generator_name", family.map(|(_, name)| name.name.as_str()));
    let message = format!("{how_much} is declared as generated{of}{tool}");
    let mut seen = observation(Rule::Disc003, message, facts);
    if only_post {
        cap(&mut seen, Level::Clear, "mixing, mastering and pitch correction need no disclosure");
    }
    seen
}
