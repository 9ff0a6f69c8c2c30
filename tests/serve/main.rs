//! The service and the desk: the real binary, over HTTP and in a browser.
//!
//! Nothing here waits for a time: jobs are asked about until they are done.

// A panic here is the report.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod accessibility;
mod audio;
mod browser;
mod checks;
#[path = "../cli/chromium.rs"]
mod chromium;
mod decisions;
mod devtools;
mod fuzz;
mod guards;
mod interruption;
mod keeping;
mod pages;
#[path = "../cli/place.rs"]
#[allow(dead_code)]
mod place;
#[path = "../cli/played.rs"]
mod played;
mod queues;
mod service;
mod telling;
#[path = "../../src/test_random.rs"]
mod test_random;
mod uploads;
