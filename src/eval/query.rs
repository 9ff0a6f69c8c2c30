//! One query: degrade an excerpt, send it through the scanner as a file, hold the answer against
//! the truth.

use std::path::{Path, PathBuf};

use soundalike_index::TrackNo;

use super::degrade::{Degradation, How, Other, Piece, RATE, Scene};
use super::material::Cut;
use super::rng::Rng;
use super::tool::{self, Redecoded};
use super::{EvalError, EvalOptions, wav};
use crate::fingerprint::Constellation;
use crate::fingerprint::constellation::TIME_UNITS_PER_SECOND;
use crate::fingerprint::file::fingerprint;
use crate::scan::matcher::Segment;
use crate::scan::scanner::{Scanner, TrackMatch};
use crate::scan::warp::to_ms;

/// What all queries share.
pub(super) struct Bench<'a> {
    pub(super) scanner: Scanner<'a>,
    pub(super) options: &'a EvalOptions,
    pub(super) known: &'a [Cut],
    pub(super) unknown: &'a [Cut],
    pub(super) redecoded: &'a Redecoded,
    /// Folder of the queries' audio.
    pub(super) dir: &'a Path,
}

/// A query to make.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    /// Number of the degradation.
    pub(super) row: usize,
    pub(super) degradation: &'a Degradation,
    pub(super) length_s: u32,
    pub(super) cut: &'a Cut,
}

/// What came of a query.
pub(super) struct Verdict {
    /// The right track was ranked first.
    pub(super) first: bool,
    /// All right tracks were accepted.
    pub(super) accepted: bool,
    /// Error of the reported position in ms, if accepted.
    pub(super) offset_ms: Option<f64>,
    /// Accepted matches that should not be.
    pub(super) stray: Vec<Stray>,
}

/// An accepted match that should not be.
pub(super) struct Stray {
    pub(super) track: TrackNo,
    pub(super) score: f64,
    pub(super) log10_evalue: f64,
}

/// A stretch of the query, and the track and position it was taken from.
struct Truth {
    track: TrackNo,
    begin_s: f64,
    piece: Piece,
}

/// Why a query could not be made.
pub(super) enum Obstacle {
    /// There is no second excerpt for it.
    NoPartner,
    /// Making or reading its file failed.
    Failed(String),
}

impl From<EvalError> for Obstacle {
    fn from(error: EvalError) -> Obstacle {
        Obstacle::Failed(error.to_string())
    }
}

impl Bench<'_> {
    /// Makes the query, scans it and judges the answer.
    pub(super) fn run(&self, task: &Task<'_>) -> Result<Verdict, Obstacle> {
        let mut rng = self.rng(task);
        let other = self.partner(task, &mut rng)?;
        let (path, pieces) = self.make(task, other, &mut rng)?;
        let constellation = self.constellation(&path);
        if self.options.keep_dir.is_none() {
            // A file that stays behind goes with the temporary folder.
            let _ = std::fs::remove_file(&path);
        }
        let matches = self.scanner.scan(&constellation?);
        let truth = truth(task.cut, other, pieces);
        let welcome = other.and_then(|o| o.track);
        Ok(judge(&matches, &truth, welcome))
    }

    /// Fingerprint of a query file, the way `scan` takes it.
    pub(super) fn constellation(&self, path: &Path) -> Result<Constellation, Obstacle> {
        let params = &self.options.params;
        let made = fingerprint(path, params, params.query_density, &self.options.decode);
        made.map(|(_, constellation)| constellation).map_err(|e| Obstacle::Failed(e.to_string()))
    }

    fn rng(&self, task: &Task<'_>) -> Rng {
        let name = task.degradation.name.as_bytes();
        Rng::new(self.options.seed, &[name, &task.length_s.to_le_bytes(), task.cut.name.as_bytes()])
    }

    /// The second excerpt that the degradation needs, of another track if there is one.
    fn partner(&self, task: &Task<'_>, rng: &mut Rng) -> Result<Option<&Cut>, Obstacle> {
        let pool = match (task.degradation.other, task.cut.track) {
            (Other::None, _) => return Ok(None),
            (Other::Unknown, _) | (Other::SameSide, None) => self.unknown,
            (Other::SameSide | Other::Reference, _) => self.known,
        };
        let start = (rng.unit() * pool.len() as f64) as usize;
        let around = || pool.iter().cycle().skip(start).take(pool.len());
        let mut fitting = around().filter(|c| c.fits(task.length_s) && c.name != task.cut.name);
        let elsewhere = fitting.clone().find(|c| c.path != task.cut.path);
        // Two parts of one unknown track are as unknown together.
        let same = || fitting.next().filter(|c| c.track.is_none());
        elsewhere.or_else(same).map(Some).ok_or(Obstacle::NoPartner)
    }

    /// Writes the query's file; what its parts are.
    fn make(
        &self,
        task: &Task<'_>,
        other: Option<&Cut>,
        rng: &mut Rng,
    ) -> Result<(PathBuf, Vec<Piece>), Obstacle> {
        match &task.degradation.how {
            How::Signal(spoil) => {
                let signal = task.cut.load(task.length_s)?;
                let other = other.map(|o| o.load(task.length_s)).transpose()?.unwrap_or_default();
                let take = spoil(&Scene { signal: &signal, other: &other }, rng);
                let path = self.path(task, "wav");
                wav::write_pcm(&path, &take.channels)?;
                Ok((path, take.pieces))
            }
            How::Ffmpeg(attack) => {
                let path = self.path(task, attack.extension);
                tool::apply(attack, &task.cut.native, task.length_s, &path)
                    .map_err(Obstacle::Failed)?;
                let samples = task.length_s as usize * RATE as usize;
                let pieces =
                    vec![Piece::whole((samples as f64 / attack.factor) as usize, attack.factor)];
                if !self.redecoded.contains(task.degradation) {
                    return Ok((path, pieces));
                }
                let decoded = path.with_extension(format!("{}.wav", attack.extension));
                tool::decode(&path, &decoded).map_err(Obstacle::Failed)?;
                Ok((decoded, pieces))
            }
        }
    }

    fn path(&self, task: &Task<'_>, extension: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let row: String = task.degradation.name.chars().map(plain).collect();
        let side = if task.cut.track.is_some() { "known" } else { "unknown" };
        let (number, length, cut) = (task.row, task.length_s, &task.cut.name);
        self.dir.join(format!("{number:02}-{row}-{length}s-{side}-{cut}.{extension}"))
    }
}

