//! The engine: references, earlier uploads, policies and decisions, open and shared, and what is done with
//! them.
//!
//! ```text
//! Item ─► analyse (decode, fingerprint) ─► match (search, verify) ─► judge (decisions, rules, packs)
//!              └► batch index ─► clusters ──────────────────────────────┘        └► describe (records)
//! ```
//!
//! Every command that looks at audio calls it: [`Engine::run`] for batches of files,
//! [`Engine::compare`] for two, [`Engine::scan`] and [`Engine::check`] for one, [`Engine::clusters`] for the
//! tracks of an index. It owns all that it uses and borrows nothing, so that it can be kept by a service,
//! cloned into threads, and taken up to date between deliveries ([`Engine::refresh`]).

mod again;
pub(crate) mod analyse;
mod describe;
mod error;
mod families;
pub(crate) mod index;
mod judge;
mod judged_batch;
mod lookups;
pub(crate) mod loops;
mod pair;
pub(crate) mod resembling;
mod run;
mod scratch;
mod tracing;
mod uploads;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use soundalike_index::SearchMode;

use crate::audio::{AudioError, DecodeOptions, read_credential};
use crate::credentials::TrustList;
use crate::fingerprint::signal::Signal;
use crate::matches::Match;
use crate::params::FingerprintParams;
use crate::policy::{Batch, Finding, Observation, Upload, Verdict, observe};
use crate::resemblance::Resemblance;
use crate::scan::search::{Depth, Scanner, TrackMatch};
use crate::trace;
use crate::track::Track;
use crate::works::params::WorkParams;
use crate::works::search::WorkScanner;

pub use crate::fingerprint::file::sha256_of;
pub use crate::works::channel::Listening;
use analyse::Analysed;
pub use error::Error;
pub use index::{Index, Works, open, upgrade_index, without_loop, works, writer};
pub use judge::{Judge, Judged, day};
#[doc(hidden)]
pub use judged_batch::JudgedBatch;
use loops::take_out_loops;
pub use pair::Compared;
pub use run::{Keep, Outcomes};
pub use uploads::{Item, Uploads};

/// How files are read, searched and told.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Fingerprint parameters; those of every index.
    #[doc(hidden)]
    pub params: FingerprintParams,
    /// Caps on what is decoded of a file.
    pub decode: DecodeOptions,
    /// How references are looked up.
    pub search: SearchMode,
    /// How closely each file is looked at.
    pub depth: Depth,
    /// What is listened for besides recordings.
    #[doc(hidden)]
    pub works: Listening,
    /// Files are looked at by the many.
    pub(crate) in_bulk: bool,
    /// Matches below the acceptance line are told, too.
    pub candidates: bool,
    /// Matches told per file.
    pub limit: usize,
    /// Adds the exhibit (the peaks) to each accepted match.
    pub evidence: bool,
    /// Compares the files of a batch with each other, and tells clusters of near-duplicates.
    pub cluster: bool,
    /// Reads signed credentials of files.
    #[doc(hidden)]
    pub credentials: bool,
    /// Those whose signatures are trusted.
    #[doc(hidden)]
    pub trust: Option<Arc<TrustList>>,
    /// Listens for traces of decoders in what is compared with references.
    #[doc(hidden)]
    pub traces: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            params: FingerprintParams::V2,
            decode: DecodeOptions::default(),
            search: SearchMode::Auto,
            depth: Depth::Standard,
            works: Listening::Recordings,
            in_bulk: false,
            candidates: false,
            limit: 20,
            evidence: true,
            cluster: true,
            credentials: true,
            trust: None,
            traces: true,
        }
    }
}

/// References, and the scanner that looks things up in them.
#[derive(Clone)]
struct References {
    index: Index,
    scanner: Arc<Scanner>,
    /// Looks for what is played anew, where that is wanted.
    works: Option<Arc<WorkScanner>>,
}

/// Finds, judges and describes what audio has in common with references and with other audio.
#[derive(Clone)]
pub struct Engine {
    options: Options,
    references: Option<References>,
    earlier: Option<Index>,
    judge: Arc<Judge>,
}

/// What was found in one file.
#[derive(Debug)]
#[non_exhaustive]
pub struct Scan {
    /// The file.
    pub track: Arc<Track>,
    /// Accepted matches, the surest first; decisions are noted in them.
    pub matches: Vec<Match>,
    /// Silence, noise and repetition in it.
    pub signal: Signal,
    /// Nothing in it can be fingerprinted (silence, a steady tone), so nothing can be said.
    pub is_featureless: bool,
}

/// What was found in one file, and what follows.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// What was found.
    pub scan: Scan,
    /// What the policies make of it, gravest first.
    pub findings: Vec<Finding>,
    /// The gravest of that.
    pub verdict: Verdict,
}

