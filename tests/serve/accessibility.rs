//! Every page, in both themes, on a telephone and on a desk: what axe-core finds against WCAG 2.2 AA is a failure.

use serde_json::{Value, json};

use crate::chromium::installed;
use crate::devtools::Page;
use crate::place::Place;
use crate::service::{Service, form};

/// <https://github.com/dequelabs/axe-core>, see `axe/README.md`.
const AXE: &str = include_str!("axe/axe.min.js");
/// What is asked of a page.
const RUN: &str = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})\
    .then((found) => found.violations.map((v) => v.id + ': ' + v.help + ' ' + v.nodes.slice(0, 4)\
    .map((n) => n.target.join(' ') + ' ' + (n.failureSummary || '').split('\\n').slice(1).join(' ')).join(' | ')))";

/// A desk with something on every page; addresses of them.
fn furnished(place: &Place, service: &Service) -> Vec<String> {
    let mut pages: Vec<String> =
        ["/", "/?status=", "/clusters", "/quality", "/submit", "/check"].map(str::to_owned).into();
    let read = |clip: &str| std::fs::read(place.path(clip)).unwrap();
    let (night, sax) = (read("incoming/night-drive.mp3"), read("incoming/funky-sax.mp3"));
    let declared = json!({"account": "acc-1", "label": "Indie", "rights": "yes", "ai": "partly"});
    let declared = declared.to_string();
    let parts = [
        ("audio", Some("a.mp3"), &night[..]),
        ("audio", Some("again.mp3"), &night[..]),
        ("audio", Some("sax.mp3"), &sax[..]),
        ("audio", Some("not-audio.mp3"), &b"not audio at all"[..]),
        ("declared", None, declared.as_bytes()),
    ];
    let job = service.submit(&parts, &[]).expect(202).json();
    let job = service.done(job["id"].as_str().unwrap());
    let uploads: Vec<&str> =
        job["uploads"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    pages.extend(uploads.iter().map(|id| format!("/uploads/{id}")));
    let decided = json!({"action": "hold", "reason": "Papers asked for"});
    service.post(&format!("/v1/uploads/{}/decisions", uploads[0]), &decided).expect(201);
    pages.push("/account?name=acc-1".to_owned());
    let clusters = service.get("/v1/clusters").expect(200).json();
    for cluster in clusters.as_array().unwrap() {
        pages.push(format!("/clusters/{}", cluster["id"].as_str().unwrap()));
    }
    let kind = "multipart/form-data; boundary=----soundalike-test";
    let check = [
        ("audio", Some("mine.mp3"), &night[..]),
        ("check", None, &b"{\"samples\":\"uncleared\"}"[..]),
    ];
    let check = service.send("/v1/checks", &[("content-type", kind)], &form(&check)).expect(202);
    let check = check.json()["id"].as_str().unwrap().to_owned();
    service.done(&check);
    pages.push(format!("/check/{check}"));
    pages.push("/nowhere".to_owned());
    pages
}

fn complaints(page: &mut Page, width: u32, dark: bool) -> Vec<String> {
    page.call(
        "Emulation.setDeviceMetricsOverride",
        json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}),
    );
    let theme = if dark { "dark" } else { "light" };
    let theme = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
    page.call("Emulation.setEmulatedMedia", theme);
    // All that can be folded is open.
    page.value("document.querySelectorAll('details').forEach((d) => { d.open = true; }); true");
    let form = "document.querySelector('.choice.pass')?.click(); true";
    page.value(form);
    // What stays at the lower edge of a phone lies over nothing there.
    page.value("window.scrollTo(0, document.body.scrollHeight); true");
    page.value(&format!("{AXE}; true"));
    let Value::Array(found) = page.value(RUN) else { panic!("axe said nothing") };
    found.iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_page_offends_against_wcag() {
    let Some(browser) = installed() else { return };
    let place = Place::indexed(&["main-theme", "geoscape"]);
    let service = Service::start(&place, &["--media-root", "references"]);
    let pages = furnished(&place, &service);
    let report = place.path("report.html");
    let records = service.get("/v1/uploads?status=").expect(200).json();
    let job = records["uploads"][0]["job"].as_str().unwrap().to_owned();
    place.write("scan.jsonl", service.get(&format!("/v1/jobs/{job}/records")).expect(200).body);
    place.run(&["report", "scan.jsonl", "-o", "report.html", "--clips"]).expect(0);
    let mut addresses: Vec<String> =
        pages.iter().map(|path| format!("http://{}{path}", service.address)).collect();
    addresses.push(format!("file://{}", report.display()));
    let mut page = Page::open(&browser, (1400, 900));
    let mut all = Vec::new();
    for address in &addresses {
        page.go(address);
        page.until("window.soundalikePlayers ? window.soundalikePlayers.all.every((p) => p.lanes.reference.peaks || p.lanes.reference.silent) : true");
        for (width, dark) in [(1400, false), (1400, true), (390, false), (390, true)] {
            for complaint in complaints(&mut page, width, dark) {
                all.push(format!(
                    "{address} {width} {}: {complaint}",
                    if dark { "dark" } else { "light" }
                ));
            }
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}
