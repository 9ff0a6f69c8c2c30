//! Damage accounts: which packets were good, and whether what came out deserves to be called
//! the content of the file.

use symphonia::core::errors::Error;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration as Ticks;

use super::error::Cause;
use super::source::Payload;

/// Most frames trimmed from either end of a track where the container does not say how many.
const MAX_TRIMMED: u64 = 8_192;
/// A file in which more than half of the packets are damaged needs at least this much good audio.
const MIN_GOOD_S: f64 = 1.0;
/// A bare stream of which less than half of the bytes were audio needs at least this much.
const MIN_SPARSE_S: f64 = 10.0;
/// Part of the declared length below which a file counts as truncated.
const COMPLETE: f64 = 0.95;
/// The same where the demuxer gave up on the way, and not behind the end.
const UNBROKEN: f64 = 0.995;

/// Bare streams have no magic number, so chance finds "packets" in any file.
pub(super) fn is_bare_stream(container: &str) -> bool {
    matches!(container, "mp1" | "mp2" | "mp3" | "aac")
}

/// What has been seen of one file so far.
pub(super) struct Tally {
    pub(super) damaged_packets: u64,
    /// The demuxer met damage that it cannot pass.
    pub(super) broken_off: bool,
    good_packets: u64,
    good_bytes: u64,
    good_s: f64,
    /// Length of the silence that stands in for what is damaged.
    concealed_s: f64,
    last_error: Option<String>,
    trimmed_start: u64,
    trimmed_end: u64,
    max_trimmed_end: u64,
    /// For bare streams, the number of bytes that should be audio.
    bare_bytes: Option<u64>,
}

/// What has been met of a stream, whole or damaged.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Met {
    pub(super) packets: u64,
    pub(super) seconds: f64,
}

impl Tally {
    /// An empty account for a file in `container` whose encoder declared `padding` frames.
    pub(super) fn new(container: &str, padding: Option<u32>, payload: &Payload) -> Self {
        let bare = is_bare_stream(container);
        Self {
            damaged_packets: 0,
            broken_off: false,
            good_packets: 0,
            good_bytes: 0,
            good_s: 0.0,
            concealed_s: 0.0,
            last_error: None,
            trimmed_start: 0,
            trimmed_end: 0,
            max_trimmed_end: if bare { padding.unwrap_or(0).into() } else { MAX_TRIMMED },
            bare_bytes: bare.then_some(payload.len),
        }
    }

    /// Another stream begins, in the same file or in one joined to it.
    pub(super) fn begin(&mut self, container: &str, padding: Option<u32>) {
        let bare = is_bare_stream(container);
        (self.trimmed_start, self.trimmed_end) = (0, 0);
        self.max_trimmed_end = if bare { padding.unwrap_or(0).into() } else { MAX_TRIMMED };
    }

    /// Another file begins that was joined to the first one.
    pub(super) fn begin_file(&mut self) {
        self.bare_bytes = None;
        self.broken_off = false;
    }

    /// Has any packet been seen?
    pub(super) fn has_begun(&self) -> bool {
        self.good_packets + self.damaged_packets > 0
    }

    /// Packets that were decoded.
    pub(super) fn good_packets(&self) -> u64 {
        self.good_packets
    }

    /// Stops trimming that goes beyond any encoder's delay and padding.
    ///
    /// Symphonia trims whatever lies behind the declared length. That length may be an estimate
    /// from the first few packets, or a lie that hides a song from a scanner, while players
    /// play on to the end.
    pub(super) fn limit_trimming(&mut self, packet: &mut Packet) {
        let end = packet.trim_end.get();
        self.trimmed_end = self.trimmed_end.saturating_add(end);
        if end > 0 && self.trimmed_end > self.max_trimmed_end {
            packet.dur = packet.dur.saturating_add(packet.trim_end);
            packet.trim_end = Ticks::ZERO;
        }
        let start = packet.trim_start.get();
        self.trimmed_start = self.trimmed_start.saturating_add(start);
        if start > 0 && self.trimmed_start > MAX_TRIMMED {
            packet.dur = packet.dur.saturating_add(packet.trim_start);
            packet.trim_start = Ticks::ZERO;
        }
    }

    /// A packet of `bytes` gave `seconds` of audio.
    pub(super) fn good(&mut self, bytes: usize, seconds: f64) {
        self.good_packets += 1;
        self.good_bytes += bytes as u64;
        self.good_s += seconds;
    }

    /// Silence stands in for something damaged.
    pub(super) fn concealed(&mut self, seconds: f64) {
        self.concealed_s += seconds;
    }

    /// Packets that were met, and how long they are.
    pub(super) fn met(&self) -> Met {
        let packets = self.good_packets + self.damaged_packets;
        Met { packets, seconds: self.good_s + self.concealed_s }
    }

    /// A packet could not be decoded.
    pub(super) fn damaged(&mut self, error: &Error) {
        self.damaged_packets += 1;
        if self.last_error.is_none() {
            self.last_error = Some(error.to_string());
        }
    }

    /// The demuxer stumbled; `lost` if it cannot go on.
    pub(super) fn demux_error(&mut self, error: &Error, lost: bool) {
        self.broken_off |= lost;
        self.damaged(error);
    }

    /// Is there enough good audio to speak of a track? `capped` if the length cap ended the
    /// decoding, so that not all bytes were seen.
    pub(super) fn check(&self, capped: bool) -> Result<(), Cause> {
        let why = self.last_error.as_deref().unwrap_or("no error given");
        if let Some(bytes) = self.bare_bytes {
            let sparse = self.good_bytes < bytes / 2 && !capped;
            if sparse && self.good_s < MIN_SPARSE_S {
                let (good, all) = (self.good_bytes, bytes);
                return Err(Cause::NotAudio(format!(
                    "only {good} of its {all} bytes look like audio"
                )));
            }
        }
        if self.good_s == 0.0 && self.damaged_packets == 0 {
            return Err(Cause::Empty("its audio track has no samples"));
        }
        let damaged = self.damaged_packets;
        if self.good_s == 0.0 || (damaged > self.good_packets && self.good_s < MIN_GOOD_S) {
            let all = damaged + self.good_packets;
            return Err(Cause::Decode(format!(
                "{damaged} of its {all} audio packets are damaged ({why})"
            )));
        }
        Ok(())
    }

    /// Is clearly less there than the container declares?
    pub(super) fn falls_short_of(&self, declared_ms: Option<u64>) -> bool {
        let complete = if self.broken_off { UNBROKEN } else { COMPLETE };
        match declared_ms {
            Some(declared) => self.good_s * 1000.0 < complete * declared as f64,
            None => self.broken_off,
        }
    }
}
