//! One `SoundRecording` or `Video` of a message.

use std::collections::HashMap;

use roxmltree::Node;

use super::node::{all, child, children, content, first, first_of, flag, is_true, territories};
use super::party::{Parties, roles};
use super::{Recording, ResourceFile, ai};
use crate::declare::declared::{Declared, DeclaredHash};
use crate::declare::text;

/// Most files taken from one recording.
const MAX_FILES: usize = 64;

pub(super) fn read(
    node: Node<'_, '_>,
    parties: &Parties,
    works: &HashMap<String, String>,
) -> Recording {
    let is_video = node.tag_name().name() != "SoundRecording";
    let (edition, details, id) = match is_video {
        false => {
            ("SoundRecordingEdition", "SoundRecordingDetailsByTerritory", "SoundRecordingId/ISRC")
        }
        true => ("VideoEdition", "VideoDetailsByTerritory", "VideoId/ISRC"),
    };
    // Where a version keeps details: by territory (3.8), in an edition (4.3), or right here.
    let mut places = vec![node];
    places.extend(children(node, edition));
    places.extend(territories(node, details));
    let (title, version) = title(&places);
    let (artists, featured) = artists(&places, parties);
    let mut contributors = featured;
    contributors.extend(other_contributors(&places, parties));
    let duration = first_of(&places, &["Duration"]).and_then(|d| text::iso_duration_ms(&d));
    let files = files(&places);
    let declared = Declared {
        title,
        version,
        artists,
        contributors,
        isrc: first_of(&places, &[id, "ResourceId/ISRC", "ISRC"]),
        iswc: iswc(&places, works),
        p_line: line(&places, "PLine"),
        c_line: line(&places, "CLine"),
        duration_ms: duration,
        label: first_of(&places, &["LabelName"]),
        genre: first_of(&places, &["Genre/GenreText", "DisplayGenre/GenreText"]),
        parental: first_of(&places, &["ParentalWarningType"]),
        hash: files.first().and_then(|file| file.hash.clone()),
        ai: ai::of_recording(node, parties),
        ..Declared::default()
    };
    let reference = first(node, &["ResourceReference"]).unwrap_or_default();
    let own = Box::new(declared);
    Recording { reference, files, is_video, own, ..Recording::default() }
}

/// Title and version of a recording or release whose details are in `places`.
pub(super) fn title(places: &[Node<'_, '_>]) -> (Option<String>, Option<String>) {
    let title = first_of(
        places,
        &["DisplayTitle/TitleText", "ReferenceTitle/TitleText", "DisplayTitleText"],
    )
    .or_else(|| {
        // ERN 3 has several titles by type: the one to display, or else any.
        let titles: Vec<_> = places.iter().flat_map(|place| children(*place, "Title")).collect();
        let display = titles.iter().find(|t| t.attribute("TitleType") == Some("DisplayTitle"));
        display.or(titles.first()).and_then(|title| first(*title, &["TitleText"]))
    });
    let version = first_of(
        places,
        &["DisplayTitle/SubTitle", "ReferenceTitle/SubTitle", "Title/SubTitle", "VersionType"],
    );
    (title, version)
}

/// Main artists, and the others displayed as `(name, role)`.
pub(super) fn artists(
    places: &[Node<'_, '_>],
    parties: &Parties,
) -> (Vec<String>, Vec<(String, String)>) {
    let (mut main, mut others) = (Vec::new(), Vec::new());
    for place in places {
        for credit in parties.credits(*place, "DisplayArtist") {
            match credit.role {
                Some(role) if !is_main(&role) => others.push((credit.name, role)),
                _ if !main.contains(&credit.name) => main.push(credit.name),
                _ => {}
            }
        }
        if !main.is_empty() {
            // Further territories repeat the same people.
            return (main, others);
        }
    }
    main.extend(first_of(places, &["DisplayArtistName"]));
    (main, others)
}

fn is_main(role: &str) -> bool {
    ["MainArtist", "Main Artist", "Artist", "PrimaryArtist", "Unknown"]
        .iter()
        .any(|main| role.eq_ignore_ascii_case(main))
}

