//! Reading a manifest store with the crate `c2pa`: signature, hashes, certificate; and the facts in it.
//!
//! The crate is built without its network features, and what it could fetch is switched off besides.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use c2pa::{Context, Error, Manifest, Reader, Settings};
use serde_json::Value;

use super::MAX_STORE;
use super::credential::{Action, Claim, Credential, Origin, State};
use super::locate::Located;
use super::trust::TrustList;
use super::words::{failure, source_origin};

/// Longest text that is kept of a claim.
const MAX_TEXT: usize = 200;
/// Actions, programs and kinds of source that are kept of a claim.
const MAX_ITEMS: usize = 50;
/// Checks that failed which are told.
const MAX_REASONS: usize = 5;

/// Checks that say something about the signer, and nothing about what was signed.
const ABOUT_SIGNER: [&str; 3] =
    ["signingCredential.untrusted", "signingCredential.expired", "claimSignature.outsideValidity"];
/// Checks that fail where the file is not the one that was signed.
const ALTERED: [&str; 4] = [
    "assertion.dataHash.mismatch",
    "assertion.bmffHash.mismatch",
    "assertion.boxesHash.mismatch",
    "assertion.collectionHash.mismatch",
];

/// What is remarked where more of the file than the manifest itself was left out when it was signed.
const UNCOVERED: &str = "assertion.dataHash.additionalExclusionsPresent";

/// Reads the credential in `stream`; none if there turns out to be none.
pub(super) fn read(
    stream: impl Read + Seek + Send,
    located: &Located,
    trust: Option<&TrustList>,
) -> Option<Credential> {
    let reader = context(trust)
        .and_then(|context| Reader::from_context(context).with_stream(located.format(), stream));
    let place = located.place().to_owned();
    match reader {
        Ok(reader) => Some(Credential { place, ..credential(&reader) }),
        Err(Error::JumbfNotFound) => None,
        Err(Error::RemoteManifestUrl(url) | Error::RemoteManifestFetch(url)) => Some(Credential {
            state: State::Remote,
            place,
            remote: Some(text(&url)),
            ..Credential::default()
        }),
        Err(Error::UnsupportedType) => {
            Some(Credential::not_read(located, "its form is not known".to_owned()))
        }
        Err(error) => Some(Credential {
            state: State::Broken,
            place,
            reasons: vec![format!("it is damaged ({})", text(&error.to_string()))],
            ..Credential::default()
        }),
    }
}

/// How manifests are read: by this list, offline, within bounds.
fn context(trust: Option<&TrustList>) -> Result<Context, Error> {
    let hosts: Vec<Value> = Vec::new();
    let mut settings = Settings::new()
        .with_value("verify.remote_manifest_fetch", false)?
        .with_value("verify.ocsp_fetch", false)?
        .with_value("core.allowed_network_hosts", hosts)?
        .with_value("core.decode_identity_assertions", false)?
        .with_value("core.max_decompressed_manifest_size_in_mb", MAX_STORE >> 20)?;
    if let Some(list) = trust {
        // An authority speaks for those it signed for, any other certificate for itself.
        settings = settings
            .with_value("trust.trust_anchors", list.pem())?
            .with_value("trust.allowed_list", list.pem())?;
    }
    Context::new().with_settings(settings)
}

fn credential(reader: &Reader) -> Credential {
    let mut failed: BTreeSet<(bool, String)> = BTreeSet::new();
    let mut passed: BTreeSet<&str> = BTreeSet::new();
    if let Some(results) = reader.validation_results() {
        if let Some(active) = results.active_manifest() {
            failed.extend(active.failure().iter().map(|f| (false, f.code().to_owned())));
            passed.extend(active.success().iter().map(|s| s.code()));
            passed.extend(active.informational().iter().map(|s| s.code()));
        }
        for delta in results.ingredient_deltas().into_iter().flatten() {
            let failures = delta.validation_deltas().failure();
            failed.extend(failures.iter().map(|f| (true, f.code().to_owned())));
        }
    }
    let judged = Judged::of(&failed, &passed);
    let mut claim = reader.active_manifest().map(|manifest| claim(reader, manifest));
    if let Some(claim) = &mut claim {
        claim.time_is_trusted = passed.contains("timeStamp.trusted");
    }
    let Judged { state, reasons, altered } = judged;
    Credential { state, reasons, altered, claim, ..Credential::default() }
}

/// What checks come to.
struct Judged {
    state: State,
    reasons: Vec<String>,
    altered: bool,
}

