//! Copies, tables made anew, and what is erased.

use serde_json::{Value, json};

use crate::place::Place;
use crate::service::Service;

/// Everything that the interface says of uploads and decisions.
fn told(service: &Service) -> Vec<Value> {
    let listed = service.get("/v1/uploads?limit=500&order=oldest").expect(200).json();
    let uploads = listed["uploads"].as_array().unwrap();
    uploads
        .iter()
        .map(|upload| {
            let id = upload["id"].as_str().unwrap();
            let records = service.get(&format!("/v1/uploads/{id}/records")).expect(200).text();
            let history = service.get(&format!("/v1/uploads/{id}/decisions")).expect(200).json();
            let mut upload = upload.clone();
            // When it was looked at is known by the time of a file.
            upload.as_object_mut().unwrap().remove("received_at");
            json!([upload, records, history])
        })
        .collect()
}

/// A service with uploads, a decision and a remark.
fn filled(place: &Place) -> (Service, Vec<String>) {
    let service = Service::start(place, &["--keep", "earlier"]);
    let clip = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let declared = json!({"title": "Geheim", "artist": "Niemand", "account": "acc-1"}).to_string();
    let parts: [(&str, Option<&str>, &[u8]); 3] = [
        ("declared", None, declared.as_bytes()),
        ("audio", Some("secret-one.mp3"), &clip),
        ("audio", Some("secret-two.mp3"), &clip),
    ];
    let job = service.submit(&parts, &[]).expect(202).json();
    let job = service.done(job["id"].as_str().unwrap());
    let other = service.judged(place, "incoming/void-sensor.ogg");
    let mut ids: Vec<String> =
        job["uploads"].as_array().unwrap().iter().map(|u| u.as_str().unwrap().into()).collect();
    ids.push(other["id"].as_str().unwrap().to_owned());
    let at = |what: &str| format!("/v1/uploads/{}/{what}", ids[0]);
    let hold = json!({"action": "hold", "reason": "papers"});
    service.post(&at("decisions"), &hold).expect(201);
    service.post(&at("notes"), &json!({"text": "asked Geheim"})).expect(201);
    (service, ids)
}

#[test]
fn a_copy_of_a_running_service_can_be_put_back() {
    let place = Place::indexed(&["main-theme"]);
    let (service, ids) = filled(&place);
    let before = told(&service);
    let args = ["desk", "backup", "--state", "desk", "--index", "index", "--to", "copy"];
    place.run(&args).expect(0);
    // What came later is not in it.
    service.judged(&place, "incoming/summer-medley.m4a");
    place.run(&args).expect(74);
    service.kill();
    std::fs::rename(place.path("desk"), place.path("lost")).unwrap();
    for log in ["index.decisions.jsonl", "index/decisions.jsonl", "index/decisions.head"] {
        let _ = std::fs::remove_file(place.path(log));
    }
    std::fs::rename(place.path("copy/decisions.jsonl"), place.path("index.decisions.jsonl"))
        .unwrap();
    std::fs::rename(place.path("copy"), place.path("desk")).unwrap();
    place.run(&["audit", "verify", "--index", "index"]).expect(0);
    let service = Service::start(&place, &[]);
    let after = told(&service);
    let states = |all: &[Value]| -> Vec<Value> {
        all.iter().map(|one| json!([one[0]["id"], one[0]["status"], one[2]])).collect()
    };
    assert_eq!(states(&before), states(&after));
    assert_eq!(after.len(), 3);
    // Records name audio where it lay; here it lies where it lay.
    service.get(&format!("/v1/uploads/{}/audio", ids[0])).expect(200);
}

