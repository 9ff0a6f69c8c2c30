use proptest::prelude::*;

use super::*;
use crate::declare::declared::{AiFacet, AiLevel, DeclaredIn};

const ALBUM_382: &str = include_str!("../../../tests/data/ern/album_382.xml");
const SINGLE_383: &str = include_str!("../../../tests/data/ern/single_383_declaring_381.xml");
const SINGLE_411: &str = include_str!("../../../tests/data/ern/single_411.xml");
const ALBUM_43: &str = include_str!("../../../tests/data/ern/album_43.xml");
const AI_432: &str = include_str!("../../../tests/data/ern/ai_432.xml");

fn read(text: &str) -> Message {
    Message::parse(text.as_bytes()).unwrap()
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or("-")
}

#[test]
fn ern_3_8_keeps_details_by_territory() {
    let message = read(ALBUM_382);
    assert_eq!(message.version.number, "3.8.2");
    assert_eq!(message.warnings, [""; 0]);
    assert_eq!(message.created_at.as_deref(), Some("2026-09-12T10:00:00Z"));
    let [first, second] = &message.recordings[..] else { panic!("{message:?}") };
    let d = &first.declared();
    assert_eq!((text(&d.title), text(&d.version)), ("Night Ferry", "Radio Edit"));
    assert_eq!(d.artists, ["Harbour Lights"], "the worldwide credit, not the Japanese one");
    let expected = [
        ("Guest Singer", "FeaturedArtist"),
        ("Ada Producer", "Producer"),
        ("Bo Writer", "ComposerLyricist"),
    ];
    assert_eq!(d.contributors, expected.map(|(n, r)| (n.to_owned(), r.to_owned())));
    assert_eq!((text(&d.isrc), text(&d.iswc)), ("USRC17607839", "T-034.524.680-1"));
    assert_eq!((text(&d.upc), text(&d.grid)), ("036000291452", "A12425GABC1234002M"));
    assert_eq!((text(&d.release_id), text(&d.album)), ("HSR-0042", "Crossings"));
    assert_eq!((text(&d.account), text(&d.label)), ("PADPIDA2020010203X", "Harbour Street"));
    assert_eq!((text(&d.genre), text(&d.release_date)), ("Synthpop", "2026-10-02"));
    assert_eq!(text(&d.p_line), "(P) 2026 Harbour Street Records");
    assert_eq!(text(&d.c_line), "2026 Harbour Street Records");
    assert_eq!((d.duration_ms, d.track_number), (Some(215_000), Some(1)));
    assert!(d.is_backfill && d.is_update && !d.is_catalog_transfer);
    assert_eq!(d.ai.level, AiLevel::Undeclared);
    assert_eq!(first.files.len(), 1, "a preview is no upload: {:?}", first.files);
    assert_eq!(first.files[0].uri, "resources/A1_01.flac");
    assert_eq!(first.files[0].hash.as_ref().unwrap().algorithm, "MD5");
    let d = &second.declared();
    assert_eq!((text(&d.title), text(&d.isrc)), ("Café Noir", "-"), "composed; the id is empty");
    assert_eq!((text(&d.iswc), d.track_number), ("T0345246801", Some(2)));
    assert_eq!((second.files[0].uri.as_str(), &d.artists[0][..]), ("A2_02.flac", "Harbour Lights"));
}

#[test]
fn the_namespace_says_the_version_and_senders_may_lack_an_id() {
    let message = read(SINGLE_383);
    assert_eq!(message.version.number, "3.8.1");
    assert!(message.is_test);
    let recording = &message.recordings[0];
    assert_eq!(recording.files[0].uri, "resources/Morgen%20rot.wav");
    let d = &recording.declared();
    assert_eq!(text(&d.account), "Kleines Label");
    assert_eq!((text(&d.upc), text(&d.album)), ("4006381333931", "Morgenrot"));
    assert!(d.is_catalog_transfer && !d.is_backfill);
}

#[test]
fn ern_4_1_refers_to_parties() {
    let message = read(SINGLE_411);
    assert_eq!(message.version.number, "4.1.1");
    let d = &message.recordings[0].declared();
    assert_eq!((text(&d.title), text(&d.version)), ("Salt Water", "Sped Up"));
    assert_eq!(d.artists, ["Marta Solana", "DJ Anker"]);
    assert_eq!(d.contributors, [("Marta Solana".to_owned(), "Composer".to_owned())]);
    assert_eq!((text(&d.label), text(&d.genre)), ("Salt Records", "House"));
    assert_eq!((text(&d.p_line), text(&d.release_date)), ("2025 Salt Records", "2026-11-06"));
    assert_eq!((text(&d.upc), text(&d.account)), ("5012345678900", "PADPIDA2019120100A"));
    assert_eq!(d.duration_ms, Some(171_400));
    assert_eq!(d.hash.as_ref().unwrap().algorithm, "SHA256");
}

#[test]
fn ern_4_3_keeps_files_in_editions() {
    let message = read(ALBUM_43);
    assert_eq!(message.version.number, "4.3");
    let recording = &message.recordings[0];
    let files: Vec<_> = recording.files.iter().map(|f| f.uri.as_str()).collect();
    assert_eq!(files, ["resources/01%20First%20Gear.flac"], "the other is not delivered");
    let d = &recording.declared();
    assert_eq!((text(&d.isrc), text(&d.iswc)), ("NLENG2600001", "T0345246801"));
    assert_eq!((text(&d.album), text(&d.album_artist)), ("Gears", "Quiet Engine"));
    assert_eq!((text(&d.label), text(&d.genre)), ("Engine Room", "Ambient"));
    assert_eq!((text(&d.parental), text(&d.account)), ("Explicit", "Account 4711"));
    assert_eq!(d.track_number, Some(7));
}

