//! Manifests in the style of the templates that people really fill in.

use super::tests::declared;
use super::*;
use crate::declare::declared::{AiFacet, AiLevel, Rights};

fn read(name: &str) -> Manifest {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/manifests");
    Manifest::read(&folder.join(name)).unwrap()
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("-")
}

#[test]
fn an_aggregators_sheet_repeats_the_release_in_each_row() {
    let manifest = read("aggregator.csv");
    assert_eq!(manifest.errors, []);
    let d = &declared(&manifest, 0);
    assert_eq!(&*manifest.rows[0].file, "01_night_ferry.wav");
    assert_eq!((text(&d.title), text(&d.version)), ("Night Ferry", "Radio Edit"));
    assert_eq!((text(&d.album), text(&d.album_artist)), ("Crossings", "Harbour Lights"));
    assert_eq!((text(&d.upc), text(&d.grid)), ("036000291452", "A12425GABC1234002M"));
    assert_eq!((text(&d.label), text(&d.release_date)), ("Harbour Street", "2026-10-02"));
    assert_eq!((text(&d.p_line), text(&d.c_line)), ("2026 Harbour Street", "2026 Harbour Street"));
    assert_eq!(d.track_number, Some(1));
    assert_eq!(declared(&manifest, 1).isrc, None, "`auto` is no code");
}

#[test]
fn a_labels_export_comes_from_a_spreadsheet() {
    let manifest = read("label_export.csv");
    assert_eq!(manifest.errors, []);
    let d = &declared(&manifest, 0);
    assert_eq!(&*manifest.rows[0].file, "01 Morgenrot.wav");
    assert_eq!(d.artists, ["Die Probe", "Zweite Stimme"]);
    assert_eq!((text(&d.upc), text(&d.isrc)), ("4006381333931", "DE-A12-26-00001"));
    assert_eq!((text(&d.p_line), text(&d.parental)), ("2026 Kleines Label", "no"));
    assert_eq!(d.duration_ms, Some(130_000));
}

#[test]
fn a_self_service_form_discloses_generated_parts() {
    let manifest = read("self_service.tsv");
    let d = &declared(&manifest, 0);
    assert_eq!((d.ai.level, &d.ai.facets[..]), (AiLevel::Partly, &[AiFacet::Vocals][..]));
    assert_eq!(d.ai.tool.as_deref(), Some("Udio"));
    assert_eq!((d.rights, text(&d.account)), (Rights::Declared, "u-4711"));
    assert_eq!(d.hash.as_ref().unwrap().algorithm, "MD5");
    assert_eq!(d.duration_ms, Some(53_012));
    let times: Vec<_> = (0..3).map(|at| declared(&manifest, at).received_at.unwrap()).collect();
    assert_eq!(times, ["2026-09-12T10:00:00Z", "2026-09-12T10:00:00Z", "2026-09-12T00:00:00Z"]);
    assert_eq!(declared(&manifest, 1).ai.level, AiLevel::None);
    assert_eq!(declared(&manifest, 2).ai.level, AiLevel::Undeclared);
    assert_eq!(manifest.errors.len(), 1);
    assert_eq!(manifest.errors[0].line, 4);
    assert!(manifest.errors[0].message.contains("`perhaps`"), "{:?}", manifest.errors);
}

#[test]
fn a_queue_of_json_lines_survives_a_damaged_line() {
    let manifest = read("queue.jsonl");
    let d = &declared(&manifest, 0);
    assert_eq!(d.artists, ["Lofi Lake", "Second Lake"]);
    assert_eq!((text(&d.isrc), text(&d.upc)), ("USVLV2600001", "0036000291452"));
    assert_eq!((text(&d.batch_id), text(&d.release_id)), ("b-9", "r-1"));
    assert_eq!((d.ai.level, d.ai.facets.len()), (AiLevel::Partly, 2));
    assert_eq!(d.ai.tool.as_deref(), Some("Udio"));
    assert!(d.is_catalog_transfer && !d.is_backfill);
    assert_eq!(manifest.rows.len(), 2);
    assert_eq!(declared(&manifest, 1).ai.level, AiLevel::None);
    assert_eq!(manifest.errors[0].line, 2);
}