impl Judged {
    /// What follows from checks that `failed`, each with whether it was about a file that this one was made from, and
    /// that were `passed`, remarks among them.
    fn of(failed: &BTreeSet<(bool, String)>, passed: &BTreeSet<&str>) -> Judged {
        let about_signer = |code: &str| ABOUT_SIGNER.contains(&code);
        let is_signed = passed.contains("claimSignature.validated");
        let holds = is_signed && failed.iter().all(|(_, code)| about_signer(code));
        let own_failed = failed.iter().any(|(in_ingredient, _)| !in_ingredient);
        let state = match (holds, passed.contains("signingCredential.trusted") && !own_failed) {
            (false, _) => State::Broken,
            (true, false) => State::Intact,
            (true, true) => State::Trusted,
        };
        // That the signer is not known is what `intact` says.
        let told = failed.iter().filter(|(_, code)| match state {
            State::Broken => !about_signer(code),
            _ => code != "signingCredential.untrusted",
        });
        let mut reasons: Vec<String> = Vec::new();
        for (in_ingredient, code) in told {
            let words = failure(code);
            let words = match in_ingredient {
                true => format!("of a file that it was made from: {words}"),
                false => words,
            };
            if reasons.len() < MAX_REASONS && !reasons.contains(&words) {
                reasons.push(words);
            }
        }
        if passed.contains(UNCOVERED) {
            reasons.push("parts of the file are not covered by the signature".to_owned());
        }
        if state == State::Broken && reasons.is_empty() {
            reasons.push("its signature could not be checked".to_owned());
        }
        let altered =
            failed.iter().any(|(of_other, code)| !of_other && ALTERED.contains(&code.as_str()));
        Judged { state, reasons, altered }
    }
}

fn claim(reader: &Reader, manifest: &Manifest) -> Claim {
    let info = manifest.signature_info();
    let said = |value: Option<&String>| value.map(|t| text(t)).filter(|t| !t.is_empty());
    let actions = actions(manifest);
    let mut agents: Vec<String> = Vec::new();
    for agent in actions.iter().filter_map(|action| action.agent.as_ref()) {
        if !agents.contains(agent) {
            agents.push(agent.clone());
        }
    }
    let ingredient_sources = ingredient_sources(reader, manifest);
    Claim {
        signer: said(info.and_then(|info| info.common_name.as_ref())),
        issuer: said(info.and_then(|info| info.issuer.as_ref())),
        signed_at: said(info.and_then(|info| info.time.as_ref())),
        time_is_trusted: false,
        generator: generator(manifest),
        origin: origin(&actions, &ingredient_sources),
        actions,
        agents,
        ingredients: manifest.ingredients().len(),
        ingredient_sources,
    }
}

/// What the kinds of source in a claim say together: something generated makes the whole so if it was created so.
fn origin(actions: &[Action], ingredient_sources: &[String]) -> Origin {
    let own: Vec<(bool, Origin)> = actions
        .iter()
        .filter_map(|action| {
            let source = action.source_type.as_deref()?;
            Some((action.action == "c2pa.created", source_origin(source)))
        })
        .collect();
    let of_others = ingredient_sources.iter().any(|source| source_origin(source).is_generated());
    if own.contains(&(true, Origin::Generated)) {
        Origin::Generated
    } else if own.iter().any(|(_, origin)| origin.is_generated()) || of_others {
        Origin::PartlyGenerated
    } else if own.iter().any(|(_, origin)| *origin == Origin::Human) {
        Origin::Human
    } else {
        Origin::NotSaid
    }
}

/// The program that made the claim.
fn generator(manifest: &Manifest) -> Option<String> {
    let infos = manifest.claim_generator_info.iter().flatten();
    let named = infos.map(|info| match &info.version {
        Some(version) => format!("{} {version}", info.name),
        None => info.name.clone(),
    });
    let name = named.into_iter().next().or_else(|| manifest.claim_generator().map(str::to_owned));
    name.map(|name| text(&name)).filter(|name| !name.is_empty())
}

/// Actions of a manifest, of whichever version of their assertion.
fn actions(manifest: &Manifest) -> Vec<Action> {
    let assertions = manifest.assertions().iter().filter(|a| a.label().starts_with("c2pa.actions"));
    let values = assertions.filter_map(|assertion| assertion.value().ok());
    values.flat_map(list).take(MAX_ITEMS).collect()
}

fn list(assertion: &Value) -> Vec<Action> {
    let all = assertion["actions"].as_array().into_iter().flatten();
    let agents = &assertion["softwareAgents"];
    let one = |action: &Value| Action {
        action: action["action"].as_str().map(text).unwrap_or_default(),
        source_type: action["digitalSourceType"].as_str().map(source_name),
        agent: agent(&action["softwareAgent"]).or_else(|| {
            agent(&agents[usize::try_from(action["softwareAgentIndex"].as_u64()?).ok()?])
        }),
        when: action["when"].as_str().map(text),
    };
    all.take(MAX_ITEMS).map(one).collect()
}

/// A program: its name, or what describes it.
fn agent(value: &Value) -> Option<String> {
    let name = match value {
        Value::String(name) => name.clone(),
        Value::Object(info) => {
            let name = info.get("name")?.as_str()?;
            let version = info.get("version").and_then(Value::as_str);
            version.map_or(name.to_owned(), |version| format!("{name} {version}"))
        }
        _ => return None,
    };
    Some(text(&name)).filter(|name| !name.is_empty())
}

