//! The progress bar: files, hours of audio, speed, time left. Hidden off a terminal.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use soundalike::progress::Progress;

/// [`Progress`] on standard error.
pub struct Bar {
    bar: ProgressBar,
    audio_ms: AtomicU64,
}

impl Bar {
    /// A bar, hidden if `quiet` or if standard error is no terminal.
    pub fn new(quiet: bool) -> Bar {
        let hidden = quiet || !std::io::stderr().is_terminal();
        let target =
            if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Bar { bar: ProgressBar::with_draw_target(None, target), audio_ms: AtomicU64::new(0) }
    }
}

impl Progress for Bar {
    fn start(&self, files: usize) {
        self.bar.set_length(files as u64);
        let template = "{bar:30} {pos}/{len} files  {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn file_done(&self, _: &Path, audio_ms: u64) {
        let total = self.audio_ms.fetch_add(audio_ms, Ordering::Relaxed) + audio_ms;
        let seconds = total as f64 / 1000.0;
        let speed = seconds / self.bar.elapsed().as_secs_f64().max(0.001);
        self.bar.set_message(format!("{:.1} h of audio  {speed:.0} x real time", seconds / 3600.0));
        self.bar.inc(1);
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
