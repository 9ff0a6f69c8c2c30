//! The frame of the page, and how a frame is written before what stands in it is known.
//!
//! A report may hold hundreds of pictures. Each exhibit is written and forgotten; what goes around
//! them is one template all the same, with a hole, and is cut in two there.

use std::io::{self, Write};

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use sha2::{Digest, Sha256};

use super::foreign::Text;
use super::{guide, svg};

/// The style sheet.
pub const STYLE: &str = include_str!("style.css");
/// The script.
pub const SCRIPT: &str = include_str!("script.js");
/// Never part of a page: foreign text has no `<`, and our own no such comment.
const MARK: &str = "<!--hole-->";

/// The place in a template where something is written later.
#[derive(Debug, Clone, Copy)]
pub struct Hole;

impl Render for Hole {
    fn render_to(&self, out: &mut String) {
        out.push_str(MARK);
    }
}

/// A template on both sides of its hole.
#[derive(Debug)]
pub struct Frame {
    before: String,
    after: String,
}

impl Frame {
    /// Writes the template, and in its hole what `content` writes.
    pub fn write(
        self,
        out: &mut dyn Write,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        out.write_all(self.before.as_bytes())?;
        content(out)?;
        out.write_all(self.after.as_bytes())
    }
}

impl From<Markup> for Frame {
    fn from(template: Markup) -> Frame {
        let mut before = template.into_string();
        let at = before.find(MARK);
        let rest = at.map_or_else(String::new, |at| before.split_off(at));
        Frame { before, after: rest.get(MARK.len()..).unwrap_or_default().to_owned() }
    }
}

/// The whole page around `content`.
/// `hears`: it has players.
pub fn document(
    title: &Text<'_>,
    provenance: &Markup,
    hears: bool,
    content: impl Render,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title, hears))
            body {
                (svg::patterns())
                a.skip href="#result" { "Skip to the result" }
                header.masthead {
                    p.kind { "soundalike evidence report" }
                    h1 { (title) }
                    (provenance)
                }
                main #result tabindex="-1" { (content) details.method-of { summary { h2 { "How to read the exhibits" } } (guide::method()) } }
                // A script has no escapes: what stands in it is read to the end tag as it is. It is
                // a constant, and nothing is ever put into it.
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// Content Security Policy: nothing is loaded from anywhere, and no script runs but the one of the page, known by
/// its hash (W3C CSP 3, section 2.3.1).
fn policy(hears: bool) -> String {
    // Sound stands in the page, or beside it.
    let media = if hears { " media-src 'self' data:;" } else { "" };
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; img-src data:;{media} style-src 'unsafe-inline'; script-src 'sha256-{hash}'; \
         base-uri 'none'; form-action 'none'"
    )
}

fn head(title: &Text<'_>, hears: bool) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(policy(hears));
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="referrer" content="no-referrer";
            title { (title) }
            // As with the script: a style sheet has no escapes, and this one is a constant.
            style { (PreEscaped(STYLE)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_the_one_script_run_and_no_other() {
        let page = document(&Text::of("t"), &html! {}, false, html! {}).into_string();
        assert!(!page.contains("media-src"));
        let (_, rest) = page.split_once("<script>").unwrap();
        let (script, rest) = rest.split_once("</script>").unwrap();
        assert!(!rest.contains("<script"));
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script));
        assert!(
            page.contains(&format!("script-src &#39;sha256-{hash}&#39;"))
                || page.contains(&format!("script-src 'sha256-{hash}'"))
        );
        assert!(!script.contains('\r'), "a browser would hash another text");
    }

    #[test]
    fn a_frame_is_cut_at_its_hole() {
        let frame = Frame::from(html! { p { "a" (Hole) "b" } });
        assert_eq!((frame.before.as_str(), frame.after.as_str()), ("<p>a", "b</p>"));
        let whole = Frame::from(html! { p { (Text::of(MARK)) } });
        assert_eq!(whole.after, "", "no hole is made by a text");
    }
}
