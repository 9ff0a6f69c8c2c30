//! MP4, CAF and RIFF: parts with a name of four letters and a size.

use std::io::{self, Read, Seek};

use super::super::riff;
use super::super::veil::Patch;
use super::{Cut, Walk, is_container};

/// A box of MP4 or a chunk of CAF.
struct Unit {
    name: [u8; 4],
    body: u64,
    /// Where it ends by its own account; none: with the file.
    end: Option<u64>,
}

/// Is this how a name begins? Everything else is the end of what can be followed.
fn is_name(name: &[u8; 4]) -> bool {
    name.iter().all(|b| (0x20..0x7f).contains(b) || *b == 0xa9)
}

impl<R: Read + Seek> Walk<'_, R> {
    fn atom(&mut self, at: u64) -> io::Result<Option<Unit>> {
        let Some([a, b, c, d, name @ ..]) = self.exact::<8>(at)? else { return Ok(None) };
        let (body, size) = match u32::from_be_bytes([a, b, c, d]) {
            0 => (at + 8, None),
            1 => match self.exact(at + 8)? {
                Some(size) => (at + 16, Some(u64::from_be_bytes(size))),
                None => return Ok(None),
            },
            size => (at + 8, Some(size.into())),
        };
        let end = size.map(|size| at.saturating_add(size));
        Ok(Some(Unit { name, body, end })
            .filter(|unit| is_name(&unit.name) && unit.end.is_none_or(|end| end >= unit.body)))
    }

    /// The boxes of an MP4 file. One that leads out of it is made to fit: sound keeps its name, what describes it
    /// is of no use without its end.
    pub(super) fn mp4(&mut self, start: u64) -> io::Result<(u64, Option<Cut>)> {
        let (mut at, mut has_index, mut has_sound) = (start, false, false);
        let mut is_fragmented = false;
        while let Some(Unit { name, body, end }) = self.atom(at)? {
            if name == *b"ftyp" && at > start && (has_index || has_sound) {
                break;
            }
            has_sound |= name == *b"mdat";
            is_fragmented |= name == *b"moof";
            let next = end.unwrap_or(self.len);
            if next > self.len {
                return Ok((self.len, Some(cut_box(&name, at, body, self.len, has_index))));
            }
            has_index |= name == *b"moov";
            at = next;
        }
        // Where a fragment should begin nothing does.
        if is_fragmented && has_index && self.is_lost(at)? {
            let reason = "its structure is damaged on the way, and what follows is not heard";
            return Ok((self.len, Some(Cut::new(reason, Vec::new()))));
        }
        let cut = (!has_index).then(|| {
            Cut::fatal(match has_sound {
                true => "truncated: its index (moov) is missing, which belongs behind the sound",
                false => "truncated: neither its index (moov) nor its sound (mdat) is there",
            })
        });
        Ok((if at > start { at } else { self.len }, cut))
    }

    /// Is there much at `at` that is neither padding nor another file?
    fn is_lost(&mut self, at: u64) -> io::Result<bool> {
        const MUCH: u64 = 1_024;
        let rest = self.bytes(at, MUCH)?;
        let is_much = rest.len() as u64 == MUCH && rest.iter().any(|byte| *byte != 0);
        Ok(is_much && !self.is_start(at)?)
    }

    /// The chunks of a CAF file.
    pub(super) fn caf(&mut self, start: u64) -> io::Result<(u64, Option<Cut>)> {
        let (mut at, mut is_variable, mut has_table) = (start + 8, false, false);
        let mut cut = None;
        while let Some([a, b, c, d, size @ ..]) = self.exact::<12>(at)? {
            let (name, body) = ([a, b, c, d], at + 12);
            if !is_name(&name) || is_container(&self.bytes(at, 64)?) {
                break;
            }
            let size = u64::from_be_bytes(size);
            let is_open = name == *b"data" && size == u64::MAX;
            let next = if is_open { self.len } else { body.saturating_add(size) };
            if name == *b"desc" {
                is_variable = self.exact::<20>(body)?.is_some_and(|d| d[16..] == [0; 4]);
            }
            if next > self.len {
                let size = (self.len - body).to_be_bytes().to_vec();
                let fit = Patch { at: at + 4, bytes: size };
                cut = Some(match &name {
                    b"data" => Cut::new("the file ends within its sound", vec![fit]),
                    b"desc" | b"kuki" | b"pakt" => {
                        let name = name.escape_ascii();
                        Cut::fatal(format!("truncated: it ends within its header ({name})"))
                    }
                    _ => {
                        let hide = Patch { at, bytes: b"free".to_vec() };
                        Cut::new(
                            format!("the file ends within `{}`", name.escape_ascii()),
                            vec![hide, fit],
                        )
                    }
                });
                at = self.len;
                break;
            }
            has_table |= name == *b"pakt";
            at = next;
        }
        if is_variable && !has_table && cut.as_ref().is_none_or(|cut| !cut.is_fatal) {
            let reason =
                "truncated: its table of packets (pakt) is missing, which belongs behind the sound";
            cut = Some(Cut::fatal(reason));
        }
        Ok((at, cut))
    }

    /// The chunks of a WAV or AIFF file, whose reader copes with sizes of all kinds. A chunk of unknown or wrong length goes on to
    /// the end, or to the next file.
    pub(super) fn riff(&mut self, start: u64) -> io::Result<(u64, Option<Cut>)> {
        let chunks = riff::chunks(self.inner, start, self.len)?;
        let open = chunks.iter().find(|chunk| chunk.declared.is_none_or(|size| size > chunk.len));
        if let Some(chunk) = open {
            let end = self.next_start(chunk.start, &[])?;
            return Ok((end, cut_sound(chunk, start, end)));
        }
        let end = chunks.last().map_or(self.len, |last| last.start + last.len);
        // Padded to an even length, and in Wave64 to a multiple of 8.
        for next in [end, end + 1, start + (end - start).next_multiple_of(8)] {
            if self.is_start(next)? {
                return Ok((next, None));
            }
        }
        Ok((end, None))
    }
}

