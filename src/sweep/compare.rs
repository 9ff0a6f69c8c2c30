//! Compares tracks of one index with all of another, without any audio.

use std::collections::BTreeSet;
use std::sync::Arc;

use soundalike_index::{Error as IndexError, Reader, SearchMode, TrackId, TrackMeta, TrackNo};

use super::{Hash, SweepError};
use crate::engine::loops::take_out_loops;
use crate::engine::resembling::Looking;
use crate::engine::{Error as EngineError, Hit, Index};
use crate::fingerprint::{Constellation, stored};
use crate::id::hex;
use crate::matches::Match;
use crate::params::FingerprintParams;
use crate::resemblance::Resemblance;
use crate::scan::comparison::Comparison;
use crate::scan::evidence::MatchEvidence;
use crate::scan::params::ScanParams;
use crate::scan::reference::Reference;
use crate::scan::search::{Depth, Scanner};
use crate::track::Track;
use crate::works::channel::{Channel, Listening};
use crate::works::params::WorkParams;
use crate::works::search::{Wanted, WorkScanner};
use crate::works::stored::{heard, works};
use crate::works::work::Work;

/// Both indexes, ready to be searched.
pub struct Sides {
    references: Arc<Reader>,
    catalogue: Arc<Reader>,
    params: FingerprintParams,
    in_references: Scanner,
    in_catalogue: Scanner,
    reference_seconds: f64,
    /// Some references are loops of a library.
    has_loops: bool,
    works: Option<SideWorks>,
}

/// What both sides play.
struct SideWorks {
    listening: Listening,
    in_references: WorkScanner,
    in_catalogue: WorkScanner,
}

impl SideWorks {
    /// None where nothing is listened for.
    fn new(sides: [&Reader; 2], wanted: Listening) -> Result<Option<SideWorks>, SweepError> {
        if !wanted.hears_works() {
            return Ok(None);
        }
        let scanner = |reader: &Reader| {
            let scanner = WorkScanner::new(reader, &WorkParams::V1)?;
            match scanner.count() == 0 && reader.track_count() > 0 {
                true => Err(EngineError::IndexWithoutWorks { dir: reader.dir().to_owned() }.into()),
                false => Ok::<_, SweepError>(scanner),
            }
        };
        let [in_references, in_catalogue] = [scanner(sides[0])?, scanner(sides[1])?];
        let both = in_references.listening().min(in_catalogue.listening());
        Ok(Some(SideWorks { listening: wanted.min(both), in_references, in_catalogue }))
    }
}

/// What a catalogue track and a reference have in common.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A recording.
    Match(Match),
    /// What is played.
    Resemblance(Resemblance),
}

impl Sides {
    /// Makes both indexes ready; `works`: what is listened for besides recordings.
    ///
    /// # Errors
    /// One of them was made without what its tracks play, or its works are of another kind.
    pub fn new(
        references: &Index,
        catalogue: &Index,
        works: Listening,
    ) -> Result<Sides, SweepError> {
        let params = FingerprintParams::V2;
        let scanner =
            |index: &Index| Scanner::new(index.reader().clone(), params.clone(), SearchMode::Auto);
        let ms: u64 = references.reader().tracks().map(|(_, meta)| meta.duration_ms).sum();
        let works = SideWorks::new([references.reader(), catalogue.reader()], works)?;
        Ok(Sides {
            works,
            in_references: scanner(references),
            in_catalogue: scanner(catalogue),
            references: references.reader().clone(),
            catalogue: catalogue.reader().clone(),
            reference_seconds: ms as f64 / 1000.0,
            has_loops: references.reader().tracks().any(|(_, meta)| meta.library.is_some()),
            params,
        })
    }

    /// Names what tracks are compared by: what met by something else has to meet again.
    pub fn compared_by(&self) -> String {
        let recordings = hex(&self.params.digest());
        match &self.works {
            None => recordings,
            Some(works) => {
                let digest = hex(&WorkParams::V1.digest()[..8]);
                format!("{recordings} works {digest} {:?}", works.listening)
            }
        }
    }

    /// Name and digest of the parameters that resemblances rest on, where they are looked for.
    pub fn work_params(&self) -> Option<String> {
        self.works.as_ref().map(|works| works.in_references.params().id())
    }

