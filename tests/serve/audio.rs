//! Audio to listen to, and from where it is taken.

use serde_json::Value;

use crate::place::Place;
use crate::service::Service;

/// The name of the only match of `upload`.
fn matched(service: &Service, upload: &Value) -> String {
    let records = service.get(&format!("/v1/uploads/{}/records", upload["id"].as_str().unwrap()));
    let text = records.expect(200).text();
    let line = text.lines().find(|line| line.starts_with("{\"type\":\"match\"")).unwrap();
    let record: Value = serde_json::from_str(line).unwrap();
    record["match_id"].as_str().unwrap().to_owned()
}

#[test]
fn both_sides_can_be_heard_in_parts() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &["--media-root", "references"]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    let id = upload["id"].as_str().unwrap();
    let file = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let address = format!("/v1/uploads/{id}/audio");
    let whole = service.get(&address).expect(200);
    assert_eq!((whole.header("content-type"), &whole.body), ("audio/mpeg", &file));
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let part = service.get_with(&address, &[("range", "bytes=100-299")]).expect(206);
    assert_eq!(part.header("content-range"), format!("bytes 100-299/{}", file.len()));
    assert_eq!(part.body, file[100..300]);
    service.get_with(&address, &[("range", "bytes=99999999-")]).expect(416);
    let wav = service.get(&format!("{address}?form=wav")).expect(200);
    assert_eq!((wav.header("content-type"), &wav.body[..4]), ("audio/wav", &b"RIFF"[..]));
    let wave = service.get(&format!("/v1/uploads/{id}/waveform")).expect(200).json();
    assert!(wave["duration_ms"].as_u64().unwrap().abs_diff(12_000) < 200, "{wave}");
    let m = matched(&service, &upload);
    let there = service.get(&format!("/v1/uploads/{id}/matches/{m}/audio")).expect(200);
    let reference = std::fs::read(place.path("references/main-theme.ogg")).unwrap();
    assert_eq!((there.header("content-type"), &there.body), ("audio/ogg", &reference));
    service.get(&format!("/v1/uploads/{id}/matches/{m}/waveform")).expect(200);
    service.get(&format!("/v1/uploads/{id}/matches/m_0000000000000000/audio")).expect(404);
    let drawn = service.get(&format!("/uploads/{id}/matches/{m}/evidence")).expect(200).text();
    assert_eq!(drawn.matches("data:image/png").count(), 2, "both spectrograms");
}

#[test]
fn audio_that_is_not_there_is_said_not_to_be() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &[]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    let address = {
        let (id, m) = (upload["id"].as_str().unwrap(), matched(&service, &upload));
        format!("/v1/uploads/{id}/matches/{m}/audio")
    };
    let said = |service: &Service| {
        service.get(&address).expect(404).json()["detail"].as_str().unwrap().to_owned()
    };
    assert!(said(&service).contains("--media-root"));
    let page =
        service.get(&format!("/uploads/{}", upload["id"].as_str().unwrap())).expect(200).text();
    assert!(page.contains("--media-root"), "on the page as well");
    service.kill();
    // The folder was moved: the file is found by its content.
    std::fs::create_dir(place.path("moved")).unwrap();
    std::fs::rename(place.path("references"), place.path("moved/references")).unwrap();
    let service = Service::start(&place, &["--media-root", "moved"]);
    service.get(&address).expect(200);
    let file = place.path("moved/references/main-theme.ogg");
    std::fs::write(&file, "another").unwrap();
    assert!(said(&service).contains("Another file"));
    std::fs::remove_file(&file).unwrap();
    assert!(said(&service).contains("not at the place"));
    #[cfg(unix)]
    {
        // A link out of the root is not followed, even to the right file.
        place.copy("references/main-theme.ogg", "outside.ogg");
        std::os::unix::fs::symlink(place.path("outside.ogg"), &file).unwrap();
        assert!(said(&service).contains("not at the place"));
    }
}