/// What is missing of the sound in `chunk` of a file that lies between `start` and `end`. Programs that take the
/// length of the file for that of its sound lose nothing, so as much as stands in front of it may be missing.
fn cut_sound(chunk: &riff::Chunk, start: u64, end: u64) -> Option<Cut> {
    let declared = chunk.declared.filter(|_| matches!(&chunk.id, b"data" | b"SSND"))?;
    let missing = declared.saturating_sub(end.saturating_sub(chunk.start));
    (missing > chunk.start - start).then(|| {
        let name = chunk.id.escape_ascii();
        let reason = format!(
            "the file ends within its sound ({name}): {missing} of {declared} bytes are missing"
        );
        Cut::new(reason, Vec::new())
    })
}

/// What to do about the box `name` at `at` that leads out of a file of `len` bytes.
fn cut_box(name: &[u8; 4], at: u64, body: u64, len: u64, has_index: bool) -> Cut {
    let size = match body - at {
        16 => Patch { at: at + 8, bytes: (len - at).to_be_bytes().to_vec() },
        // Less than 4 GB by the size it had.
        _ => Patch { at, bytes: ((len - at) as u32).to_be_bytes().to_vec() },
    };
    let shown = name.escape_ascii();
    match name {
        b"moov" => Cut::fatal("truncated: it ends within its index (moov)"),
        b"mdat" if !has_index => Cut::fatal(
            "truncated: it ends within its sound (mdat), and its index (moov), which belongs behind it, is missing",
        ),
        b"mdat" => Cut::new("the file ends within its sound (mdat)", vec![size]),
        _ if !has_index => {
            Cut::fatal(format!("truncated: it ends within `{shown}`, before its index (moov)"))
        }
        _ => {
            let hide = Patch { at: at + 4, bytes: b"free".to_vec() };
            Cut::new(format!("the file ends within `{shown}`"), vec![hide, size])
        }
    }
}
