//! Decisions at the desk: into the log, and from there into the next scan.

use serde_json::{Value, json};

use crate::place::Place;
use crate::played::{piece, place as played};
use crate::service::Service;

fn decide(service: &Service, upload: &Value, body: &Value) -> Value {
    let address = format!("/v1/uploads/{}/decisions", upload["id"].as_str().unwrap());
    let mut body = body.clone();
    body["revision"] = upload["revision"].clone();
    service.post(&address, &body).expect(201).json()["upload"].clone()
}

/// The verdict of a scan on the command line.
fn verdict(place: &Place, file: &str) -> (String, usize) {
    let scanned = place.scan(&[file]);
    let verdict = scanned.one("verdict");
    let summary = scanned.one("summary");
    let matches = summary["matches"].as_u64().unwrap() as usize;
    (verdict["verdict"].as_str().unwrap().to_owned(), matches)
}

#[test]
fn what_is_decided_counts_from_the_next_scan_on_and_can_be_taken_back() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let service = Service::start(&place, &[]);
    let file = "incoming/night-drive.mp3";
    let upload = service.judged(&place, file);
    let before = verdict(&place, file);
    assert!(before.0 != "clear" && before.1 == 1, "{before:?}");
    let pass = json!({"action": "pass", "reason": "licence 2026-117"});
    let passed = decide(&service, &upload, &pass);
    assert_eq!(passed["status"], "passed");
    assert_eq!(verdict(&place, file).1, 0, "on the command line");
    let again = service.judged(&place, file);
    assert_eq!(again["matches"], 0, "and of the service: {again}");
    let log = place.run(&["audit", "list", "--index", "index", "--kind", "review"]);
    assert!(
        log.stdout.contains("pass") && log.stdout.contains("(ana: licence 2026-117)"),
        "{}",
        log.stdout
    );
    let back = decide(&service, &passed, &json!({"action": "reopen", "reason": "wrong file"}));
    assert_eq!(back["status"], "open");
    assert_eq!(verdict(&place, file), before);
    let rejected = decide(&service, &back, &json!({"action": "reject", "reason": "a copy"}));
    assert_eq!(rejected["status"], "rejected");
    assert_eq!(verdict(&place, file).0, "reject");
    // Another decision takes the place of the one before, with what followed from it.
    let held =
        decide(&service, &rejected, &json!({"action": "hold", "reason": "papers asked for"}));
    assert_eq!(held["status"], "held");
    assert_eq!(verdict(&place, file), before);
    place.run(&["audit", "verify", "--index", "index"]).expect(0);
    let address = format!("/v1/uploads/{}/decisions", upload["id"].as_str().unwrap());
    let history = service.get(&address).expect(200).json();
    let actions: Vec<&str> = history["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["pass", "reopen", "reject", "hold"]);
}

#[test]
fn nobody_overwrites_another_and_every_decision_has_a_reason() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &[]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    let address = format!("/v1/uploads/{}/decisions", upload["id"].as_str().unwrap());
    let seen = |action: &str, reason: &str| {
        service.post(
            &address,
            &json!({"action": action, "reason": reason, "revision": upload["revision"]}),
        )
    };
    seen("pass", " ").expect(422);
    let refused = seen("delete", "x").expect(422);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    seen("hold", "first").expect(201);
    let late = seen("reject", "second").expect(409);
    assert!(late.json()["detail"].as_str().unwrap().contains("meanwhile"));
    let fresh = service.judged(&place, "incoming/void-sensor.ogg");
    let nothing = format!("/v1/uploads/{}/decisions", fresh["id"].as_str().unwrap());
    service.post(&nothing, &json!({"action": "reopen", "reason": "x"})).expect(422);
    service
        .post(&nothing, &json!({"action": "park", "reason": "x", "until": "yesterday"}))
        .expect(422);
    // A hold has no end.
    let dated = json!({"action": "hold", "reason": "x", "until": "2099-01-01"});
    service.post(&nothing, &dated).expect(422);
    let notes = format!("/v1/uploads/{}/notes", upload["id"].as_str().unwrap());
    service.post(&notes, &json!({"text": " "})).expect(422);
    service.post(&notes, &json!({"text": "asked <b>the</b> label"})).expect(201);
    let page =
        service.get(&format!("/uploads/{}", upload["id"].as_str().unwrap())).expect(200).text();
    assert!(page.contains("asked &lt;b&gt;the&lt;/b&gt; label"));
}