    /// Tracks of both sides that are kept without what they play, where that is looked for; those that never sound are
    /// among them.
    pub fn unheard(&self) -> usize {
        let Some(works) = &self.works else { return 0 };
        let of = |index: &Reader, works: &WorkScanner| index.track_count() - works.count();
        of(&self.references, &works.in_references) + of(&self.catalogue, &works.in_catalogue)
    }

    /// Does `work`, which reads both indexes, and makes sure afterwards that nobody changed them under it.
    ///
    /// # Errors
    /// Somebody did.
    pub fn guarded<T>(&self, work: impl FnOnce() -> T) -> Result<T, SweepError> {
        let asked = || self.in_references.guarded(|| self.in_catalogue.guarded(work));
        Ok(self.references.guarded(|| self.catalogue.guarded(asked))????)
    }

    /// The references.
    pub fn references(&self) -> &Arc<Reader> {
        &self.references
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Arc<Reader> {
        &self.catalogue
    }

    /// What a catalogue track and any reference have in common, the surest first.
    pub fn track(&self, track: &Hash) -> Result<Vec<(Hash, Found)>, SweepError> {
        let matches = self.matches_of(track)?;
        let resemblances = self.resemblances_of(track, &matches)?.into_iter();
        let resemblances = resemblances.map(|r| (r.reference.sha256, Found::Resemblance(r)));
        let matches = matches.into_iter().map(|m| (m.reference.sha256, Found::Match(m)));
        Ok(matches.chain(resemblances).collect())
    }

    /// What a reference and those `tracks` of the catalogue have in common, as matches and resemblances of theirs with
    /// it, the surest first.
    pub fn reference(
        &self,
        reference: &Hash,
        tracks: &BTreeSet<Hash>,
    ) -> Result<Vec<(Hash, Found)>, SweepError> {
        let matches = self.matches_with(reference, tracks)?.into_iter();
        let mut found: Vec<(Hash, Found)> =
            matches.map(|(track, m)| (track, Found::Match(m))).collect();
        // As for matches, each track is then looked at as a scan of it would: the chance of a track is told.
        for track in self.tracks_like(reference, tracks)? {
            let matches = self.matches_of(&track)?;
            let resemblances = self.resemblances_of(&track, &matches)?.into_iter();
            let own = resemblances.filter(|r| r.reference.sha256 == *reference);
            found.extend(own.map(|r| (track, Found::Resemblance(r))));
        }
        Ok(found)
    }

    /// What a catalogue track plays that references play, beyond its matches.
    fn resemblances_of(
        &self,
        track: &Hash,
        matches: &[Match],
    ) -> Result<Vec<Resemblance>, SweepError> {
        let Some(works) = &self.works else { return Ok(Vec::new()) };
        let own = self.catalogue.find_sha256(track).and_then(|no| self.catalogue.meta(no));
        let (Some(meta), Some(work)) = (own, work(&self.catalogue, track, works.listening)?) else {
            return Ok(Vec::new());
        };
        let scanner = &works.in_references;
        let looking = Looking { scanner, reader: &self.references, in_bulk: true };
        let found = looking.resemblances(&Arc::new(Track::of_index(meta)), matches, &work, 0)?;
        Ok(found.into_iter().map(|found| found.r).collect())
    }

    /// Those of `tracks` that play what a reference plays, by the works of the catalogue.
    fn tracks_like(
        &self,
        reference: &Hash,
        tracks: &BTreeSet<Hash>,
    ) -> Result<Vec<Hash>, SweepError> {
        let Some(works) = &self.works else { return Ok(Vec::new()) };
        let Some(work) = work(&self.references, reference, works.listening)? else {
            return Ok(Vec::new());
        };
        if works.in_catalogue.count() < works.in_catalogue.params().significance.fewest {
            // Too few to tell which of them stand out.
            return Ok(tracks.iter().copied().collect());
        }
        let found = works.in_catalogue.scan(&*self.catalogue, &work, Wanted::Sure)?;
        let likely = found.all.iter().filter(|f| Resemblance::may_be_accepted(&f.found, true));
        let hashes = likely
            .filter_map(|f| Some(self.catalogue.meta(self.catalogue.track(f.work.id)?)?.sha256));
        Ok(hashes.filter(|hash| tracks.contains(hash)).collect())
    }

    /// Matches of a catalogue track with any reference, best first.
    fn matches_of(&self, track: &Hash) -> Result<Vec<Match>, SweepError> {
        let Some(own) = known(&self.catalogue, track)? else { return Ok(Vec::new()) };
        let found = self.in_references.scan(&own.points, Depth::Standard).into_iter();
        let found = found.filter(|m| m.found.accepted()).filter_map(|found| {
            let reference = self.references.meta(found.track)?;
            Some(Hit { m: self.matched(own.meta, reference, &found.found), found })
        });
        let mut hits: Vec<Hit> = found.collect();
        take_out_loops(&self.in_references, &own.points, &mut hits, &self.params);
        Ok(hits.into_iter().map(|hit| hit.m).collect())
    }

    /// Matches of a reference with those `tracks` of the catalogue, as matches of theirs with it, best first.
    ///
    /// The reference is what is looked up here. Each track found is then compared with it as a scan of
    /// that track would, since the roles are not alike: of a part that the one side repeats, all
    /// places are found only if that side is the query.
    fn matches_with(
        &self,
        reference: &Hash,
        tracks: &BTreeSet<Hash>,
    ) -> Result<Vec<(Hash, Match)>, SweepError> {
        let Some(own) = known(&self.references, reference)? else { return Ok(Vec::new()) };
        let prepared = Reference::new(own.points.clone(), &self.params);
        let mut matches = Vec::new();
        for m in self.in_catalogue.scan(&own.points, Depth::Standard) {
            let meta = self.catalogue.meta(m.track).filter(|meta| tracks.contains(&meta.sha256));
            let Some(meta) = meta.filter(|_| m.found.accepted()) else { continue };
            let track = points(&self.catalogue, m.track)?;
            let pair = Comparison {
                query: &track,
                reference: &prepared,
                scan: &ScanParams::V1,
                fingerprint: &self.params,
            };
            let turned = pair.compare(self.reference_seconds);
            let found = turned.filter(MatchEvidence::accepted).unwrap_or_else(|| m.found.turned());
            let m = self.matched(meta, own.meta, &found);
            let m = if self.has_loops && !m.is_loop() { self.beside_loops(m)? } else { m };
            matches.push((meta.sha256, m));
        }
        Ok(matches)
    }

    /// The same match as a scan of the track tells it, which knows of the loops that sound in it.
    fn beside_loops(&self, m: Match) -> Result<Match, SweepError> {
        let told = self.matches_of(&m.query.sha256)?;
        Ok(told.into_iter().find(|other| other.id == m.id).unwrap_or(m))
    }

    fn matched(&self, track: &TrackMeta, reference: &TrackMeta, found: &MatchEvidence) -> Match {
        let (track, reference) = (Track::of_index(track), Track::of_index(reference));
        Match::new(&Arc::new(track), &Arc::new(reference), found, &self.params)
    }
}

/// What a track of an index plays; none where it is kept without.
fn work(index: &Reader, track: &Hash, listening: Listening) -> Result<Option<Work>, SweepError> {
    let stored = works(index, &[TrackId::of(track)])?.pop().unwrap_or_default();
    let sounds = stored[Channel::Harmony as usize].is_some();
    Ok(sounds.then(|| heard(&stored, listening)))
}

/// A track of an index.
struct Known<'a> {
    meta: &'a TrackMeta,
    points: Constellation,
}

fn known<'a>(index: &'a Reader, hash: &Hash) -> Result<Option<Known<'a>>, SweepError> {
    let Some(track) = index.find_sha256(hash) else { return Ok(None) };
    let Some(meta) = index.meta(track) else { return Ok(None) };
    Ok(Some(Known { meta, points: points(index, track)? }))
}

fn points(index: &Reader, track: TrackNo) -> Result<Constellation, SweepError> {
    let lost = || IndexError::Corrupt {
        path: index.dir().to_owned(),
        what: format!("no peaks of track {}", index.meta(track).map_or("?", |m| m.ref_id.as_str())),
    };
    Ok(stored::constellation(index, track)?.ok_or_else(lost)?)
}
