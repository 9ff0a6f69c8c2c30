//! Which Chromium there is.

use std::path::PathBuf;

const NAMES: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The browser, or a word on why a test did nothing.
pub fn installed() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| NAMES.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file());
    if found.is_none() {
        let required = std::env::var_os("SOUNDALIKE_REQUIRE_BROWSER").is_some_and(|v| v == "1");
        assert!(!required, "SOUNDALIKE_REQUIRE_BROWSER is set, but there is no Chromium");
        eprintln!("skipped: no Chromium on this machine");
    }
    found
}
