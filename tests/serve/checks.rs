//! The page of creators: told in plain words, heard, contested, and deleted in time.

use std::io::Read as _;

use serde_json::{Value, json};

use crate::place::Place;
use crate::service::{Service, form};

const KIND: &str = "multipart/form-data; boundary=----soundalike-test";

/// Sends a check, and waits for it; its job.
pub fn checked(service: &Service, place: &Place, clip: &str, check: &Value) -> String {
    let content = std::fs::read(place.path(clip)).unwrap();
    let declared = json!({"title": "Mine <b>", "rights": "yes", "ai": "partly"}).to_string();
    let check = check.to_string();
    let parts = [
        ("audio", Some("mine.mp3"), &content[..]),
        ("declared", None, declared.as_bytes()),
        ("check", None, check.as_bytes()),
        ("receipt", Some("licence.pdf"), &b"a paper"[..]),
    ];
    let sent = service.send("/v1/checks", &[("content-type", KIND)], &form(&parts)).expect(202);
    let job = sent.json()["id"].as_str().unwrap().to_owned();
    service.done(&job);
    job
}

#[test]
fn a_creator_is_told_hears_both_sides_and_takes_an_appeal_folder_home() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &["--media-root", "references", "--keep", "earlier"]);
    // Somebody else sent the same before.
    let content = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let parts = [
        ("audio", Some("other.mp3"), &content[..]),
        ("declared", None, &b"{\"account\":\"acc-77\",\"artist\":\"Zed Stranger\"}"[..]),
    ];
    let sent = service.submit(&parts, &[]).expect(202).json();
    service.done(sent["id"].as_str().unwrap());
    let wanted = json!({"services": ["generic"], "samples": "uncleared"});
    let job = checked(&service, &place, "incoming/night-drive.mp3", &wanted);
    let page = service.get(&format!("/check/{job}")).expect(200).text();
    for part in [
        "Mine &lt;b&gt;",
        "It sounds like",
        "UFO: AI Main Theme",
        "samples in it are not cleared",
        "The audio is deleted on",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    let headlines = ["Look at this before you submit.", "Do not submit this yet."];
    let headline = headlines.into_iter().find(|words| page.contains(words)).unwrap();
    assert!(!page.contains("AUDIO-00"), "no codes");
    // What the policies ask, with fields and sources.
    for part in ["What each of them asks", "To declare, and where", "Sources last looked at on"] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    for theirs in ["acc-77", "Zed Stranger"] {
        let around = page.find(theirs).map(|at| &page[at.saturating_sub(300)..at + 100]);
        assert_eq!(around, None, "nothing of what others sent");
    }
    // The matched seconds of both sides, and no more.
    let clips: Vec<&str> = page.split('"').filter(|part| part.ends_with(".flac")).collect();
    assert_eq!(clips.len(), 2, "{clips:?}");
    for clip in &clips {
        let sound = service.get(clip).expect(200);
        assert_eq!((sound.header("content-type"), &sound.body[..4]), ("audio/flac", &b"fLaC"[..]));
    }
    // Nobody has to decide on it, and it is no earlier upload of anybody.
    let open = service.get("/v1/uploads?status=open").expect(200).json();
    assert_eq!(open["uploads"].as_array().unwrap().len(), 1);
    let second = service.judged(&place, "incoming/night-drive.mp3");
    assert!(second["id"].is_string());
    for cluster in service.get("/v1/clusters").expect(200).json().as_array().unwrap() {
        let id = cluster["id"].as_str().unwrap();
        let record = service.get(&format!("/v1/clusters/{id}")).expect(200).text();
        assert!(!record.contains(&job), "a check is nobody's near-duplicate: {record}");
    }
    let zip = service.get(&format!("/check/{job}/appeal.zip")).expect(200);
    assert_eq!(zip.header("content-type"), "application/zip");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip.body)).unwrap();
    let mut text = |name: &str| {
        let mut text = Vec::new();
        zip.by_name(&format!("appeal/{name}")).unwrap().read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).into_owned()
    };
    assert!(text("match/records.jsonl").contains("\"type\":\"match\""));
    assert!(text("result.html").contains(headline));
    assert_eq!(text("receipts/licence.pdf"), "a paper");
    assert!(text("match/01-upload.flac").starts_with("fLaC"));
    assert!(text("match/01-reference.flac").starts_with("fLaC"));
    let declaration: Value = serde_json::from_str(&text("declaration.json")).unwrap();
    assert_eq!(declaration["files"][0]["declared"]["ai"], "partly");
    assert_eq!(declaration["answers"]["samples"], "uncleared");
    let sums = text("SHA256SUMS");
    assert_eq!(sums.lines().count(), 8, "{sums}");
    assert!(
        text("HASH.txt").contains("SHA-256 of SHA256SUMS: ") && text("HASH.txt").starts_with("20")
    );
}

