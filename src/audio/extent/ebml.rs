//! Matroska: elements (RFC 8794, RFC 9559).

use std::io::{self, Read, Seek};

use super::super::matroska::{self, CLUSTER, EBML, SEGMENT, TRACKS};
use super::super::oversize::void;
use super::super::veil::Patch;
use super::{Cut, Walk};

const SEEK_HEAD: u32 = 0x114d_9b74;
/// What stands in a segment beside it: description, index, tags, chapters, attachments.
const OTHERS: [u32; 5] = [0x1549_a966, 0x1c53_bb6b, 0x1254_c367, 0x1043_a770, 0x1941_a469];

/// An element, where it lies.
#[derive(Clone, Copy)]
struct Element {
    id: u32,
    at: u64,
    body: u64,
    /// Unknown in live streams.
    size: Option<u64>,
}

impl Element {
    fn end(&self) -> Option<u64> {
        self.size.map(|size| self.body.saturating_add(size))
    }

    /// Its header, with the size unknown.
    fn opened(&self) -> Patch {
        let id_len = u64::from(4 - self.id.leading_zeros() / 8);
        let digits = self.body - self.at - id_len;
        let unknown = (1u64 << (7 * digits + 1)) - 1;
        let bytes = unknown.to_be_bytes()[8 - digits as usize..].to_vec();
        Patch { at: self.at + id_len, bytes }
    }
}

impl<R: Read + Seek> Walk<'_, R> {
    fn element(&mut self, at: u64) -> io::Result<Option<Element>> {
        if self.steps > super::MAX_STEPS {
            return Ok(None);
        }
        let bytes = self.bytes(at, 12)?;
        let found = matroska::element(&bytes);
        Ok(found.map(|(id, size, header)| Element { id, at, body: at + header, size }))
    }

    /// The one segment of a Matroska file. Where it is cut, its size and that of the cluster in which it ends become
    /// unknown, as in a live stream, and the list of what stands at its end is hidden.
    pub(super) fn matroska(&mut self, start: u64) -> io::Result<(u64, Option<Cut>)> {
        let header = self.element(start)?.and_then(|header| header.end());
        let segment = match header {
            Some(end) => self.element(end)?.filter(|element| element.id == SEGMENT),
            None => None,
        };
        let Some(segment) = segment else {
            let is_cut = header.is_none_or(|end| end >= self.len);
            return Ok((
                self.len,
                is_cut.then(|| Cut::fatal("truncated: it ends within its header")),
            ));
        };
        let mut patches = vec![segment.opened()];
        let (mut at, mut has_tracks, mut inside) = (segment.body, false, None);
        let limit = segment.end().unwrap_or(self.len).min(self.len);
        while at < limit {
            let Some(element) = self.element(at)? else { break };
            match element.id {
                EBML => return Ok((at, None)),
                SEEK_HEAD => {
                    let bytes = void(at, element.body, element.size.unwrap_or(0));
                    patches.push(Patch { at, bytes });
                }
                _ => {}
            }
            match element.end() {
                Some(end) if end > self.len => {
                    inside = Some(element);
                    break;
                }
                Some(end) => at = end,
                // Its parts are those of the segment, as far as this walk is concerned.
                None => at = element.body,
            }
            has_tracks |= element.id == TRACKS;
        }
        let is_short = segment.end().is_some_and(|end| end > self.len);
        if !is_short && inside.is_none() {
            return Ok((segment.end().unwrap_or(self.len), None));
        }
        if !has_tracks {
            return Ok((
                self.len,
                Some(Cut::fatal("truncated: it ends before its description of tracks")),
            ));
        }
        let reason = match inside.map(|element| element.id) {
            Some(id) if OTHERS.contains(&id) => {
                "the file ends behind its sound, within what describes it"
            }
            Some(_) => "the file ends within its sound (Cluster)",
            None => "the file ends before its declared end",
        };
        patches
            .extend(inside.filter(|element| element.id == CLUSTER).map(|cluster| cluster.opened()));
        Ok((self.len, Some(Cut::new(reason, patches))))
    }
}
