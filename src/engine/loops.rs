//! Loops of a library in a file: named as matches, and taken out of other matches.

use std::collections::HashMap;
use std::sync::Arc;

use soundalike_index::{Reader, TrackRecord};

use crate::fingerprint::Constellation;
use crate::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use crate::fingerprint::stored::{constellation, payloads, windows};
use crate::loops::listen::Heard;
use crate::loops::occurrence::Occurrence;
use crate::matches::Match;
use crate::params::FingerprintParams;
use crate::scan::evidence::MatchEvidence;
use crate::scan::params::ScanParams;
use crate::scan::search::{Depth, Scanner, TrackMatch, best_first};
use crate::scan::segment::Segment;
use crate::scan::transform::{Transform, to_units};
use crate::scan::verify::coincidences;

use super::analyse::Analysed;
use super::scratch::{Folder, Scratch};
use super::{Error, Hit, Options, References};

/// Share of a segment that lies in another from which both are one place.
const SAME_PLACE: f64 = 0.5;
/// Share of its matched peaks that a match keeps beside loops from which no loop explains anything of it.
const UNTOUCHED: f64 = 0.9;

impl References {
    /// The matches of a file that were `found` by its peaks, and with them the loops that were heard in it, the
    /// surest first.
    pub(super) fn with_loops(
        &self,
        file: &Analysed,
        mut found: Vec<TrackMatch>,
    ) -> Vec<TrackMatch> {
        for heard in &file.loops {
            let known = found.iter_mut().find(|m| m.track == heard.track && m.found.accepted());
            // Damage is told by the reader, which watches over all that is read of it.
            let Ok(Some(points)) = constellation(self.index.reader(), heard.track) else {
                continue;
            };
            let by_ear = evidence(heard, &file.constellation, &points);
            match known {
                Some(known) => {
                    known.found = joined(
                        std::mem::take(&mut known.found),
                        by_ear,
                        &file.constellation,
                        &points,
                    )
                }
                None => {
                    found.retain(|m| m.track != heard.track);
                    found.push(TrackMatch { track: heard.track, found: by_ear });
                }
            }
        }
        best_first(found)
    }
}

/// Says of the accepted matches of `query` among `hits` what is left of them beside the loops among them.
pub(crate) fn take_out_loops(
    scanner: &Scanner,
    query: &Constellation,
    hits: &mut [Hit],
    params: &FingerprintParams,
) {
    let (loops, others): (Vec<usize>, Vec<usize>) =
        (0..hits.len()).filter(|&i| hits[i].m.is_accepted()).partition(|&i| hits[i].m.is_loop());
    for i in others {
        let hit = &hits[i];
        let by: Vec<&Hit> =
            loops.iter().map(|&l| &hits[l]).filter(|l| meet(&l.m, &hit.m)).collect();
        if by.is_empty() {
            continue;
        }
        let evidence: Vec<&TrackMatch> = by.iter().map(|hit| &hit.found).collect();
        let left = scanner.beside(query, &hit.found, &evidence);
        if left.as_ref().is_some_and(|left| matched(left) >= UNTOUCHED * matched(&hit.found.found))
        {
            continue;
        }
        let names = by.iter().map(|hit| hit.m.id.clone()).collect();
        let rest = left.map(|left| Match::new(&hit.m.query, &hit.m.reference, &left, params));
        let m = &mut hits[i].m;
        (m.loops, m.beside_loops) = (names, rest.map(Box::new));
    }
}

/// The loops of a library among what was found.
pub(super) fn loops_among(hits: &[Hit]) -> Vec<TrackMatch> {
    let loops = hits.iter().filter(|hit| hit.m.is_accepted() && hit.m.is_loop());
    loops.map(|hit| hit.found.clone()).collect()
}

/// The loops that sound in the files of a batch, by SHA-256 of the file.
pub(super) type LoopsOfFiles = HashMap<[u8; 32], Vec<TrackMatch>>;

impl References {
    /// What the loops that sound in a file leave of its peaks; none where none does.
    pub(super) fn beside_loops(
        &self,
        loops: &LoopsOfFiles,
        sha256: &[u8; 32],
        track: &Constellation,
    ) -> Option<Constellation> {
        let by: Vec<&TrackMatch> = loops.get(sha256)?.iter().collect();
        Some(self.scanner.unexplained(track, &by))
    }
}

/// The loops of an index, which are looked for in its own tracks by their peaks.
pub(super) struct LoopsOfIndex {
    scanner: Scanner,
    _folder: Folder,
}