/// The right answers; none for an unknown query.
fn truth(cut: &Cut, other: Option<&Cut>, pieces: Vec<Piece>) -> Vec<Truth> {
    let part = |piece: Piece| {
        let from = if piece.part == 0 { Some(cut) } else { other };
        from.and_then(|c| Some(Truth { track: c.track?, begin_s: c.begin_s, piece }))
    };
    pieces.into_iter().filter_map(part).collect()
}

/// Judges `matches`; a match in the track `welcome` is neither right nor wrong.
fn judge(matches: &[TrackMatch], truth: &[Truth], welcome: Option<TrackNo>) -> Verdict {
    let is_right = |track: TrackNo| truth.iter().any(|t| t.track == track);
    let accepted = |track: TrackNo| matches.iter().find(|m| m.track == track && m.found.accepted());
    let offset_ms = truth
        .first()
        .and_then(|t| accepted(t.track))
        .and_then(|m| offset_error_ms(m.found.best(), m.track, truth));
    let mut ranked = matches.iter().filter(|m| welcome != Some(m.track) || is_right(m.track));
    let stray = matches
        .iter()
        .filter(|m| m.found.accepted() && !is_right(m.track) && welcome != Some(m.track))
        .map(|m| Stray { track: m.track, score: m.found.score, log10_evalue: m.found.log10_evalue })
        .collect();
    Verdict {
        first: ranked.next().is_some_and(|m| is_right(m.track)),
        accepted: !truth.is_empty() && truth.iter().all(|t| accepted(t.track).is_some()),
        offset_ms,
        stray,
    }
}

/// How far the position reported for the middle of `segment` is from where that moment was cut.
fn offset_error_ms(segment: &Segment, track: TrackNo, truth: &[Truth]) -> Option<f64> {
    let middle_s = (segment.query_ms.0 + segment.query_ms.1) as f64 / 2_000.0;
    let reported_ms = to_ms(segment.warp.time(middle_s * TIME_UNITS_PER_SECOND));
    let distance = |p: &Piece| (p.begin_s - middle_s).max(middle_s - p.end_s).max(0.0);
    // The piece that holds the middle of the segment; the nearest one, if none does.
    let here = truth.iter().filter(|t| t.track == track);
    let t = here.min_by(|a, b| distance(&a.piece).total_cmp(&distance(&b.piece)))?;
    Some((reported_ms - 1_000.0 * (t.begin_s + t.piece.source_s(middle_s))).abs())
}