/// One file, with what rules see in it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Examined {
    /// What is known and declared of it, with its matches.
    pub upload: Upload,
    /// What is the case for it, before any policy.
    pub observed: Vec<Observation>,
    /// Nothing in it can be fingerprinted, so nothing can be said of matches.
    pub is_featureless: bool,
}

/// A match with what it rests on.
pub(crate) struct Hit {
    pub(crate) m: Match,
    pub(crate) found: TrackMatch,
}

impl Engine {
    /// An engine with nothing to compare with and nothing to judge by yet.
    pub fn new(options: Options) -> Engine {
        Engine { options, references: None, earlier: None, judge: Arc::default() }
    }

    /// Looks for the tracks of `index` in files.
    #[must_use]
    pub fn with_references(self, index: Index) -> Engine {
        let Options { params, search, .. } = &self.options;
        let scanner = Arc::new(Scanner::new(index.reader().clone(), params.clone(), *search));
        Engine { references: Some(References { index, scanner, works: None }), ..self }
    }

    /// Looks for what the references play, too, in files that are no copies of them: the same chords or the same tune
    /// on other instruments, in another key and tempo; as far as the references were indexed with it.
    ///
    /// # Errors
    /// There are no references, or they were indexed without what they play.
    #[doc(hidden)]
    pub fn with_works(self, wanted: Listening) -> Result<Engine, Error> {
        let references = self.references.ok_or(Error::NothingToCompareWith)?;
        let works = WorkScanner::new(&**references.index.reader(), &WorkParams::V1)?;
        if works.count() == 0 && !references.index.is_empty() {
            return Err(Error::IndexWithoutWorks { dir: references.index.dir().to_owned() });
        }
        let works_heard = wanted.min(works.listening());
        let references = Some(References { works: Some(Arc::new(works)), ..references });
        Ok(Engine { references, options: Options { works: works_heard, ..self.options }, ..self })
    }

    /// Looks for what the files of a batch, or the tracks of an index, play in each other, too.
    #[doc(hidden)]
    #[must_use]
    pub fn hearing(self, works: Listening) -> Engine {
        Engine { options: Options { works, ..self.options }, ..self }
    }

    /// The same without earlier uploads: what others sent is not told to whoever asks about his own.
    #[cfg(feature = "serve")]
    pub(crate) fn without_earlier(self) -> Engine {
        Engine { earlier: None, ..self }
    }

    /// Compares the files of a batch with earlier uploads, too.
    #[must_use]
    pub fn with_earlier(self, index: Index) -> Engine {
        Engine { earlier: Some(index), ..self }
    }

    /// Judges uploads.
    #[must_use]
    pub fn with_judge(self, judge: Judge) -> Engine {
        Engine { judge: Arc::new(judge), ..self }
    }

    /// What it does and how.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The references.
    pub fn references(&self) -> Option<&Index> {
        self.references.as_ref().map(|r| &r.index)
    }

    /// The judge.
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Takes over references, earlier uploads and decisions that came since they were opened.
    ///
    /// # Errors
    /// One of them cannot be read any more; the engine goes on with what it had of that one and of those after it.
    pub fn refresh(&mut self, now: Timestamp) -> Result<(), Error> {
        // Decisions first: what was blocked meanwhile must not wait for an index to be mended. A clone keeps
        // what it has until it is brought up to date itself.
        self.refresh_decisions(now)?;
        if let Some(mut index) = self.references().cloned()
            && index.refresh()?
        {
            let works = self.options.works;
            let engine = self.clone().with_references(index);
            *self = if works.hears_works() { engine.with_works(works)? } else { engine };
        }
        if let Some(earlier) = &mut self.earlier {
            earlier.refresh()?;
        }
        Ok(())
    }

    /// Takes over decisions that came since they were read.
    ///
    /// # Errors
    /// The log cannot be read, or it is damaged.
    #[doc(hidden)]
    pub fn refresh_decisions(&mut self, now: Timestamp) -> Result<(), Error> {
        Arc::make_mut(&mut self.judge).refresh(now)
    }

    /// Looks for the references in the file at `path`; tells all accepted matches, whatever the limit.
    ///
    /// # Errors
    /// The file cannot be read, or the engine has no references.
    pub fn scan(&self, path: impl AsRef<Path>) -> Result<Scan, Error> {
        self.scan_item(&Item::bare(path.as_ref())).map(|(scan, _)| scan)
    }

    /// Looks for the references in a file, and judges what was found and what is declared. It is not compared with
    /// other uploads: [`run`](Engine::run) does that. Without policies there are no findings, and the verdict says
    /// nothing.
    ///
    /// # Errors
    /// The file cannot be read, or the engine has no references.
    pub fn check(&self, item: &Item) -> Result<Checked, Error> {
        let (scan, upload) = self.scan_item(item)?;
        let batch = Batch::not_compared(std::slice::from_ref(&upload));
        let mut judged = self.judge.batch(batch, self.protected_artists());
        let Judged { findings, verdict, .. } = judged.pop().unwrap_or_default();
        Ok(Checked { scan, findings, verdict })
    }