impl LoopsOfIndex {
    /// Of `reader`; none where there are no loops in it.
    ///
    /// They are put into an index of their own: in this one a track finds itself first, and nothing of it is left to
    /// be explained.
    ///
    /// # Errors
    /// A loop cannot be read, or there is no room for them.
    pub(super) fn new(reader: &Reader, options: &Options) -> Result<Option<LoopsOfIndex>, Error> {
        let params = &options.params;
        let mut loops = Scratch::new(params).map_err(Error::Scratch)?;
        let mut count = 0;
        for (track, meta) in reader.tracks().filter(|(_, meta)| meta.library.is_some()) {
            let Some(points) = constellation(reader, track)? else { continue };
            let record = TrackRecord {
                meta: meta.clone(),
                payloads: payloads(&points),
                windows: windows(&points, params),
            };
            count += usize::from(loops.add(record).map_err(Error::Scratch)?);
        }
        if count == 0 {
            return Ok(None);
        }
        let (reader, folder) = loops.finish().map_err(Error::Scratch)?;
        let scanner = Scanner::new(Arc::new(reader), params.clone(), options.search);
        Ok(Some(LoopsOfIndex { scanner, _folder: folder }))
    }

    /// What loops leave of a track; none where none sounds in it.
    pub(super) fn beside(&self, track: &Constellation) -> Option<Constellation> {
        let found = self.scanner.scan(track, Depth::Standard);
        let loops: Vec<&TrackMatch> = found.iter().filter(|m| m.found.accepted()).collect();
        (!loops.is_empty()).then(|| self.scanner.unexplained(track, &loops))
    }
}

fn matched(found: &MatchEvidence) -> f64 {
    f64::from(found.segments.iter().map(|segment| segment.matched).sum::<u32>())
}

/// Whether both sound at the same time of the query.
fn meet(a: &Match, b: &Match) -> bool {
    a.segments.iter().any(|a| {
        b.segments.iter().any(|b| a.query_ms.0 < b.query_ms.1 && b.query_ms.0 < a.query_ms.1)
    })
}

/// What was heard of a loop as the evidence of a match.
fn evidence(heard: &Heard, query: &Constellation, reference: &Constellation) -> MatchEvidence {
    let segments = heard.occurrences.iter().map(|o| segment(o, query, reference)).collect();
    let best = heard.occurrences.iter().map(|o| o.log10_evalue).fold(f64::INFINITY, f64::min);
    told(segments, best, query, reference)
}

/// Evidence of these segments, of which the surest has this E-value.
fn told(
    segments: Vec<Segment>,
    log10_evalue: f64,
    query: &Constellation,
    reference: &Constellation,
) -> MatchEvidence {
    let found = MatchEvidence {
        raw_score: nats(log10_evalue),
        log10_evalue,
        score: ScanParams::V1.score.score(log10_evalue),
        ..MatchEvidence::default()
    };
    found.with_segments(segments, query, reference)
}

/// What as many chance occurrences are worth.
fn nats(log10_evalue: f64) -> f32 {
    (-log10_evalue * std::f64::consts::LN_10) as f32
}

fn segment(o: &Occurrence, query: &Constellation, reference: &Constellation) -> Segment {
    let ms = |seconds: f64| (seconds * 1000.0).round().max(0.0) as u64;
    let transform = Transform::shift((o.loop_s.0 - o.file_s.0) * TIME_UNITS_PER_SECOND);
    let query_ms = (ms(o.file_s.0), ms(o.file_s.1));
    let stretch = query.between(to_units(query_ms.0), to_units(query_ms.1));
    let met = coincidences(stretch, reference, &transform, &ScanParams::V1.verify);
    Segment {
        query_ms,
        reference_ms: (ms(o.loop_s.0), ms(o.loop_s.1)),
        transform,
        raw_score: nats(o.log10_evalue),
        distinct: 1.0,
        independence: 1.0,
        peaks: stretch.len() as u32,
        matched: met.len() as u32,
    }
}

/// A match by peaks and what was heard of the same loop: all places, and the surer of both E-values.
fn joined(
    by_peaks: MatchEvidence,
    by_ear: MatchEvidence,
    query: &Constellation,
    reference: &Constellation,
) -> MatchEvidence {
    let surest = by_peaks.log10_evalue.min(by_ear.log10_evalue);
    let likeness = by_peaks.likeness;
    let repeats = by_peaks.repeats;
    let mut segments = by_ear.segments;
    for segment in by_peaks.segments {
        let inside = |other: &Segment| {
            let (from, to) = (
                segment.query_ms.0.max(other.query_ms.0),
                segment.query_ms.1.min(other.query_ms.1),
            );
            to.saturating_sub(from) as f64
        };
        let length = (segment.query_ms.1 - segment.query_ms.0) as f64;
        if segments.iter().map(inside).sum::<f64>() < SAME_PLACE * length {
            segments.push(segment);
        }
    }
    MatchEvidence { likeness, repeats, ..told(segments, surest, query, reference) }
}
