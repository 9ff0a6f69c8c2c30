//! The packet loop: one file in, analysis samples out, damage counted.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Instant;

use symphonia::core::errors::Error;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;

use super::container::{self, Opened};
use super::error::Cause;
use super::extent::{self, Part};
use super::facts::TrackFacts;
use super::filter::RATES;
use super::mpeg::{self, Follower, Step};
use super::open::{Selected, decoder, select};
use super::pipeline::{Pipeline, samples_to_ms};
use super::segment::Segment;
use super::signature::raw_format;
use super::source::{Payload, Source, Stop, open_bytes, open_file};
use super::survey::first_audible;
use super::tally::{Met, Tally, is_bare_stream};
use super::veil::Patch;
use super::{AudioError, AudioInfo, DecodeOptions, Tags};

/// Demuxer errors in a row after which the rest of a file is given up. Most demuxers find their
/// way back after one.
const MAX_DEMUX_ERRORS: u32 = 16;
/// Longest silence that stands in for one damaged packet, in seconds.
const MAX_CONCEALED_S: f64 = 1.0;
/// What may be missing of FLAC without a word, in seconds: it counts samples, but its length is kept in milliseconds.
const FLAC_SLACK_S: f64 = 0.01;

/// Decodes the file at `path` and hands mono samples at [`ANALYSIS_RATE`](super::ANALYSIS_RATE)
/// to `sink`, chunk by chunk. Memory does not depend on the length of the file.
pub fn decode_file(
    path: &Path,
    options: &DecodeOptions,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError> {
    #[cfg(all(unix, feature = "cli"))]
    if let Some(decoded) = super::isolation::decode(path, options, sink) {
        return decoded;
    }
    decode_here(path, options, sink)
}

/// [`decode_file`] within this process.
pub(super) fn decode_here(
    path: &Path,
    options: &DecodeOptions,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError> {
    guarded(path.to_owned(), options, |stop| {
        let (file, len) = open_file(path).map_err(Cause::Io)?;
        decode_source(file, len, options, stop, sink)
    })
}

/// Decodes a file that is in memory (standard input, tests); `name` is what errors call it.
pub fn decode_bytes<B: AsRef<[u8]> + Send + Sync>(
    name: &str,
    bytes: B,
    options: &DecodeOptions,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, AudioError> {
    guarded(PathBuf::from(name), options, |stop| {
        let (bytes, len) = open_bytes(bytes);
        decode_source(bytes, len, options, stop, sink)
    })
}

/// Runs `decode` so that neither time nor a panic gets out of hand.
fn guarded(
    path: PathBuf,
    options: &DecodeOptions,
    decode: impl FnOnce(Stop) -> Result<AudioInfo, Cause>,
) -> Result<AudioInfo, AudioError> {
    let start = Instant::now();
    let far = start + std::time::Duration::from_secs(365 * 86_400);
    let deadline = start.checked_add(options.timeout).unwrap_or(far);
    let stop = Stop { deadline, cancel: options.cancel.clone() };
    match catch_unwind(AssertUnwindSafe(|| decode(stop))) {
        Ok(Ok(info)) => Ok(info),
        Ok(Err(_)) if options.cancel.is_cancelled() => Err(AudioError::Cancelled { path }),
        Ok(Err(Cause::NotAudio(reason))) => Err(named(reason, &path).at(path, options.timeout)),
        Ok(Err(cause)) => Err(cause.at(path, options.timeout)),
        Err(panic) => Err(AudioError::Panicked { path, reason: panic_message(&*panic) }),
    }
}

/// What is no audio by its content may say by its name what it is.
fn named(reason: String, path: &Path) -> Cause {
    Cause::NotAudio(match raw_format(path) {
        Some(name) => format!(
            "{reason}; by its name it is raw {name}, which has no header, and is not supported"
        ),
        None => reason,
    })
}

pub(super) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("unknown panic").to_owned()
}

fn decode_source<R: io::Read + io::Seek + Send + Sync>(
    mut whole: R,
    len: u64,
    options: &DecodeOptions,
    stop: Stop,
    sink: &mut dyn FnMut(&[f32]),
) -> Result<AudioInfo, Cause> {
    if len == 0 {
        return Err(Cause::Empty("it has no bytes"));
    }
    let (parts, is_more) = extent::parts(&mut whole, len, &stop).map_err(Cause::Io)?;
    let [first, joined @ ..] = &parts[..] else { return Err(Cause::Empty("it has no bytes")) };
    let max_seconds = options.max_duration.as_secs_f64();
    let file = One::open(&mut whole, first, &stop, max_seconds)?;
    let mut session =
        Session::listen(file, Pipeline::new(max_seconds, options.traces, sink), stop)?;
    for part in joined {
        if session.pipeline.is_full() {
            break;
        }
        session.go_on(&mut whole, part, max_seconds)?;
    }
    session.passed_over = parts.iter().map(|part| part.damaged).sum();
    if is_more {
        session.lacks(format!("more than {} files are joined in it", parts.len()));
    }
    if let Some(cut) = parts.iter().filter_map(|part| part.cut.as_ref()).find(|cut| !cut.is_fatal) {
        session.lacks(cut.reason.clone());
    }
    session.conclude(len)
}

/// One of the files in a file, open.
struct One<'s> {
    opened: Opened<'s>,
    selected: Selected,
    audio_tracks: usize,
    payload: Payload,
    tags_around: Tags,
}

impl<'s> One<'s> {
    fn open<R: io::Read + io::Seek + Send + Sync>(
        whole: &'s mut R,
        part: &Part,
        stop: &Stop,
        max_seconds: f64,
    ) -> Result<Self, Cause> {
        let patches = match &part.cut {
            Some(cut) if cut.is_fatal => return Err(Cause::Decode(cut.reason.clone())),
            Some(cut) => &cut.patches[..],
            None => &[],
        };
        let len = part.end - part.start;
        let inside = |patch: &Patch| Patch { at: patch.at - part.start, ..patch.clone() };
        let patches: Vec<Patch> = patches.iter().map(inside).collect();
        let segment = Segment::new(whole, part.start, len).map_err(Cause::Io)?;
        let mut source = Source::new(segment, len, stop.clone(), &patches).map_err(Cause::Io)?;
        let (payload, len, tags_around) = (source.payload(), source.len(), source.take_tags());
        let opened = container::open(source, len).map_err(|cause| match cause {
            // A file that begins like audio is audio, only damaged.
            Cause::NotAudio(reason) if payload.has_magic => Cause::Decode(reason),
            cause => cause,
        })?;
        let payload = Payload { len: opened.len.min(payload.len), ..payload };
        let (opened, selected, audio_tracks) = choose(opened, stop, max_seconds)?;
        Ok(Self { opened, selected, audio_tracks, payload, tags_around })
    }

    /// Name of what the reader takes apart: an MPEG stream in a WAV file is a bare stream all the same.
    fn stream(&self) -> &'static str {
        self.opened.format.format_info().short_name
    }

    fn declared_ms(&self) -> Option<u64> {
        self.selected.declared_ms.filter(|_| declares_length(self.stream(), &self.payload))
    }
}