    /// Looks at a file by itself, and at what the references have of it where there are any; judges nothing.
    ///
    /// # Errors
    /// The file cannot be read.
    #[doc(hidden)]
    pub fn examine(&self, item: &Item) -> Result<Examined, Error> {
        let (upload, is_featureless) = match &self.references {
            Some(_) => {
                let (scan, upload) = self.scan_item(item)?;
                (upload, scan.is_featureless)
            }
            None => {
                let mut upload = self.analyse(item, true)?.upload;
                self.judge.rule(&mut upload);
                (upload, false)
            }
        };
        let batch = Batch::not_compared(std::slice::from_ref(&upload)).policy_chosen(true);
        let observed = observe(&batch.protected_artists(self.protected_artists()), 0);
        Ok(Examined { upload, observed, is_featureless })
    }

    /// Does `work`, which looks something up in the references, and makes sure afterwards that nobody changed
    /// their files under it.
    fn guarded<T>(&self, work: impl FnOnce() -> T) -> Result<T, Error> {
        match &self.references {
            Some(references) => {
                let References { index, scanner, .. } = references;
                Ok(index.reader().guarded(|| scanner.guarded(work))??)
            }
            None => Ok(work()),
        }
    }

    fn scan_item(&self, item: &Item) -> Result<(Scan, Upload), Error> {
        let references = self.references.as_ref().ok_or(Error::NothingToCompareWith)?;
        let analysed = self.analyse(item, true)?;
        let hits = || references.hits(&analysed, &self.options);
        let hits = self.guarded(hits)?;
        let Analysed { mut upload, constellation, work, .. } = analysed;
        upload.matches = hits.into_iter().map(|hit| hit.m).filter(Match::is_accepted).collect();
        if let Some(work) = work {
            let found = references.resemblances(&upload, &work, false, 0)?;
            upload.resemblances =
                found.into_iter().map(|f| f.r).filter(Resemblance::is_accepted).collect();
        }
        self.judge.rule(&mut upload);
        let scan = Scan {
            track: upload.track.clone(),
            matches: upload.matches.clone(),
            signal: upload.signal.clone(),
            is_featureless: references.scanner.is_featureless(&constellation),
        };
        Ok((scan, upload))
    }

    /// Names of artists that must not be imitated: those of the references.
    fn protected_artists(&self) -> impl Iterator<Item = &str> {
        let tracks = self.references().map(|index| index.reader().tracks());
        let artists = tracks.into_iter().flatten().flat_map(|(_, meta)| &meta.artists);
        artists.map(String::as_str)
    }

    /// Reads a file; with the peaks that a query needs where there is something to compare it with. `listens`: traces
    /// of decoders are listened for, if they are wanted at all.
    fn analyse(&self, item: &Item, listens: bool) -> Result<Analysed, AudioError> {
        let params = &self.options.params;
        let has_references = self.references.is_some();
        let density = if has_references { params.query_density } else { 1.0 };
        let mut decode = self.options.decode.clone();
        if self.options.traces && listens {
            decode.traces = trace::Listening::Glance;
        }
        let loops = self.references().and_then(Index::loops);
        let mut analysed =
            Analysed::new(item, params, density, &decode, self.options.works, loops)?;
        if self.options.credentials {
            let trust = self.options.trust.as_deref();
            let read = read_credential(&item.path, trust, &decode)?;
            analysed.upload.credential = Some(read.unwrap_or_default());
        }
        Ok(analysed)
    }
}

impl References {
    /// What a file has in common with them, accepted or not, the surest first.
    fn hits(&self, file: &Analysed, options: &Options) -> Vec<Hit> {
        let found = self.scanner.scan(&file.constellation, options.depth).into_iter();
        let found = found.filter(|m| m.found.accepted() || options.candidates);
        self.described(file, found.collect(), options)
    }

    /// The matches of a file that were `found`, each with what is known of its reference, and the loops that sound
    /// in it.
    fn described(&self, file: &Analysed, found: Vec<TrackMatch>, options: &Options) -> Vec<Hit> {
        let found = self.with_loops(file, found);
        let hit = |found: TrackMatch| {
            let reference = Arc::new(Track::of_index(self.index.reader().meta(found.track)?));
            let m = Match::new(&file.upload.track, &reference, &found.found, &options.params);
            Some(Hit { m, found })
        };
        let mut hits: Vec<Hit> = found.into_iter().filter_map(hit).collect();
        take_out_loops(&self.scanner, &file.constellation, &mut hits, &options.params);
        hits
    }
}
