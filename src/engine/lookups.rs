//! Looking up the files of a run: each by itself, or by way of a clip that is the same sound.

use std::sync::Arc;

use rayon::prelude::*;

use super::analyse::Analysed;
use super::{Engine, Hit, References};
use crate::scan::representatives::{Representatives, Represented};
use crate::scan::search::TrackLines;
use crate::track::Track;

/// What was found in a file.
#[derive(Default)]
pub(super) struct Found {
    /// The surest first.
    pub(super) hits: Vec<Hit>,
    /// The clip that was looked up in its stead; each of its matches was confirmed on this file.
    pub(super) by_way_of: Option<Arc<Track>>,
}

/// The clips that were looked up so far, and what was found of them.
pub(super) struct Lookups {
    clips: Representatives,
    /// Of each: which it is, and what it matches.
    looked_up: Vec<(Arc<Track>, Vec<TrackLines>)>,
}

/// How a file is looked up.
enum Way {
    /// By itself; as the representative of that number.
    Itself(Option<usize>),
    /// By way of a representative.
    Through(Represented),
}

impl Lookups {
    /// Nothing was looked up yet.
    pub(super) fn new(engine: &Engine) -> Lookups {
        Lookups { clips: Representatives::new(&engine.options.params), looked_up: Vec::new() }
    }

    /// Looks for the references in files, in order; the answer does not depend on the number of threads.
    pub(super) fn look_up(&mut self, engine: &Engine, files: &[&Analysed]) -> Vec<Found> {
        let Some(references) = &engine.references else {
            return files.iter().map(|_| Found::default()).collect();
        };
        let ways = self.ways(engine, files);
        let themselves = files.par_iter().zip(&ways).with_max_len(1).map(|(file, way)| match way {
            Way::Itself(_) => Some(by_itself(engine, references, file)),
            Way::Through(_) => None,
        });
        let mut found: Vec<Option<Found>> = themselves.collect();
        for (way, found) in ways.iter().zip(&found) {
            if let (Way::Itself(Some(number)), Some(found)) = (way, found) {
                self.looked_up[*number].1 =
                    found.hits.iter().map(|hit| hit.found.lines()).collect();
            }
        }
        let left = found.par_iter_mut().zip(files).zip(&ways).with_max_len(1);
        left.for_each(|((found, file), way)| {
            if let Way::Through(by) = way {
                let through = self.through(engine, references, file, by);
                *found = through.or_else(|| Some(by_itself(engine, references, file)));
            }
        });
        found.into_iter().flatten().collect()
    }

    /// How each file is looked up; new representatives are noted.
    fn ways(&mut self, engine: &Engine, files: &[&Analysed]) -> Vec<Way> {
        let (known, clips) = (self.clips.count(), &self.clips);
        // Where candidates are told, too, each file has its own.
        let concerned =
            |file: &Analysed| !engine.options.candidates && clips.concern(&file.constellation);
        let seen: Vec<(bool, Option<Represented>)> = files
            .par_iter()
            .map(|file| match concerned(file) {
                true => (true, clips.of(&file.constellation, 0)),
                false => (false, None),
            })
            .collect();
        let mut way = |(file, seen): (&&Analysed, (bool, Option<Represented>))| {
            let by = match seen {
                (false, _) => return Way::Itself(None),
                (true, by) => by.or_else(|| self.clips.of(&file.constellation, known)),
            };
            by.map_or_else(|| Way::Itself(self.represent(file)), Way::Through)
        };
        files.iter().zip(seen).map(&mut way).collect()
    }

    fn represent(&mut self, file: &Analysed) -> Option<usize> {
        let number = self.clips.add(&file.constellation)?;
        self.looked_up.push((file.upload.track.clone(), Vec::new()));
        Some(number)
    }

    /// What was found of a representative, confirmed on `file`; none if one match of it is not.
    fn through(
        &self,
        engine: &Engine,
        references: &References,
        file: &Analysed,
        by: &Represented,
    ) -> Option<Found> {
        let (track, matches) = &self.looked_up[by.by];
        let here = |there: &TrackLines| TrackLines {
            lines: there.lines.iter().map(|line| by.transform.then(line)).collect(),
            ..*there
        };
        let expected: Vec<TrackLines> = matches.iter().map(here).collect();
        let found = references.scanner.confirm(&file.constellation, &expected)?;
        let hits = references.described(file, found, &engine.options);
        Some(Found { hits, by_way_of: Some(track.clone()) })
    }
}

fn by_itself(engine: &Engine, references: &References, file: &Analysed) -> Found {
    let hits = references.hits(file, &engine.options);
    Found { hits, by_way_of: None }
}