#[test]
fn tables_that_are_lost_are_made_anew() {
    let place = Place::indexed(&["main-theme"]);
    let (service, ids) = filled(&place);
    // What is neither in the log nor in records: an audit, views, a check whose audio is gone.
    let clear = service.judged(&place, "incoming/summer-medley.m4a");
    let clear = clear["id"].as_str().unwrap().to_owned();
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    service.send(&format!("/quality/{clear}"), &kind, &b"outcome=missed"[..]).expect(303);
    for view in ["name=Gone&address=/", "name=Mine&address=/%3Faccount%3Dacc-1"] {
        service.send("/views", &kind, view.as_bytes()).expect(303);
    }
    service.send("/views/1/forget", &kind, b"").expect(303);
    let check = crate::checks::checked(
        &service,
        &place,
        "incoming/night-drive.mp3",
        &json!({"services": ["generic"], "samples": "none"}),
    );
    let open = |service: &Service| service.get("/v1/uploads").expect(200).json();
    let (queue, checked) = (open(&service), service.get(&format!("/check/{check}")).expect(200));
    let before = told(&service);
    service.kill();
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(place.path(&format!("desk/desk.sqlite{end}")));
    }
    // Not in silence with an empty queue.
    let args = ["serve", "--index", "index", "--state", "desk", "--listen", "127.0.0.1:0"];
    let refused = place.run(&args).expect(74);
    assert!(refused.stderr.contains("desk rebuild"), "{}", refused.stderr);
    place.run(&["desk", "rebuild", "--state", "desk"]).expect(0);
    let service = Service::start(&place, &["--keep", "earlier"]);
    assert_eq!(told(&service), before);
    service.get(&format!("/v1/uploads/{}/audio", ids[1])).expect(200);
    let listed = service.get("/v1/uploads?q=Geheim").expect(200).json();
    assert_eq!(listed["uploads"].as_array().unwrap().len(), 2);
    let page = service.get("/quality").expect(200).text();
    assert!(page.contains("missed"), "the audit is known");
    let page = service.get("/").expect(200).text();
    assert!(page.contains(">Mine<") && !page.contains(">Gone<"), "{page}");
    // A check waits for nobody, and its page says what it said.
    assert_eq!(
        open(&service)["uploads"].as_array().map(Vec::len),
        queue["uploads"].as_array().map(Vec::len)
    );
    let again = service.get(&format!("/check/{check}")).expect(200).text();
    assert_eq!(again, checked.text());
    // Who is erased is named by no view either.
    let wish = json!({"account": "acc-1", "reason": "request 12"});
    service.post("/v1/erasures", &wish).expect(200);
    assert!(!service.get("/").expect(200).text().contains(">Mine<"));
    service.kill();
    assert_eq!(stands(&place, "desk", "acc-1"), Vec::<std::path::PathBuf>::new());
    // The list of erasures outlives another loss.
    place.run(&["desk", "rebuild", "--state", "desk"]).expect(0);
    let service = Service::start(&place, &["--keep", "earlier"]);
    let erasures = service.get("/v1/erasures").expect(200).json();
    assert!(erasures.to_string().contains("request 12"), "{erasures}");
}