fn other_contributors(places: &[Node<'_, '_>], parties: &Parties) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for place in places {
        for element in ["Contributor", "ResourceContributor", "IndirectResourceContributor"] {
            for credit in parties.credits(*place, element) {
                let roles = roles(credit.node);
                let role = text::value(&roles.join(", ")).unwrap_or_else(|| "contributor".into());
                let pair = (credit.name, role);
                if found.len() < 200 && !found.contains(&pair) {
                    found.push(pair);
                }
            }
        }
    }
    found
}

fn iswc(places: &[Node<'_, '_>], works: &HashMap<String, String>) -> Option<String> {
    first_of(
        places,
        &["IndirectSoundRecordingId/ISWC", "IndirectVideoId/ISWC", "WorkId/ISWC", "MusicalWorkId/ISWC", "ResourceId/ISWC"],
    )
    .or_else(|| {
        const LISTS: &str =
            "ResourceMusicalWorkReferenceList/ResourceMusicalWorkReference/ResourceMusicalWorkReference";
        let references = places.iter().flat_map(|place| {
            [LISTS, "MusicalWorkReference", "ResourceMusicalWorkReference"]
                .into_iter()
                .flat_map(|path| all(*place, path))
        });
        references.filter_map(content).find_map(|reference| works.get(&reference).cloned())
    })
}

/// A rights line with its year in front, as it is printed.
pub(super) fn line(places: &[Node<'_, '_>], element: &str) -> Option<String> {
    let line = places.iter().find_map(|place| child(*place, element))?;
    let text = first(line, &["PLineText", "CLineText", "PLineCompany", "CLineCompany"])?;
    match first(line, &["Year"]) {
        Some(year) if !text.contains(&year) => Some(format!("{year} {text}")),
        _ => Some(text),
    }
}

/// Audio files that are delivered: no previews, and none that the message says come another way.
fn files(places: &[Node<'_, '_>]) -> Vec<ResourceFile> {
    let mut files: Vec<ResourceFile> = Vec::new();
    for place in places {
        for element in
            ["TechnicalSoundRecordingDetails", "TechnicalVideoDetails", "TechnicalDetails"]
        {
            for details in children(*place, element) {
                if is_true(details, "IsPreview")
                    || is_true(details, "IsClip")
                    || flag(details, "IsProvidedInDelivery") == Some(false)
                {
                    continue;
                }
                let nested = children(details, "DeliveryFile")
                    .filter(|file| flag(*file, "IsProvidedInDelivery") != Some(false))
                    .flat_map(|delivery| children(delivery, "File"));
                for file in children(details, "File").chain(nested) {
                    let Some(file) = resource_file(file) else { continue };
                    if files.len() < MAX_FILES && !files.iter().any(|f| f.uri == file.uri) {
                        files.push(file);
                    }
                }
            }
        }
    }
    files
}

fn resource_file(file: Node<'_, '_>) -> Option<ResourceFile> {
    let uri = first(file, &["URI", "URL"]).or_else(|| {
        let name = first(file, &["FileName"])?;
        Some(match first(file, &["FilePath"]) {
            // Some senders repeat the name at the end of the path.
            Some(folder) if folder.ends_with(&name) => folder,
            Some(folder) => format!("{}/{name}", folder.trim_end_matches(['/', '\\'])),
            None => name,
        })
    })?;
    Some(ResourceFile { uri, hash: hash(file) })
}

fn hash(file: Node<'_, '_>) -> Option<DeclaredHash> {
    let sum = child(file, "HashSum")?;
    let value = first(sum, &["HashSumValue", "HashSum"]).or_else(|| content(sum))?;
    let algorithm = first(
        sum,
        &["Algorithm/Value", "Algorithm", "HashSumAlgorithmType/Value", "HashSumAlgorithmType"],
    );
    let by_length = || match value.len() {
        32 => Some("MD5".to_owned()),
        40 => Some("SHA-1".to_owned()),
        64 => Some("SHA-256".to_owned()),
        _ => None,
    };
    let algorithm = algorithm.or_else(by_length)?;
    Some(DeclaredHash { algorithm, value })
}
