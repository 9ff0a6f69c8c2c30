//! Receivers of messages, and progress as it happens.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::place::Place;
use crate::service::Service;

/// What came to a receiver: its headers in lower case, its body.
type Got = (Vec<(String, String)>, String);

/// A receiver that answers with `status` and hands over what came.
fn receiver(listener: TcpListener, status: u16) -> Receiver<Got> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if answer(stream, status, &tell).is_none() {
                return;
            }
        }
    });
    told
}

fn answer(stream: TcpStream, status: u16, tell: &Sender<Got>) -> Option<()> {
    let mut input = BufReader::new(stream);
    let (mut headers, mut line) = (Vec::new(), String::new());
    loop {
        line.clear();
        input.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let length = header(&headers, "content-length").parse().unwrap();
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    let mut stream = input.into_inner();
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    tell.send((headers, String::from_utf8(body).unwrap())).ok()
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> &'h str {
    headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// Writes the file of receivers; the secret.
fn hooks(place: &Place, port: u16, more: &[&str]) -> String {
    let url = format!("http://127.0.0.1:{port}/hook");
    let mut args = vec!["webhook", "ingest", url.as_str()];
    args.extend(more);
    let line = place.run(&args).expect(0).stdout.clone();
    place.write("hooks", &line);
    let line: Value = serde_json::from_str(&line).unwrap();
    line["secret"].as_str().unwrap().to_owned()
}

fn messages(service: &Service, state: &str) -> Vec<Value> {
    let listed = service.get(&format!("/v1/webhooks/messages?state={state}")).expect(200).json();
    listed.as_array().unwrap().clone()
}

/// Waits until a message was tried this often.
fn tried(service: &Service, attempts: u64) -> Value {
    loop {
        let all = service.get("/v1/webhooks/messages").expect(200).json();
        let all = all.as_array().unwrap().clone();
        if let Some(found) = all.into_iter().find(|m| m["attempts"].as_u64() >= Some(attempts)) {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn what_happens_is_told_signed_and_outlives_a_kill() {
    let place = Place::indexed(&["main-theme"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let secret = hooks(&place, port, &["--private"]);
    let refusing = receiver(listener, 500);
    let service = Service::start(&place, &["--webhooks", "hooks"]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    let (headers, body) = refusing.recv().unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&told["type"], &told["data"]["job"]), (&json!("job.done"), &upload["job"]));
    assert_eq!(told["data"]["uploads"][0]["id"], upload["id"]);
    // As any receiver checks it.
    let (id, time) = (header(&headers, "webhook-id"), header(&headers, "webhook-timestamp"));
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    let signed = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(header(&headers, "webhook-signature"), signed);
    let waiting = tried(&service, 1);
    assert_eq!((&waiting["state"], &waiting["id"]), (&json!("waiting"), &json!(id)));
    assert!(waiting["outcome"].as_str().unwrap().contains("500"), "{waiting}");
    // A decision, entered while nobody listens, and the kill right after.
    let address = format!("/v1/uploads/{}/decisions", upload["id"].as_str().unwrap());
    service.post(&address, &json!({"action": "hold", "reason": "papers"})).expect(201);
    service.kill();
    // A wish to stop ends the first receiver.
    drop(refusing);
    let _ = TcpStream::connect(("127.0.0.1", port)).map(|mut s| s.write_all(b"x\r\n\r\n"));
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap_or_else(|_| {
        // Another port does as well.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = std::fs::read_to_string(place.path("hooks")).unwrap();
        let there = format!(":{}/", listener.local_addr().unwrap().port());
        place.write("hooks", line.replace(&format!(":{port}/"), &there));
        listener
    });
    let taking = receiver(listener, 204);
    let service = Service::start(&place, &["--webhooks", "hooks"]);
    service.post(&format!("/v1/webhooks/messages/{id}/send"), &json!({})).expect(202);
    let mut got: Vec<(String, String)> = (0..2)
        .map(|_| {
            let (headers, body) = taking.recv().unwrap();
            let body: Value = serde_json::from_str(&body).unwrap();
            let kind = body["type"].as_str().unwrap().to_owned();
            (kind, header(&headers, "webhook-id").to_owned())
        })
        .collect();
    got.sort();
    assert_eq!(got[0].0, "decision.made");
    assert_eq!(got[1], ("job.done".to_owned(), id.to_owned()), "the same message");
    while messages(&service, "sent").len() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    service.post(&format!("/v1/webhooks/messages/{id}/send"), &json!({})).expect(409);
    // The secret is where it was put, and nowhere else.
    let told = service.get("/v1/webhooks").expect(200).text();
    assert!(told.contains("ingest") && !told.contains(&secret[6..]), "{told}");
    for entry in std::fs::read_dir(place.path("desk")).unwrap().flatten() {
        if entry.path().is_file() {
            let content = std::fs::read(entry.path()).unwrap();
            let found = content.windows(secret.len() - 6).any(|w| w == &secret.as_bytes()[6..]);
            assert!(!found, "{:?}", entry.path());
        }
    }
}

#[test]
fn nothing_goes_into_private_networks_unless_that_is_said() {
    let place = Place::indexed(&["zalek"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let start = |url: &str| {
        let line = json!({"name": "x", "url": url,
                          "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
        place.write("hooks", line.to_string());
    };
    start(&format!("http://127.0.0.1:{port}/"));
    let args = ["serve", "--index", "index", "--state", "desk", "--webhooks", "hooks"];
    place.run(&args).expect(2);
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        start(&format!("https://{host}:{port}/"));
        let service = Service::start(&place, &["--webhooks", "hooks"]);
        service.post("/v1/webhooks/x/ping", &json!({})).expect(202);
        let tried = tried(&service, 1);
        let outcome = tried["outcome"].as_str().unwrap();
        assert!(!outcome.contains("answered"), "{host}: {outcome}");
        if matches!(host, "127.0.0.1" | "localhost" | "[::ffff:127.0.0.1]") {
            assert!(outcome.contains("private network"), "{host}: {outcome}");
        }
        service.kill();
        std::fs::remove_dir_all(place.path("desk")).unwrap();
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody came");
}

#[test]
fn progress_comes_until_the_job_is_over_and_to_its_sender_alone() {
    let place = Place::indexed(&["main-theme"]);
    let mut tokens = Vec::new();
    let mut file = String::new();
    for (name, role) in [("a", "submit"), ("b", "submit"), ("r", "review")] {
        let made = place.run(&["token", name, "--role", role]).expect(0);
        file += &made.stdout;
        tokens.push(format!("Bearer {}", made.stderr.split_whitespace().last().unwrap()));
    }
    place.write("tokens", file);
    let service = Service::start(&place, &["--tokens", "tokens"]);
    let service = service.saying("authorization", &tokens[0]);
    let clip = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let job = service.submit(&[("audio", Some("a.mp3"), &clip)], &[]).expect(202).json();
    let id = job["id"].as_str().unwrap();
    let events = service.get(&format!("/v1/jobs/{id}/events")).expect(200);
    assert_eq!(events.header("content-type"), "text/event-stream");
    let text = events.text();
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    let (name, data) = last.split_once('\n').unwrap();
    assert_eq!(name, "event: done", "{text}");
    let told: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(told["summary"]["scanned"], 1);
    for path in ["", "/records", "/events"] {
        let path = format!("/v1/jobs/{id}{path}");
        service.get_with(&path, &[]).expect(200);
    }
    let service = service.saying("authorization", &tokens[1]);
    for path in ["", "/records", "/events"] {
        service.get(&format!("/v1/jobs/{id}{path}")).expect(404);
    }
    let service = service.saying("authorization", &tokens[2]);
    service.get(&format!("/v1/jobs/{id}")).expect(200);
    service.get("/v1/webhooks").expect(403);
    service.get("/v1/jobs/j_none/events").expect(404);
}
