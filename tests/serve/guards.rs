//! Bounds: memory, disk, and what is known of who asks.

use std::io::{Read, Write};

use serde_json::json;

use crate::place::Place;
use crate::service::Service;

/// Sends `begin` and then `a` without end, until the service has enough; what it answers.
fn endless(service: &Service, begin: &str) -> String {
    let mut stream = std::net::TcpStream::connect(&service.address).unwrap();
    let head = format!(
        "POST /v1/uploads HTTP/1.1\r\nhost: {}\r\ncontent-type: multipart/form-data; boundary=b\r\n\
         content-length: 1000000000\r\n\r\n{begin}",
        service.address
    );
    stream.write_all(head.as_bytes()).unwrap();
    let piece = vec![b'a'; 1 << 16];
    let sent = (0..4096).take_while(|_| stream.write_all(&piece).is_ok()).count();
    assert!(sent < 1024, "it took {sent} pieces");
    let mut answer = Vec::new();
    // The connection is cut after the answer.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn headers_without_an_end_are_refused_before_they_fill_the_memory() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    for begin in
        ["--b\r\nA: ", "", "--b\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\""]
    {
        let answer = endless(&service, begin);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{begin:?}: {answer}");
    }
    // As many parts as are allowed, each with what browsers say of it, and one that is large.
    let large = vec![7; 6 << 20];
    let mut parts: Vec<(String, &[u8])> =
        (0..300).map(|n| (format!("{n}.wav"), &b"x"[..])).collect();
    parts.push(("large.wav".into(), &large));
    let parts: Vec<(&str, Option<&str>, &[u8])> =
        parts.iter().map(|(name, content)| ("audio", Some(name.as_str()), *content)).collect();
    let sent = service.submit(&parts, &[]).expect(202).json();
    let folder = place.path(&format!("desk/uploads/{}", sent["id"].as_str().unwrap()));
    assert_eq!(std::fs::read(folder.join("large.wav")).unwrap(), large);
}

#[test]
fn a_disk_that_is_nearly_full_takes_no_uploads_and_decisions_go_on() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &[]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    service.kill();
    let service = Service::start(&place, &["--reserve", "900000000000"]);
    let refused = service.submit(&[("audio", Some("a.mp3"), b"x")], &[]).expect(507);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert!(refused.text().contains("--reserve"), "{}", refused.text());
    let id = upload["id"].as_str().unwrap();
    let decision = json!({"action": "hold", "reason": "papers"});
    service.post(&format!("/v1/uploads/{id}/decisions"), &decision).expect(201);
}

#[test]
fn decoded_audio_is_kept_up_to_a_limit() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &["--cache", "0"]);
    let first = service.judged(&place, "incoming/night-drive.mp3");
    let second = service.judged(&place, "incoming/void-sensor.ogg");
    for upload in [&first, &second, &first] {
        let id = upload["id"].as_str().unwrap();
        let wav = service.get(&format!("/v1/uploads/{id}/audio?form=wav")).expect(200);
        assert!(wav.body.starts_with(b"RIFF"));
        let kept = std::fs::read_dir(place.path("desk/cache")).unwrap().flatten();
        let wavs = kept.filter(|e| e.path().extension().is_some_and(|e| e == "wav")).count();
        assert_eq!(wavs, 1, "the last one");
    }
}

#[test]
fn tokens_count_as_the_file_says_now() {
    let place = Place::indexed(&["zalek"]);
    let token = |name: &str, role: &str| {
        let made = place.run(&["token", name, "--role", role]).expect(0);
        (made.stderr.split_whitespace().last().unwrap().to_owned(), made.stdout.clone())
    };
    let (first, first_line) = token("ana", "review");
    let (second, second_line) = token("ben", "review");
    place.write("tokens", &first_line);
    let service = Service::start(&place, &["--tokens", "tokens"]);
    let asks = |token: &str| {
        let bearer = format!("Bearer {token}");
        service.get_with("/v1/uploads", &[("authorization", &bearer)]).status
    };
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let entered = service.send("/login", &form, format!("token={first}").as_bytes()).expect(303);
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = || service.get_with("/", &[("cookie", &cookie)]).status;
    assert_eq!((asks(&first), asks(&second), page()), (200, 401, 200));
    place.write("tokens", format!("{first_line}{second_line}"));
    assert_eq!((asks(&first), asks(&second), page()), (200, 200, 200));
    // What cannot be read locks nobody out.
    place.write("tokens", "{");
    assert_eq!((asks(&first), asks(&second)), (200, 200));
    place.write("tokens", &second_line);
    assert_eq!((asks(&first), asks(&second), page()), (401, 200, 303));
    // A smaller role counts at once, too.
    place.write("tokens", second_line.replace("\"review\"", "\"submit\""));
    assert_eq!(asks(&second), 403);
}

#[test]
fn cookies_stay_within_tls_where_a_trusted_proxy_says_so() {
    let place = Place::indexed(&["zalek"]);
    let made = place.run(&["token", "ana", "--role", "review"]).expect(0);
    let token = made.stderr.split_whitespace().last().unwrap().to_owned();
    place.write("tokens", &made.stdout);
    let body = format!("token={token}");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let forwarded = ("x-forwarded-proto", "https");
    for (more, header, secure) in [
        (&[][..], Some(forwarded), false),
        (&["--trust-proxy", "10.1.2.3"], Some(forwarded), false),
        (&["--trust-proxy", "127.0.0.1"], None, false),
        (&["--trust-proxy", "127.0.0.1"], Some(forwarded), true),
        (&["--tls-only"], None, true),
    ] {
        let args = [&["--tokens", "tokens"], more].concat();
        let service = Service::start(&place, &args);
        let headers: Vec<(&str, &str)> = header.into_iter().chain([form]).collect();
        let entered = service.send("/login", &headers, body.as_bytes()).expect(303);
        let cookie = entered.header("set-cookie").to_owned();
        assert_eq!(cookie.contains("; Secure"), secure, "{more:?}: {cookie}");
        assert_eq!(cookie.starts_with("__Host-"), secure, "{cookie}");
        assert_eq!(!entered.header("strict-transport-security").is_empty(), secure);
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let with: Vec<(&str, &str)> =
            header.into_iter().chain([("cookie", cookie.as_str())]).collect();
        service.get_with("/", &with).expect(200);
        service.send("/logout", &with, b"").expect(303);
        service.get_with("/", &with).expect(303);
        service.kill();
    }
}
