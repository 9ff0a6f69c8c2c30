//! The real binary, run in temporary folders on real clips, as a user would run it.
//!
//! The clips are described in `tests/data/demo/README.md`. Nothing here needs a network, ffmpeg or
//! a fast machine.

// Helpers may unwrap like the tests they serve: a panic here is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod advise;
mod agree;
mod chromium;
mod clips;
mod cluster;
mod compare;
mod credentials;
mod damage;
mod decisions;
mod demo;
mod eval;
mod index;
mod inputs;
mod interruption;
mod isolation;
mod killed;
mod loops;
mod material;
mod names;
mod nothing_to_hear;
mod output;
mod place;
mod played;
mod policy;
mod report;
mod report_browser;
mod shell;
mod sweep;
mod tables;
#[cfg(unix)]
mod terminal;
#[path = "../../src/test_random.rs"]
mod test_random;
mod verdicts;
mod watch;
mod watch_adversary;
mod words;
mod works;
