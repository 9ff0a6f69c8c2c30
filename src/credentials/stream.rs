//! A file that gives up when time is over: whoever reads it ends by the error.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::progress::Cancel;

/// Whether time was over before the end.
#[derive(Clone)]
pub(super) struct Over(Arc<AtomicBool>);

impl Over {
    pub(super) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The file.
pub(super) struct Watched {
    file: File,
    deadline: Option<Instant>,
    cancel: Cancel,
    over: Over,
}

impl Watched {
    /// Watches over `file` for `time`.
    pub(super) fn new(file: File, time: Duration, cancel: Cancel) -> (Watched, Over) {
        let over = Over(Arc::new(AtomicBool::new(false)));
        let deadline = Instant::now().checked_add(time);
        (Watched { file, deadline, cancel, over: over.clone() }, over)
    }

    fn ensure(&self) -> io::Result<()> {
        let late = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if late || self.cancel.is_cancelled() {
            self.over.0.store(true, Ordering::Relaxed);
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ensure()?;
        self.file.read(buffer)
    }
}

impl Seek for Watched {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.ensure()?;
        self.file.seek(to)
    }
}
