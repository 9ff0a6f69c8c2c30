//! One self-contained HTML file from records: what a reviewer, an uploader or a partner is shown.
//!
//! The page works from the file system without network and without scripts, prints, is readable
//! without colour, and treats everything that came from files as hostile: a policy
//! in the page forbids whatever does not stand in it.
//!
//! Each part is a view model, which counts, sorts and picks what is shown, and a function that
//! turns it into markup. Texts from files reach a template as `foreign::Text` and
//! `foreign::Name` only, which spell out what would hide or turn around: no template shows one as
//! it came. `page` puts the parts together and writes them out one by one; any other page can show
//! the same parts.

mod anchors;
mod banner;
mod cluster_view;
mod credential_view;
mod exhibit;
mod family_view;
mod figure;
mod finding_view;
mod foreign;
pub mod fragments;
mod guide;
mod listen_view;
mod masthead;
mod match_view;
mod matrix;
mod member_view;
mod metadata_view;
mod notices;
mod overview;
mod page;
mod pages;
mod parts;
mod plots;
mod segments_view;
mod shared_loop_view;
mod shell;
mod svg;
mod timeline;
mod trace_view;
mod tracklist_view;
mod upload_view;
mod verdict_view;
mod words;
mod work_view;

pub use page::{Options, Written, write};
pub use pages::{page_name, uploads_with_pages, write_index, write_upload};
