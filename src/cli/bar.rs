//! The progress bar: files, audio, speed, time left. Hidden off a terminal.
//!
//! There is one bar at a time. Whoever writes to the terminal meanwhile does so through [`aside`], which takes the
//! bar away and draws it again below what was written.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use soundalike::clock;
use soundalike::counted::{agree, thousands};
use soundalike::progress::Progress;
use terminal_size::{Width, terminal_size_of};

/// The bar that is drawn now.
static DRAWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn drawn() -> MutexGuard<'static, Option<ProgressBar>> {
    DRAWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `write` while no bar stands in the terminal.
pub(super) fn aside<T>(write: impl FnOnce() -> T) -> T {
    // Not under the lock: whoever writes may wait for a reader.
    let bar = drawn().clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Takes the bar away for good, where one is drawn: the program ends, or a message does.
pub(super) fn clear() {
    if let Some(bar) = drawn().take() {
        bar.finish_and_clear();
    }
}

/// [`Progress`] on standard error.
pub struct Bar {
    bar: ProgressBar,
    audio_ms: AtomicU64,
}

impl Bar {
    /// A bar, hidden if `quiet` or if standard error is no terminal.
    pub fn new(quiet: bool) -> Bar {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let hidden = quiet || dumb || !std::io::stderr().is_terminal();
        let target =
            if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Bar { bar: ProgressBar::with_draw_target(None, target), audio_ms: AtomicU64::new(0) }
    }
}

/// What the bar says at a width of so many columns: what is known best comes first.
fn template(columns: usize, files: usize) -> String {
    let files = agree(files, "file", "files");
    match columns {
        0..40 => "{pos}/{len}  {left} left".to_owned(),
        40..76 => format!("{{wide_bar}} {{pos}}/{{len}} {files}  {{left}} left"),
        _ => format!("{{wide_bar}} {{pos}}/{{len}} {files}  {{msg}}  {{left}} left"),
    }
}

impl Progress for Bar {
    fn start(&self, files: usize) {
        if self.bar.is_hidden() {
            return;
        }
        let columns = terminal_size_of(std::io::stderr());
        let columns = columns.map_or(80, |(Width(columns), _)| usize::from(columns));
        if let Ok(style) = ProgressStyle::with_template(&template(columns, files)) {
            let left = |state: &ProgressState, out: &mut dyn Write| {
                // Nothing is known of that before the first file is done.
                let _ = match state.pos() {
                    0 => out.write_str("–:––"),
                    _ => out.write_str(&clock::seconds(state.eta().as_millis() as u64 + 999)),
                };
            };
            self.bar.set_style(style.with_key("left", left));
        }
        self.audio_ms.store(0, Ordering::Relaxed);
        self.bar.reset();
        self.bar.set_message("");
        self.bar.set_length(files as u64);
        *drawn() = Some(self.bar.clone());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn file_done(&self, _: &Path, audio_ms: u64) {
        let total = self.audio_ms.fetch_add(audio_ms, Ordering::Relaxed) + audio_ms;
        let speed = total as f64 / self.bar.elapsed().as_millis().max(1) as f64;
        let (audio, speed) = (clock::seconds(total), thousands(speed.round() as u64));
        self.bar.set_message(format!("{audio} of audio  {speed} x real time"));
        self.bar.inc(1);
    }

    fn finish(&self) {
        clear();
    }
}

impl Drop for Bar {
    /// An error ends a run without [`finish`](Progress::finish): the bar must not stay where the message goes.
    fn drop(&mut self) {
        clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_understood() {
        for columns in [20, 40, 60, 80, 200] {
            assert!(ProgressStyle::with_template(&template(columns, 2)).is_ok(), "{columns}");
        }
    }
}