#[test]
fn a_decision_on_a_cluster_is_one_on_each_of_its_uploads_and_on_no_other() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    // The same content as an upload of an earlier job, which is in no cluster.
    let alone = service.judged(&place, "incoming/night-drive.mp3");
    let clip = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let parts: [(&str, Option<&str>, &[u8]); 3] =
        ["a.mp3", "b.mp3", "c.mp3"].map(|name| ("audio", Some(name), &clip[..]));
    let job = service.submit(&parts, &[]).expect(202).json();
    let job = service.done(job["id"].as_str().unwrap());
    let clusters = service.get("/v1/clusters").expect(200).json();
    let id = clusters[0]["id"].as_str().unwrap();
    let decided = service
        .post(
            &format!("/v1/clusters/{id}/decisions"),
            &json!({"action": "hold", "reason": "three times the same"}),
        )
        .expect(201)
        .json();
    let ids = |uploads: &Value| -> Vec<String> {
        let all = uploads.as_array().unwrap().iter();
        let mut ids: Vec<String> =
            all.map(|u| u["id"].as_str().or(u.as_str()).unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&decided["uploads"]), ids(&job["uploads"]), "{decided}");
    let address = format!("/v1/uploads/{}", alone["id"].as_str().unwrap());
    assert_eq!(service.get(&address).expect(200).json()["status"], alone["status"]);
    let page = service.get(&format!("/clusters/{id}")).expect(200).text();
    assert!(page.contains("None of its members is open"));
}

#[test]
fn what_was_decided_outlives_the_state() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &[]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    let id = upload["id"].as_str().unwrap().to_owned();
    decide(&service, &upload, &json!({"action": "pass", "reason": "licensed", "reach": "file"}));
    // Decisions that others make on the command line come in between.
    let block =
        ["block", "add", "--account", "x", "--index", "index", "--reason", "bulk", "--who", "ben"];
    place.run(&block).expect(0);
    service.kill();
    // As if the copy of the log had never been there.
    let service = Service::start(&place, &[]);
    let upload = service.get(&format!("/v1/uploads/{id}")).expect(200).json();
    assert_eq!(upload["status"], "passed");
    // An older copy of the log was put back: what it does not hold is not decided.
    service.kill();
    for log in ["index.decisions.jsonl", "index/decisions.jsonl", "index/decisions.head"] {
        let _ = std::fs::remove_file(place.path(log));
    }
    let service = Service::start(&place, &[]);
    let upload = service.get(&format!("/v1/uploads/{id}")).expect(200).json();
    assert_eq!(upload["status"], "open");
}

#[test]
fn a_pass_ends_what_stands_in_its_way_or_says_why_not() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &[]);
    let file = "incoming/night-drive.mp3";
    let (first, second) = (service.judged(&place, file), service.judged(&place, file));
    decide(&service, &first, &json!({"action": "reject", "reason": "a copy"}));
    assert_eq!(verdict(&place, file).0, "reject");
    // The same content as another upload.
    let pass = json!({"action": "pass", "reason": "licence 2026-117", "reach": "file"});
    let passed = decide(&service, &second, &pass);
    assert_eq!(
        (passed["status"].as_str(), verdict(&place, file).0.as_str()),
        (Some("passed"), "clear")
    );
    let back = decide(&service, &passed, &json!({"action": "reopen", "reason": "wrong"}));
    // What was blocked elsewhere is not the desk's to end.
    let log = "index.decisions.jsonl";
    let block = ["block", "add", "--audio", file, "--decisions", log, "--reason", "court order"];
    let block = [&block[..], &["--who", "legal"]].concat();
    place.run(&block).expect(0);
    let address = format!("/v1/uploads/{}/decisions", back["id"].as_str().unwrap());
    let refused = service.post(&address, &pass).expect(422);
    assert!(
        refused.text().contains("legal: court order") && refused.text().contains("block remove d_")
    );
    let upload = service.get(&format!("/v1/uploads/{}", back["id"].as_str().unwrap())).expect(200);
    assert_eq!(upload.json()["status"], "open");
    // A decision is a line: reject, pass, reopen and the block of the command line.
    let log = std::fs::read_to_string(place.path("index.decisions.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 4, "{log}");
}

#[test]
fn a_pass_ends_that_what_plays_the_same_is_asked_about() {
    let place = played();
    let (band, piano) = (piece("band.ogg"), piece("piano.ogg"));
    place.run(&["index", "add", "--index", "index", "others", &piano, "--works"]).expect(0);
    let service = Service::start(&place, &["--works"]);
    let upload = service.judged(&place, &band);
    let asks = |upload: &Value| upload["rules"].as_array().unwrap().contains(&"WORK-001".into());
    let state = |upload: &Value| (asks(upload), upload["resemblances"].as_u64());
    assert_eq!(state(&upload), (true, Some(1)));
    let page = service.get(&format!("/uploads/{}", upload["id"].as_str().unwrap())).expect(200);
    assert!(page.text().contains("what it matches or resembles now"), "how far a pass reaches");
    let pass = json!({"action": "pass", "reason": "Not the same song; listened"});
    let passed = decide(&service, &upload, &pass);
    // What is found again is known.
    let again = service.judged(&place, &band);
    assert_eq!(state(&again), (false, Some(0)));
    let records = service.get(&format!("/v1/uploads/{}/records", again["id"].as_str().unwrap()));
    assert!(records.expect(200).text().contains("\"allowed_by\":\"d_"), "it is still shown");
    let quality = service.get("/quality").expect(200).text();
    assert!(quality.contains("WORK-001"), "{quality}");
    decide(&service, &passed, &json!({"action": "reopen", "reason": "not heard"}));
    assert_eq!(state(&service.judged(&place, &band)), (true, Some(1)));
}
