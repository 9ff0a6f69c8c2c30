//! Scores of queries with works, each with each, without an index: what `benches/resemblance` calibrates with.
//!
//! usage: work_measures features CHANNEL FILE…                JSON lines: path, rows of 12 values, 4 a second
//!        work_measures scores CHANNEL QUERIES WORKS SECONDS  lists of files, one a line; the middle SECONDS of each
//!                                                            query (0: all of it), tab separated: query, work, score,
//!                                                            semitones, tempo in per mille
//!
//!        work_measures lines QUERIES WORKS SECONDS           the same along lines: query, work, and of harmony, melody and
//!                                                            both score, semitones, tempo
//!        work_measures candidates INDEX QUERIES              for each query and channel the works of an index, likeliest first
//!        work_measures grow INDEX FROM COUNT                 an index of the works of another and COUNT that never were
//!
//! CHANNEL: harmony or melody.

// Standard output is what it is for.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use rayon::prelude::*;
use soundalike::audio::{DecodeOptions, decode_file};
use soundalike::fingerprint::stored::params_id;
use soundalike::params::FingerprintParams;
use soundalike::works::align::Tempos;
use soundalike::works::candidates::{Asked, candidates};
use soundalike::works::channel::{Channel, Listening};
use soundalike::works::line::Lines;
use soundalike::works::params::WorkParams;
use soundalike::works::sequence::{ROWS_PER_SECOND, Sequence};
use soundalike::works::stored::{Stored, heard, payloads, windows, with_works, works};
use soundalike::works::surrogate::shuffled;
use soundalike::works::work::{Work, WorkMeter};
use soundalike_index::{CompactPolicy, Reader, TrackId, TrackMeta, TrackRecord, TrackRef, Writer};

const PARAMS: WorkParams = WorkParams::V1;

fn played(path: &str, listening: Listening) -> Result<Work, Box<dyn Error + Send + Sync>> {
    let mut meter = WorkMeter::new(listening, &PARAMS).ok_or("nothing to listen for")?;
    decode_file(Path::new(path), &DecodeOptions::default(), &mut |s| meter.push(s))?;
    Ok(meter.finish())
}

fn channel(name: &str) -> Result<Channel, Box<dyn Error + Send + Sync>> {
    let known = Channel::ALL.into_iter().find(|channel| channel.name() == name);
    known.ok_or_else(|| format!("no channel is called {name}").into())
}

fn listed(
    list: &str,
    channel: Channel,
) -> Result<Vec<(String, Sequence)>, Box<dyn Error + Send + Sync>> {
    let all = all_listed(list)?.into_iter();
    Ok(all.map(|(path, work)| (path, work.of(channel).clone())).collect())
}

fn all_listed(list: &str) -> Result<Vec<(String, Work)>, Box<dyn Error + Send + Sync>> {
    let list = std::fs::read_to_string(list)?;
    let paths: Vec<&str> = list.lines().collect();
    let heard = |path: &&str| Ok(((*path).to_owned(), played(path, Listening::All)?));
    paths.par_iter().map(heard).collect()
}