/// A kind of source by its name: what stands behind the last slash of its address.
fn source_name(address: &str) -> String {
    text(address.rsplit('/').next().unwrap_or(address))
}

/// Kinds of source that the manifests of other files claim, from which this one was made.
fn ingredient_sources(reader: &Reader, active: &Manifest) -> Vec<String> {
    let label = active.label();
    let others = reader.iter_manifests().filter(|manifest| manifest.label() != label);
    let sources: BTreeSet<String> =
        others.flat_map(actions).filter_map(|action| action.source_type).collect();
    sources.into_iter().take(MAX_ITEMS).collect()
}

/// Text from a claim: short, and on one line.
fn text(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(failed: &[(bool, &str)], passed: &[&'static str]) -> (State, Vec<String>, bool) {
        let failed = failed.iter().map(|(other, code)| (*other, (*code).to_owned())).collect();
        let Judged { state, reasons, altered } =
            Judged::of(&failed, &passed.iter().copied().collect());
        (state, reasons, altered)
    }

    const SIGNED: &str = "claimSignature.validated";
    const TRUSTED: &str = "signingCredential.trusted";

    #[test]
    fn a_certificate_that_has_run_out_is_no_broken_file() {
        let (state, reasons, altered) =
            judged(&[(false, "signingCredential.expired")], &[SIGNED, TRUSTED]);
        assert_eq!((state, altered), (State::Intact, false));
        assert!(reasons[0].contains("run out"), "{reasons:?}");
        let untrusted = [(false, "signingCredential.untrusted")];
        assert_eq!(judged(&untrusted, &[SIGNED]), (State::Intact, Vec::new(), false));
    }

    #[test]
    fn trust_without_a_right_signature_is_none() {
        assert_eq!(judged(&[], &[TRUSTED]).0, State::Broken);
        assert_eq!(judged(&[], &[SIGNED, TRUSTED]).0, State::Trusted);
        let (state, reasons, _) = judged(&[], &[SIGNED, UNCOVERED]);
        assert_eq!((state, reasons.len()), (State::Intact, 1), "what was left out is told");
        let (state, reasons, altered) =
            judged(&[(false, "assertion.bmffHash.mismatch")], &[SIGNED, TRUSTED]);
        assert_eq!((state, altered), (State::Broken, true));
        assert_eq!(reasons, ["the file was changed after it was signed"]);
    }

    #[test]
    fn what_fails_in_another_file_is_told_as_of_that() {
        let (state, reasons, altered) =
            judged(&[(true, "assertion.dataHash.mismatch")], &[SIGNED, TRUSTED]);
        assert_eq!((state, altered), (State::Broken, false));
        assert!(reasons[0].starts_with("of a file that it was made from"), "{reasons:?}");
        // Its signer may be unknown: who signed this file speaks for it.
        let unknown = [(true, "signingCredential.untrusted")];
        assert_eq!(judged(&unknown, &[SIGNED, TRUSTED]).0, State::Trusted);
    }

    #[test]
    fn what_a_claim_says_follows_from_its_kinds_of_source() {
        let action = |action: &str, source: &str| Action {
            action: action.to_owned(),
            source_type: Some(source.to_owned()),
            ..Action::default()
        };
        let model = "trainedAlgorithmicMedia".to_owned();
        for (actions, others, says) in [
            (vec![action("c2pa.created", &model)], vec![], Origin::Generated),
            (vec![action("c2pa.edited", &model)], vec![], Origin::PartlyGenerated),
            (vec![action("c2pa.created", "compositeSynthetic")], vec![], Origin::PartlyGenerated),
            (vec![action("c2pa.created", "digitalCapture")], vec![model], Origin::PartlyGenerated),
            (vec![action("c2pa.created", "digitalCapture")], vec![], Origin::Human),
            (vec![action("c2pa.created", "algorithmicMedia")], vec![], Origin::NotSaid),
            (vec![action("c2pa.created", "of another vocabulary")], vec![], Origin::NotSaid),
            (vec![], vec![], Origin::NotSaid),
        ] {
            assert_eq!(origin(&actions, &others), says, "{actions:?} {others:?}");
        }
    }

    #[test]
    fn programs_are_named_by_text_or_by_what_describes_them() {
        let actions = list(&serde_json::json!({
            "softwareAgents": [{"name": "Third", "version": "3"}],
            "actions": [
                {"action": "c2pa.created", "softwareAgent": "First\u{7}"},
                {"action": "c2pa.edited", "softwareAgent": {"name": "Second"}},
                {"action": "c2pa.edited", "softwareAgentIndex": 0},
                {"action": "c2pa.edited", "softwareAgentIndex": 7},
                {"action": 3},
            ],
        }));
        let agents: Vec<Option<&str>> = actions.iter().map(|a| a.agent.as_deref()).collect();
        assert_eq!(agents, [Some("First "), Some("Second"), Some("Third 3"), None, None]);
    }
}
