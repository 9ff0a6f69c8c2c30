//! The desk in a real browser: sent, found in the queue, heard on both sides, decided on by keys alone.
//!
//! Runs where a Chromium is installed; elsewhere it says so and passes, unless `SOUNDALIKE_REQUIRE_BROWSER=1` asks
//! for one.

use crate::chromium::installed;
use crate::devtools::Page;
use crate::place::Place;
use crate::service::Service;

/// What plays, and where both sides are, in seconds.
const PLAYER: &str = "window.soundalikePlayers.focused";

#[test]
fn a_reviewer_hears_both_sides_and_decides_by_keys_alone() {
    let Some(browser) = installed() else { return };
    let place = Place::indexed(&["main-theme"]);
    let service = Service::start(&place, &["--media-root", "references"]);
    let mut page = Page::open(&browser, (1400, 900));
    let desk = format!("http://{}", service.address);
    // Sent by a form.
    page.go(&format!("{desk}/submit"));
    let file = place.path("incoming/night-drive.mp3");
    page.choose("input[name=audio]", &[&file]);
    page.value("document.querySelector('[name=title]').value = 'Night Drive'; true");
    page.click("#send button.strong");
    page.until("document.querySelector('.jobs li a') !== null");
    // Found in the queue, by keys.
    page.go(&format!("{desk}/"));
    assert_eq!(page.value("document.querySelector('.row .title').innerText"), "Night Drive");
    page.key("j");
    page.key("Enter");
    page.until("location.pathname.startsWith('/uploads/u_') && document.readyState === 'complete'");
    page.until(&format!(
        "{PLAYER} && {PLAYER}.lanes.query.peaks && {PLAYER}.lanes.reference.peaks ? true : false"
    ));
    // Both sides stand at the matched place: about 7 s into the reference.
    let line = page.value(&format!("[{PLAYER}.position, {PLAYER}.there({PLAYER}.position)]"));
    let (here, there) = (line[0].as_f64().unwrap(), line[1].as_f64().unwrap());
    assert!(here < 500.0 && (6_500.0..8_000.0).contains(&there), "{line}");
    page.key(" ");
    page.until(&format!(
        "{PLAYER}.lanes.query.audio.currentTime > 0.6 && !{PLAYER}.lanes.query.audio.paused"
    ));
    assert_eq!(page.value(&format!("{PLAYER}.lanes.query.audio.muted")), false);
    // The other side, at the same musical moment, while it plays on.
    page.key("x");
    page.until(&format!("{PLAYER}.side === 'reference' && !{PLAYER}.lanes.reference.audio.paused && !{PLAYER}.lanes.reference.audio.seeking"));
    let apart = page.value(&format!(
        "(async () => {{ const p = {PLAYER}; await new Promise((r) => setTimeout(r, 400)); p.pause(); \
         return [p.lanes.reference.audio.currentTime * 1000 - p.there(p.position), p.lanes.query.audio.currentTime * 1000 - p.position, p.position]; }})()"
    ));
    let apart: Vec<f64> = apart.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert!(apart[0].abs() < 30.0 && apart[1].abs() < 300.0 && apart[2] > 600.0, "{apart:?}");
    // Seeking by the waveform reaches the sound.
    page.click(".lane[data-side=query] .wave");
    page.until(&format!("Math.abs({PLAYER}.position - {PLAYER}.lanes.query.audio.currentTime * 1000) < 50 && {PLAYER}.position > 4000"));
    // The spectrograms of both, with the peaks; a click in one reaches the sound as well.
    page.key("s");
    for side in ["query", "reference"] {
        page.until(&format!(
            "{PLAYER}.lanes.{side}.picture.drawn > 0 && {PLAYER}.lanes.{side}.rings > 20"
        ));
    }
    page.click(".lane[data-side=reference] .wave");
    page.until(&format!(
        "Math.abs({PLAYER}.position - {PLAYER}.lanes.query.audio.currentTime * 1000) < 50"
    ));
    // The peaks of both as sound, at the same moment.
    page.key("y");
    page.until(&format!("{PLAYER}.side === 'peaks' && {PLAYER}.peaks.loaded"));
    page.key(" ");
    page.until(&format!("!{PLAYER}.peaks.audio.paused && {PLAYER}.peaks.audio.currentTime * 1000 > {PLAYER}.segment[0] + 300"));
    assert_eq!(
        page.value(&format!("{PLAYER}.lanes.query.audio.muted && !{PLAYER}.peaks.audio.muted")),
        true
    );
    page.key(" ");
    // Decided by keys: pass, the first reason, enter.
    page.key("p");
    page.until("!document.querySelector('.because-form').hidden");
    page.key("1");
    page.key("Enter");
    page.until("document.querySelector('.history .did.pass') !== null && document.readyState === 'complete'");
    assert_eq!(page.value("document.querySelector('.head .stands').innerText"), "Passed");
    // The next scan honours it.
    assert_eq!(place.scan(&["incoming/night-drive.mp3"]).one("summary")["matches"], 0);
    // And taken back.
    page.key("z");
    page.until("document.querySelector('.history li .did.reopen') !== null && document.readyState === 'complete'");
    assert_eq!(place.scan(&["incoming/night-drive.mp3"]).one("summary")["matches"], 1);
    assert_eq!(page.complaints, [""; 0]);
}

#[test]
fn the_desk_fits_a_telephone_and_a_wide_screen_and_nothing_moves() {
    let Some(browser) = installed() else { return };
    let place = Place::indexed(&["main-theme", "typing-to-jazz", "zalek"]);
    let service =
        Service::start(&place, &["--media-root", "references", "--allow-root", "incoming"]);
    let path = place.path("incoming").to_str().unwrap().to_owned();
    let sent = service.post("/v1/uploads", &serde_json::json!({"path": path})).expect(202).json();
    let job = service.done(sent["id"].as_str().unwrap());
    let listed = service.get("/v1/uploads").expect(200).json();
    let first = listed["uploads"][0]["id"].as_str().unwrap();
    assert_eq!(job["summary"]["errors"], 1);
    for width in [390, 1400, 2560] {
        let mut page = Page::open(&browser, (width, 900));
        let watch = "window.moved = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) \
                     if (!e.hadRecentInput) window.moved += e.value; }).observe({type: 'layout-shift', buffered: true});";
        page.call("Page.addScriptToEvaluateOnNewDocument", serde_json::json!({"source": watch}));
        for path in ["/", &format!("/uploads/{first}"), "/clusters", "/submit"] {
            page.go(&format!("http://{}{path}", service.address));
            page.until("window.soundalikePlayers ? window.soundalikePlayers.all.every((p) => p.lanes.reference.peaks || p.lanes.reference.silent) : true");
            let over = page.value("document.documentElement.scrollWidth - innerWidth");
            assert!(over.as_i64().unwrap() <= 0, "{path} at {width}: {over} too wide");
            let moved = page.value("window.moved").as_f64().unwrap();
            assert!(moved < 0.02, "{path} at {width}: moved by {moved}");
            assert_eq!(page.complaints, [""; 0], "{path}");
        }
    }
}

#[test]
fn the_first_page_is_small() {
    let place = Place::indexed(&["zalek"]);
    let service = Service::start(&place, &[]);
    let page = service.get("/").expect(200).text();
    let mut bytes = page.len();
    for part in page.split('"').filter(|part| part.starts_with("/assets/")) {
        bytes += service.get(part).expect(200).body.len();
    }
    assert!(bytes < 150_000, "{bytes}");
}