/// Chooses one of the audio tracks; also says how many there are.
fn choose<'s>(
    mut opened: Opened<'s>,
    stop: &Stop,
    max_seconds: f64,
) -> Result<(Opened<'s>, Selected, usize), Cause> {
    let mut tracks = select(&*opened.format, &opened.tracks)?;
    let mut chosen = 0;
    if tracks.decodable.len() > 1 {
        let all = &mut tracks.decodable;
        chosen = first_audible(&mut *opened.format, all, stop, max_seconds)?;
        opened = opened.rewound()?;
        tracks = select(&*opened.format, &opened.tracks)?;
    }
    match tracks.decodable.into_iter().nth(chosen) {
        Some(selected) => Ok((opened, selected, tracks.count)),
        None => Err(Cause::NoAudioTrack),
    }
}

/// Does the container have tags of its own, which weigh more than those around it?
fn is_native_inside(container: &str) -> bool {
    !is_bare_stream(container) && !matches!(container, "wave" | "w64" | "aiff")
}

/// Does a length in the container's header exist, or would it be an estimate from the size of the
/// first packets?
fn declares_length(container: &str, payload: &Payload) -> bool {
    !is_bare_stream(container) || payload.has_mpeg_length
}

/// Everything that changes while one file is decoded.
struct Session<'a> {
    selected: Selected,
    codec: &'static str,
    pipeline: Pipeline<'a>,
    tags: Tags,
    stop: Stop,
    declared_ms: Option<u64>,
    /// Rate and channels of the first decoded packet.
    first: Option<(u32, u16)>,
    tally: Tally,
    audio_tracks: usize,
    /// Which of them is decoded, counted from 0.
    audio_track: usize,
    /// For MPEG audio, whose frames may change their kind.
    mpeg: Option<Follower>,
    /// Where the sound of the first file lies.
    container: &'static str,
    /// Damaged pieces that the demuxer passed over.
    passed_over: u64,
    /// What of it is not heard, where its structure tells.
    incomplete: Option<String>,
    /// What of it is not there, by what its header counts.
    short: Option<String>,
}

