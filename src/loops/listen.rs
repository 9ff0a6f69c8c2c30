//! Listening: a file as it is read, against all loops of a library.

use std::collections::BTreeMap;
use std::sync::Arc;

use soundalike_index::{Error as IndexError, Reader, TrackNo};

use super::correlate::{Correlator, Plans};
use super::frames::{Framer, Place, Whitener};
use super::occurrence::{Hit, Occurrence, occurrences};
use super::params::{LoopParams, RATE};
use super::template::{FORM, PAYLOAD, Piece, Template};

/// The loops of an index, ready to be listened for.
pub struct Loops {
    params: LoopParams,
    plans: Arc<Plans>,
    pieces: Vec<LoopPiece>,
}

struct LoopPiece {
    track: TrackNo,
    number: usize,
    piece: Piece,
}

/// A loop that sounds in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Which it is.
    pub track: TrackNo,
    /// Where, in order of time; at least one.
    pub occurrences: Vec<Occurrence>,
}

impl Loops {
    /// The loops of `index`; none where it has none.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn of(index: &Reader, params: &LoopParams) -> Result<Option<Loops>, IndexError> {
        let mut pieces = Vec::new();
        for (track, meta) in index.tracks().filter(|(_, meta)| meta.library.is_some()) {
            let Some(payload) = index.payload(track, PAYLOAD)? else { continue };
            let template = Template::unpack(&payload.bytes).filter(|_| payload.codec == FORM);
            let template = template.ok_or_else(|| IndexError::Corrupt {
                path: index.dir().to_owned(),
                what: format!("the loop of track {} is of a form that is not known", meta.ref_id),
            })?;
            let numbered = template.pieces.into_iter().enumerate();
            pieces.extend(numbered.map(|(number, piece)| LoopPiece { track, number, piece }));
        }
        let plans = Arc::new(Plans::new(params));
        Ok((!pieces.is_empty()).then_some(Loops { params: *params, plans, pieces }))
    }

    /// Listens for them in one file.
    pub fn listener(self: &Arc<Loops>) -> Listener {
        Listener {
            loops: self.clone(),
            framer: Framer::default(),
            ear: Ear {
                loops: self.clone(),
                whitener: Whitener::new(&self.params),
                correlator: Correlator::new(self.plans.clone()),
                hits: BTreeMap::new(),
            },
            heard: 0,
        }
    }
}

/// Streaming: push the samples of a file, take what loops sound in it.
pub struct Listener {
    loops: Arc<Loops>,
    framer: Framer,
    ear: Ear,
    heard: usize,
}

struct Ear {
    loops: Arc<Loops>,
    whitener: Whitener,
    correlator: Correlator,
    hits: BTreeMap<TrackNo, Vec<Hit>>,
}

impl Ear {
    fn hear(&mut self, place: &Place, samples: &[f32]) {
        let Loops { params, pieces, .. } = &*self.loops;
        let Some(frame) = self.whitener.spectrum(samples, place.at, params.colour) else { return };
        let many = pieces.len() >= params.comb_from;
        for LoopPiece { track, number, piece } in pieces {
            if many && !self.correlator.is_promising(&frame, piece) {
                continue;
            }
            let begin = place.begin as f64 / RATE as f64;
            let hit = |peak: super::correlate::Peak| Hit {
                piece: *number,
                seconds: piece.seconds(),
                at_s: begin + peak.delay_s,
                prominence: peak.prominence,
            };
            let found = self.correlator.peaks(&frame, piece);
            if !found.is_empty() {
                self.hits.entry(*track).or_default().extend(found.into_iter().map(hit));
            }
        }
    }
}

impl Listener {
    /// Takes the next samples, at the rate of analysis.
    pub fn push(&mut self, samples: &[f32]) {
        self.heard += samples.len();
        self.framer.push(samples, |place, frame| self.ear.hear(&place, frame));
    }

    /// The loops that sound in what was pushed, by their number.
    pub fn finish(self) -> Vec<Heard> {
        let Listener { loops, framer, mut ear, heard } = self;
        framer.finish(|place, frame| ear.hear(&place, frame));
        let length_s = heard as f64 / RATE as f64;
        let heard = |(track, hits)| {
            let occurrences = occurrences(hits, loops.pieces.len(), length_s, &loops.params);
            (!occurrences.is_empty()).then_some(Heard { track, occurrences })
        };
        ear.hits.into_iter().filter_map(heard).collect()
    }
}
