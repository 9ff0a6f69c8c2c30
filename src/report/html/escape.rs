//! Text from files, made harmless and readable in HTML.
//!
//! Titles, names and paths come from strangers. Besides mark-up they may hold control characters,
//! and characters that turn the direction of the text around them, so that "exe.gpj" reads "jpg.exe":
//! those are spelled out, and every value stands in an element of its own direction (`<bdi>`).

/// Characters of a value that are shown.
const MAX_CHARS: usize = 400;

/// `value` as text of an element or value of a quoted attribute.
pub fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for (i, c) in value.chars().enumerate() {
        if i == MAX_CHARS {
            out.push('…');
            break;
        }
        push(&mut out, c);
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        '\n' | '\t' => out.push(' '),
        c if is_hidden(c) => out.push_str(&format!("[U+{:04X}]", u32::from(c))),
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

/// `value` in an element that keeps its direction to itself.
pub fn name(value: &str) -> String {
    format!("<bdi>{}</bdi>", text(value))
}

/// A published source: a link where it is a web address, else text.
pub fn source(value: &str) -> String {
    let is_web = value.starts_with("https://") || value.starts_with("http://");
    // What does not look like an address in full is shown, not followed.
    let is_plain = value.len() < 400 && value.chars().all(|c| c.is_ascii_graphic());
    if is_web && is_plain {
        let shown = text(value);
        return format!("<a href=\"{shown}\" rel=\"noreferrer noopener\">{shown}</a>");
    }
    name(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mark_up_and_direction_marks_are_spelled_out() {
        assert_eq!(text("<b a=\"x\" b='y'>&"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
        assert_eq!(text("a\u{202e}b\0c\nd"), "a[U+202E]b[U+0000]c d");
        assert_eq!(text("שלום 日本 e\u{301}"), "שלום 日本 e\u{301}");
        assert!(text(&"x".repeat(10_000)).chars().count() < 500);
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
