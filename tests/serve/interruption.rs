//! `kill -9` at any moment: what was acknowledged is there afterwards.

use std::time::Duration;

use serde_json::json;

use crate::place::Place;
use crate::service::Service;

#[test]
fn jobs_that_were_acknowledged_are_done_after_a_kill() {
    let place = Place::indexed(&["main-theme", "zalek"]);
    let clips = ["night-drive.mp3", "void-sensor.ogg", "summer-medley.m4a"];
    let mut jobs: Vec<String> = Vec::new();
    let mut decided: Vec<(String, String)> = Vec::new();
    // At different moments: while it takes, waits, looks, has just entered.
    for (round, wait) in [0, 30, 200, 900].into_iter().enumerate() {
        let service = Service::start(&place, &["--keep", "earlier"]);
        for clip in clips {
            let mut content = std::fs::read(place.path(&format!("incoming/{clip}"))).unwrap();
            // Each is content of its own.
            content.extend_from_slice(&[round as u8; 32]);
            let sent = service.submit(&[("audio", Some(clip), &content)], &[]).expect(202).json();
            jobs.push(sent["id"].as_str().unwrap().to_owned());
        }
        let listed = service.get("/v1/uploads?status=open").expect(200).json();
        for upload in listed["uploads"].as_array().unwrap().iter().take(1) {
            let id = upload["id"].as_str().unwrap().to_owned();
            let wish = json!({"action": "hold", "reason": format!("round {round}")});
            let entered =
                service.post(&format!("/v1/uploads/{id}/decisions"), &wish).expect(201).json();
            let note = json!({"text": format!("remark {round}")});
            service.post(&format!("/v1/uploads/{id}/notes"), &note).expect(201);
            decided.push((id, entered["decision"]["id"].as_str().unwrap().to_owned()));
        }
        std::thread::sleep(Duration::from_millis(wait));
        service.kill();
    }
    let service = Service::start(&place, &["--keep", "earlier"]);
    for job in &jobs {
        let done = service.done(job);
        assert_eq!(done["uploads"].as_array().unwrap().len(), 1, "{done}");
    }
    let listed = service.get("/v1/uploads?limit=500").expect(200).json();
    assert_eq!(listed["uploads"].as_array().unwrap().len(), jobs.len(), "each once");
    for (upload, decision) in &decided {
        let history = service.get(&format!("/v1/uploads/{upload}/decisions")).expect(200).json();
        let ids = history["decisions"].as_array().unwrap();
        assert!(ids.iter().any(|d| d["id"] == *decision), "{upload} {decision}: {history}");
        assert!(!history["notes"].as_array().unwrap().is_empty(), "{history}");
    }
    place.run(&["audit", "verify", "--index", "index"]).expect(if decided.is_empty() {
        4
    } else {
        0
    });
    place.run(&["index", "verify", "--index", "earlier"]);
}

#[test]
fn a_second_service_on_the_same_state_does_not_start() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    let second =
        place.run(&["serve", "--index", "index", "--state", "desk", "--listen", "127.0.0.1:0"]);
    assert_ne!(second.code, Some(0));
    service.get("/healthz").expect(200);
}
