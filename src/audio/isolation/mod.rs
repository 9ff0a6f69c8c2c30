//! Decoding in processes of their own, so that a file can end nothing but its own decoding.
//!
//! A failed allocation, a stack that overflows, a signal: none of these can be caught within a process, and the
//! decoders read what strangers deliver. So the program starts itself once more for each of its threads
//! (`serve`). Such a worker is told a path, decodes it under a limit of memory, and sends samples back through
//! a pipe; it is kept for the next file. One that dies costs its file ([`AudioError::Crashed`]) and is replaced.
//! Results are those of decoding within the process, sample by sample. What it costs is within
//! what two runs of the same program differ by (`benches/same/run.sh` compares two builds).
//!
//! Workers hold nothing on disk. They end when their standard input does, whatever became of the parent.
//!
//! The library decodes within the process, unless a program calls [`enable`]: only a program knows how to start
//! itself as a worker.

mod serve;
mod wire;
mod worker;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::de::DeserializeOwned;

use super::{AudioError, AudioInfo, DecodeOptions};
use crate::credentials::locate::Located;
use crate::credentials::{Credential, TrustList};
pub use serve::serve;
use wire::{Request, Task};
use worker::{Ended, Worker};

/// How a worker is started, and those that wait for work.
struct Pool {
    argument: OsString,
    idle: Mutex<Vec<Worker>>,
}

static POOL: OnceLock<Pool> = OnceLock::new();

/// Decodes files in workers from now on: this program, started with `argument`, must call `serve`.
pub fn enable(argument: impl Into<OsString>) {
    let _ = POOL.set(Pool { argument: argument.into(), idle: Mutex::default() });
}

/// Ends the workers and waits for them.
pub fn close() {
    if let Some(pool) = POOL.get() {
        pool.idle().drain(..).for_each(Worker::finish);
    }
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decodes the file at `path` in a worker; `None` where there are none, or none can be started: then it is
/// decoded here, within the limits that hold everywhere.
pub(super) fn decode(
    path: &Path,
    options: &DecodeOptions,
    sink: &mut dyn FnMut(&[f32]),
) -> Option<Result<AudioInfo, AudioError>> {
    ask(path, options, Task::Decode, sink)
}

/// Reads the credential of the file at `path` in a worker, as [`credentials::read_here`](crate::credentials::read_here)
/// does: what a manifest does to the process that reads it costs the file nothing else. `None` as for [`decode`].
pub(super) fn credential(
    path: &Path,
    options: &DecodeOptions,
    located: &Located,
    trust: Option<&TrustList>,
) -> Option<Result<Option<Credential>, AudioError>> {
    let task = Task::Credential(located.clone(), trust.cloned());
    ask(path, options, task, &mut |_| ())
}

/// Has a worker do `task`.
fn ask<T: DeserializeOwned>(
    path: &Path,
    options: &DecodeOptions,
    task: Task,
    sink: &mut dyn FnMut(&[f32]),
) -> Option<Result<T, AudioError>> {
    let pool = POOL.get()?;
    let waiting = pool.idle().pop();
    let mut is_fresh = waiting.is_none();
    let mut worker = match waiting {
        Some(worker) => worker,
        None => Worker::start(&pool.argument).ok()?,
    };
    let request = Request::new(path, options, task);
    let mut delivered = 0;
    loop {
        let asked = catch_unwind(AssertUnwindSafe(|| {
            worker.answer(path, options, &request, &mut beyond(&mut delivered, sink))
        }));
        let path = path.to_owned();
        let ended = match asked {
            Ok(Ok(result)) => {
                pool.idle().push(worker);
                return Some(result);
            }
            Ok(Err(ended)) => ended,
            // What takes the samples failed. The worker is in the middle of something and goes with it.
            Err(panic) => {
                let reason = super::decode::panic_message(&*panic);
                return Some(Err(AudioError::Panicked { path, reason }));
            }
        };
        match ended {
            Ended::Cancelled => return Some(Err(AudioError::Cancelled { path })),
            Ended::Late => {
                return Some(Err(AudioError::Timeout { path, limit: options.timeout }));
            }
            // Files before this one may be to blame: the verdict on a file must depend on nothing else.
            Ended::Died(_) if !is_fresh => {
                worker = Worker::start(&pool.argument).ok()?;
                is_fresh = true;
            }
            Ended::Died(reason) => return Some(Err(AudioError::Crashed { path, reason })),
        }
    }
}

/// A sink for `sink` that leaves out the first `delivered` samples: those that it has from a worker that died.
fn beyond<'a>(
    delivered: &'a mut usize,
    sink: &'a mut dyn FnMut(&[f32]),
) -> impl FnMut(&[f32]) + 'a {
    let mut known = *delivered;
    move |samples| {
        let fresh = &samples[known.min(samples.len())..];
        known -= samples.len() - fresh.len();
        if !fresh.is_empty() {
            *delivered += fresh.len();
            sink(fresh);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decoded_twice_arrives_once() {
        let (mut delivered, mut all) = (0, Vec::new());
        let mut sink = |part: &[f32]| all.extend_from_slice(part);
        {
            let mut first = beyond(&mut delivered, &mut sink);
            first(&[1.0, 2.0]);
            first(&[3.0]);
        }
        {
            let mut second = beyond(&mut delivered, &mut sink);
            second(&[1.0]);
            second(&[2.0, 3.0, 4.0]);
            second(&[5.0]);
        }
        assert_eq!(delivered, 5);
        assert_eq!(all, [1.0, 2.0, 3.0, 4.0, 5.0]);
    }
}
