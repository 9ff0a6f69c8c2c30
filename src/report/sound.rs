//! Sound for reports: both sides of a match to listen to.
//!
//! Audio that lies in the folder of the page, or below it, is played from there. With clips, the matched seconds of
//! both sides stand in the page itself, as FLAC, so that it can be sent on; where a side is gone, the peaks of both
//! are made audible instead. Only a file that the records are about is opened, told by its hash.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::evidence::EvidenceRecord;
use super::flac;
use super::picture::Identity;
use super::records::{MatchRecord, SegmentRecord};
use super::sonify::{RATE, sonify};
use super::wave;
use crate::audio::{ANALYSIS_RATE, DecodeOptions, decode_file};
use crate::fingerprint::file::sha256_of;
use crate::id::path_of_text;

/// Longest clip, ms.
const MAX_CLIP: u64 = 15_000;
/// Matches of a page with clips, those shown first: each is about half a megabyte.
pub const MAX_CLIPPED: usize = 60;
/// Heard before the segment begins, ms.
const LEAD: u64 = 500;

/// Where sound may come from.
#[derive(Debug, Clone, Default)]
pub struct Sounds {
    /// The folder that the page will lie in; audio in it is played from there.
    pub folder: Option<PathBuf>,
    /// Matched seconds stand in the page.
    pub clips: bool,
    /// Caps for decoding.
    pub decode: DecodeOptions,
}

/// One side to listen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// An address relative to the page, or the sound itself.
    pub source: Source,
    /// What of the file it holds, ms: begin and end.
    pub holds: (u64, u64),
    /// Where the segment begins that is listened to, ms of the file.
    pub from_ms: u64,
}

/// What a player plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file beside the page, by its address.
    Beside(String),
    /// A clip at this address.
    At(String),
    /// FLAC in base64.
    Clip(String),
}

/// What of a match can be heard.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// The scanned file, the reference.
    pub sides: [Option<Sound>; 2],
    /// The peaks of both, where one side is gone.
    pub peaks: Option<Sound>,
    /// Moments of the reference for each of the file.
    pub slope: f64,
}

impl Sounds {
    /// Whether pages have players at all.
    pub fn any(&self) -> bool {
        self.clips || self.folder.is_some()
    }

    /// What can be heard of `m`, the `number`-th match of its page.
    pub fn of(&self, m: &MatchRecord, evidence: Option<&EvidenceRecord>, number: usize) -> Heard {
        let Some(s) = longest(&m.segments) else { return Heard::default() };
        let heard = (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms);
        let there = (s.db_begin_time_offset_ms, s.db_end_time_offset_ms);
        let slope = slope(m);
        let clips = self.clips && number <= MAX_CLIPPED;
        let (q, r) = (&m.query, &m.reference);
        let (query, reference) = rayon::join(
            || self.side(&path_of_text(&q.path), Identity::Sha256(&q.sha256), heard, clips),
            || self.side(&path_of_text(&r.path), Identity::RefId(&r.ref_id), there, clips),
        );
        let is_gone = query.is_none() || reference.is_none();
        let peaks = evidence.filter(|_| clips && is_gone);
        let peaks = peaks.and_then(|evidence| of_peaks(evidence, &m.segments, heard));
        let peaks = peaks.map(|Clip { flac, holds }| Sound {
            source: Source::Clip(STANDARD.encode(flac)),
            holds,
            from_ms: heard.0,
        });
        Heard { sides: [query, reference], peaks, slope }
    }

    fn side(
        &self,
        path: &Path,
        identity: Identity<'_>,
        (begin, end): (u64, u64),
        clips: bool,
    ) -> Option<Sound> {
        if !self.any() || !std::fs::metadata(path).is_ok_and(|meta| meta.is_file()) {
            return None;
        }
        let beside = self.folder.as_deref().and_then(|folder| relative(folder, path));
        if !clips && beside.is_none() {
            return None;
        }
        if !identity.is(&sha256_of(path).ok()?) {
            return None;
        }
        if clips {
            let Clip { flac, holds } = cut(path, (begin, end), &self.decode)?;
            let source = Source::Clip(STANDARD.encode(flac));
            return Some(Sound { source, holds, from_ms: begin });
        }
        let source = Source::Beside(beside?);
        Some(Sound { source, holds: (0, u64::MAX), from_ms: begin })
    }
}

/// Some seconds of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clip {
    /// As FLAC.
    pub flac: Vec<u8>,
    /// What of the file it holds, ms: begin and end.
    pub holds: (u64, u64),
}

/// What a clip of a match holds of the file, of the reference: begin and end, ms. And what is listened to in both.
pub fn held(m: &MatchRecord) -> Option<[((u64, u64), u64); 2]> {
    let s = longest(&m.segments)?;
    let heard = (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms);
    let there = (s.db_begin_time_offset_ms, s.db_end_time_offset_ms);
    Some([heard, there].map(|span| (around(span), span.0)))
}