/// Whether these bytes stand anywhere below a folder.
fn stands(place: &Place, folder: &str, words: &str) -> Vec<std::path::PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![place.path(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains(words)
                || std::fs::read(&path)
                    .unwrap()
                    .windows(words.len())
                    .any(|bytes| bytes == words.as_bytes())
            {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn what_is_erased_is_gone_and_the_log_stays_sound() {
    let place = Place::indexed(&["main-theme"]);
    let (service, ids) = filled(&place);
    let others = |service: &Service| told(service).pop().unwrap();
    let before = others(&service);
    service.post("/v1/erasures", &json!({"account": "acc-1", "reason": " "})).expect(422);
    service.post("/v1/erasures", &json!({"upload": "u_none", "reason": "x"})).expect(404);
    let wish = json!({"upload": ids[0], "reason": "request 12"});
    assert_eq!(service.post("/v1/erasures", &wish).expect(200).json()["uploads"], 1);
    service.get(&format!("/v1/uploads/{}/audio", ids[0])).expect(404);
    // The other one of the same request is as it was.
    service.get(&format!("/v1/uploads/{}/audio", ids[1])).expect(200);
    let left = service.get(&format!("/v1/uploads/{}", ids[1])).expect(200).json();
    assert_eq!(left["title"], "Geheim");
    let records = service.get(&format!("/v1/uploads/{}/records", ids[1])).expect(200).text();
    assert!(records.contains("secret-two.mp3") && !records.contains("secret-one.mp3"), "{records}");
    let wish = json!({"account": "acc-1", "reason": "request 12"});
    assert_eq!(service.post("/v1/erasures", &wish).expect(200).json()["uploads"], 1);
    assert_eq!(others(&service), before, "nobody else's");
    let gone = service.get(&format!("/v1/uploads/{}", ids[0])).expect(200).json();
    assert_eq!((&gone["name"], &gone["status"]), (&json!("erased"), &json!("held")));
    service.get(&format!("/uploads/{}", ids[0])).expect(200);
    for words in ["Geheim", "Niemand", "secret-"] {
        assert_eq!(
            service.get(&format!("/v1/uploads?q={words}")).expect(200).json()["uploads"],
            json!([])
        );
    }
    service.kill();
    for words in ["Geheim", "Niemand", "secret-one", "secret-two", "acc-1"] {
        assert_eq!(stands(&place, "desk", words), Vec::<std::path::PathBuf>::new(), "{words}");
        assert_eq!(stands(&place, "earlier", words), Vec::<std::path::PathBuf>::new(), "{words}");
    }
    place.run(&["audit", "verify", "--index", "index"]).expect(0);
    place.run(&["index", "verify", "--index", "earlier"]).expect(0);
    // Tables that are made anew know nothing of it either, and everything else keeps its name.
    place.run(&["desk", "rebuild", "--state", "desk"]).expect(0);
    let service = Service::start(&place, &["--keep", "earlier"]);
    assert_eq!(others(&service), before);
    let gone = service.get(&format!("/v1/uploads/{}", ids[0])).expect(200).json();
    assert_eq!((&gone["name"], &gone["status"]), (&json!("erased"), &json!("held")));
    service.kill();
    let erase = ["desk", "erase", "--state", "desk", "--upload", &ids[2], "--reason", "x"];
    place.run(&erase).expect(0);
    assert_eq!(stands(&place, "desk", "void-sensor"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn audio_and_names_go_when_their_time_is_over_unless_somebody_waits_for_them() {
    let place = Place::indexed(&["main-theme"]);
    let (service, ids) = filled(&place);
    let clear = service.judged(&place, "incoming/summer-medley.m4a");
    let reject = json!({"action": "reject", "reason": "a copy"});
    service.post(&format!("/v1/uploads/{}/decisions", ids[1]), &reject).expect(201);
    let status = |service: &Service, id: &str| {
        service.get(&format!("/v1/uploads/{id}")).expect(200).json()["status"].clone()
    };
    assert_eq!(status(&service, clear["id"].as_str().unwrap()), "clear");
    service.kill();
    let service = Service::start(&place, &["--keep", "earlier", "--audio-days", "0"]);
    let audio = |id: &str| service.get(&format!("/v1/uploads/{id}/audio")).status;
    while audio(&ids[1]) == 200 || audio(clear["id"].as_str().unwrap()) == 200 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // Held: papers are waited for.
    assert_eq!(audio(&ids[0]), 200);
    let left = service.get(&format!("/v1/uploads/{}", ids[1])).expect(200).json();
    assert_eq!(left["title"], "Geheim");
    service.kill();
    let service = Service::start(&place, &["--keep", "earlier", "--personal-days", "0"]);
    let name =
        |id: &str| service.get(&format!("/v1/uploads/{id}")).expect(200).json()["name"].clone();
    while name(&ids[1]) != "erased" {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(name(&ids[0]), "secret-one.mp3");
}
