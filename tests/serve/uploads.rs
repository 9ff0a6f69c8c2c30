//! What is sent, what comes of it, and how it is listed.

use serde_json::{Value, json};

use crate::place::Place;
use crate::service::Service;

/// The lines of `text` of these types, as they stand there.
fn lines<'t>(text: &'t str, types: &[&str]) -> Vec<&'t str> {
    let kept =
        |line: &&str| types.iter().any(|kind| line.starts_with(&format!("{{\"type\":\"{kind}\"")));
    text.lines().filter(kept).collect()
}

#[test]
fn what_is_sent_is_judged_as_the_command_line_judges_it() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let service = Service::start(&place, &[]);
    let clip = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let declared = json!({"title": "Night Drive", "artist": "Nobody", "isrc": "USS1Z9900001",
                          "account": "acc-1", "rights": "yes", "ai": "none"});
    let declared = declared.to_string();
    let parts: [(&str, Option<&str>, &[u8]); 2] =
        [("declared", None, declared.as_bytes()), ("audio", Some("night-drive.mp3"), &clip)];
    let sent = service.submit(&parts, &[]).expect(202);
    let job = sent.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(sent.header("location"), format!("/v1/jobs/{job}"));
    let job = service.done(&job);
    assert_eq!(job["summary"]["scanned"], 1);
    let id = job["uploads"][0].as_str().unwrap();
    let upload = service.get(&format!("/v1/uploads/{id}")).expect(200).json();
    assert_eq!((&upload["title"], &upload["account"]), (&json!("Night Drive"), &json!("acc-1")));
    assert_eq!((&upload["status"], &upload["matches"]), (&json!("open"), &json!(1)));
    let told = service.get(&format!("/v1/uploads/{id}/records")).expect(200).text();
    let path = upload["path"].as_str().unwrap();
    let manifest = path.replace("night-drive.mp3", "declared.jsonl");
    let scanned = place.scan(&[path, "--manifest", &manifest]);
    let types = ["match", "evidence", "scanned", "finding", "verdict"];
    let (told, scanned) = (lines(&told, &types), lines(&scanned.stdout, &types));
    assert!(told.len() >= 5, "{told:?}");
    assert_eq!(told, scanned, "byte for byte");
}

#[test]
fn nothing_is_left_out_in_silence() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    let upload = service.judged(&place, "incoming/not-audio.mp3");
    assert_eq!((&upload["verdict"], &upload["status"]), (&json!("unreadable"), &json!("open")));
    assert!(upload["error"].as_str().unwrap().contains("Not an audio file"), "{upload}");
    // A table that is sent as audio is audio that cannot be read: nothing in it is followed.
    let table = "file,title\n/etc/passwd,x\n";
    let job = service.submit(&[("audio", Some("x.csv"), table.as_bytes())], &[]).expect(202).json();
    let job = service.done(job["id"].as_str().unwrap());
    let listed = service.get("/v1/uploads?q=passwd").expect(200).json();
    assert_eq!(listed["uploads"], json!([]), "{job}");
    service.get("/v1/uploads?q=passwd%00x").expect(200);
    for (parts, problem) in [
        (&[("declared", None, &b"{}"[..])][..], "no part `audio`"),
        (
            &[("audio", Some("a.mp3"), &b"x"[..]), ("declared", None, &b"nonsense"[..])][..],
            "no JSON object",
        ),
        (&[("other", None, &b"x"[..])][..], "other"),
        (&[("declared", None, &b"{}"[..]), ("declared", None, &b"{}"[..])][..], "twice"),
    ] {
        let refused = service.submit(parts, &[]).expect(400);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert!(refused.json()["detail"].as_str().unwrap().contains(problem), "{}", refused.text());
    }
    let left = std::fs::read_dir(place.path("desk/uploads")).unwrap().count();
    assert_eq!(left, 2, "what was refused is gone");
}

#[test]
fn the_same_request_is_taken_once() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    let clip = std::fs::read(place.path("incoming/void-sensor.ogg")).unwrap();
    let key = [("idempotency-key", "delivery-7")];
    let first = service.submit(&[("audio", Some("a.ogg"), &clip)], &key).expect(202).json();
    let again = service.submit(&[("audio", Some("a.ogg"), &clip)], &key).expect(200).json();
    assert_eq!(first["id"], again["id"]);
    service.submit(&[("audio", Some("b.ogg"), b"something else")], &key).expect(409);
    service.done(first["id"].as_str().unwrap());
    let listed = service.get("/v1/uploads").expect(200).json();
    assert_eq!(listed["uploads"].as_array().unwrap().len(), 1);
}

#[test]
fn paths_are_taken_below_allowed_roots_only() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let service = Service::start(&place, &["--allow-root", "incoming"]);
    let at = |name: &str| place.path(name).to_str().unwrap().to_owned();
    let sent = service.post("/v1/uploads", &json!({"path": at("incoming")})).expect(202).json();
    let job = service.done(sent["id"].as_str().unwrap());
    assert_eq!(job["uploads"].as_array().unwrap().len(), 5, "{job}");
    #[cfg(unix)]
    std::os::unix::fs::symlink(place.path("references"), place.path("incoming/link")).unwrap();
    for outside in
        ["references", "incoming/../references/zalek.ogg", "incoming/link/zalek.ogg", "none"]
    {
        let refused = service.post("/v1/uploads", &json!({"path": at(outside)})).expect(403);
        assert!(refused.json()["detail"].as_str().unwrap().contains("allow-root"));
    }
    // What a table names outside of the root is no upload.
    place.write(
        "incoming/evil.csv",
        format!("file,title\n{},x\n../references/zalek.ogg,y\n", at("references/zalek.ogg")),
    );
    let path = at("incoming/evil.csv");
    let sent = service.post("/v1/uploads", &json!({"path": path})).expect(202).json();
    let job = service.done(sent["id"].as_str().unwrap());
    assert_eq!(job["summary"]["scanned"], 0, "{job}");
    assert!(job["summary"]["errors"].as_u64().unwrap() > 0);
}

