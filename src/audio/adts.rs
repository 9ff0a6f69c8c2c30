//! AAC in ADTS (ISO/IEC 13818-7, section 6.2), frame by frame.
//!
//! Own code in place of Symphonia's reader. That believes every header that it meets in damaged data, and keeps to the
//! channels and the rate of the first one: where they change on the way, as in joined files and recorded
//! broadcasts, its packets are decoded with the wrong parameters. Here a change, confirmed by a second frame, begins
//! a new stream.

use std::io::{Seek, SeekFrom};

use symphonia::core::audio::layouts;
use symphonia::core::audio::{Channels, Position};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::errors::{Error, Result, SeekErrorKind};
use symphonia::core::formats::well_known::FORMAT_ID_ADTS;
use symphonia::core::formats::{
    FormatInfo, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track,
};
use symphonia::core::io::{MediaSourceStream, ReadBytes};
use symphonia::core::meta::{Metadata, MetadataLog};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::frames::{ADTS_RATES, Frame, Kind, frame};

/// Short name of the format, also Symphonia's.
pub(super) const NAME: &str = "aac";
const INFO: FormatInfo = FormatInfo {
    format: FORMAT_ID_ADTS,
    short_name: NAME,
    long_name: "Audio Data Transport Stream",
};
/// Frames of sound in a packet.
const PACKET: u64 = 1_024;
/// Longest frame, and then the header of the next one.
const WINDOW: usize = 8_191 + 7;

/// What a decoder is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spec {
    profile: u8,
    rate: u32,
    /// By the table of the standard; 0: written in the stream.
    channels: u8,
}

impl Spec {
    fn of(header: &[u8]) -> Self {
        let [c, d] = [header[2], header[3]];
        let rate = ADTS_RATES.get(usize::from(c >> 2 & 15)).copied().unwrap_or_default();
        Self { profile: c >> 6, rate, channels: (c & 1) << 2 | d >> 6 }
    }

    fn track(self) -> Track {
        let mut params = AudioCodecParameters::new();
        params.for_codec(CODEC_ID_AAC).with_sample_rate(self.rate);
        if let Some(channels) = self.layout() {
            params.with_channels(channels);
        }
        let mut track = Track::new(0);
        track.with_codec_params(CodecParameters::Audio(params));
        if let Some(base) = TimeBase::try_from_recip(self.rate) {
            track.with_time_base(base);
        }
        track
    }

    fn layout(self) -> Option<Channels> {
        const REAR: Position = Position::REAR_LEFT.union(Position::REAR_RIGHT);
        const FRONT: Position =
            Position::FRONT_LEFT.union(Position::FRONT_RIGHT).union(Position::FRONT_CENTER);
        const WIDE: Position = Position::FRONT_LEFT_CENTER.union(Position::FRONT_RIGHT_CENTER);
        Some(match self.channels {
            1 => layouts::CHANNEL_LAYOUT_MONO,
            2 => layouts::CHANNEL_LAYOUT_STEREO,
            3 => Channels::Positioned(FRONT),
            4 => Channels::Positioned(FRONT | Position::REAR_CENTER),
            5 => Channels::Positioned(FRONT | REAR),
            6 => Channels::Positioned(FRONT | REAR | Position::LFE1),
            7 => Channels::Positioned(FRONT | WIDE | REAR | Position::LFE1),
            _ => return None,
        })
    }
}

/// Reads a stream of ADTS frames.
pub(super) struct Reader<'s> {
    stream: MediaSourceStream<'s>,
    media: MediaInfo,
    track: [Track; 1],
    metadata: MetadataLog,
    spec: Option<Spec>,
    /// Bytes read ahead.
    ahead: Vec<u8>,
    /// Where in them the next frame is looked for.
    at: usize,
    is_over: bool,
    ticks: u64,
}

