//! A chunk of samples as a stream of packets.

use std::io::{self, SeekFrom};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::{Error, Result, SeekErrorKind};
use symphonia::core::formats::well_known::{FORMAT_ID_AIFF, FORMAT_ID_CAF, FORMAT_ID_WAVE};
use symphonia::core::formats::{
    FormatInfo, FormatReader, MediaInfo, SeekMode, SeekTo, SeekedTo, Track,
};
use symphonia::core::io::{MediaSourceStream, ReadBytes};
use symphonia::core::meta::{Metadata, MetadataLog};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::{Blocks, Pcm, Sound};

const WAVE: FormatInfo = FormatInfo {
    format: FORMAT_ID_WAVE,
    short_name: "wave",
    long_name: "Waveform Audio File Format",
};
const AIFF: FormatInfo = FormatInfo {
    format: FORMAT_ID_AIFF,
    short_name: "aiff",
    long_name: "Audio Interchange File Format",
};

const WAVE64: FormatInfo =
    FormatInfo { format: FORMAT_ID_WAVE, short_name: "w64", long_name: "Sony Wave64" };

const CAF: FormatInfo =
    FormatInfo { format: FORMAT_ID_CAF, short_name: "caf", long_name: "Core Audio Format" };

/// Gives out the samples of a WAV or AIFF file.
pub(in crate::audio) struct Reader<'s> {
    stream: MediaSourceStream<'s>,
    info: FormatInfo,
    media: MediaInfo,
    track: [Track; 1],
    metadata: MetadataLog,
    blocks: Blocks,
    /// Blocks that are still to come of this stretch.
    left: u64,
    /// Further stretches, the next one last.
    more: Vec<(u64, u64)>,
    /// Frames given out.
    done: u64,
}

impl<'s> Reader<'s> {
    /// A reader of `stream`, which is a file in `container` and holds `pcm` at `sound`.
    pub(in crate::audio) fn new(
        mut stream: MediaSourceStream<'s>,
        container: &str,
        sound: &Sound,
        pcm: Pcm,
    ) -> io::Result<Self> {
        io::Seek::seek(&mut stream, SeekFrom::Start(sound.start))?;
        let blocks = pcm.blocks;
        let mut params = AudioCodecParameters::new();
        params
            .for_codec(pcm.codec)
            .with_sample_rate(pcm.rate)
            .with_channels(pcm.channels)
            .with_frames_per_block(blocks.frames)
            .with_max_frames_per_packet(blocks.frames * blocks.per_packet);
        let mut track = Track::new(0);
        track.with_codec_params(CodecParameters::Audio(params));
        if let Some(bytes) = sound.declared {
            let frames = bytes / blocks.bytes * blocks.frames;
            track.with_num_frames(frames).with_duration(Duration::from(frames));
        }
        Ok(Self {
            stream,
            info: match container {
                "wave" => WAVE,
                "w64" => WAVE64,
                "caf" => CAF,
                _ => AIFF,
            },
            media: MediaInfo::from_track(&track),
            track: [track],
            metadata: MetadataLog::default(),
            blocks,
            left: sound.len / blocks.bytes,
            more: sound.more.iter().rev().copied().collect(),
            done: 0,
        })
    }
}

impl FormatReader for Reader<'_> {
    fn format_info(&self) -> &FormatInfo {
        &self.info
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
        while self.left == 0 {
            let Some((start, len)) = self.more.pop() else { return Ok(None) };
            io::Seek::seek(&mut self.stream, SeekFrom::Start(start))?;
            self.left = len / self.blocks.bytes;
        }
        let count = self.left.min(self.blocks.per_packet);
        // At most a few hundred kilobytes: channels and the size of samples are bounded.
        let data = self.stream.read_boxed_slice_exact((count * self.blocks.bytes) as usize)?;
        let frames = count * self.blocks.frames;
        let at = Timestamp::from(i64::try_from(self.done).unwrap_or(i64::MAX));
        self.left -= count;
        self.done += frames;
        Ok(Some(Packet::new(0, at, Duration::from(frames), data)))
    }

    fn into_inner<'s>(self: Box<Self>) -> MediaSourceStream<'s>
    where
        Self: 's,
    {
        self.stream
    }
}