#[test]
fn uploads_are_listed_page_by_page_and_filtered() {
    let place = Place::indexed(&["main-theme", "typing-to-jazz", "zalek"]);
    let service = Service::start(&place, &["--allow-root", "incoming"]);
    let path = place.path("incoming").to_str().unwrap().to_owned();
    let sent = service.post("/v1/uploads", &json!({"path": path})).expect(202).json();
    service.done(sent["id"].as_str().unwrap());
    let names = |listed: &Value| -> Vec<String> {
        let uploads = listed["uploads"].as_array().unwrap();
        uploads.iter().map(|u| u["name"].as_str().unwrap().to_owned()).collect()
    };
    for order in ["gravest", "newest", "oldest"] {
        let whole = service.get(&format!("/v1/uploads?order={order}")).expect(200).json();
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let address = format!("/v1/uploads?order={order}&limit=2{after}");
            let page = service.get(&address).expect(200).json();
            paged.extend(names(&page));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(paged, names(&whole), "{order}");
        assert_eq!(paged.len(), 5);
    }
    let open = service.get("/v1/uploads?status=open&verdict=unreadable").expect(200).json();
    assert_eq!(names(&open), ["not-audio.mp3"]);
    let found = service.get("/v1/uploads?q=medley").expect(200).json();
    assert_eq!(names(&found), ["summer-medley.m4a"]);
    let found = service.get("/v1/uploads?q=%25").expect(200).json();
    assert_eq!(names(&found), [""; 0], "a sign is a sign");
    service.get("/v1/uploads?verdict=guilty").expect(400);
    let refused = service.get("/v1/uploads?colour=red").expect(400);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    service.get("/v1/uploads/u_0000000000000000").expect(404);
}

#[test]
fn references_that_come_later_count_without_a_restart() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    let before = service.judged(&place, "incoming/night-drive.mp3");
    assert_eq!(before["matches"], 0);
    let state = service.get("/v1/index").expect(200).json();
    place.add(&["references/main-theme.ogg"]);
    let after = service.judged(&place, "incoming/night-drive.mp3");
    assert_eq!(after["matches"], 1);
    let now = service.get("/v1/index").expect(200).json();
    assert_eq!(
        (&state["references"]["tracks"], &now["references"]["tracks"]),
        (&json!(1), &json!(2))
    );
    assert_ne!(state["references"]["id"], now["references"]["id"]);
}

#[test]
fn near_duplicates_of_earlier_uploads_are_a_cluster() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &["--keep", "earlier"]);
    service.judged(&place, "incoming/night-drive.mp3");
    place.copy("references/main-theme.ogg", "other.ogg");
    place.copy("incoming/night-drive.mp3", "again.mp3");
    let mut again = std::fs::read(place.path("again.mp3")).unwrap();
    again.extend_from_slice(&[0; 64]);
    place.write("again.mp3", again);
    let upload = service.judged(&place, "again.mp3");
    assert_eq!(upload["clusters"], 1, "{upload}");
    let clusters = service.get("/v1/clusters").expect(200).json();
    let id = clusters[0]["id"].as_str().unwrap();
    let cluster = service.get(&format!("/v1/clusters/{id}")).expect(200).json();
    assert_eq!(cluster["members"].as_array().unwrap().len(), 2);
    let page = service.get(&format!("/clusters/{id}")).expect(200).text();
    assert!(page.contains("2 tracks that share one recording"), "{page}");
    assert_eq!(upload["status"], "open", "{upload}");
    let decision = json!({"action": "hold", "reason": "part of a bulk upload"});
    let decided =
        service.post(&format!("/v1/clusters/{id}/decisions"), &decision).expect(201).json();
    let held = decided["uploads"].as_array().unwrap();
    assert!(held.iter().any(|u| u["id"] == upload["id"]), "{decided}");
    assert!(held.iter().all(|u| u["status"] == "held"), "{decided}");
    service.post(&format!("/v1/clusters/{id}/decisions"), &decision).expect(422);
    for member in 0..2 {
        let address = format!("/v1/clusters/{id}/members/{member}/audio");
        assert_eq!(service.get(&address).expect(200).header("content-type"), "audio/mpeg");
    }
}

#[test]
fn the_service_describes_itself() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    assert_eq!(service.get("/healthz").expect(200).text(), "ok\n");
    assert_eq!(service.get("/readyz").expect(200).text(), "ready\n");
    let openapi = service.get("/openapi.json").expect(200).json();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in ["/v1/uploads", "/v1/uploads/{id}/decisions", "/v1/jobs/{id}", "/metrics"] {
        assert!(openapi["paths"][path].is_object(), "{path}");
    }
    let metrics = service.get("/metrics").expect(200).text();
    assert!(
        metrics.contains("soundalike_ready 1\n") && metrics.contains("soundalike_references 1\n")
    );
    let policies = service.get("/v1/policies").expect(200).json();
    assert_eq!(policies[0]["id"], "generic");
    service.get("/v1/nothing").expect(404);
    std::fs::rename(place.path("index/MANIFEST"), place.path("gone")).unwrap();
    while service.get("/readyz").status == 200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let refused = service.get("/readyz").expect(503);
    assert!(refused.json()["detail"].as_str().unwrap().contains("index"), "{}", refused.text());
    std::fs::rename(place.path("gone"), place.path("index/MANIFEST")).unwrap();
    while service.get("/readyz").status != 200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
