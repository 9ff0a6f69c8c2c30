//! What a message must not contain, checked before a tree is built of it.
//!
//! The XML parser is iterative, but some costs grow with the square of what a hostile file may hold
//! a lot of (attributes of one element, namespaces in scope), and a document type can define
//! entities. One pass over the bytes refuses all of that, as well as nesting and node counts that no
//! message has. It need not understand XML that is not well-formed: the parser refuses that.

use super::ErnError;

/// Deepest nesting accepted; messages have about 15 levels.
const MAX_DEPTH: usize = 256;
/// Most tags accepted, opening and closing. A message with 10,000 recordings has about two million.
const MAX_TAGS: usize = 4_000_000;
/// Most attributes of one element.
const MAX_ATTRIBUTES: usize = 256;
/// Most namespace declarations.
const MAX_NAMESPACES: usize = 4_096;

/// Refuses what is too deep, too large or defines entities.
pub(super) fn check(text: &str) -> Result<(), ErnError> {
    let bytes = text.as_bytes();
    let (mut at, mut depth, mut tags, mut namespaces) = (0, 0usize, 0usize, 0usize);
    while let Some(open) = find(bytes, at, b"<") {
        let rest = &bytes[open..];
        let end = if rest.starts_with(b"<!--") {
            find(bytes, open + 4, b"-->").map(|end| end + 3)
        } else if rest.starts_with(b"<![CDATA[") {
            find(bytes, open + 9, b"]]>").map(|end| end + 3)
        } else if rest.starts_with(b"<?") {
            find(bytes, open + 2, b"?>").map(|end| end + 2)
        } else if rest.starts_with(b"<!") {
            return Err(ErnError::Dtd);
        } else {
            let tag = tag(bytes, open);
            tags += 1;
            namespaces += tag.namespaces;
            if rest.starts_with(b"</") {
                depth = depth.saturating_sub(1);
            } else if !tag.empty {
                depth += 1;
            }
            if depth > MAX_DEPTH {
                return Err(ErnError::TooDeep { limit: MAX_DEPTH });
            }
            for (count, limit, what) in [
                (tags, MAX_TAGS, "tags"),
                (tag.attributes, MAX_ATTRIBUTES, "attributes of one element"),
                (namespaces, MAX_NAMESPACES, "namespace declarations"),
            ] {
                if count > limit {
                    return Err(ErnError::TooMany { what, limit });
                }
            }
            tag.end
        };
        let Some(end) = end else { return Ok(()) };
        at = end;
    }
    Ok(())
}

struct Tag {
    /// After the closing bracket; `None` where there is none.
    end: Option<usize>,
    attributes: usize,
    namespaces: usize,
    /// `<a/>`
    empty: bool,
}

fn tag(bytes: &[u8], open: usize) -> Tag {
    let mut tag = Tag { end: None, attributes: 0, namespaces: 0, empty: false };
    let mut at = open + 1;
    let mut name_start = at;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'>' => {
                tag.empty = bytes[at - 1] == b'/';
                tag.end = Some(at + 1);
                return tag;
            }
            b'=' => {
                tag.attributes += 1;
                tag.namespaces += usize::from(bytes[name_start..at].starts_with(b"xmlns"));
            }
            b'"' | b'\'' => match find(bytes, at + 1, &[byte]) {
                Some(close) => at = close,
                None => return tag,
            },
            _ if byte.is_ascii_whitespace() => name_start = at + 1,
            _ => {}
        }
        at += 1;
    }
    tag
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    match what {
        [one] => rest.iter().position(|b| b == one),
        _ => rest.windows(what.len()).position(|window| window == what),
    }
    .map(|at| from + at)
}
