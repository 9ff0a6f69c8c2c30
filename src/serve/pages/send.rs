//! Sending audio with a browser.

use axum::Extension;
use axum::extract::State;
use axum::response::Html;
use maud::html;

use super::layout::Place;
use super::shown;
use crate::report::phrases::size;
use crate::serve::security::Caller;
use crate::serve::shared::Shared;
use crate::serve::users::Role;

/// The form.
pub(super) async fn page(
    State(desk): State<Shared>,
    Extension(caller): Extension<Caller>,
) -> Html<String> {
    let reviews = caller.role >= Role::Review;
    let content = html! {
        div.send data-page="send" data-reviews=(reviews) {
            h1 { "Send audio" }
            p.lead { "Files are compared with the references and judged like everything that comes in." }
            form #send {
                div.drop {
                    label.file {
                        strong { "Drop audio here, or choose files" }
                        span.muted { "Any audio format, up to " (size(desk.settings.max_upload)) " in all" }
                        input type="file" name="audio" multiple required
                            accept="audio/*,video/mp4,video/webm,.flac,.wav,.aif,.aiff,.caf,.m4a,.mp3,.ogg,.opus,.mka,.mkv";
                    }
                    ul.chosen {}
                }
                fieldset.declare {
                    legend { "What is declared about it " span.muted { "(as far as it is known)" } }
                    label { span { "Title" } input name="title"; }
                    label { span { "Artist" } input name="artist"; }
                    label { span { "Release" } input name="album"; }
                    label { span { "ISRC" } input name="isrc"; }
                    label { span { "Label" } input name="label"; }
                    label { span { "Account" } input name="account"; }
                    label { span { "Made with a generator" }
                        select name="ai" {
                            option value="" { "Nothing declared" }
                            option value="none" { "No" }
                            option value="partly" { "In part" }
                            option value="all" { "All of it" }
                        }
                    }
                    label { span { "Rights" }
                        select name="rights" {
                            option value="" { "Nothing declared" }
                            option value="yes" { "The sender holds them" }
                            option value="no" { "The sender does not hold them" }
                        }
                    }
                    label.wide { span { "Manifest or DDEX message" }
                        input type="file" name="manifest" accept=".csv,.tsv,.jsonl,.xml";
                    }
                }
                div.do { button.strong { "Send" } }
            }
            section.jobs aria-live="polite" hidden { h2 { "Sent" } ol {} }
        }
    };
    shown(desk.frame("Send audio", Place::Send, &caller).around(&content))
}
