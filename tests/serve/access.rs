//! Who is let in, and what cannot be done from outside.

use serde_json::json;

use crate::place::Place;
use crate::service::Service;

#[test]
fn other_machines_need_tokens() {
    let place = Place::indexed(&["zalek"]);
    for address in ["0.0.0.0:0", "[::]:0"] {
        let refused =
            place.run(&["serve", "--index", "index", "--state", "desk", "--listen", address]);
        refused.expect(2);
    }
    place.run(&["serve", "--index", "none", "--state", "desk"]).expect(4);
}

#[test]
fn tokens_open_what_their_role_allows() {
    let place = Place::indexed(&["main-theme"]);
    let mut tokens = std::collections::BTreeMap::new();
    let mut file = String::new();
    for role in ["submit", "review", "admin"] {
        let made = place.run(&["token", &format!("{role}-user"), "--role", role]).expect(0);
        let token = made.stderr.split_whitespace().last().unwrap().to_owned();
        assert!(token.starts_with("sl_") && !made.stdout.contains(&token));
        file += &made.stdout;
        tokens.insert(role, format!("Bearer {token}"));
    }
    place.write("tokens", file);
    let service = Service::start(&place, &["--tokens", "tokens"]);
    service.get("/v1/uploads").expect(401);
    service.get("/healthz").expect(200);
    let page = service.get("/").expect(303);
    assert_eq!(page.header("location"), "/login");
    service.get_with("/v1/uploads", &[("authorization", "Bearer sl_wrong")]).expect(401);
    let service = service.saying("authorization", &tokens["submit"]);
    let upload = {
        let clip = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
        let sent = service.submit(&[("audio", Some("a.mp3"), &clip)], &[]).expect(202).json();
        let job = service.done(sent["id"].as_str().unwrap());
        job["uploads"][0].as_str().unwrap().to_owned()
    };
    service.get(&format!("/v1/uploads/{upload}")).expect(403);
    let service = service.saying("authorization", &tokens["review"]);
    let decision = json!({"action": "hold", "reason": "papers"});
    let decided = service.post(&format!("/v1/uploads/{upload}/decisions"), &decision).expect(201);
    assert_eq!(decided.json()["decision"]["who"], "review-user");
    service.get("/metrics").expect(403);
    let service = service.saying("authorization", &tokens["admin"]);
    service.get("/metrics").expect(200);
}

#[test]
fn a_browser_logs_in_and_out() {
    let place = Place::indexed(&["zalek"]);
    let made = place.run(&["token", "ana", "--role", "review"]).expect(0);
    let token = made.stderr.split_whitespace().last().unwrap().to_owned();
    place.write("tokens", &made.stdout);
    let service = Service::start(&place, &["--tokens", "tokens"]);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    service.send("/login", &form, b"token=sl_wrong").expect(403);
    let entered = service.send("/login", &form, format!("token={token}").as_bytes()).expect(303);
    let cookie = entered.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let with = [("cookie", cookie.as_str())];
    let page = service.get_with("/", &with).expect(200).text();
    assert!(page.contains("Log out") && page.contains("ana"));
    service.send("/logout", &with, b"").expect(303);
    service.get_with("/", &with).expect(303);
}