impl<'a> Session<'a> {
    /// Decodes the first file.
    fn listen(file: One<'_>, pipeline: Pipeline<'a>, stop: Stop) -> Result<Self, Cause> {
        let (stream, declared_ms) = (file.stream(), file.declared_ms());
        let One { mut opened, selected, audio_tracks, payload, tags_around } = file;
        let is_native = is_native_inside(opened.container);
        let mut session = Self {
            declared_ms,
            codec: selected.codec,
            tally: Tally::new(stream, selected.padding, &payload),
            audio_tracks,
            audio_track: selected.number,
            mpeg: mpeg::is_mpeg_audio(selected.codec_id).then(Follower::default),
            selected,
            pipeline,
            tags: if is_native { Tags::default() } else { tags_around.clone() },
            stop,
            first: None,
            container: opened.container,
            passed_over: 0,
            incomplete: None,
            short: None,
        };
        let format = &mut *opened.format;
        session.tags.absorb(format);
        session.run(format)?;
        session.compare_length(stream, &payload, Met::default());
        session.tags.absorb(format);
        session.tags.complete(tags_around);
        if opened.tracks.tags_of_whole {
            session.tags.take_from_whole(opened.tracks.title);
        }
        Ok(session)
    }

    /// Decodes a file that was joined to the one before it. Where that fails, it is told.
    fn go_on<R: io::Read + io::Seek + Send + Sync>(
        &mut self,
        whole: &mut R,
        part: &Part,
        max_seconds: f64,
    ) -> Result<(), Cause> {
        let (at_s, before) = (self.pipeline.seconds(), self.tally.good_packets());
        let met = self.tally.met();
        if self.tally.broken_off {
            self.lacks(format!("what follows damage before {at_s:.1} s is not heard"));
        }
        self.tally.begin_file();
        let stop = self.stop.clone();
        let decoded = One::open(whole, part, &stop, max_seconds).and_then(|mut file| {
            let declared = file.declared_ms();
            let stream = file.stream();
            self.enter(file.selected, stream, declared)?;
            self.run(&mut *file.opened.format)?;
            self.compare_length(stream, &file.payload, met);
            Ok(())
        });
        let reason = match decoded {
            Ok(()) if self.tally.good_packets() > before => return Ok(()),
            Ok(()) => "nothing of it can be decoded".to_owned(),
            Err(Cause::Io(error)) => return Err(Cause::Io(error)),
            Err(Cause::Timeout) => return Err(Cause::Timeout),
            Err(cause) => cause.reason(),
        };
        self.lacks(format!("a file joined to it at {at_s:.1} s is not heard ({reason})"));
        Ok(())
    }

