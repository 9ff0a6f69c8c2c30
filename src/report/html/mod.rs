//! One self-contained HTML file from records: what a reviewer, an uploader or a partner is shown.
//!
//! The page works from the file system without network and without scripts, prints, is readable
//! without colour, and treats everything that came from files as hostile: a policy
//! in the page forbids whatever does not stand in it.

/// Appends formatted text to a `String`, which cannot fail.
macro_rules! put {
    ($out:expr, $($part:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($out, $($part)*);
    }};
}

mod cluster_view;
mod escape;
mod figure;
mod match_view;
mod metadata_view;
mod page;
mod plots;
mod svg;
mod upload_view;
mod words;

pub use page::{Options, Written, write};
