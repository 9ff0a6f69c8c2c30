//! What a message declares about generated parts: `ContainsAI` and `AiContribution` of ERN 4.3.2.
//!
//! A missing `ContainsAI` is not `None`: the four states of [`AiLevel`] keep them apart.

use roxmltree::Node;

use super::node::{child, children, content};
use super::party::{Parties, roles};
use crate::declare::declared::{AiDisclosure, AiFacet, AiLevel, Declared, DeclaredIn};
use crate::declare::generators::generator_in;
use crate::declare::manifest::row::{add_facets, ai_level};
use crate::declare::text;

/// `ContainsAI` of `node`.
pub(super) fn level(node: Node<'_, '_>) -> AiLevel {
    let text = child(node, "ContainsAI").and_then(content);
    text.and_then(|text| ai_level(&text, false)).unwrap_or_default()
}

/// The disclosure of a recording. A contributor whose part was generated makes it at least partly so,
/// unless `ContainsAI` says otherwise: then the parts are kept beside what it says.
pub(super) fn of_recording(recording: Node<'_, '_>, parties: &Parties) -> AiDisclosure {
    let mut ai = AiDisclosure { level: level(recording), ..AiDisclosure::default() };
    for element in ["Contributor", "DisplayArtist", "ResourceContributor"] {
        for contributor in children(recording, element) {
            if !contributes(contributor) {
                continue;
            }
            let roles = roles(contributor);
            let facets: Vec<AiFacet> = roles.iter().flat_map(|role| facets_of(role)).collect();
            add_facets(&mut ai, &facets);
            let reference = super::node::first(
                contributor,
                &["ContributorPartyReference", "ArtistPartyReference"],
            );
            let name = reference.and_then(|r| parties.name(&r).cloned());
            let tool = name.as_deref().and_then(generator_in).map(str::to_owned);
            ai.tool = ai.tool.take().or(tool);
            let of_recording = facets.is_empty() || facets.iter().any(|f| f.is_of_recording());
            if ai.level == AiLevel::Undeclared && of_recording {
                ai.level = AiLevel::Partly;
            }
        }
    }
    if ai != AiDisclosure::default() {
        ai.source = Some(DeclaredIn::Ern);
    }
    ai
}

/// Whether a contributor's `AiContribution` says that a generator took part.
fn contributes(contributor: Node<'_, '_>) -> bool {
    let Some(element) = child(contributor, "AiContribution") else {
        return contributor
            .attribute("AiContribution")
            .is_some_and(|value| text::flag(value) == Some(true));
    };
    let stated = content(element).or_else(|| child(element, "Value").and_then(content));
    match stated {
        Some(text) => ai_level(&text, true) != Some(AiLevel::None),
        None => element.children().any(|c| c.is_element()),
    }
}

/// The parts that a role makes. Roles are words of a long list (`BackgroundVocalist`,
/// `ComposerLyricist`, `MasteringEngineer`), so their stems are looked for.
fn facets_of(role: &str) -> Vec<AiFacet> {
    const STEMS: &[(&str, AiFacet)] = &[
        ("vocal", AiFacet::Vocals),
        ("singer", AiFacet::Vocals),
        ("rap", AiFacet::Vocals),
        ("choir", AiFacet::Vocals),
        ("chorus", AiFacet::Vocals),
        ("voice", AiFacet::Vocals),
        ("narrat", AiFacet::Vocals),
        ("speaker", AiFacet::Vocals),
        ("soprano", AiFacet::Vocals),
        ("tenor", AiFacet::Vocals),
        ("instrument", AiFacet::Instruments),
        ("musician", AiFacet::Instruments),
        ("guitar", AiFacet::Instruments),
        ("drum", AiFacet::Instruments),
        ("percussion", AiFacet::Instruments),
        ("pian", AiFacet::Instruments),
        ("keyboard", AiFacet::Instruments),
        ("synth", AiFacet::Instruments),
        ("bass", AiFacet::Instruments),
        ("violin", AiFacet::Instruments),
        ("orchestra", AiFacet::Instruments),
        ("ensemble", AiFacet::Instruments),
        ("programm", AiFacet::Instruments),
        ("beat", AiFacet::Instruments),
        ("compos", AiFacet::Composition),
        ("songwrit", AiFacet::Composition),
        ("arrang", AiFacet::Composition),
        ("adapt", AiFacet::Composition),
        ("lyric", AiFacet::Lyrics),
        ("librett", AiFacet::Lyrics),
        ("songwrit", AiFacet::Lyrics),
        ("mix", AiFacet::PostProduction),
        ("master", AiFacet::PostProduction),
        ("engineer", AiFacet::PostProduction),
    ];
    let role = role.to_lowercase();
    if role == "author" || role == "writer" {
        return vec![AiFacet::Lyrics];
    }
    // "Remixer" makes a new recording, no mixdown; "rapper", not "therapist".
    let found = |stem: &&str| match *stem {
        "rap" => role.starts_with("rap"),
        "mix" => role.contains("mix") && !role.contains("remix"),
        stem => role.contains(stem),
    };
    STEMS.iter().filter(|(stem, _)| found(stem)).map(|(_, facet)| *facet).collect()
}

/// Facets of what a message delivers besides recordings: generated cover art and videos.
pub(super) fn companions(root: Node<'_, '_>) -> Vec<AiFacet> {
    let mut facets = Vec::new();
    for (element, facet) in [("Image", AiFacet::Artwork), ("Video", AiFacet::Video)] {
        let list = child(root, "ResourceList");
        let generated = list.is_some_and(|list| {
            children(list, element).any(|resource| level(resource) > AiLevel::None)
        });
        if generated {
            facets.push(facet);
        }
    }
    facets
}

/// Puts what a recording says of itself over what its release says. Unlike between sources, facets
/// of the release (its cover) stay beside the recording's own level.
pub(super) fn overlay(declared: &mut Declared, own: Declared) {
    let of_release = declared.ai.facets.clone();
    declared.overlay(own);
    add_facets(&mut declared.ai, &of_release);
}