    /// Another stream begins.
    fn enter(
        &mut self,
        selected: Selected,
        stream: &str,
        declared_ms: Option<u64>,
    ) -> Result<(), Cause> {
        let rest = self.mpeg.as_mut().and_then(Follower::rest);
        self.damage(rest)?;
        self.tally.begin(stream, selected.padding);
        self.mpeg = mpeg::is_mpeg_audio(selected.codec_id).then(Follower::default);
        self.selected = selected;
        let both = self.declared_ms.zip(declared_ms);
        self.declared_ms = both.map(|(before, now)| before.saturating_add(now));
        Ok(())
    }

    /// Is less there of a file than its own header counts? `before` had been met when it began. Only formats are
    /// asked that count exactly; others tell a cut by their structure, or by the twentieth that is missing.
    fn compare_length(&mut self, stream: &str, payload: &Payload, before: Met) {
        if self.pipeline.is_full() {
            return;
        }
        let met = self.tally.met();
        let missing = match stream {
            "mp3" => payload
                .mpeg_length
                .and_then(|length| length.missing(met.packets - before.packets, payload.len)),
            "flac" => self.selected.declared_ms.and_then(|declared| {
                let (there, declared) = (met.seconds - before.seconds, declared as f64 / 1000.0);
                (there + FLAC_SLACK_S < declared).then(|| {
                    format!(
                        "only {there:.2} s of the {declared:.2} s that its header declares are there"
                    )
                })
            }),
            _ => None,
        };
        if let Some(reason) = missing {
            self.short.get_or_insert(reason);
        }
    }

    /// Something of the file is not heard; the first reason is told.
    fn lacks(&mut self, reason: String) {
        self.incomplete.get_or_insert(reason);
    }

    fn run(&mut self, format: &mut dyn FormatReader) -> Result<(), Cause> {
        let mut demux_errors = 0;
        while !self.pipeline.is_full() {
            if self.stop.is_due() {
                return Err(Cause::Timeout);
            }
            match format.next_packet() {
                Ok(None) => break,
                Ok(Some(packet)) => {
                    demux_errors = 0;
                    if packet.track_id == self.selected.track_id {
                        self.take(packet)?;
                    }
                }
                Err(Error::ResetRequired) => match self.restart(format) {
                    Ok(()) => {}
                    Err(cause @ (Cause::Io(_) | Cause::Timeout)) => return Err(cause),
                    Err(cause) => {
                        let (at_s, reason) = (self.pipeline.seconds(), cause.reason());
                        self.lacks(format!(
                            "the stream from {at_s:.1} s on is not heard ({reason})"
                        ));
                        break;
                    }
                },
                // Also how a stream of undeclared length ends.
                Err(Error::IoError(io)) if io.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(Error::IoError(io)) => return Err(Cause::Io(io)),
                Err(error) => {
                    demux_errors += 1;
                    let lost = !matches!(error, Error::DecodeError(_));
                    self.tally.demux_error(&error, lost || demux_errors > MAX_DEMUX_ERRORS);
                    if self.tally.broken_off {
                        break;
                    }
                }
            }
        }
        let rest = self.mpeg.as_mut().and_then(Follower::rest);
        self.damage(rest)
    }

    /// Takes the next packet of the track.
    fn take(&mut self, packet: Packet) -> Result<(), Cause> {
        let Some(follower) = &mut self.mpeg else { return self.decode(packet) };
        // MP4 does not tell the layers apart.
        if !self.tally.has_begun()
            && let Some(spec) = mpeg::Spec::of(&packet.data)
            && spec.codec() != self.selected.codec_id
            && let Ok(decoder) = decoder(&spec.params())
        {
            self.selected.codec_id = spec.codec();
            self.codec = decoder.codec_info().short_name;
            self.selected.decoder = decoder;
        }
        match follower.next(packet) {
            Step::Decode { damaged, packet } => {
                self.damage(damaged)?;
                self.decode(packet)
            }
            Step::Wait { damaged } => self.damage(damaged),
            Step::Change { spec, packets } => {
                self.selected.decoder = decoder(&spec.params()).map_err(|error| {
                    Cause::Unsupported(format!("its stream changes on the way ({error})"))
                })?;
                packets.into_iter().try_for_each(|packet| self.decode(packet))
            }
        }
    }

