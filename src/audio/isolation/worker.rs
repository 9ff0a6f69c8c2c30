//! The program's side of one worker.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::de::DeserializeOwned;

use super::wire::{Failure, Kind, Request, receive, send};
use crate::audio::{AudioError, DecodeOptions};
use crate::progress::Cancel;

/// How long a worker may take beyond the time limit that it keeps itself.
const GRACE: Duration = Duration::from_secs(5);
/// How often a silent worker makes us look at the clock, and whether to stop.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// Last words of a worker that are listened to.
const LAST_WORDS: u64 = 16 << 10;

/// Why a worker is of no use any more.
#[derive(Debug)]
pub(super) enum Ended {
    /// It ended by itself; why, in words.
    Died(String),
    /// It took too long.
    Late,
    /// Its work is not wanted any more.
    Cancelled,
}

/// A process that decodes. Ends with its owner.
pub(super) struct Worker {
    child: Child,
    /// Taken to end it.
    requests: Option<ChildStdin>,
    answers: ChildStdout,
    content: Vec<u8>,
    samples: Vec<f32>,
}

impl Worker {
    /// Starts this program with `argument`.
    pub(super) fn start(argument: &OsStr) -> io::Result<Worker> {
        let mut child = Command::new(own_program()?)
            .arg(argument)
            // A terminal's Ctrl-C is for us; a worker that has just begun does not yet know to ignore it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or(io::ErrorKind::BrokenPipe)?;
        // Fewer turns between the two; a smaller pipe does as well.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&answers, 256 << 10);
        Ok(Worker { child, requests, answers, content: Vec::new(), samples: Vec::new() })
    }

    /// Has the file at `path` read, as `request` has it.
    pub(super) fn answer<T: DeserializeOwned>(
        &mut self,
        path: &Path,
        options: &DecodeOptions,
        request: &Request,
        sink: &mut dyn FnMut(&[f32]),
    ) -> Result<Result<T, AudioError>, Ended> {
        let now = Instant::now();
        let limit = options.timeout.checked_add(GRACE).and_then(|limit| now.checked_add(limit));
        let request = serde_json::to_vec(request);
        let request = request.map_err(|error| Ended::Died(error.to_string()))?;
        let Worker { requests, answers, content, samples, .. } = self;
        let asked = match requests {
            Some(requests) => send(requests, Kind::Request, &request),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        let mut answers = Answers { answers, limit, cancel: &options.cancel };
        let mut answer = asked.and_then(|()| receive(&mut answers, content));
        while let Ok(Some(Kind::Samples)) = answer {
            samples.clear();
            let values =
                content.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            samples.extend(values);
            sink(samples);
            answer = receive(&mut answers, content);
        }
        let broken = |_| Ended::Died("its decoder sent nonsense".to_owned());
        match answer {
            Ok(Some(Kind::Done)) => serde_json::from_slice(content).map(Ok).map_err(broken),
            Ok(Some(Kind::Failed)) => {
                let failure: Failure = serde_json::from_slice(content).map_err(broken)?;
                Ok(Err(failure.about(path.to_owned(), options)))
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Ended::Late),
            Err(_) if options.cancel.is_cancelled() => Err(Ended::Cancelled),
            _ => Err(Ended::Died(self.last_words())),
        }
    }

    /// Ends it and waits for that.
    pub(super) fn finish(mut self) {
        self.requests = None;
        let _ = self.child.wait();
    }

    /// What became of a worker that sends nothing any more.
    fn last_words(&mut self) -> String {
        let _ = self.child.kill();
        let mut said = Vec::new();
        if let Some(errors) = self.child.stderr.take() {
            let _ = errors.take(LAST_WORDS).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        match self.child.wait() {
            Ok(status) => in_words(&said, status),
            Err(error) => format!("its decoder is gone ({error})"),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Why a worker died that said `said` at last.
fn in_words(said: &str, status: ExitStatus) -> String {
    if said.contains("memory allocation of") {
        return "its decoder needed more memory than a file is given".to_owned();
    }
    if said.contains("overflowed its stack") {
        return "its parts are nested too deeply for the decoder (stack overflow)".to_owned();
    }
    match status.signal() {
        Some(signal) => format!("its decoder was ended by signal {signal}{}", name(signal)),
        None => format!("its decoder ended early ({status})"),
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        4 => " (illegal instruction)",
        6 => " (abort)",
        7 => " (bus error)",
        8 => " (arithmetic error)",
        9 => " (killed, perhaps for want of memory)",
        11 => " (segmentation fault)",
        _ => "",
    }
}

/// This very program, even if its file was replaced meanwhile.
fn own_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}

/// What a worker sends, as long as it is waited for.
struct Answers<'a> {
    answers: &'a mut ChildStdout,
    limit: Option<Instant>,
    cancel: &'a Cancel,
}

impl Read for Answers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.cancel.is_cancelled() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            if self.limit.is_some_and(|limit| Instant::now() >= limit) {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut fds = [PollFd::new(&*self.answers, PollFlags::IN)];
            match poll(&mut fds, Some(&GLANCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return self.answers.read(buffer),
                Err(error) => return Err(error.into()),
            }
        }
    }
}
