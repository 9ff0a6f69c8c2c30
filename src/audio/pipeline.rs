//! From decoded packets to analysis samples: channel groups, downmix, resampling, sink.
//!
//! Packets are gathered into blocks of a quarter of a second first. Buffers are reused, so the
//! cost per packet is a conversion and no allocation.

use symphonia::core::audio::{AudioSpec, GenericAudioBufferRef};

use super::ANALYSIS_RATE;
use super::convert::append_groups;
use super::downmix::Downmixer;
use super::layout::Layout;
use super::resample::Resampler;
use crate::trace::{Heard, Listening, Meter};

/// Less room than this below the length cap counts as none: less than one frame at any rate.
const MIN_ROOM_S: f64 = 1e-6;

/// The chain behind the decoder. Rate and layout may change from packet to packet, as they do in
/// chained Ogg files.
pub(super) struct Pipeline<'a> {
    sink: &'a mut dyn FnMut(&[f32]),
    /// Hears the mono signal at its own rate.
    meter: Option<Meter>,
    stage: Option<Stage>,
    output: Vec<f32>,
    delivered: u64,
    /// Audio taken in, in seconds.
    seconds: f64,
    max_seconds: f64,
}

/// State for one stretch of constant rate and layout.
struct Stage {
    spec: AudioSpec,
    layout: Layout,
    downmixer: Downmixer,
    resampler: Resampler,
    left: Vec<f32>,
    right: Vec<f32>,
}

impl<'a> Pipeline<'a> {
    /// A chain that delivers to `sink` and takes no more than `max_seconds` of audio.
    pub(super) fn new(
        max_seconds: f64,
        listening: Listening,
        sink: &'a mut dyn FnMut(&[f32]),
    ) -> Self {
        let meter = Meter::new(listening);
        let (output, delivered, seconds) = (Vec::new(), 0, 0.0);
        Self { sink, meter, stage: None, output, delivered, seconds, max_seconds }
    }

    /// Audio taken in so far, in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// Takes one decoded packet.
    pub(super) fn push(&mut self, buffer: &GenericAudioBufferRef<'_>) {
        let frames = self.admit(buffer.frames(), buffer.spec().rate());
        self.enter(buffer.spec());
        let Some(stage) = &mut self.stage else { return };
        let mut start = 0;
        while start < frames {
            let end = frames.min(start + stage.room());
            let Stage { layout, left, right, .. } = stage;
            append_groups(buffer, layout, start..end, left, right);
            start = end;
            if stage.room() == 0 {
                stage.flush_block(&mut self.output, self.meter.as_mut());
                // At once: one packet of a hostile file can hold hours.
                deliver(&mut self.output, &mut self.delivered, self.sink);
            }
        }
    }

    /// Takes silence in place of a damaged packet, so that later offsets stay true.
    pub(super) fn push_silence(&mut self, seconds: f64) {
        let Some(rate) = self.stage.as_ref().map(|stage| stage.spec.rate()) else {
            return;
        };
        let mut frames = self.admit((seconds * f64::from(rate)).round() as usize, rate);
        let Some(stage) = &mut self.stage else { return };
        while frames > 0 {
            let part = frames.min(stage.room());
            stage.left.resize(stage.left.len() + part, 0.0);
            if stage.layout != Layout::Mono {
                stage.right.resize(stage.right.len() + part, 0.0);
            }
            frames -= part;
            if stage.room() == 0 {
                stage.flush_block(&mut self.output, self.meter.as_mut());
                // At once: one packet of a hostile file can hold hours.
                deliver(&mut self.output, &mut self.delivered, self.sink);
            }
        }
    }

    /// Has the length cap been reached?
    pub(super) fn is_full(&self) -> bool {
        self.max_seconds - self.seconds < MIN_ROOM_S
    }

    /// Delivers what is still on its way; returns the number of samples delivered in all, and what the meter heard.
    pub(super) fn finish(&mut self) -> (u64, Option<Heard>) {
        self.end_stage();
        (self.delivered, self.meter.take().map(Meter::finish))
    }

    /// How many of `frames` the length cap still allows.
    fn admit(&mut self, frames: usize, rate: u32) -> usize {
        let rate = f64::from(rate.max(1));
        let room = ((self.max_seconds - self.seconds) * rate).round().max(0.0);
        let admitted = if (frames as f64) < room { frames } else { room as usize };
        self.seconds += admitted as f64 / rate;
        admitted
    }

    fn enter(&mut self, spec: &AudioSpec) {
        if self.stage.as_ref().is_none_or(|stage| stage.spec != *spec) {
            self.end_stage();
            self.stage = Some(Stage::new(spec));
        }
    }

    fn end_stage(&mut self) {
        if let Some(mut stage) = self.stage.take() {
            stage.flush_block(&mut self.output, self.meter.as_mut());
            stage.resampler.finish(&mut self.output);
            self.deliver();
        }
    }

    fn deliver(&mut self) {
        deliver(&mut self.output, &mut self.delivered, self.sink);
    }
}

fn deliver(output: &mut Vec<f32>, delivered: &mut u64, sink: &mut dyn FnMut(&[f32])) {
    if !output.is_empty() {
        *delivered += output.len() as u64;
        sink(output);
        output.clear();
    }
}

impl Stage {
    fn new(spec: &AudioSpec) -> Self {
        Self {
            layout: Layout::new(spec.channels()),
            downmixer: Downmixer::new(spec.rate()),
            resampler: Resampler::new(spec.rate()),
            spec: spec.clone(),
            left: Vec::new(),
            right: Vec::new(),
        }
    }

    /// Frames that the current block still lacks.
    fn room(&self) -> usize {
        self.downmixer.block().saturating_sub(self.left.len())
    }

    fn flush_block(&mut self, output: &mut Vec<f32>, meter: Option<&mut Meter>) {
        let Stage { spec, layout, downmixer, resampler, left, right } = self;
        resampler.push(left.len(), output, |mono| {
            let before = mono.len();
            match layout {
                Layout::Mono => mono.extend_from_slice(left),
                _ => downmixer.mix(left, right, mono),
            }
            if let Some(meter) = meter {
                meter.push(spec.rate(), &mono[before..]);
            }
        });
        left.clear();
        right.clear();
    }
}

/// Length of `samples` analysis samples in milliseconds.
pub(super) fn samples_to_ms(samples: u64) -> u64 {
    (u128::from(samples) * 1000 / u128::from(ANALYSIS_RATE)) as u64
}