    /// Takes a frame that belongs to nothing: the decoder will find it damaged.
    fn damage(&mut self, packet: Option<Packet>) -> Result<(), Cause> {
        packet.map_or(Ok(()), |packet| self.decode(packet))
    }

    /// A new stream begins in the same file, as in chained Ogg.
    fn restart(&mut self, format: &mut dyn FormatReader) -> Result<(), Cause> {
        self.tags.absorb(format);
        let tracks = select(format, &TrackFacts::default())?;
        let selected = tracks.decodable.into_iter().next().ok_or(Cause::NoAudioTrack)?;
        let declared_ms = selected.declared_ms;
        self.enter(selected, format.format_info().short_name, declared_ms)
    }

    fn decode(&mut self, mut packet: Packet) -> Result<(), Cause> {
        self.tally.limit_trimming(&mut packet);
        match self.selected.decoder.decode(&packet) {
            Ok(buffer) => {
                let (rate, channels) = (buffer.spec().rate(), buffer.spec().channels().count());
                if !RATES.contains(&rate) || channels == 0 {
                    let reason = format!("{channels} channels at {rate} Hz are not supported");
                    return Err(Cause::Unsupported(reason));
                }
                self.first.get_or_insert((rate, u16::try_from(channels).unwrap_or(u16::MAX)));
                self.tally.good(packet.data.len(), buffer.frames() as f64 / f64::from(rate));
                self.pipeline.push(&buffer);
            }
            Err(error) => {
                self.tally.damaged(&error);
                let ticks = packet.dur.get() as f64;
                let frame = mpeg::Spec::of(&packet.data).filter(|_| self.mpeg.is_some());
                let longest = frame.map_or(MAX_CONCEALED_S, |spec| spec.seconds());
                let seconds = (ticks * self.selected.tick_s).min(longest);
                self.tally.concealed(seconds);
                self.pipeline.push_silence(seconds);
            }
        }
        Ok(())
    }

    fn conclude(mut self, file_bytes: u64) -> Result<AudioInfo, Cause> {
        let capped = self.pipeline.is_full();
        let (delivered, heard) = self.pipeline.finish();
        // Of what was not looked at nothing is said.
        let incomplete = self.incomplete.or(self.short).filter(|_| !capped);
        self.tally.check(capped).map_err(|cause| match (cause, &incomplete) {
            (Cause::Empty(_), Some(reason)) => {
                Cause::Decode(format!("truncated: nothing of it can be decoded ({reason})"))
            }
            (cause, _) => cause,
        })?;
        let passed_over = if capped { 0 } else { self.passed_over };
        let (sample_rate, channels) = self.first.unwrap_or_default();
        Ok(AudioInfo {
            codec: self.codec.to_owned(),
            container: Some(self.container.to_owned()),
            sample_rate,
            channels,
            duration_ms: samples_to_ms(delivered),
            declared_ms: self.declared_ms,
            audio_tracks: u32::try_from(self.audio_tracks).unwrap_or(u32::MAX),
            audio_track: u32::try_from(self.audio_track + 1).unwrap_or(u32::MAX),
            damaged_packets: self.tally.damaged_packets + passed_over,
            truncated: !capped
                && (incomplete.is_some() || self.tally.falls_short_of(self.declared_ms)),
            incomplete,
            capped,
            tags: self.tags.with_separate_artists(),
            file_bytes,
            heard,
        })
    }
}
