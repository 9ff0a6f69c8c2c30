//! Ogg: pages (RFC 3533, section 6). A link of a chain, which begins where a stream begins behind the sound of others,
//! is a file of its own here: Symphonia looks for the end of a link by halves, and may miss it.

use std::io::{self, Read, Seek};

use super::{Cut, Walk};

/// Length of a page's header without its table of segments.
const HEADER: u64 = 27;
/// The flag of a page with which a stream begins.
const FIRST_PAGE: u8 = 2;

impl<R: Read + Seek> Walk<'_, R> {
    pub(super) fn ogg(&mut self, start: u64) -> io::Result<(u64, Option<Cut>)> {
        let (mut at, mut has_sound) = (start, false);
        let cut = || Some(Cut::new("the file ends within a page of its sound", Vec::new()));
        while at < self.len {
            let head = self.bytes(at, HEADER)?;
            if !head.starts_with(b"OggS") {
                // Damage: the demuxer finds its way back. Or another file.
                let end = if self.is_start(at)? { at } else { self.len };
                return Ok((end, None));
            }
            // What is there of a page that is cut off is not shown to the demuxer.
            let (Some(&kind), Some(&count)) = (head.get(5), head.get(26)) else {
                return Ok((at, cut()));
            };
            let begins = kind & FIRST_PAGE != 0;
            if begins && has_sound {
                return Ok((at, None));
            }
            has_sound |= !begins;
            let table = self.bytes(at + HEADER, count.into())?;
            let body: u64 = table.iter().map(|&size| u64::from(size)).sum();
            let next = at + HEADER + u64::from(count) + body;
            if next > self.len || table.len() < usize::from(count) {
                return Ok((at, cut()));
            }
            at = next;
        }
        Ok((self.len, None))
    }
}
