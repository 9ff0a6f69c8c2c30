//! What a credential means, in words that hold: who signed what, and never more.

use super::credential::{Action, Claim, Credential, Origin, State};

/// What is to be known of marks that nobody but their makers can read.
pub const NOT_READABLE: &str = "Watermarks in the sound itself (SynthID, AudioSeal, Resemble's and others) cannot be read \
                                here: only their makers can.";

/// What a credential proves.
pub const PROVES: &str = "A credential shows who signed what about this file, and that the file is unchanged since. \
                          Whether what was signed is true is the signer's word.";

/// What it does not prove.
pub const DOES_NOT_PROVE: &str = "Without one nothing is shown: most files have none, and any conversion removes it. One \
                                  that speaks of people clears nothing either.";

/// Actions named in a sentence.
const SHOWN: usize = 5;

/// What was found, in a few sentences.
pub fn statement(credential: &Credential) -> String {
    let reasons = credential.reasons.join("; ");
    let claim = credential.claim.as_ref();
    match credential.state {
        State::None => {
            "No Content Credential was found. That proves nothing: most files have none, and any conversion removes it."
                .to_owned()
        }
        State::Remote => {
            let place = credential.remote.as_deref().unwrap_or("an address that cannot be read");
            format!("Names a Content Credential that is kept elsewhere ({place}); nothing was fetched.")
        }
        State::NotRead => {
            format!("Carries a Content Credential in {} that was not read: {reasons}.", credential.place)
        }
        State::Broken => {
            let mut text = format!("Carries a Content Credential that does not hold: {reasons}.");
            if let Some(claim) = claim {
                text += &format!(" It names {} as its signer", name(claim));
                text += &says(claim).map_or(".".to_owned(), |says| format!(" and says: {says}."));
            }
            text + " What it says counts for nothing."
        }
        State::Intact | State::Trusted => {
            let mut text = "Carries a Content Credential, unchanged since it was signed".to_owned();
            if let Some(claim) = claim {
                text += &format!(" by {}", name(claim));
                if let Some(time) = &claim.signed_at {
                    text += &format!(" on {time}");
                }
            }
            text += match credential.state {
                State::Trusted => "; the signer is on the trust list.",
                _ => "; the signer is on no trust list, so the name is what the certificate says.",
            };
            if !credential.reasons.is_empty() {
                text += &format!(" Note: {reasons}.");
            }
            if let Some(says) = claim.and_then(says) {
                text += &format!(" It says: {says}.");
            }
            text
        }
    }
}

/// Whom the certificate names.
pub fn name(claim: &Claim) -> String {
    match (&claim.signer, &claim.issuer) {
        (Some(signer), Some(issuer)) if signer != issuer => format!("{signer} ({issuer})"),
        (Some(name), _) | (None, Some(name)) => name.clone(),
        (None, None) => "somebody without a name".to_owned(),
    }
}