impl<'s> Reader<'s> {
    /// A reader of `stream` from its beginning.
    pub(super) fn new(mut stream: MediaSourceStream<'s>) -> std::io::Result<Self> {
        stream.seek(SeekFrom::Start(0))?;
        let track = Track::new(0);
        let mut reader = Self {
            stream,
            media: MediaInfo::from_track(&track),
            track: [track],
            metadata: MetadataLog::default(),
            spec: None,
            ahead: Vec::new(),
            at: 0,
            is_over: false,
            ticks: 0,
        };
        // What stands before the first frame is nothing that is missed.
        if let Some((_, _)) = reader.find()? {
            let spec = Spec::of(&reader.ahead[reader.at..]);
            reader.begin(spec);
        }
        Ok(reader)
    }

    fn begin(&mut self, spec: Spec) {
        self.spec = Some(spec);
        self.track = [spec.track()];
    }

    /// Reads ahead as far as a frame and the next header need.
    fn fill(&mut self) -> std::io::Result<()> {
        if self.is_over || self.ahead.len() - self.at >= WINDOW {
            return Ok(());
        }
        self.ahead.drain(..self.at);
        self.at = 0;
        let mut filled = self.ahead.len();
        self.ahead.resize(4 * WINDOW, 0);
        while filled < self.ahead.len() {
            match self.stream.read_buf(&mut self.ahead[filled..]) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(error),
            }
        }
        self.is_over = filled < self.ahead.len();
        self.ahead.truncate(filled);
        Ok(())
    }

    /// Goes to the next frame, and says how many bytes were passed over. A header out of its place counts only if another
    /// frame, or the end, follows it.
    fn find(&mut self) -> std::io::Result<Option<(Frame, usize)>> {
        let mut skipped = 0;
        loop {
            self.fill()?;
            let rest = &self.ahead[self.at..];
            if rest.len() < 7 {
                return Ok(None);
            }
            if let Some(frame) = self.frame_at(self.at) {
                let next = self.at + frame.len;
                let in_place = skipped == 0 && self.spec == Some(Spec::of(rest));
                if in_place || next == self.ahead.len() || self.frame_at(next).is_some() {
                    return Ok(Some((frame, skipped)));
                }
            }
            self.at += 1;
            skipped += 1;
        }
    }

    fn frame_at(&self, at: usize) -> Option<Frame> {
        frame(self.ahead.get(at..)?).filter(|frame| frame.kind == Kind::Adts)
    }
}

impl FormatReader for Reader<'_> {
    fn format_info(&self) -> &FormatInfo {
        &INFO
    }

    fn media_info(&self) -> &MediaInfo {
        &self.media
    }

    fn metadata(&mut self) -> Metadata<'_> {
        self.metadata.metadata()
    }

    fn seek(&mut self, _: SeekMode, _: SeekTo) -> Result<SeekedTo> {
        Err(Error::SeekError(SeekErrorKind::Unseekable))
    }

    fn tracks(&self) -> &[Track] {
        &self.track
    }

    fn next_packet(&mut self) -> Result<Option<Packet>> {
        let Some((frame, skipped)) = self.find()? else { return Ok(None) };
        if skipped > 0 {
            return Err(Error::DecodeError("adts: bytes between two frames that are none"));
        }
        let bytes = &self.ahead[self.at..];
        let spec = Spec::of(bytes);
        if self.spec != Some(spec) {
            let second = self.ahead.get(self.at + frame.len..).filter(|rest| rest.len() >= 7);
            if second.is_none_or(|second| Spec::of(second) == spec) {
                self.begin(spec);
                return Err(Error::ResetRequired);
            }
        }
        let end = frame.len.min(bytes.len());
        let header = if bytes[1] & 1 == 1 { 7 } else { 9 };
        let blocks = bytes[6] & 3;
        let data = bytes.get(header..end).unwrap_or_default().to_vec();
        self.at += end;
        if blocks > 0 {
            return Err(Error::DecodeError("adts: several blocks in a frame"));
        }
        let at = Timestamp::from(i64::try_from(self.ticks).unwrap_or(i64::MAX));
        self.ticks = self.ticks.saturating_add(PACKET);
        Ok(Some(Packet::new(0, at, Duration::from(PACKET), data)))
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.stream
    }
}