/// Moments of the reference for each of the file, in the segment that is listened to.
pub fn slope(m: &MatchRecord) -> f64 {
    longest(&m.segments).map_or(1.0, |s| {
        let heard = s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms);
        let there = s.db_end_time_offset_ms.saturating_sub(s.db_begin_time_offset_ms);
        there as f64 / heard.max(1) as f64
    })
}

/// The matched seconds of the file at `path`, which is the scanned one or the reference of `m`.
pub fn clip(path: &Path, m: &MatchRecord, is_query: bool, decode: &DecodeOptions) -> Option<Clip> {
    let s = longest(&m.segments)?;
    let span = match is_query {
        true => (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms),
        false => (s.db_begin_time_offset_ms, s.db_end_time_offset_ms),
    };
    cut(path, span, decode)
}

/// The peaks of the matched seconds as sound.
pub fn peaks_clip(evidence: &EvidenceRecord, m: &MatchRecord) -> Option<Clip> {
    let s = longest(&m.segments)?;
    of_peaks(evidence, &m.segments, (s.sample_begin_time_offset_ms, s.sample_end_time_offset_ms))
}

fn around((begin, end): (u64, u64)) -> (u64, u64) {
    (begin.saturating_sub(LEAD), end.min(begin.saturating_add(MAX_CLIP)))
}

fn cut(path: &Path, span: (u64, u64), decode: &DecodeOptions) -> Option<Clip> {
    let holds = around(span);
    let at = |ms: u64| ms.saturating_mul(u64::from(ANALYSIS_RATE)) / 1000;
    let (from, to) = (at(holds.0), at(holds.1));
    let enough = Duration::from_millis(holds.1.saturating_add(1_000));
    let options = DecodeOptions { max_duration: decode.max_duration.min(enough), ..decode.clone() };
    let (mut passed, mut kept) = (0u64, Vec::new());
    decode_file(path, &options, &mut |chunk| {
        let within = |at: u64| (at.saturating_sub(passed) as usize).min(chunk.len());
        let part = chunk.get(within(from)..within(to)).unwrap_or_default();
        kept.extend(part.iter().map(|value| i32::from(wave::sample(*value))));
        passed += chunk.len() as u64;
    })
    .ok()?;
    if kept.is_empty() {
        return None;
    }
    Some(Clip { flac: flac::encode(&kept, 1, ANALYSIS_RATE)?, holds })
}

fn of_peaks(
    evidence: &EvidenceRecord,
    segments: &[SegmentRecord],
    span: (u64, u64),
) -> Option<Clip> {
    let sound = sonify(evidence, segments);
    let (begin, end) = around(span);
    let holds = (begin.max(sound.begin_ms), end);
    let at = |ms: u64| (ms.saturating_sub(sound.begin_ms) * u64::from(RATE) / 1000) as usize;
    let last = at(holds.1).min(sound.frames.len());
    let part = sound.frames.get(at(holds.0)..last).filter(|part| !part.is_empty())?;
    let samples: Vec<i32> = part.iter().flatten().map(|v| i32::from(wave::sample(*v))).collect();
    Some(Clip { flac: flac::encode(&samples, 2, RATE)?, holds })
}

fn longest(segments: &[SegmentRecord]) -> Option<&SegmentRecord> {
    let length = |s: &SegmentRecord| {
        s.sample_end_time_offset_ms.saturating_sub(s.sample_begin_time_offset_ms)
    };
    segments.iter().rev().max_by_key(|s| (!s.repeat, length(s)))
}

/// The address of `path` for a page in `folder`, if it lies in it or below.
fn relative(folder: &Path, path: &Path) -> Option<String> {
    let (folder, path) = (folder.canonicalize().ok()?, path.canonicalize().ok()?);
    let below = path.strip_prefix(folder).ok()?;
    let mut address = String::new();
    for part in below.components() {
        if !address.is_empty() {
            address.push('/');
        }
        // RFC 3986: all but unreserved characters.
        for byte in part.as_os_str().to_str()?.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    address.push(char::from(byte));
                }
                _ => write!(address, "%{byte:02X}").ok()?,
            }
        }
    }
    (!address.is_empty()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_beside_the_page_has_an_address() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("page");
        std::fs::create_dir_all(inside.join("a b")).unwrap();
        for file in ["page/a b/x#1?.ogg", "out.ogg"] {
            std::fs::write(dir.path().join(file), "x").unwrap();
        }
        let address = |file: &str| relative(&inside, &dir.path().join(file));
        assert_eq!(address("page/a b/x#1?.ogg").as_deref(), Some("a%20b/x%231%3F.ogg"));
        assert_eq!(address("out.ogg"), None);
        assert_eq!(address("gone.ogg"), None);
    }
}
