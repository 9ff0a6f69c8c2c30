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

const SINGLE_411: &str = include_str!("../../../tests/data/ern/single_411.xml");
const ALBUM_43: &str = include_str!("../../../tests/data/ern/album_43.xml");

fn told(delivery: &Delivery) -> Vec<(&str, &str)> {
    delivery.warnings.iter().map(|w| (w.code, w.message.as_str())).collect()
}

#[test]
fn what_takes_a_release_down_is_no_error_and_names_it() {
    let dir = tempfile::tempdir().unwrap();
    for (number, version) in ["382", "411", "43"].iter().enumerate() {
        let path = dir.path().join(format!("{number}.xml"));
        write(
            &path,
            &format!(
                "<ern:PurgeReleaseMessage xmlns:ern=\"http://ddex.net/xml/ern/{version}\"><MessageHeader/>\
                 <PurgedRelease><ReleaseId><ICPN>0036000291452</ICPN></ReleaseId></PurgedRelease>\
                 </ern:PurgeReleaseMessage>"
            ),
        );
        let delivery = expand(&[path]);
        assert_eq!(delivery.errors, [], "{version}");
        let [("takedown", message)] = told(&delivery)[..] else {
            panic!("{:?}", delivery.warnings)
        };
        assert!(message.contains("ICPN 0036000291452"), "{message}");
    }
}

#[test]
fn updates_and_takedowns_that_send_no_files_are_told_apart_from_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let expand_one = |text: &str| {
        let path = dir.path().join("m.xml");
        write(&path, text);
        expand(&[path])
    };
    let deal = "<DealList><ReleaseDeal><Deal><DealTerms><CommercialModelType>x</CommercialModelType>\
                </DealTerms></Deal></ReleaseDeal></DealList>";
    let ended = deal.replace("<DealTerms>", "<DealTerms><TakeDown>true</TakeDown>");
    let with = |text: &str, deals: &str| {
        let bare = text.find("<DealList>").zip(text.find("</DealList>"));
        let text = bare.map_or(text.to_owned(), |(from, to)| {
            format!("{}{}", &text[..from], &text[to + "</DealList>".len()..])
        });
        let end = text.rfind("</").unwrap();
        format!("{}{deals}{}", &text[..end], &text[end..])
    };
    let original = ALBUM_382.replace("UpdateMessage", "OriginalMessage");
    for (name, text, code) in [
        ("3.8 update", with(ALBUM_382, deal), Some("update_without_files")),
        ("3.8 update without deals", with(ALBUM_382, ""), Some("takedown")),
        ("3.8 deals that end it", with(ALBUM_382, &ended), Some("takedown")),
        ("3.8 original", with(&original, deal), None),
        ("3.8 original without deals", with(&original, ""), None),
        ("4.1 without deals", with(SINGLE_411, ""), Some("takedown")),
        ("4.1 with deals", with(SINGLE_411, deal), None),
        ("4.3 without deals", with(ALBUM_43, ""), Some("takedown")),
        ("4.3 with deals", with(ALBUM_43, deal), None),
    ] {
        let delivery = expand_one(&text);
        let codes: Vec<&str> = delivery.warnings.iter().map(|warning| warning.code).collect();
        match code {
            Some(code) => {
                assert_eq!(delivery.errors, [], "{name}");
                assert!(codes.contains(&code), "{name}: {:?}", delivery.warnings);
                let text = delivery.warnings.iter().find(|w| w.code == code).unwrap();
                assert!(text.message.contains("ICPN"), "{}", text.message);
            }
            None => assert_eq!(delivery.errors[0].code, "missing_resource", "{name}"),
        }
        assert!(delivery.uploads.is_empty());
    }
}