/// What is claimed: what was done, with what, of what.
fn says(claim: &Claim) -> Option<String> {
    let mut parts: Vec<String> = claim.actions.iter().take(SHOWN).map(action).collect();
    if claim.actions.len() > SHOWN {
        parts.push(format!("and {} more", claim.actions.len() - SHOWN));
    }
    if let Some(generator) = &claim.generator {
        parts.push(format!("claim made by {generator}"));
    }
    match claim.ingredients {
        0 => {}
        1 => parts.push("made from 1 other file".to_owned()),
        more => parts.push(format!("made from {more} other files")),
    }
    if !claim.ingredient_sources.is_empty() {
        let sources: Vec<String> =
            claim.ingredient_sources.iter().map(|source| source_words(source)).collect();
        parts.push(format!("of which it is said: {}", sources.join(", ")));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// An action in words: "created (made by a trained model) with Suno".
pub fn action(action: &Action) -> String {
    let mut text = action_words(&action.action);
    if let Some(source) = &action.source_type {
        text += &format!(" ({})", source_words(source));
    }
    if let Some(agent) = &action.agent {
        text += &format!(" with {agent}");
    }
    text
}

/// Actions of the specification (2.2, section 18.15) that sound can meet.
fn action_words(label: &str) -> String {
    let words = match label {
        "c2pa.created" => "created",
        "c2pa.opened" => "opened for editing",
        "c2pa.placed" => "another file put in",
        "c2pa.edited" => "edited",
        "c2pa.edited.metadata" => "its metadata edited",
        "c2pa.converted" => "converted",
        "c2pa.transcoded" => "transcoded",
        "c2pa.repackaged" => "repackaged",
        "c2pa.published" => "published",
        "c2pa.produced" => "produced",
        "c2pa.trimmed" => "trimmed",
        "c2pa.cropped" => "cropped",
        "c2pa.deleted" => "a part deleted",
        "c2pa.removed" => "a part removed",
        "c2pa.dubbed" => "dubbed",
        "c2pa.translated" => "translated",
        "c2pa.filtered" => "filtered",
        "c2pa.enhanced" => "enhanced",
        "c2pa.redacted" => "a claim taken out",
        "c2pa.watermarked" | "c2pa.watermarked.bound" | "c2pa.watermarked.unbound" => "watermarked",
        "c2pa.unknown" => "something unknown done",
        other => return format!("action {other}"),
    };
    words.to_owned()
}

/// Names of digital source types, what they say, and their words. Vocabulary of IPTC (version of 2025-09), with the two
/// that the C2PA adds.
const SOURCES: &[(&str, Origin, &str)] = &[
    ("trainedAlgorithmicMedia", Origin::Generated, "made by a trained model"),
    ("trainedAlgorithmicData", Origin::Generated, "data made by a trained model"),
    (
        "compositeWithTrainedAlgorithmicMedia",
        Origin::PartlyGenerated,
        "with parts made by a trained model",
    ),
    ("compositeSynthetic", Origin::PartlyGenerated, "put together with synthetic parts"),
    ("algorithmicMedia", Origin::NotSaid, "made by an algorithm that was not trained on works"),
    ("algorithmicallyEnhanced", Origin::NotSaid, "enhanced by an algorithm"),
    ("dataDrivenMedia", Origin::NotSaid, "made from data"),
    ("virtualRecording", Origin::NotSaid, "recorded in a virtual place"),
    ("composite", Origin::NotSaid, "put together from several parts"),
    ("compositeCapture", Origin::Human, "put together from recordings"),
    ("digitalCapture", Origin::Human, "recorded"),
    ("computationalCapture", Origin::Human, "recorded and put together by a device"),
    ("screenCapture", Origin::NotSaid, "recorded from a screen"),
    ("digitalCreation", Origin::Human, "made by people with tools that generate nothing"),
    ("digitalArt", Origin::Human, "made by people with digital tools"),
    ("humanEdits", Origin::Human, "edited by people"),
    ("minorHumanEdits", Origin::Human, "slightly edited by people"),
    ("empty", Origin::NotSaid, "begun empty"),
];

/// What a kind of source says, in words.
pub fn source_words(source: &str) -> String {
    let known = SOURCES.iter().find(|(name, ..)| *name == source);
    known.map_or_else(|| format!("source type {source}"), |(_, _, words)| (*words).to_owned())
}

/// What a kind of source says about where sound comes from.
pub fn source_origin(source: &str) -> Origin {
    SOURCES.iter().find(|(name, ..)| *name == source).map_or(Origin::NotSaid, |known| known.1)
}

/// A check that failed, in words; `code` as in section 15 of the specification.
pub fn failure(code: &str) -> String {
    let words = match code {
        "assertion.dataHash.mismatch"
        | "assertion.bmffHash.mismatch"
        | "assertion.boxesHash.mismatch"
        | "assertion.collectionHash.mismatch" => "the file was changed after it was signed",
        "assertion.hashedURI.mismatch" | "hashedURI.mismatch" => {
            "a statement in it was changed after it was signed"
        }
        "assertion.missing" | "assertion.inaccessible" => "a statement in it is missing",
        "assertion.undeclared" | "assertion.outsideManifest" => {
            "it has a statement that was not signed"
        }
        "claimSignature.missing" => "it has no signature",
        "claimSignature.mismatch" => "its signature is wrong",
        "claimSignature.outsideValidity" => {
            "it was signed when the certificate of its signer was not valid"
        }
        "claim.hardBindings.missing" => "nothing ties it to this file",
        "claim.missing" | "claim.malformed" | "claim.cbor.invalid" | "claim.required.missing" => {
            "what it claims is damaged"
        }
        "signingCredential.invalid" => "the certificate of its signer is not one for signing media",
        "signingCredential.ocsp.revoked" => "the certificate of its signer was revoked",
        "signingCredential.expired" => {
            "the certificate of its signer has run out, and no trusted time-stamp says that it was valid before"
        }
        "signingCredential.untrusted" => "its signer is on no trust list",
        "algorithm.unsupported" => "it uses an algorithm that is not allowed",
        "general.error" => "it cannot be checked",
        code if code.starts_with("ingredient.") || code.starts_with("assertion.ingredient") => {
            "what it says of a file that it was made from does not hold"
        }
        code if code.starts_with("assertion.action") => {
            "what it says was done does not hold together"
        }
        other => return format!("a check failed ({other})"),
    };
    words.to_owned()
}