#[test]
fn ern_4_3_2_declares_generated_parts() {
    let message = read(AI_432);
    assert_eq!(message.version.number, "4.3.2");
    let ai: Vec<_> = message.recordings.iter().map(|r| r.declared().ai).collect();
    assert_eq!(ai[0].level, AiLevel::All);
    assert_eq!(
        ai[0].facets,
        [AiFacet::Vocals, AiFacet::Composition, AiFacet::Lyrics, AiFacet::Artwork]
    );
    assert_eq!((ai[0].tool.as_deref(), ai[0].source), (Some("Suno"), Some(DeclaredIn::Ern)));
    assert_eq!((ai[1].level, &ai[1].facets[..]), (AiLevel::None, &[AiFacet::Artwork][..]));
    assert_eq!(ai[2].level, AiLevel::Partly, "a contribution is a declaration");
    assert_eq!(ai[2].facets, [AiFacet::Instruments, AiFacet::Artwork]);
    assert_eq!(ai[3].level, AiLevel::Undeclared, "saying nothing is not saying none");
}

#[test]
fn a_release_that_declares_speaks_for_its_recordings() {
    let release = AI_432.replace(
        "<DisplayTitleText>Circuits</DisplayTitleText>",
        "<DisplayTitleText>Circuits</DisplayTitleText><ContainsAI>Partly</ContainsAI>",
    );
    let levels: Vec<_> = read(&release).recordings.iter().map(|r| r.declared().ai.level).collect();
    assert_eq!(levels, [AiLevel::All, AiLevel::None, AiLevel::Partly, AiLevel::Partly]);
}

#[test]
fn utf_16_and_unknown_versions_are_read() {
    let unknown = ALBUM_43.replace("/ern/43", "/ern/51").replace("UTF-8", "UTF-16");
    let units = [0xFEFF].into_iter().chain(unknown.encode_utf16());
    let bytes: Vec<u8> = units.flat_map(u16::to_be_bytes).collect();
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(message.version.number, "5.1");
    assert!(message.warnings[0].contains("5.1"), "{:?}", message.warnings);
    assert_eq!(text(&message.recordings[0].declared().isrc), "NLENG2600001");
}

#[test]
fn what_is_refused_is_refused_in_words() {
    let error = |text: &str| Message::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error("<CatalogListMessage/>").contains("`CatalogListMessage`"));
    assert!(error("<a>\n  <b></c></a>").contains("line 2"), "{}", error("<a>\n  <b></c></a>"));
    assert!(error("").contains("not well-formed"));
    let bomb = "<!DOCTYPE a [<!ENTITY x \"y\">]><NewReleaseMessage>&x;</NewReleaseMessage>";
    assert!(error(bomb).contains("document type"));
    let attributes: String = (0..1_000).map(|i| format!(" a{i}='1'")).collect();
    assert!(error(&format!("<NewReleaseMessage{attributes}/>")).contains("attributes"));
    let spaces = "<x xmlns:a='b'/>".repeat(5_000);
    assert!(
        error(&format!("<NewReleaseMessage>{spaces}</NewReleaseMessage>")).contains("namespace")
    );
}

#[test]
fn a_million_nested_elements_neither_overflow_nor_hang() {
    let open = "<a>".repeat(1_000_000);
    let error = |text: &str| Message::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(error(&open).contains("too deep"));
    assert!(error(&format!("{open}{}", "</a>".repeat(1_000_000))).contains("too deep"));
    // Signs inside comments, CDATA and attributes are no tags.
    let hidden = "<a>".repeat(300);
    read(&format!(
        "<NewReleaseMessage x='{}'><!-- {hidden} --><![CDATA[{hidden}]]></NewReleaseMessage>",
        "a>b/>"
    ));
}

#[test]
fn file_names_are_tried_as_written_and_decoded() {
    let names = |uri| file_names(uri).into_iter().map(|p| p.to_str().unwrap().to_owned());
    assert_eq!(names("a%20b.wav").collect::<Vec<_>>(), ["a%20b.wav", "a b.wav"]);
    assert_eq!(names("100%.wav").collect::<Vec<_>>(), ["100%.wav"]);
    assert_eq!(names("a%00b%ff.wav").collect::<Vec<_>>(), ["a%00b%ff.wav"]);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Message::parse(text.as_bytes());
    }

    /// Damage of real messages: a stretch cut out, another put in its place.
    #[test]
    fn damaged_messages_are_read_or_refused(
        which in 0usize..5,
        at in 0usize..6_000,
        cut in 0usize..400,
        put in "[<>/&a-z\" =]{0,8}",
    ) {
        let text = [ALBUM_382, SINGLE_383, SINGLE_411, ALBUM_43, AI_432][which];
        let mut bytes = text.as_bytes().to_vec();
        let at = at.min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, put.into_bytes());
        if let Ok(message) = Message::parse(&bytes) {
            for recording in message.recordings {
                let declared = recording.declared();
                for value in [declared.title, declared.isrc].into_iter().flatten() {
                    prop_assert!(!value.is_empty() && !value.contains(char::is_control));
                }
            }
        }
    }
}