#[test]
fn a_video_keeps_its_title_and_artist() {
    let dir = tempfile::tempdir().unwrap();
    let video = |details: &str, technical: &str| {
        format!(
            "<NewReleaseMessage><MessageHeader/><ResourceList><Video><VideoId><ISRC>USRC17607839</ISRC></VideoId>\
             <ResourceReference>A1</ResourceReference>{details}<Title><TitleText>Night Ferry</TitleText></Title>\
             <DisplayArtist><PartyName><FullName>Ann</FullName></PartyName><ArtistRole>MainArtist</ArtistRole>\
             </DisplayArtist><{technical}><File><FileName>v.mp4</FileName></File></{technical}>{}</Video>\
             </ResourceList></NewReleaseMessage>",
            details.replace('<', "</")
        )
    };
    write(&dir.path().join("v.mp4"), "x");
    for text in [
        video("<VideoDetailsByTerritory>", "TechnicalVideoDetails"),
        video("<VideoEdition>", "TechnicalDetails"),
        video("", "TechnicalDetails"),
    ] {
        let message = dir.path().join("m.xml");
        write(&message, &text);
        let delivery = expand(&[message]);
        let declared = delivery.uploads[0].declared.as_ref().unwrap();
        assert_eq!(declared.title.as_deref(), Some("Night Ferry"), "{text}");
        assert_eq!(declared.artists, ["Ann"]);
        assert_eq!(declared.isrc.as_deref(), Some("USRC17607839"));
    }
}

#[test]
fn one_file_under_two_codes_is_kept_wherever_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("a.wav"), "x");
    let table = dir.path().join("m.csv");
    write(&table, "file,isrc\na.wav,USRC17607839\n./a.wav,USRC17607840\n");
    assert_eq!(expand(std::slice::from_ref(&table)).uploads[0].other_isrcs, ["USRC17607840"]);
    let recording = |reference: &str, isrc: &str| {
        format!(
            "<SoundRecording><SoundRecordingId><ISRC>{isrc}</ISRC></SoundRecordingId><ResourceReference>{reference}\
             </ResourceReference><TechnicalDetails><File><FileName>a.wav</FileName></File></TechnicalDetails>\
             </SoundRecording>"
        )
    };
    let message = dir.path().join("r/m.xml");
    write(&dir.path().join("r/a.wav"), "y");
    let two = recording("A1", "USRC17607839") + &recording("A2", "US-RC1-76-07841");
    write(
        &message,
        &format!("<NewReleaseMessage><ResourceList>{two}</ResourceList></NewReleaseMessage>"),
    );
    let delivery = expand(std::slice::from_ref(&message));
    assert_eq!(delivery.uploads[0].other_isrcs, ["USRC17607841"]);
    let one = recording("A1", "USRC17607839");
    write(
        &message,
        &format!("<NewReleaseMessage><ResourceList>{one}</ResourceList></NewReleaseMessage>"),
    );
    let beside = dir.path().join("r/m.csv");
    write(&beside, "file,isrc\na.wav,USRC17607842\n");
    for (paths, other) in
        [([&beside, &message], "USRC17607842"), ([&message, &beside], "USRC17607839")]
    {
        let delivery = expand(&paths.map(Clone::clone));
        assert_eq!(delivery.uploads[0].other_isrcs, [other]);
    }
}

#[test]
fn a_table_without_columns_that_services_ask_for_says_so_once() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("m.csv");
    write(&dir.path().join("a.wav"), "x");
    write(&dir.path().join("b.wav"), "y");
    write(&table, "file,title\na.wav,One\nb.wav,Two\n");
    let delivery = expand(&[table]);
    let codes: Vec<&str> = delivery.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["no_isrc_column", "no_rights_column"]);
    assert!(delivery.uploads.iter().all(|u| u.not_asked.isrc && u.not_asked.rights));
}

#[cfg(unix)]
#[test]
fn links_to_one_file_are_one_upload_with_several_names() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join("d").join(name);
    write(&path("a.wav"), "x");
    fs::hard_link(path("a.wav"), path("b.wav")).unwrap();
    std::os::unix::fs::symlink("a.wav", path("c.wav")).unwrap();
    let folder = dir.path().join("d");
    let delivery = expand(&[folder.clone(), folder, path("../d/c.wav")]);
    assert_eq!(delivery.uploads.len(), 1);
    assert_eq!(delivery.uploads[0].also, [path("b.wav"), path("c.wav")]);
    let codes: Vec<&str> = delivery.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, ["same_file", "same_file"], "{:?}", delivery.warnings);
}
