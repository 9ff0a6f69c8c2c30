//! What requests share, and how they do what may block.

use std::sync::Arc;

use super::Desk;
use super::problem::Problem;

/// What requests share.
pub(super) type Shared = Arc<Desk>;

/// Does what may block (files, database) on a thread for that.
pub(super) async fn blocking<T: Send + 'static>(
    desk: &Shared,
    work: impl FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let desk = desk.clone();
    let done = tokio::task::spawn_blocking(move || work(&desk)).await;
    done.unwrap_or_else(|_| Err(Problem::internal("an internal error; please report this")))
}
