//! What the releases of a message say about the recordings on them.

use std::collections::HashMap;
use std::sync::Arc;

use roxmltree::Node;

use super::node::{all, content, first, first_of, territories};
use super::party::Parties;
use super::{ai, recording};
use crate::declare::declared::{AiLevel, Declared, DeclaredIn};
use crate::declare::manifest::row::add_facets;
use crate::declare::text;

/// The releases of a message.
#[derive(Debug, Default)]
pub(super) struct Releases {
    /// What each product declares, with what the header does, the main one first. Shared by its recordings, of
    /// which there may be tens of thousands.
    products: Vec<Arc<Declared>>,
    /// Product and position of each resource.
    on_product: HashMap<String, (usize, Option<u32>)>,
    /// Declarations about one track, by its resource.
    tracks: HashMap<String, Arc<Declared>>,
    /// What holds for resources of no product.
    common: Arc<Declared>,
    /// The products by their codes, for people.
    names: Vec<String>,
}

impl Releases {
    pub fn read(root: Node<'_, '_>, parties: &Parties, common: Declared) -> Releases {
        let companions = ai::companions(root);
        let fallback_date = all(root, "DealList/ReleaseDeal/Deal/DealTerms/ValidityPeriod")
            .into_iter()
            .find_map(|period| first(period, &["StartDate", "StartDateTime"]));
        let mut releases = Releases::default();
        let mut nodes = all(root, "ReleaseList/Release");
        nodes.sort_by_key(|release| release.attribute("IsMainRelease") != Some("true"));
        for node in nodes {
            let mut declared = release(node, parties);
            if is_track(node) {
                releases.add_track(node, declared);
                continue;
            }
            declared.release_date = declared.release_date.or_else(|| fallback_date.clone());
            add_facets(&mut declared.ai, &companions);
            if !declared.ai.facets.is_empty() {
                declared.ai.source = Some(DeclaredIn::Ern);
            }
            let product = releases.products.len();
            for (reference, position) in resources(node) {
                let known = releases.on_product.entry(reference).or_insert((product, position));
                known.1 = known.1.or(position);
            }
            if releases.names.len() < MAX_NAMES {
                releases.names.extend(named(&declared));
            }
            let mut shared = common.clone();
            shared.overlay(declared);
            releases.products.push(Arc::new(shared));
        }
        releases.common = Arc::new(common);
        for node in all(root, "ReleaseList/TrackRelease") {
            releases.add_track(node, release(node, parties));
        }
        releases
    }

    fn add_track(&mut self, node: Node<'_, '_>, declared: Declared) {
        // Of a track release only what a recording lacks matters; names and codes of the product do
        // not come from here.
        let declared = Arc::new(Declared {
            genre: declared.genre,
            label: declared.label,
            parental: declared.parental,
            ai: declared.ai,
            ..Declared::default()
        });
        for (reference, _) in resources(node) {
            self.tracks.entry(reference).or_insert_with(|| declared.clone());
        }
    }

    /// What is declared about the recording `reference` by its product, by its track release, and its position.
    pub fn of_recording(
        &self,
        reference: &str,
    ) -> (Arc<Declared>, Option<Arc<Declared>>, Option<u32>) {
        let (product, position) = self.on_product.get(reference).copied().unwrap_or((0, None));
        let product = self.products.get(product).unwrap_or(&self.common);
        (product.clone(), self.tracks.get(reference).cloned(), position)
    }

    /// The products by their codes and titles: `ICPN 0036000291452 "Crossings"`.
    pub fn names(&self) -> Vec<String> {
        self.names.clone()
    }
}

/// Most releases named.
const MAX_NAMES: usize = 20;

/// A release by its code and its title.
fn named(release: &Declared) -> Option<String> {
    let code = match (&release.upc, &release.grid, &release.release_id) {
        (Some(upc), _, _) => Some(format!("ICPN {upc}")),
        (None, Some(grid), _) => Some(format!("GRid {grid}")),
        (None, None, id) => id.clone(),
    };
    match (code, &release.album) {
        (Some(code), Some(title)) => Some(format!("{code} \"{title}\"")),
        (Some(code), None) => Some(code),
        (None, title) => title.as_ref().map(|title| format!("\"{title}\"")),
    }
}

/// The releases that a PurgeReleaseMessage names.
pub(super) fn purged(root: Node<'_, '_>) -> Vec<String> {
    let of = |node: Node<'_, '_>| {
        let id = |name: &str| first(node, &[&format!("ReleaseId/{name}"), name]);
        named(&Declared {
            upc: id("ICPN"),
            grid: id("GRid"),
            release_id: id("ProprietaryId"),
            album: first(
                node,
                &["Title/TitleText", "DisplayTitleText", "ReferenceTitle/TitleText"],
            ),
            ..Declared::default()
        })
    };
    let purged = ["PurgedRelease", "Release", "ReleaseList/Release"].into_iter();
    purged.flat_map(|path| all(root, path)).filter_map(of).take(MAX_NAMES).collect()
}

fn is_track(release: Node<'_, '_>) -> bool {
    let kind = first(release, &["ReleaseType"]);
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("TrackRelease"))
        && release.attribute("IsMainRelease") != Some("true")
}

fn release(node: Node<'_, '_>, parties: &Parties) -> Declared {
    let mut places = vec![node];
    places.extend(territories(node, "ReleaseDetailsByTerritory"));
    let (artists, _) = recording::artists(&places, parties);
    let id = |name: &str| first_of(&places, &[&format!("ReleaseId/{name}")]);
    let (upc, grid) = (id("ICPN"), id("GRid"));
    let proprietary = id("ProprietaryId");
    let mut declared = Declared {
        album: recording::title(&places).0,
        // As long as any other value: a release may credit hundreds.
        album_artist: text::value(&artists.join(", ")),
        label: first_of(&places, &["LabelName"])
            .or_else(|| parties.referenced(node, "ReleaseLabelReference")),
        release_id: proprietary.or_else(|| grid.clone()).or_else(|| upc.clone()),
        upc,
        grid,
        genre: first_of(&places, &["DisplayGenre/GenreText", "Genre/GenreText"]),
        release_date: first_of(
            &places,
            &[
                "ReleaseDate",
                "GlobalReleaseDate",
                "OriginalReleaseDate",
                "GlobalOriginalReleaseDate",
            ],
        ),
        p_line: recording::line(&places, "PLine"),
        c_line: recording::line(&places, "CLine"),
        parental: first_of(&places, &["ParentalWarningType"]),
        ..Declared::default()
    };
    declared.ai.level = ai::level(node);
    if declared.ai.level != AiLevel::Undeclared {
        declared.ai.source = Some(DeclaredIn::Ern);
    }
    declared
}

/// Resources that a release lists, with their positions.
fn resources(release: Node<'_, '_>) -> Vec<(String, Option<u32>)> {
    let mut found = Vec::new();
    for node in release.descendants().filter(|n| n.is_element()) {
        match node.tag_name().name() {
            "ResourceGroupContentItem" => {
                let number = first(node, &["SequenceNumber"]).and_then(|n| n.parse().ok());
                let reference = first(node, &["ReleaseResourceReference"]);
                found.extend(reference.map(|reference| (reference, number)));
            }
            "ReleaseResourceReference" => {
                // Items of a group were taken with their number above.
                let parent = node.parent_element().map(|p| p.tag_name().name().to_owned());
                if parent.as_deref() != Some("ResourceGroupContentItem") {
                    found.extend(content(node).map(|reference| (reference, None)));
                }
            }
            _ => {}
        }
    }
    found
}
