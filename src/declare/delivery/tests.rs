use std::fs;

use super::*;
use crate::declare::declared::AiLevel;

const AI_432: &str = include_str!("../../../tests/data/ern/ai_432.xml");
const ALBUM_382: &str = include_str!("../../../tests/data/ern/album_382.xml");

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A batch with two releases: one whole, with a file too many; one with a file missing.
fn batch() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let batch = dir.path().join("N_20260912100000");
    let first = batch.join("0036000291452");
    write(&first.join("0036000291452.xml"), AI_432);
    for name in ["a1.wav", "a2.wav", "a3.wav", "a4.wav", "bonus.wav", "cover.jpg"] {
        write(&first.join("resources").join(name), name);
    }
    let second = batch.join("036000291452");
    write(&second.join("036000291452.xml"), ALBUM_382);
    write(&second.join("resources/A1_01.flac"), "x");
    (dir, batch)
}

fn names(delivery: &Delivery) -> Vec<String> {
    let name = |u: &DeliveredFile| u.path.file_name().unwrap().to_string_lossy().into_owned();
    delivery.uploads.iter().map(name).collect()
}

#[test]
fn a_batch_is_expanded_release_by_release() {
    let (_dir, batch) = batch();
    let delivery = expand(std::slice::from_ref(&batch));
    assert!(!delivery.complete, "no marker yet");
    assert!(!is_batch_complete(&batch));
    assert_eq!(batch_state(&batch), BatchState::Open);
    assert_eq!(batch_state(&batch.join("0036000291452")), BatchState::NoBatch);
    write(&batch.join("BatchComplete_20260912100000.xml"), "");
    assert!(is_batch_complete(&batch));
    assert_eq!(batch_state(&batch), BatchState::Complete);
    let delivery = expand(std::slice::from_ref(&batch));
    assert!(delivery.complete);
    assert_eq!(
        names(&delivery),
        ["a1.wav", "a2.wav", "a3.wav", "a4.wav", "A1_01.flac", "bonus.wav"]
    );
    let declared = delivery.uploads[0].declared.as_ref().unwrap();
    assert_eq!(declared.ai.level, AiLevel::All);
    assert_eq!(declared.batch_id.as_deref(), Some("20260912100000"));
    assert!(delivery.uploads[5].declared.is_none());
    assert_eq!(delivery.warnings.len(), 1, "{:?}", delivery.warnings);
    assert_eq!(delivery.warnings[0].code, "unreferenced_resource");
    assert_eq!(delivery.errors.len(), 1, "{:?}", delivery.errors);
    assert_eq!(delivery.errors[0].code, "missing_resource");
    assert!(delivery.errors[0].subject.ends_with("A2_02.flac"));
}

#[test]
fn a_batch_that_lists_what_is_not_there_is_reported() {
    let (_dir, batch) = batch();
    let listed = |url: &str| format!("<MessageInBatch><URL>{url}</URL></MessageInBatch>");
    let manifest = format!(
        "<m:ManifestMessage xmlns:m='http://ddex.net/xml/ern-choreography'>{}{}</m:ManifestMessage>",
        listed("/inbox/N_20260912100000/0036000291452/0036000291452.xml"),
        listed("/inbox/N_20260912100000/5012345678900/5012345678900.xml"),
    );
    write(&batch.join("BatchComplete_20260912100000.xml"), &manifest);
    let delivery = expand(&[batch]);
    let missing: Vec<_> = delivery.errors.iter().filter(|e| e.code == "missing_message").collect();
    assert_eq!(missing.len(), 1, "{:?}", delivery.errors);
    assert!(missing[0].message.contains("5012345678900.xml"));
    assert!(delivery.complete);
}

#[test]
fn a_release_folder_and_its_message_are_the_same() {
    let (_dir, batch) = batch();
    let folder = batch.join("0036000291452");
    let by_folder = expand(std::slice::from_ref(&folder));
    let by_message = expand(&[folder.join("0036000291452.xml")]);
    assert!(by_folder.complete, "one release needs no marker");
    assert_eq!(by_folder.uploads.len(), 5);
    assert_eq!(by_folder.uploads, by_message.uploads);
}

