//! One loop that several artists share and no library explains: who has it, and where to listen.

use maud::{Markup, html};

use super::foreign::{Name, Text};
use super::parts::Column::{Numbers, Words};
use super::parts::{or_absent, table_head};
use crate::clock::clock;
use crate::dedup::shared_loops::{LoopPlace, SharedLoop};

/// Tracks listed.
const MAX_TRACKS: usize = 100;

/// The loop in HTML.
pub fn shared_loop(shared: &SharedLoop) -> Markup {
    let columns =
        [Words("Track"), Words("Title"), Words("Artist"), Words("Account"), Numbers("Shared")];
    html! {
        article.cluster {
            p.statement { (Text::whole(&shared.text)) }
            div.scroll { table {
                (table_head(&columns))
                tbody { @for t in shared.tracks.iter().take(MAX_TRACKS) {
                    tr {
                        td { (Name::of(&t.path)) }
                        td { (or_absent(t.title.as_deref().map(Name::of).as_ref(), "untitled")) }
                        td { (or_absent(artists(t).as_deref().map(Name::of).as_ref(), "not named")) }
                        td { (or_absent(t.account.as_deref().map(Name::of).as_ref(), "not known")) }
                        td.n { (clock(t.begin_ms)) " – " (clock(t.end_ms)) }
                    }
                } }
            } }
            @if shared.tracks.len() > MAX_TRACKS {
                p.note { (shared.tracks.len() - MAX_TRACKS) " more are not listed." }
            }
        }
    }
}

fn artists(track: &LoopPlace) -> Option<String> {
    (!track.artists.is_empty()).then(|| track.artists.join(", "))
}
