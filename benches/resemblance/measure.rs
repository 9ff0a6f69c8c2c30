//! Scores of queries with works, each with each, without an index: what `benches/resemblance` calibrates with.
//!
//! usage: work_measures features CHANNEL FILE…                JSON lines: path, rows of 12 values, 4 a second
//!        work_measures scores CHANNEL QUERIES WORKS SECONDS  lists of files, one a line; the middle SECONDS of each
//!                                                            query (0: all of it), tab separated: query, work, score,
//!                                                            semitones, tempo in per mille
//!
//! CHANNEL: harmony or melody.

// Standard output is what it is for.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::Path;

use rayon::prelude::*;
use soundalike::audio::{DecodeOptions, decode_file};
use soundalike::works::align::Tempos;
use soundalike::works::candidates::candidates;
use soundalike::works::channel::{Channel, Listening};
use soundalike::works::line::Lines;
use soundalike::works::params::WorkParams;
use soundalike::works::sequence::{ROWS_PER_SECOND, Sequence};
use soundalike::works::stored::Stored;
use soundalike::works::work::{Work, WorkMeter};
use soundalike_index::{Reader, TrackRef};

const PARAMS: WorkParams = WorkParams::V1;

fn heard(path: &str, channel: Channel) -> Result<Sequence, Box<dyn Error + Send + Sync>> {
    let mut meter = WorkMeter::new(Listening::All, &PARAMS).ok_or("nothing to listen for")?;
    decode_file(Path::new(path), &DecodeOptions::default(), &mut |s| meter.push(s))?;
    Ok(meter.finish().of(channel).clone())
}

fn channel(name: &str) -> Result<Channel, Box<dyn Error + Send + Sync>> {
    let known = Channel::ALL.into_iter().find(|channel| channel.name() == name);
    known.ok_or_else(|| format!("no channel is called {name}").into())
}

fn listed(
    list: &str,
    channel: Channel,
) -> Result<Vec<(String, Sequence)>, Box<dyn Error + Send + Sync>> {
    let list = std::fs::read_to_string(list)?;
    let paths: Vec<&str> = list.lines().collect();
    paths.par_iter().map(|path| Ok(((*path).to_owned(), heard(path, channel)?))).collect()
}

fn all_listed(list: &str) -> Result<Vec<(String, Work)>, Box<dyn Error + Send + Sync>> {
    let list = std::fs::read_to_string(list)?;
    let paths: Vec<&str> = list.lines().collect();
    let heard = |path: &str| -> Result<Work, Box<dyn Error + Send + Sync>> {
        let mut meter = WorkMeter::new(Listening::All, &PARAMS).ok_or("nothing to listen for")?;
        decode_file(Path::new(path), &DecodeOptions::default(), &mut |s| meter.push(s))?;
        Ok(meter.finish())
    };
    paths.par_iter().map(|path| Ok(((*path).to_owned(), heard(path)?))).collect()
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["features", name, files @ ..] => {
            let channel = channel(name)?;
            for path in files {
                let rows = heard(path, channel)?.rows;
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
                    let a = tempos.best(rows);
                    format!("{query}\t{work}\t{:.3}\t{}\t{}\n", a.score, a.up, a.slower)
                };
                works.iter().map(line).collect::<String>()
            });
            lines.collect::<Vec<_>>().iter().for_each(|lines| print!("{lines}"));
        }
        ["candidates", index, queries] => {
            let reader = Reader::open(Path::new(index))?;
            let mut params = PARAMS;
            params.candidates.works = usize::MAX;
            let lines = all_listed(queries)?.into_par_iter().map(|(query, work)| {
                let of = |channel: Channel| {
                    let all = candidates(&reader, channel, work.of(channel), &params, &Some);
                    let path = |found: &TrackRef| {
                        let track = reader.track(found.id).and_then(|no| reader.meta(no));
                        track.map_or("", |meta| meta.path.as_str()).to_owned()
                    };
                    let all: Vec<String> = all.iter().flatten().map(path).collect();
                    format!("{query}\t{}\t{}\n", channel.name(), all.join("\t"))
                };
                Channel::ALL.map(of).concat()
            });
            lines.collect::<Vec<_>>().iter().for_each(|lines| print!("{lines}"));
        }
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
                            tempos[*c as usize].best_few(rows, PARAMS.line.paths)
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
            return Err("usage: work_measures features CHANNEL FILE… | scores CHANNEL QUERIES WORKS SECONDS".into());
        }
    }
    Ok(())
}
