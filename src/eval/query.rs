//! One query: degrade an excerpt and send it through the scanner as a file.

use std::path::{Path, PathBuf};

use super::degrade::ffmpeg::Process;
use super::degrade::{Degradation, How, Other, Piece, RATE, Scene};
use super::judge::{Verdict, judge, truth};
use super::material::Cut;
use super::rng::Rng;
use super::{EvalError, EvalOptions, tool, wav};
use crate::audio::decode_file;
use crate::fingerprint::Constellation;
use crate::fingerprint::file::fingerprint;
use crate::scan::search::{Depth, Scanner};

/// What all queries share.
pub(super) struct Bench<'a> {
    pub(super) scanner: Scanner,
    pub(super) options: &'a EvalOptions,
    pub(super) known: &'a [Cut],
    pub(super) unknown: &'a [Cut],
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

/// Why a query could not be made.
pub(super) enum Obstacle {
    /// There is no other excerpt for it.
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
        let others = self.partners(task, &mut rng)?;
        let (path, pieces) = self.make(task, &others, &mut rng)?;
        let constellation = self.constellation(&path);
        if self.options.keep_dir.is_none() {
            // A file that stays behind goes with the temporary folder.
            let _ = std::fs::remove_file(&path);
        }
        let constellation = constellation?;
        let scanned = self.scanner.guarded(|| self.scanner.scan(&constellation, Depth::Standard));
        let matches = scanned.map_err(|e| Obstacle::Failed(e.to_string()))?;
        let cuts = [&[task.cut], others.as_slice()].concat();
        Ok(judge(&matches, &truth(&cuts, pieces), &self.options.params))
    }

    /// Fingerprint of a query file, the way `scan` takes it.
    pub(super) fn constellation(&self, path: &Path) -> Result<Constellation, Obstacle> {
        let params = &self.options.params;
        let made =
            fingerprint(path, params, params.query_density, &self.options.decode, &mut |_| ());
        made.map(|(_, constellation)| constellation).map_err(|e| Obstacle::Failed(e.to_string()))
    }

    fn rng(&self, task: &Task<'_>) -> Rng {
        let name = task.degradation.name.as_bytes();
        Rng::new(self.options.seed, &[name, &task.length_s.to_le_bytes(), task.cut.name.as_bytes()])
    }

    /// The other excerpts that the degradation needs, of other tracks if there are any.
    fn partners(&self, task: &Task<'_>, rng: &mut Rng) -> Result<Vec<&Cut>, Obstacle> {
        let other = task.degradation.other;
        let pool = match (other, task.cut.track) {
            (Other::None, _) => return Ok(Vec::new()),
            (Other::Unknown | Other::TwoUnknown, _) | (Other::SameSide, None) => self.unknown,
            (Other::SameSide | Other::Reference, _) => self.known,
        };
        let start = (rng.unit() * pool.len() as f64) as usize;
        let around = pool.iter().cycle().skip(start).take(pool.len());
        let fitting = around.filter(|c| c.fits(task.length_s) && c.name != task.cut.name);
        let (elsewhere, same): (Vec<&Cut>, Vec<&Cut>) =
            fitting.partition(|c| c.path != task.cut.path);
        // Two parts of one unknown track are as unknown together.
        let same = same.into_iter().filter(|c| c.track.is_none());
        let all: Vec<&Cut> = elsewhere.into_iter().chain(same).collect();
        if all.is_empty() {
            return Err(Obstacle::NoPartner);
        }
        Ok(all.into_iter().cycle().take(other.count()).collect())
    }

    /// Writes the query's file; what its parts are.
    fn make(
        &self,
        task: &Task<'_>,
        others: &[&Cut],
        rng: &mut Rng,
    ) -> Result<(PathBuf, Vec<Piece>), Obstacle> {
        match &task.degradation.how {
            How::Signal(spoil) => {
                let signal = task.cut.load(task.length_s)?;
                let others: Result<Vec<_>, _> =
                    others.iter().map(|o| o.load(task.length_s)).collect();
                let take = spoil(&Scene { signal: &signal, other: &others?.concat() }, rng);
                let path = self.path(task, "wav");
                wav::write_pcm(&path, &take.channels)?;
                Ok((path, take.pieces))
            }
            How::Ffmpeg(process) => self.process(task, process, rng),
        }
    }

    /// Lets ffmpeg, and then our own damage if there is any, make the query from the original.
    fn process(
        &self,
        task: &Task<'_>,
        process: &Process,
        rng: &mut Rng,
    ) -> Result<(PathBuf, Vec<Piece>), Obstacle> {
        let attack = &process.attack;
        let path = self.path(task, attack.extension);
        let path = tool::apply(attack, &task.cut.native, task.length_s, &path)
            .map_err(Obstacle::Failed)?;
        let samples = f64::from(task.length_s * RATE) / attack.change.factor;
        let pieces = vec![Piece::whole(samples as usize, attack.change).later(attack.delay_s)];
        let Some(then) = &process.then else { return Ok((path, pieces)) };
        let mut signal = Vec::new();
        decode_file(&path, &self.options.decode, &mut |chunk| signal.extend_from_slice(chunk))
            .map_err(|e| Obstacle::Failed(e.to_string()))?;
        let take = then(&Scene { signal: &signal, other: &[] }, rng);
        let spoilt = path.with_extension("then.wav");
        wav::write_pcm(&spoilt, &take.channels)?;
        // What stays behind goes with the temporary folder.
        let _ = std::fs::remove_file(&path);
        Ok((spoilt, pieces))
    }

    fn path(&self, task: &Task<'_>, extension: &str) -> PathBuf {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let row: String = task.degradation.name.chars().map(plain).collect();
        let side = if task.cut.track.is_some() { "known" } else { "unknown" };
        let (number, length, cut) = (task.row, task.length_s, &task.cut.name);
        self.dir.join(format!("{number:02}-{row}-{length}s-{side}-{cut}.{extension}"))
    }
}