#[test]
fn a_trusted_proxy_says_who_asks() {
    let place = Place::indexed(&["zalek"]);
    // Nobody could be let in, nobody says whom to trust, or no name could stand there.
    let serve = ["serve", "--index", "index", "--state", "desk", "--listen", "0.0.0.0:0"];
    for more in [
        &["--proxy-user", "X-User", "--trust-proxy", "127.0.0.1"][..],
        &["--proxy-user", "X-User", "--proxy-role", "review"],
        &["--proxy-role", "review", "--trust-proxy", "127.0.0.1"],
        &["--proxy-user", "Cookie", "--proxy-role", "review", "--trust-proxy", "127.0.0.1"],
    ] {
        place.run(&[&serve[..], more].concat()).expect(2);
    }
    let line = place.run(&["token", "ana@example.org", "--role", "review", "--by-proxy"]);
    let line = line.expect(0).stdout;
    assert!(!line.contains("argon2"), "{line}");
    place.write("tokens", line);
    let login = ["--tokens", "tokens", "--proxy-user", "X-User"];
    let service = Service::start(&place, &[&login[..], &["--trust-proxy", "127.0.0.1"]].concat());
    let ana = ("x-user", "ana@example.org");
    let page = service.get_with("/", &[ana]).expect(200).text();
    assert!(page.contains("ana@example.org") && !page.contains("Log out"));
    service.get_with("/metrics", &[ana]).expect(403);
    service.get_with("/v1/uploads", &[("x-user", "ben@example.org")]).expect(403);
    service.get("/v1/uploads").expect(401);
    assert_eq!(service.get("/").expect(303).header("location"), "/login");
    // An empty token is nobody's.
    service.get_with("/v1/uploads", &[("authorization", "Bearer ")]).expect(401);
    // One that the proxy added to a forged one.
    let twice = service.saying("x-user", "ana@example.org");
    twice.get_with("/v1/uploads", &[("x-user", "ana@example.org")]).expect(403);
    twice.kill();
    // From elsewhere the header says nothing.
    let service = Service::start(&place, &[&login[..], &["--trust-proxy", "192.0.2.7"]].concat());
    service.get_with("/v1/uploads", &[ana]).expect(401);
    service.kill();
    // Everybody whom the proxy names, without a file.
    let everybody =
        ["--proxy-user", "X-User", "--proxy-role", "review", "--trust-proxy", "127.0.0.1"];
    let service = Service::start(&place, &everybody);
    service.get_with("/v1/uploads", &[("x-user", "ben@example.org")]).expect(200);
    service.get_with("/", &[]).expect(401);
    service.get_with("/metrics", &[ana]).expect(403);
}

#[test]
fn other_sites_and_other_names_are_refused() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &["--host", "desk.example"]);
    service.get_with("/", &[("host", "evil.example")]).expect(403);
    service.get_with("/", &[("host", "desk.example")]).expect(200);
    let body = json!({"path": "/x"}).to_string();
    let json = ("content-type", "application/json");
    for mark in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
        let refused = service.send("/v1/uploads", &[json, mark], body.as_bytes()).expect(403);
        assert!(refused.text().contains("another site"), "{}", refused.text());
    }
    let page = service.get("/").expect(200);
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    let text = page.text();
    assert!(!text.contains(" style=") && !text.contains("<script>") && !text.contains(" onclick="));
}

#[test]
fn an_upload_that_is_too_large_is_refused_and_leaves_nothing() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &["--max-upload", "1"]);
    let refused = service.submit(&[("audio", Some("a.wav"), &vec![0; 1_100_000])], &[]).expect(413);
    assert!(refused.text().contains("--max-upload"));
    assert_eq!(std::fs::read_dir(place.path("desk/uploads")).unwrap().count(), 0);
    assert_eq!(service.get("/v1/uploads").expect(200).json()["uploads"], json!([]));
}

#[test]
fn hostile_names_are_shown_and_do_nothing() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &[]);
    let clip = std::fs::read(place.path("incoming/night-drive.mp3")).unwrap();
    let evil = "<img src=x onerror=alert(1)>\u{202e}'";
    let declared =
        json!({"title": evil, "artist": evil, "account": evil, "label": evil, "album": evil})
            .to_string();
    let name = "../../../../tmp/<script>alert(1)<%2Fscript>.mp3";
    let parts: [(&str, Option<&str>, &[u8]); 2] =
        [("audio", Some(name), &clip), ("declared", None, declared.as_bytes())];
    let sent = service.submit(&parts, &[]).expect(202).json();
    let job = service.done(sent["id"].as_str().unwrap());
    let id = job["uploads"][0].as_str().unwrap();
    let upload = service.get(&format!("/v1/uploads/{id}")).expect(200).json();
    let state = place.path("desk").canonicalize().unwrap();
    assert!(upload["path"].as_str().unwrap().starts_with(state.to_str().unwrap()), "{upload}");
    for page in ["/", &format!("/uploads/{id}"), "/?q=%3Cscript%3E&account=%22%3E%3Cimg"] {
        let text = service.get(page).expect(200).text();
        for bad in ["<img", "<script>", "\u{202e}"] {
            assert!(!text.contains(bad), "{page}: {bad}");
        }
    }
}