#[test]
fn a_broken_message_is_an_error_and_its_audio_is_still_looked_at() {
    let (_dir, batch) = batch();
    let message = batch.join("036000291452/036000291452.xml");
    fs::write(&message, "<NewReleaseMessage>").unwrap();
    let delivery = expand(&[batch]);
    assert_eq!(delivery.errors.len(), 1, "{:?}", delivery.errors);
    assert_eq!(delivery.errors[0].subject, message.to_string_lossy());
    assert_eq!(delivery.errors[0].code, "bad_message");
    assert!(names(&delivery).contains(&"A1_01.flac".to_owned()));
}

#[test]
fn the_later_of_two_messages_holds() {
    let (_dir, batch) = batch();
    let folder = batch.join("0036000291452");
    let later = AI_432.replace("2026-09-15T", "2026-09-16T").replace("By Hand", "By Hand Again");
    write(&folder.join("0.xml"), &later);
    let delivery = expand(&[folder]);
    let declared = delivery.uploads.iter().find(|u| u.path.ends_with("a2.wav")).unwrap();
    assert_eq!(declared.declared.as_ref().unwrap().title.as_deref(), Some("By Hand Again"));
    assert_eq!(delivery.uploads.len(), 5);
}

#[test]
fn messages_do_not_lead_out_of_their_folder() {
    let (dir, batch) = batch();
    write(&dir.path().join("secret.wav"), "x");
    let message = batch.join("0036000291452/0036000291452.xml");
    let hostile = AI_432.replace("resources/a1.wav", "../../secret.wav");
    fs::write(&message, hostile).unwrap();
    let delivery = expand(&[message]);
    assert_eq!(delivery.errors.len(), 1, "{:?}", delivery.errors);
    assert_eq!(delivery.errors[0].code, "path_outside_delivery");
    assert!(!names(&delivery).contains(&"secret.wav".to_owned()));
}

#[test]
fn a_manifest_names_files_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = dir.path().join("m.csv");
    write(&dir.path().join("audio/a.wav"), "x");
    write(
        &manifest,
        "path,title\naudio/a.wav,One\nnone.wav,Two\n/etc/passwd,Three\n,Four\n./audio/a.wav,Five\n\
         https://x.org/a.wav,Six\n",
    );
    let delivery = expand(&[dir.path().join("audio"), manifest.clone()]);
    assert_eq!(names(&delivery), ["a.wav"]);
    let upload = &delivery.uploads[0];
    assert_eq!(upload.declared.as_ref().unwrap().title.as_deref(), Some("One"));
    assert_eq!(upload.origin, Some(Origin { file: manifest, line: Some(2) }));
    let errors: Vec<_> = delivery
        .errors
        .iter()
        .map(|e| (e.code, &e.message[..e.message.find(':').unwrap()]))
        .collect();
    assert_eq!(
        errors,
        [
            ("bad_row", "line 5"),
            ("missing_resource", "line 3"),
            ("path_outside_delivery", "line 4"),
            ("duplicate_row", "line 6"),
            ("remote_resource", "line 7"),
        ]
    );
}

#[test]
fn what_is_not_read_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let codes = |name: &str, content: &str| {
        let path = dir.path().join(name);
        write(&path, content);
        let delivery = expand(&[path]);
        assert!(delivery.uploads.is_empty());
        delivery.errors[0].code
    };
    assert_eq!(codes("a.zip", "PK"), "archive_not_supported");
    assert_eq!(codes("a.xlsx", "PK"), "spreadsheet_not_supported");
    assert_eq!(codes("a.xml", "<html/>"), "not_a_new_release_message");
    assert_eq!(codes("a.csv", "title\nx\n"), "bad_manifest");
    let delivery = expand(&[dir.path().join("none"), dir.path().to_owned()]);
    assert_eq!(delivery.errors[0].code, "io_error");
    assert_eq!(delivery.empty_folders, [dir.path().to_owned()]);
}

#[test]
fn resources_that_come_before_their_messages_are_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let batch = dir.path().join("P_20260912100000123");
    write(&batch.join("0036000291452/resources/a1.wav"), "x");
    assert_eq!(batch_state(&batch), BatchState::Open);
    write(&batch.join("BatchComplete_20260912100000123.xml"), "");
    assert_eq!(batch_state(&batch), BatchState::Complete);
    let folder = dir.path().join("20260912100000");
    write(&folder.join("song.wav"), "x");
    assert_eq!(batch_state(&folder), BatchState::NoBatch, "only called like one");
    assert_eq!(batch_state(&dir.path().join("none")), BatchState::NoBatch);
}
