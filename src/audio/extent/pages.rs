//! Ogg: pages (RFC 3533, section 6). A link of a chain, which begins where a stream begins behind the sound of others,
//! is a file of its own here: Symphonia looks for the end of a link by halves, and may miss it.
//!
//! It also passes over pages whose checksum is wrong, without a word. Here they are counted.

use std::io::{self, Read, Seek};

use memchr::memmem;

use super::{Cut, Extent, Walk};

/// Length of a page's header without its table of segments.
const HEADER: u64 = 27;
/// Where in it the checksum lies.
const CHECKSUM: std::ops::Range<usize> = 22..26;
/// The flag of a page with which a stream begins.
const FIRST_PAGE: u8 = 2;
/// How a page begins: name and version.
const CAPTURE: &[u8] = b"OggS\0";
/// Bytes looked through at a time for the next page.
const BLOCK: u64 = 64 << 10;

impl<R: Read + Seek> Walk<'_, R> {
    pub(super) fn ogg(&mut self, start: u64) -> io::Result<Extent> {
        let (mut at, mut has_sound, mut damaged) = (start, false, 0);
        let cut = || Some(Cut::new("the file ends within a page of its sound", Vec::new()));
        while at < self.len {
            let Some(page) = self.page(at)? else {
                let rest = self.bytes(at, CAPTURE.len() as u64)?;
                if rest.starts_with(b"OggS") {
                    // What is there of a page that is cut off is not shown to the demuxer.
                    return Ok(Extent { end: at, cut: cut(), damaged });
                }
                if self.is_start(at)? {
                    return Ok(Extent { end: at, cut: None, damaged });
                }
                match self.next_page(at + 1)? {
                    Some(next) => at = next,
                    // Tags, or nothing that is known.
                    None => break,
                }
                damaged += 1;
                continue;
            };
            let begins = page[5] & FIRST_PAGE != 0;
            if begins && has_sound {
                return Ok(Extent { end: at, cut: None, damaged });
            }
            has_sound |= !begins;
            damaged += u64::from(!is_sound(&page));
            at += page.len() as u64;
        }
        Ok(Extent { end: self.len, cut: None, damaged })
    }

    /// The whole page at `at`.
    fn page(&mut self, at: u64) -> io::Result<Option<Vec<u8>>> {
        let head = self.bytes(at, HEADER + 255)?;
        let count = head.get(HEADER as usize - 1).copied().filter(|_| head.starts_with(CAPTURE));
        let Some(table) = count.and_then(|count| head.get(27..27 + usize::from(count))) else {
            return Ok(None);
        };
        let body: u64 = table.iter().map(|&size| u64::from(size)).sum();
        let len = HEADER + table.len() as u64 + body;
        let page = self.bytes(at, len)?;
        Ok(Some(page).filter(|page| page.len() as u64 == len))
    }

    /// Where the next page begins.
    fn next_page(&mut self, mut at: u64) -> io::Result<Option<u64>> {
        while at < self.len {
            let block = self.bytes(at, BLOCK + CAPTURE.len() as u64)?;
            if let Some(i) = memmem::find(&block, CAPTURE) {
                return Ok(Some(at + i as u64));
            }
            at += BLOCK;
        }
        Ok(None)
    }
}

/// Is the checksum of `page` right? It is over the page with zeros in its place.
fn is_sound(page: &[u8]) -> bool {
    let (head, rest) = page.split_at(CHECKSUM.start);
    let (stored, body) = rest.split_at(CHECKSUM.len());
    let sum = [head, &[0; 4], body].into_iter().fold(0, checksum);
    stored == sum.to_le_bytes()
}

/// CRC of 32 bits by the polynomial of RFC 3533, section 6.
fn checksum(sum: u32, bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    bytes.iter().fold(sum, |sum, byte| sum << 8 ^ TABLE[(sum >> 24) as usize ^ usize::from(*byte)])
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut sum = (i as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 };
            bit += 1;
        }
        table[i] = sum;
        i += 1;
    }
    table
}
