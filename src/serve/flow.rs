//! How much of a form is held in memory: what was received and not taken yet.
//!
//! The reader of forms buffers until it finds the end of what it looks for: a boundary, the headers of a part. A sender
//! who never writes that end must not fill the memory, nor one who sends faster than the disk takes it. So the body
//! pauses while too much is on hold, and fails where a pause changes nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use axum::body::Body;
use futures_util::StreamExt;
use futures_util::stream;

/// Bytes on hold at most, give or take what the network delivers at once.
const MAX_HELD: usize = 128 << 10;
/// What a part may take with its headers, apart from its content.
const PART: usize = 4 << 10;

/// What is on hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Flow(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    bytes: AtomicUsize,
    paused: AtomicBool,
    stuck: AtomicBool,
}

impl Flow {
    /// `body`, which pauses while too much of it is on hold.
    pub(super) fn metered(&self, body: Body) -> Body {
        let (held, mut frames) = (self.0.clone(), body.into_data_stream());
        Body::from_stream(stream::poll_fn(move |cx| {
            if held.bytes.load(Ordering::Relaxed) > MAX_HELD {
                if held.paused.swap(true, Ordering::Relaxed) {
                    held.stuck.store(true, Ordering::Relaxed);
                    return Poll::Ready(Some(Err(axum::Error::new(io::Error::other("stuck")))));
                }
                // The reader looks at what it has, and comes again.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let polled = frames.poll_next_unpin(cx);
            if let Poll::Ready(Some(Ok(bytes))) = &polled {
                held.bytes.fetch_add(bytes.len(), Ordering::Relaxed);
            }
            polled
        }))
    }

    /// So many bytes of content were taken.
    pub(super) fn took(&self, bytes: usize) {
        let less = |held: usize| Some(held.saturating_sub(bytes));
        let _ = self.0.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.0.paused.store(false, Ordering::Relaxed);
    }

    /// A part began.
    pub(super) fn began(&self) {
        self.took(PART);
    }

    /// Whether there was no end to what had to be on hold.
    pub(super) fn is_stuck(&self) -> bool {
        self.0.stuck.load(Ordering::Relaxed)
    }
}
