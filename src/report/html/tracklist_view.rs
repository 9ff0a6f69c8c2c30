//! Which reference sounds when in a mix.

use maud::{Markup, html};

use super::anchors::{Anchors, linked};
use super::foreign::Name;
use super::parts::Column::Words;
use super::parts::table_head;
use super::words::count;
use crate::clock::clock;
use crate::report::phrases::named;
use crate::report::records::TracklistEntry;

/// Stretches of a mix that are listed.
const MAX_ENTRIES: usize = 200;

/// A stretch of the mix.
struct Stretch {
    begin: String,
    end: String,
    reference: Markup,
}

/// The tracklist of a mix.
pub struct Tracklist {
    all: usize,
    listed: Vec<Stretch>,
}

impl Tracklist {
    /// The tracklist of the upload at `path` with these `entries`; none of what is no mix.
    pub fn new(path: &str, entries: &[TracklistEntry], anchors: &Anchors) -> Option<Tracklist> {
        let stretch = |entry: &TracklistEntry| {
            let name = Name::of(named(entry.title.as_deref(), &entry.artists, &entry.path));
            Stretch {
                begin: clock(entry.sample_begin_time_offset_ms),
                end: clock(entry.sample_end_time_offset_ms),
                reference: linked(anchors.evidence(path, &entry.match_id), html! { (name) }),
            }
        };
        let listed = entries.iter().take(MAX_ENTRIES).map(stretch).collect();
        (!entries.is_empty()).then_some(Tracklist { all: entries.len(), listed })
    }

    /// The tracklist in HTML.
    pub fn markup(&self) -> Markup {
        let more = self.all - self.listed.len();
        html! {
            h4 { "Tracklist: a mix of " (count(self.all, "stretch", "stretches")) }
            div.scroll { table.tracklist {
                (table_head(&[Words("From"), Words("To"), Words("Reference")]))
                tbody { @for stretch in &self.listed {
                    tr { td { (stretch.begin) } td { (stretch.end) } td { (stretch.reference) } }
                } }
            } }
            @if more > 0 {
                p.note {
                    (count(more, "further stretch is", "further stretches are")) " not listed."
                }
            }
        }
    }
}
