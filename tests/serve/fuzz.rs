//! Requests that make no sense, for every route that the interface describes: none is answered by 5xx.

use serde_json::{Value, json};

use crate::place::Place;
use crate::service::Service;

/// Numbers that look random and are the same each time (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[(self.next() % all.len() as u64) as usize]
    }
}

/// Texts that somebody might put into a path, a query, a field.
const TEXTS: &[&str] = &[
    "",
    "x",
    "0",
    "-1",
    "99999999999999999999",
    "1.5",
    "%00",
    "%0a",
    "%2e%2e%2f",
    "'%20OR%201=1--",
    "%22",
    "*",
    "u_0000000000000000",
    "j_0000000000000000",
    "open",
    "hold",
    "null",
    "2026-11-30",
    "2026-13-45T99:99:99Z",
    "%F0%9F%8E%B5",
    "%ff%fe",
    "a%20AND%20b",
    "NEAR(",
    "%7B%7D",
    "1.1",
    "1.-1",
    "wav",
];

fn value(chance: &mut Chance, depth: u32) -> Value {
    match chance.next() % if depth > 2 { 6 } else { 8 } {
        0 => Value::Null,
        1 => json!(chance.next() as i64),
        2 => json!(-1.5e300),
        3 => json!(true),
        4 => json!("\u{0}\u{202e}'\"<x>"),
        5 => json!(*chance.of(TEXTS)),
        6 => json!([value(chance, depth + 1)]),
        _ => json!({*chance.of(TEXTS): value(chance, depth + 1)}),
    }
}

/// A body for the route: fields that it knows with values of any kind.
fn body(chance: &mut Chance) -> Value {
    let names = [
        "action", "reason", "reach", "until", "revision", "text", "path", "manifest", "declared",
        "upload", "account",
    ];
    let mut object = serde_json::Map::new();
    for name in names {
        if chance.next().is_multiple_of(3) {
            let fits = match name {
                "action" => json!(*chance.of(&["pass", "hold", "reject", "park", "reopen"])),
                "reason" => json!("because"),
                _ => value(chance, 0),
            };
            let any = value(chance, 0);
            object
                .insert(name.to_owned(), if chance.next().is_multiple_of(2) { fits } else { any });
        }
    }
    Value::Object(object)
}

#[test]
fn nothing_that_is_sent_is_answered_by_5xx() {
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &["--allow-root", "incoming"]);
    let upload = service.judged(&place, "incoming/night-drive.mp3");
    let real = [upload["id"].as_str().unwrap(), upload["job"].as_str().unwrap()];
    let description = service.get("/openapi.json").expect(200).json();
    assert_eq!(description["openapi"], "3.1.0");
    let mut chance = Chance(0x5eed);
    let mut asked = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, told) in methods.as_object().unwrap() {
            let queries: Vec<&str> = told["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "query")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            for _ in 0..40 {
                let mut address = String::new();
                for part in path.split('/').skip(1) {
                    address.push('/');
                    match part.starts_with('{') {
                        true if chance.next().is_multiple_of(3) => address += *chance.of(&real),
                        // An empty part is another address.
                        true => address += *chance.of(&TEXTS[1..]),
                        false => address += part,
                    }
                }
                let wanted: Vec<&&str> =
                    queries.iter().filter(|_| chance.next().is_multiple_of(3)).collect();
                for (at, name) in wanted.into_iter().enumerate() {
                    address +=
                        &format!("{}{name}={}", if at == 0 { '?' } else { '&' }, chance.of(TEXTS));
                }
                let answer = match (method.as_str(), chance.next() % 4) {
                    ("get", _) => service.get(&address),
                    (_, 0) => {
                        service.send(&address, &[("content-type", "application/json")], b"{\"a\":")
                    }
                    (_, 1) => service.submit(&[(*chance.of(TEXTS), None, b"x")], &[]),
                    _ => service.post(&address, &body(&mut chance)),
                };
                asked += 1;
                assert!(
                    answer.status < 500,
                    "{method} {address}: {} {}",
                    answer.status,
                    answer.text()
                );
                if answer.status >= 400 {
                    let kind = answer.header("content-type");
                    assert_eq!(
                        kind,
                        "application/problem+json",
                        "{method} {address}: {}",
                        answer.text()
                    );
                }
            }
        }
    }
    assert!(asked > 1000, "{asked}");
    service.get("/healthz").expect(200);
}