/// Makes `index` of the works of `from` and so many that never were: their bars in another order, half of them upside
/// down.
fn grow(index: &Path, from: &Path, count: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let reader = Reader::open(from)?;
    let tracks: Vec<_> = reader.tracks().map(|(_, meta)| meta.clone()).collect();
    let ids: Vec<_> = tracks.iter().map(|meta| TrackId::of(&meta.sha256)).collect();
    let stored = works(&reader, &ids)?;
    let mut writer = with_works(Writer::open_or_create(index, params_id(&FingerprintParams::V2))?)?;
    let of_each = count.div_ceil(tracks.len().max(1));
    let record = |mut meta: TrackMeta, stored: &Stored, number: usize| {
        let work = heard(stored, Listening::All);
        if number > 0 {
            meta.sha256[..8].copy_from_slice(&(number as u64).to_le_bytes());
            meta.ref_id = format!("{number}-{}", meta.ref_id);
        }
        TrackRecord { meta, payloads: payloads(&work), windows: windows(&work, &PARAMS) }
    };
    for chunk in tracks.iter().zip(&stored).collect::<Vec<_>>().chunks(32) {
        let records = chunk.par_iter().flat_map_iter(|(meta, stored)| {
            let others = shuffled(stored, of_each);
            let all = std::iter::once((*stored).clone()).chain(others);
            let all = all.enumerate().map(|(n, stored)| record((*meta).clone(), &stored, n));
            all.collect::<Vec<_>>()
        });
        writer.commit(records.collect())?;
    }
    writer.compact(CompactPolicy::Tiered)?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["features", name, files @ ..] => {
            let channel = channel(name)?;
            for path in files {
                let work = played(path, Listening::All)?;
                let rows = &work.of(channel).rows;
                println!("{}", serde_json::json!({ "path": path, "rows": rows }));
            }
        }
        ["scores", name, queries, works, seconds] => {
            let channel = channel(name)?;
            let rows = seconds.parse::<usize>()? * ROWS_PER_SECOND;
            let works = listed(works, channel)?;
            let works: Vec<_> = works.into_iter().map(|(name, s)| (name, s.stored())).collect();
            let lines = listed(queries, channel)?.into_par_iter().map(|(query, sequence)| {
                let middle = sequence.rows.len() / 2;
                let part = match rows {
                    0 => sequence,
                    _ => sequence.part(middle.saturating_sub(rows / 2)..middle + rows / 2),
                };
                let tempos = Tempos::new(&part, &PARAMS.align, channel);
                let line = |(work, rows): &(String, Vec<_>)| {
                    let best = tempos.best(rows, 1);
                    let (score, up, slower) =
                        best.first().map_or((0.0, 0, 1000), |a| (a.score, a.up, a.slower));
                    format!("{query}\t{work}\t{score:.3}\t{up}\t{slower}\n")
                };
                works.iter().map(line).collect::<String>()
            });
            lines.collect::<Vec<_>>().iter().for_each(|lines| print!("{lines}"));
        }
        ["candidates", index, queries] => {
            let reader = Reader::open(Path::new(index))?;
            let mut params = PARAMS;
            params.candidates.works = usize::MAX;
            let lines = all_listed(queries)?.into_par_iter().map(|(name, work)| {
                let of = |channel: Channel| {
                    let query = work.of(channel);
                    let whole = 0..query.rows.len();
                    let asked = Asked {
                        channel,
                        query,
                        stretches: std::slice::from_ref(&whole),
                        work_of: &Some,
                    };
                    let all = candidates(&reader, &asked, &params);
                    let path = |found: &TrackRef| {
                        let track = reader.track(found.id).and_then(|no| reader.meta(no));
                        track.map_or("", |meta| meta.path.as_str()).to_owned()
                    };
                    let all: Vec<String> = all.iter().flatten().flatten().map(path).collect();
                    format!("{name}\t{}\t{}\n", channel.name(), all.join("\t"))
                };
                Channel::ALL.map(of).concat()
            });
            lines.collect::<Vec<_>>().iter().for_each(|lines| print!("{lines}"));
        }
        ["grow", index, from, count] => grow(Path::new(index), Path::new(from), count.parse()?)?,
        ["lines", queries, works, seconds] => {
            let rows = seconds.parse::<usize>()? * ROWS_PER_SECOND;
            let works: Vec<(String, Stored)> = all_listed(works)?
                .into_iter()
                .map(|(name, w)| (name, Channel::ALL.map(|c| Some(w.of(c).stored()))))
                .collect();
            let lines = all_listed(queries)?.into_par_iter().map(|(query, work)| {
                let parts = Channel::ALL.map(|c| {
                    let sequence = work.of(c);
                    let middle = sequence.rows.len() / 2;
                    Some(match rows {
                        0 => sequence.clone(),
                        _ => sequence.part(middle.saturating_sub(rows / 2)..middle + rows / 2),
                    })
                });
                let tempos = Channel::ALL.map(|c| {
                    let part = parts[c as usize].clone().unwrap_or_default();
                    Tempos::coarse(&part, &PARAMS.align, c)
                });
                let lines = Lines::new(&parts, &PARAMS.align, &PARAMS.line);
                let line = |(name, stored): &(String, Stored)| {
                    let paths: Vec<_> = Channel::ALL
                        .iter()
                        .flat_map(|c| {
                            let rows = stored[*c as usize].as_deref().unwrap_or_default();
                            tempos[*c as usize].best(rows, PARAMS.line.paths)
                        })
                        .collect();
                    let best = lines.best(stored, &paths);
                    let text = best.map(|l| {
                        l.map_or(String::new(), |l| {
                            format!("{:.5}\t{}\t{}", l.score, l.up, l.slower)
                        })
                    });
                    format!("{query}\t{name}\t{}\n", text.join("\t"))
                };
                works.iter().map(line).collect::<String>()
            });
            lines.collect::<Vec<_>>().iter().for_each(|lines| print!("{lines}"));
        }
        _ => {
            return Err("see the head of benches/resemblance/measure.rs for usage".into());
        }
    }
    Ok(())
}
