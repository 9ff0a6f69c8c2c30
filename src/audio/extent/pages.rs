//! Ogg: pages (RFC 3533, section 6). Streams chained within Ogg are the demuxer's; this finds the end of all.

use std::io::{self, Read, Seek};

use super::{Cut, Walk};

/// Length of a page's header without its table of segments.
const HEADER: u64 = 27;

impl<R: Read + Seek> Walk<'_, R> {
    pub(super) fn ogg(&mut self, start: u64) -> io::Result<(u64, Option<Cut>)> {
        let mut at = start;
        let cut = || Some(Cut::new("the file ends within a page of its sound", Vec::new()));
        while at < self.len {
            let head = self.bytes(at, HEADER)?;
            if !head.starts_with(b"OggS") {
                // Damage: the demuxer finds its way back. Or another file.
                let end = if self.is_start(at)? { at } else { self.len };
                return Ok((end, None));
            }
            let Some(&count) = head.get(26) else { return Ok((self.len, cut())) };
            let table = self.bytes(at + HEADER, count.into())?;
            let body: u64 = table.iter().map(|&size| u64::from(size)).sum();
            let next = at + HEADER + u64::from(count) + body;
            if next > self.len || table.len() < usize::from(count) {
                return Ok((self.len, cut()));
            }
            at = next;
        }
        Ok((self.len, None))
    }
}
