//! Watched folders: what arrives there is looked at once, whatever lies there and whenever the service is killed.

use serde_json::Value;

use crate::place::Place;
use crate::service::Service;

const WATCHING: [&str; 6] = ["--watch", "drop=acc-7", "--settle", "0", "--interval", "1"];

fn uploads(service: &Service) -> Vec<Value> {
    let listed = service.get("/v1/uploads?limit=500&order=oldest").expect(200).json();
    listed["uploads"].as_array().unwrap().clone()
}

/// Waits until an upload of this name is there, and no job waits: all uploads by then.
fn wait_for(service: &Service, name: &str) -> Vec<Value> {
    loop {
        let found = uploads(service);
        if found.iter().any(|upload| upload["name"] == name) {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

fn count(uploads: &[Value], name: &str) -> usize {
    uploads.iter().filter(|upload| upload["name"] == name).count()
}

#[test]
fn what_arrives_is_taken_once_as_the_folders_account() {
    let place = Place::indexed(&["main-theme"]);
    std::fs::create_dir(place.path("drop")).unwrap();
    let put = |from: &str, to: &str| {
        std::fs::copy(place.path(from), place.path(&format!("drop/{to}"))).unwrap();
    };
    put("incoming/night-drive.mp3", "a.mp3");
    put("incoming/night-drive.mp3", "unfinished.mp3.part");
    let service = Service::start(&place, &WATCHING);
    let found = wait_for(&service, "a.mp3");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["account"], &found[0]["matches"]), (&"acc-7".into(), &1.into()));
    // It can be listened to where it lies.
    let id = found[0]["id"].as_str().unwrap();
    service.get(&format!("/v1/uploads/{id}/audio")).expect(200);
    // Killed and begun anew, with a newer time on the same content: it is not taken again.
    service.kill();
    let file = std::fs::File::options().append(true).open(place.path("drop/a.mp3")).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    put("incoming/void-sensor.ogg", "b.ogg");
    let service = Service::start(&place, &WATCHING);
    let found = wait_for(&service, "b.ogg");
    assert_eq!((count(&found, "a.mp3"), found.len()), (1, 2), "{found:?}");
    // Other content under the same name is.
    put("incoming/summer-medley.m4a", "b.ogg");
    put("incoming/void-sensor.ogg", "c.ogg");
    wait_for(&service, "c.ogg");
    while count(&uploads(&service), "b.ogg") < 2 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(uploads(&service).len(), 4);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_told_of_and_not_opened() {
    let place = Place::indexed(&["zalek"]);
    std::fs::create_dir(place.path("drop")).unwrap();
    std::os::unix::fs::symlink(place.path("incoming/night-drive.mp3"), place.path("drop/l.mp3"))
        .unwrap();
    let made = std::process::Command::new("mkfifo").arg(place.path("drop/p.mp3")).status();
    let has_pipe = made.is_ok_and(|status| status.success());
    let service = Service::start(&place, &WATCHING);
    let link = wait_for(&service, "l.mp3");
    let link = link.iter().find(|upload| upload["name"] == "l.mp3").unwrap().clone();
    assert_eq!(link["verdict"], "unreadable");
    assert!(link["error"].as_str().unwrap().contains("link"), "{link}");
    if has_pipe {
        let pipe = wait_for(&service, "p.mp3");
        let pipe = pipe.iter().find(|upload| upload["name"] == "p.mp3").unwrap();
        assert_eq!(pipe["verdict"], "unreadable");
    }
}

#[test]
fn what_is_added_to_the_index_counts_without_a_restart() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    assert_eq!(service.judged(&place, "incoming/night-drive.mp3")["matches"], 0);
    let before = service.get("/v1/index").expect(200).json();
    place.run(&["index", "add", "--index", "index", "references/main-theme.ogg"]).expect(0);
    assert_eq!(service.judged(&place, "incoming/night-drive.mp3")["matches"], 1);
    let after = service.get("/v1/index").expect(200).json();
    assert_ne!(before["references"]["id"], after["references"]["id"], "{after}");
}
