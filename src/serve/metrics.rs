//! Counters for `/metrics`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What was done since the start.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    uploads: AtomicU64,
    audio_ms: AtomicU64,
    judging_ms: AtomicU64,
    jobs: AtomicU64,
    decisions: AtomicU64,
    /// Answers by the first digit of their status.
    answers: [AtomicU64; 6],
}

impl Metrics {
    pub(super) fn judged(&self, uploads: usize, audio_seconds: f64, time: Duration) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
        self.uploads.fetch_add(uploads as u64, Ordering::Relaxed);
        self.audio_ms.fetch_add((audio_seconds * 1000.0) as u64, Ordering::Relaxed);
        self.judging_ms.fetch_add(time.as_millis() as u64, Ordering::Relaxed);
    }

    pub(super) fn decided(&self) {
        self.decisions.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn answered(&self, status: u16) {
        if let Some(count) = self.answers.get(usize::from(status / 100)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// In the text format of Prometheus (0.0.4), with what the state holds.
    pub(super) fn text(&self, jobs: [u64; 4], open: u64, references: usize, ready: bool) -> String {
        let mut out = String::new();
        let mut put = |name: &str, kind: &str, help: &str, values: &[(&str, f64)]| {
            let _ =
                writeln!(out, "# HELP soundalike_{name} {help}\n# TYPE soundalike_{name} {kind}");
            for (label, value) in values {
                let _ = writeln!(out, "soundalike_{name}{label} {value}");
            }
        };
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64;
        put("ready", "gauge", "Whether uploads are judged.", &[("", f64::from(u8::from(ready)))]);
        put("references", "gauge", "References in the index.", &[("", references as f64)]);
        let states = ["queued", "running", "done", "failed"];
        let labels = states.map(|state| format!("{{state=\"{state}\"}}"));
        let jobs: Vec<(&str, f64)> =
            labels.iter().map(String::as_str).zip(jobs.map(|n| n as f64)).collect();
        put("jobs", "gauge", "Jobs by state.", &jobs);
        put("uploads_open", "gauge", "Uploads to be decided.", &[("", open as f64)]);
        put("judged_uploads_total", "counter", "Uploads judged.", &[("", of(&self.uploads))]);
        let audio = of(&self.audio_ms) / 1000.0;
        put("judged_audio_seconds_total", "counter", "Audio judged.", &[("", audio)]);
        let time = of(&self.judging_ms) / 1000.0;
        put("judging_seconds_total", "counter", "Time that judging took.", &[("", time)]);
        put("decisions_total", "counter", "Decisions made.", &[("", of(&self.decisions))]);
        let classes: Vec<(String, f64)> = (1..6)
            .map(|class| (format!("{{class=\"{class}xx\"}}"), of(&self.answers[class])))
            .collect();
        let classes: Vec<(&str, f64)> = classes.iter().map(|(l, v)| (l.as_str(), *v)).collect();
        put("http_responses_total", "counter", "Answers by class of status.", &classes);
        out
    }
}
