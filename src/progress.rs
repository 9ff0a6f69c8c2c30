//! How long-running work reports that it goes on, without knowing who watches.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Watches a batch of files. All methods may be called from any thread.
pub trait Progress: Sync {
    /// The batch has `files` files.
    fn start(&self, files: usize);
    /// `path` is done; it held `audio_ms` of audio (0 if it could not be read).
    fn file_done(&self, path: &Path, audio_ms: u64);
    /// The batch is over.
    fn finish(&self);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: usize) {}
    fn file_done(&self, _: &Path, _: u64) {}
    fn finish(&self) {}
}

/// Asks work to stop at the next convenient moment. Clones ask the same work.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Not cancelled.
    pub fn new() -> Cancel {
        Cancel::default()
    }

    /// Asks to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
