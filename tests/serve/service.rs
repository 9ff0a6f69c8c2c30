//! The service, started for one test, and a client of it.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::place::Place;

/// What stands between the parts of a form.
const BETWEEN: &str = "----soundalike-test";

/// A running service. Is killed when the test is over.
pub struct Service {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
    agent: ureq::Agent,
    /// Said of every request.
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// A part of a form: its name, the name of its file, its content.
pub type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

/// A form as browsers send it.
pub fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        let head =
            format!("--{BETWEEN}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BETWEEN}--\r\n").as_bytes());
    body
}

impl Service {
    /// Starts the service in `place`, with its index and state, and what `more` says.
    pub fn start(place: &Place, more: &[&str]) -> Service {
        let mut args = vec!["serve", "--index", "index", "--state", "desk", "--who", "ana"];
        args.extend(["--listen", "127.0.0.1:0"]);
        args.extend(more);
        Service::of(place.command(&args))
    }

    /// Starts it by `command`, and waits until it listens.
    pub fn of(mut command: Command) -> Service {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut all = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "it did not start: {all}");
            if let Some((_, rest)) = line.split_once("listening on http://") {
                break rest.trim().trim_end_matches('/').to_owned();
            }
            all += &line;
        };
        // What it says later must not block it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(300)))
            .build();
        Service { child, address, agent: config.into(), headers: Vec::new() }
    }

    /// The same client, who sends this header with everything.
    pub fn saying(mut self, name: &str, value: &str) -> Service {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.agent.get(self.url(path));
        for (name, value) in self.own().chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        read(request.call().unwrap())
    }

    fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub fn send(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent.post(self.url(path));
        for (name, value) in self.own().chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        read(request.send(body).unwrap())
    }

    /// Sends a form to `/v1/uploads`.
    pub fn submit(&self, parts: &[Part<'_>], headers: &[(&str, &str)]) -> Answer {
        let kind = format!("multipart/form-data; boundary={BETWEEN}");
        let mut all = vec![("content-type", kind.as_str())];
        all.extend(headers);
        self.send("/v1/uploads", &all, &form(parts))
    }

    /// Sends a clip of the place, and waits for what comes of it: its upload.
    pub fn judged(&self, place: &Place, file: &str) -> Value {
        let content = std::fs::read(place.path(file)).unwrap();
        let name = PathBuf::from(file).file_name().unwrap().to_str().unwrap().to_owned();
        let job = self.submit(&[("audio", Some(&name), &content)], &[]).expect(202).json();
        let job = self.done(job["id"].as_str().unwrap());
        let upload = job["uploads"][0].as_str().unwrap();
        self.get(&format!("/v1/uploads/{upload}")).expect(200).json()
    }

    /// Waits until a job is over, which must be done.
    #[track_caller]
    pub fn done(&self, job: &str) -> Value {
        loop {
            let told = self.get(&format!("/v1/jobs/{job}")).expect(200).json();
            match told["state"].as_str().unwrap() {
                "done" => return told,
                "failed" => panic!("{told}"),
                _ => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(answer: ureq::http::Response<ureq::Body>) -> Answer {
    let (parts, mut body) = answer.into_parts();
    let mut content = Vec::new();
    body.as_reader().read_to_end(&mut content).unwrap();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: content }
}
