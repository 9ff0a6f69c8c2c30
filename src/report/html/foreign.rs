//! Text from files, made harmless and readable in HTML.
//!
//! Titles, names and paths come from strangers. Besides mark-up they may hold control characters,
//! and characters that turn the direction of the text around them, so that "exe.gpj" reads "jpg.exe":
//! those are spelled out, and every name stands in an element of its own direction (`<bdi>`).
//! Templates escape mark-up by themselves, but not these; hence types of their own.

use std::borrow::Cow;
use std::fmt::Write as _;

use maud::{Markup, Render, html};

/// Characters of a value that are shown.
const MAX_CHARS: usize = 400;

/// A text from a file, as text of an element or value of an attribute.
#[derive(Debug, Clone)]
pub struct Text<'a>(Cow<'a, str>, usize);

impl<'a> Text<'a> {
    /// Marks `value` as foreign.
    pub fn of(value: impl Into<Cow<'a, str>>) -> Text<'a> {
        Text(value.into(), MAX_CHARS)
    }

    /// The same in full: for what a program reads again, and for sentences of ours.
    pub fn whole(value: impl Into<Cow<'a, str>>) -> Text<'a> {
        Text(value.into(), usize::MAX)
    }
}

impl Render for Text<'_> {
    fn render_to(&self, out: &mut String) {
        for (i, c) in self.0.chars().enumerate() {
            if i == self.1 {
                out.push('…');
                break;
            }
            push(out, c);
        }
    }
}

fn push(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '\n' | '\t' => out.push(' '),
        c if is_hidden(c) => {
            let _ = write!(out, "[U+{:04X}]", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Control characters, and those that change direction or take no room.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A name from a file, in an element that keeps its direction to itself. Not for attributes.
#[derive(Debug, Clone)]
pub struct Name<'a>(Text<'a>);

impl<'a> Name<'a> {
    /// Marks `value` as foreign.
    pub fn of(value: impl Into<Cow<'a, str>>) -> Name<'a> {
        Name(Text::of(value))
    }

    /// The same in full: a sentence whose end says what it does not mean.
    pub fn whole(value: impl Into<Cow<'a, str>>) -> Name<'a> {
        Name(Text::whole(value))
    }
}

impl Render for Name<'_> {
    fn render(&self) -> Markup {
        html! { bdi { (self.0) } }
    }
}

/// A published source: a link where it is a web address, else a name.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a>(pub &'a str);

impl Render for Source<'_> {
    fn render(&self) -> Markup {
        let is_web = self.0.starts_with("https://") || self.0.starts_with("http://");
        // What does not look like an address in full is shown, not followed.
        let is_plain = self.0.len() < MAX_CHARS && self.0.chars().all(|c| c.is_ascii_graphic());
        if !is_web || !is_plain {
            return Name::of(self.0).render();
        }
        let address = Text::of(self.0);
        html! { a href=(address) rel="noreferrer noopener" { (address) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &str) -> String {
        Text::of(value).render().into_string()
    }

    fn source(value: &str) -> String {
        Source(value).render().into_string()
    }

    #[test]
    fn mark_up_and_direction_marks_are_spelled_out() {
        assert_eq!(text("<b a=\"x\" b='y'>&"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
        assert_eq!(text("a\u{202e}b\0c\nd"), "a[U+202E]b[U+0000]c d");
        assert_eq!(text("שלום 日本 e\u{301}"), "שלום 日本 e\u{301}");
        assert!(text(&"x".repeat(10_000)).chars().count() < 500);
    }

    #[test]
    fn templates_do_not_escape_twice() {
        let shown = html! { p title=(Text::of("a\"&\u{202e}")) { (Name::of("<i>\u{200b}")) } };
        assert_eq!(
            shown.into_string(),
            "<p title=\"a&quot;&amp;[U+202E]\"><bdi>&lt;i&gt;[U+200B]</bdi></p>"
        );
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert!(source("https://example.org/a?b=1&c").starts_with("<a href=\"https://"));
        for other in ["javascript:alert(1)", "data:text/html,x", "a page", "https://x\" onclick="] {
            assert!(!source(other).contains("<a"), "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_leaves_text(value in any::<String>()) {
            let shown = text(&value);
            prop_assert!(!shown.contains(['<', '>', '"', '\'']));
            prop_assert!(!shown.chars().any(is_hidden));
        }
    }
}
