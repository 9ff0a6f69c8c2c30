//! Pages of the desk beside the queue and an upload: accounts over days, pictures and sound of peaks.

use serde_json::{Value, json};

use crate::place::Place;
use crate::service::Service;

/// Sends a clip with what is declared about it; its upload.
fn declared(service: &Service, place: &Place, clip: &str, declared: &Value) -> Value {
    let content = std::fs::read(place.path(clip)).unwrap();
    let name = clip.rsplit('/').next().unwrap();
    let text = declared.to_string();
    let parts = [("audio", Some(name), &content[..]), ("declared", None, text.as_bytes())];
    let job = service.submit(&parts, &[]).expect(202).json();
    let job = service.done(job["id"].as_str().unwrap());
    let upload = job["uploads"][0].as_str().unwrap();
    service.get(&format!("/v1/uploads/{upload}")).expect(200).json()
}

#[test]
fn an_account_is_told_with_uploads_statements_and_decisions_by_day() {
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let service = Service::start(&place, &[]);
    let account = "acc <b>&\"/ä";
    let night = declared(
        &service,
        &place,
        "incoming/night-drive.mp3",
        &json!({"account": account, "rights": "yes", "ai": "partly", "label": "Speedhouse", "isrc": "DE-A01-26-00001"}),
    );
    declared(
        &service,
        &place,
        "incoming/funky-sax.mp3",
        &json!({"account": account, "title": "Sax", "isrc": "USS1Z2600002"}),
    );
    declared(&service, &place, "incoming/void-sensor.ogg", &json!({"account": "another"}));
    let id = night["id"].as_str().unwrap();
    let decision = json!({"action": "hold", "reason": "papers <i>asked</i> for"});
    service.post(&format!("/v1/uploads/{id}/decisions"), &decision).expect(201);
    let address = "/account?name=acc%20%3Cb%3E%26%22%2F%C3%A4";
    for page in ["/?status=", &format!("/uploads/{id}")] {
        let page = service.get(page).expect(200).text();
        assert!(page.contains(address) || page.contains(&address.replace('&', "&amp;")));
    }
    let page = service.get(address).expect(200).text();
    let day = night["received_at"].as_str().unwrap().get(..10).unwrap();
    for part in [
        day,
        "Speedhouse",
        "DEA01",
        "USS1Z",
        "Holds the rights",
        "Partly made with a generator",
        "Says nothing about rights",
        "papers &lt;i&gt;asked&lt;/i&gt; for",
        "by <bdi>ana</bdi>",
        "Held",
        "Sax",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    assert!(!page.contains("<b>&\"") && !page.contains("void-sensor"));
    service.get("/account?name=nobody").expect(404);
    service.get("/account").expect(400);
}

#[test]
fn spectrograms_come_in_tiles_and_peaks_as_points_and_sound() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &["--media-root", "references"]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    let id = upload["id"].as_str().unwrap();
    let records = service.get(&format!("/v1/uploads/{id}/records")).expect(200).text();
    let line = records.lines().find(|line| line.starts_with("{\"type\":\"match\"")).unwrap();
    let record: Value = serde_json::from_str(line).unwrap();
    let of_match = format!("/v1/uploads/{id}/matches/{}", record["match_id"].as_str().unwrap());
    for side in [format!("/v1/uploads/{id}/spectrogram"), format!("{of_match}/spectrogram")] {
        let index = service.get(&side).expect(200).json();
        let columns: Vec<u64> =
            index["columns"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
        assert!(columns.len() > 1 && columns[0] > 512, "{index}");
        assert_eq!((&index["tile"], &index["places"]), (&json!(512), &Value::Null));
        let coarsest = columns.len() - 1;
        for (scale, tile) in [(0, 1), (coarsest, 0)] {
            let png = service.get(&format!("{side}/{scale}/{tile}")).expect(200);
            assert_eq!(png.header("content-type"), "image/png");
            assert!(png.body.starts_with(b"\x89PNG"));
        }
        service.get(&format!("{side}/0/999")).expect(404);
        service.get(&format!("{side}/99/0")).expect(404);
        service.get(&format!("{side}/-1/0")).expect(400);
    }
    let peaks = service.get(&format!("{of_match}/peaks")).expect(200).json();
    assert!(peaks["pairs"].as_array().unwrap().len() > 100);
    // The sound of the peaks is there even where the audio is not.
    std::fs::remove_dir_all(place.path("references")).unwrap();
    service.get(&format!("{of_match}/spectrogram")).expect(404);
    let wav = service.get(&format!("{of_match}/peaks.wav")).expect(200);
    assert_eq!((wav.header("content-type"), &wav.body[..4]), ("audio/wav", &b"RIFF"[..]));
    assert_eq!(wav.header("soundalike-begin"), "0");
    let reader = hound::WavReader::new(std::io::Cursor::new(&wav.body)).unwrap();
    assert_eq!(reader.spec().channels, 2);
    let frames: Vec<i16> = reader.into_samples::<i16>().map(|s| s.unwrap()).collect();
    let energy = |pick: &dyn Fn(f64, f64) -> f64| -> f64 {
        frames.chunks(2).map(|f| pick(f64::from(f[0]), f64::from(f[1])).powi(2)).sum()
    };
    // A copy: most of it comes from the middle.
    let (middle, sides) = (energy(&|l, r| l + r), energy(&|l, r| l - r));
    assert!(middle > 1.5 * sides, "{middle} {sides}");
    let part = service.get_with(&format!("{of_match}/peaks.wav"), &[("range", "bytes=0-43")]);
    assert_eq!(part.expect(206).body, wav.body[..44]);
}

#[test]
fn rules_are_told_by_what_people_decided_and_clear_ones_are_sampled() {
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let service = Service::start(&place, &[]);
    let night = service.judged(&place, "incoming/night-drive.mp3");
    let medley = service.judged(&place, "incoming/summer-medley.m4a");
    let clear = declared(
        &service,
        &place,
        "incoming/void-sensor.ogg",
        &json!({"title": "Void", "artist": "Nobody", "isrc": "USS1Z2600009", "rights": "yes", "ai": "none"}),
    );
    assert_eq!(clear["verdict"], "clear", "{clear}");
    let decide = |upload: &Value, action: &str, reason: &str| {
        let address = format!("/v1/uploads/{}/decisions", upload["id"].as_str().unwrap());
        service.post(&address, &json!({"action": action, "reason": reason})).expect(201);
    };
    decide(&night, "reject", "Copy of a recording of somebody else");
    decide(&medley, "pass", "Not the same recording; I listened");
    let page = service.get("/quality").expect(200).text();
    let rule = night["rules"][0].as_str().unwrap();
    assert!(page.contains(rule), "{page}");
    let shared = |rule: &Value| medley["rules"].as_array().unwrap().contains(rule);
    let both = night["rules"].as_array().unwrap().iter().any(shared);
    assert!(page.contains(if both { "50 %" } else { "100 %" }), "{page}");
    // Drawn, and what a look at it found.
    let id = clear["id"].as_str().unwrap();
    assert!(page.contains(&format!("/quality/{id}")));
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    service.send(&format!("/quality/{id}"), &kind, &b"outcome=missed"[..]).expect(303);
    let page = service.get("/quality").expect(200).text();
    assert!(page.contains("1 of 1 looked at, 1 missed"), "{page}");
    let night = night["id"].as_str().unwrap();
    service.send(&format!("/quality/{night}"), &kind, &b"outcome=right"[..]).expect(422);
}

#[test]
fn a_view_of_the_queue_is_kept_and_forgotten() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &[]);
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    let keep = |body: &str| service.send("/views", &kind, body.as_bytes());
    let kept =
        keep("name=Mine+%3Cb%3E&address=%2F%3Fstatus%3Dopen%26account%3Da%2520b").expect(303);
    assert_eq!(kept.header("location"), "/?status=open&account=a%20b");
    let page = service.get("/").expect(200).text();
    assert!(page.contains("/?status=open&amp;account=a%20b") && page.contains("Mine &lt;b&gt;"));
    // What the queue does not understand is kept nowhere.
    for address in
        ["https%3A%2F%2Fevil.example%2F%3Fx%3D1", "javascript%3Aalert(1)", "%2F%3Fstatus%3Dnone"]
    {
        let answer = keep(&format!("name=x&address={address}"));
        assert!((400..500).contains(&answer.status), "{address}: {}", answer.status);
    }
    service.send("/views/1/forget", &kind, &b""[..]).expect(303);
    assert!(!service.get("/").expect(200).text().contains("Mine &lt;b&gt;"));
}

#[test]
fn a_signed_credential_stands_on_the_page_of_its_upload() {
    let place = Place::indexed(&["main-theme"]);
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/credentials");
    for name in ["ca.pem", "generated.wav", "recorded.mp3"] {
        std::fs::copy(data.join(name), place.path(name)).unwrap();
    }
    let service = Service::start(&place, &["--trust", "ca.pem"]);
    for (file, heading, said) in [
        ("generated.wav", "Signed credential: intact, signer trusted", "made by a trained model"),
        ("recorded.mp3", "Signed credential: intact, signer not known", "Example Studio signing"),
    ] {
        let upload = service.judged(&place, file);
        let id = upload["id"].as_str().unwrap();
        let page = service.get(&format!("/uploads/{id}")).expect(200).text();
        for part in [heading, said, "SynthID"] {
            assert!(page.contains(part), "{part}");
        }
    }
    let plain = service.judged(&place, "incoming/void-sensor.ogg");
    let page =
        service.get(&format!("/uploads/{}", plain["id"].as_str().unwrap())).expect(200).text();
    assert!(!page.contains("Signed credential"));
}