#[test]
fn audio_and_papers_of_a_check_are_deleted_and_the_result_stays() {
    let place = Place::indexed(&["main-theme"]);
    let more = ["--media-root", "references", "--delete-checked-after", "0"];
    let service = Service::start(&place, &more);
    let job = checked(&service, &place, "incoming/night-drive.mp3", &json!({}));
    let folder = place.path(&format!("desk/uploads/{job}"));
    while service
        .get(&format!("/check/{job}"))
        .expect(200)
        .text()
        .contains("The audio is deleted on")
    {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(!folder.exists(), "audio and papers");
    let page = service.get(&format!("/check/{job}")).expect(200).text();
    assert!(page.contains("The audio was deleted on") && page.contains("UFO: AI Main Theme"));
    // What is gone is heard as peaks.
    let clips: Vec<&str> = page.split('"').filter(|part| part.ends_with(".flac")).collect();
    assert!(clips.iter().any(|clip| clip.ends_with("peaks.flac")), "{clips:?}");
    clips.iter().for_each(|clip| assert_eq!(service.get(clip).expect(200).body[..4], b"fLaC"[..]));
    let zip = service.get(&format!("/check/{job}/appeal.zip")).expect(200);
    let names = zip::ZipArchive::new(std::io::Cursor::new(zip.body)).unwrap();
    for name in names.file_names() {
        let name = name.unwrap();
        assert!(!name.contains("receipts/") && !name.contains("upload.flac"), "{name}");
    }
    // What was sent to be decided on stays.
    let upload = service.judged(&place, "incoming/void-sensor.ogg");
    checked(&service, &place, "incoming/funky-sax.mp3", &json!({}));
    service.get(&format!("/v1/uploads/{}/audio", upload["id"].as_str().unwrap())).expect(200);
}

#[test]
fn a_check_is_shown_to_whoever_sent_it() {
    let place = Place::indexed(&["main-theme"]);
    let mut tokens = Vec::new();
    let mut lines = String::new();
    for (name, role) in [("kim", "submit"), ("lee", "submit"), ("ana", "review")] {
        let made = place.run(&["token", name, "--role", role]).expect(0);
        lines += &made.stdout;
        tokens.push(made.stderr.trim().rsplit(' ').next().unwrap().to_owned());
    }
    place.write("tokens.jsonl", lines);
    let service =
        Service::start(&place, &["--media-root", "references", "--tokens", "tokens.jsonl"]);
    let bearer = |token: &String| format!("Bearer {token}");
    let service = service.saying("authorization", &bearer(&tokens[0]));
    let job = checked(&service, &place, "incoming/night-drive.mp3", &json!({}));
    let page = service.get(&format!("/check/{job}")).expect(200).text();
    let clip = page.split('"').find(|part| part.ends_with("reference.flac")).unwrap().to_owned();
    service.get(&clip).expect(200);
    // Not the whole of a reference, nor what is for reviewers.
    let upload = clip.split('/').nth(3).unwrap();
    service.get(&format!("/v1/uploads/{upload}/audio")).expect(403);
    service.get("/account?name=kim").expect(403);
    let service = service.saying("authorization", &bearer(&tokens[1]));
    for path in [format!("/check/{job}"), clip.clone(), format!("/check/{job}/appeal.zip")] {
        service.get(&path).expect(404);
    }
    let service = service.saying("authorization", &bearer(&tokens[2]));
    service.get(&format!("/check/{job}")).expect(200);
    // What cannot be asked for is refused, and nothing is left of it.
    let bad =
        [("audio", Some("a.mp3"), &b"x"[..]), ("check", None, &b"{\"services\":[\"../x\"]}"[..])];
    service.send("/v1/checks", &[("content-type", KIND)], &form(&bad)).expect(400);
    assert_eq!(std::fs::read_dir(place.path("desk/uploads")).unwrap().count(), 1);
}
