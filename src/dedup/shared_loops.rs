//! Loops that tracks of a batch share and no library explains: one to look up in the packs, or to add to a library.
//!
//! Two tracks with eight seconds in common may be a theft. A dozen by a dozen artists, each with the same eight seconds
//! in it, over and over, are customers of one sample pack. What is told is a suggestion and counts nowhere: only a
//! person can tell a pack from a rhythm that many stole from one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pairs::Pair;
use super::params::{DedupParams, LoopParams};
use super::track_set::TrackIx;
use super::{Clusters, Recording};
use crate::clock::clock;
use crate::counted::count;
use crate::id::hex;
use crate::scan::segment::Segment;
use crate::track::Track;

const PARAMS: &LoopParams = &DedupParams::V2.loops;

/// Where a track has the loop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoopPlace {
    /// Path as given, or as indexed.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Title.
    pub title: Option<String>,
    /// Artists.
    pub artists: Vec<String>,
    /// Account that uploaded it.
    pub account: Option<String>,
    /// Where what it shares begins.
    pub begin_ms: u64,
    /// Where it ends, repeats included.
    pub end_ms: u64,
}

/// A loop that tracks of several artists share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SharedLoop {
    /// Names the tracks; the same for a repeated run.
    pub loop_id: String,
    /// The track in which it is heard best.
    pub path: String,
    /// SHA-256 of that file.
    pub sha256: String,
    /// Where in it one turn of the loop begins.
    pub begin_ms: u64,
    /// Where that ends.
    pub end_ms: u64,
    /// All tracks that have it, by path.
    pub tracks: Vec<LoopPlace>,
    /// Artists among them, as far as they are named.
    pub artists: usize,
    /// In plain words.
    pub text: String,
}

/// That a track has something in common with another, its source, which may be a loop.
#[derive(Debug, Clone)]
pub struct Use<'a> {
    /// The track.
    pub track: &'a Track,
    /// Who made it: uses by one and the same count once.
    pub who: String,
    /// Which recording it is: copies of one count once, too, whoever they are said to be by.
    pub recording: usize,
    /// Where, in the source.
    pub spans: Vec<(u64, u64)>,
    /// Where, in the track.
    pub place: (u64, u64),
    /// Length of the loop that it may be.
    pub loop_ms: u64,
}

/// Whom a track is by; where nobody is named, `else_` stands for it.
pub fn made_by(track: &Track, else_: &str) -> String {
    match track.artists.is_empty() {
        true => format!("\0{else_}"),
        false => track.artists.join("; ").to_lowercase(),
    }
}

/// The loops that tracks of other recordings and other artists share, those of most artists first.
pub fn shared_loops(found: &Clusters) -> Vec<SharedLoop> {
    let recordings = recordings(&found.recordings);
    let who = |node: TrackIx| {
        let recording = format!("{:?}", recordings.get(&node));
        found.track(node).map_or_else(String::new, |track| made_by(track, &recording))
    };
    let mut uses: BTreeMap<TrackIx, Vec<Use<'_>>> = BTreeMap::new();
    for pair in found.pairs.iter().filter(|pair| !pair.is_edge()) {
        let Some(loop_ms) = pair.loop_ms else { continue };
        if recordings.get(&pair.a) == recordings.get(&pair.b) {
            continue;
        }
        for (source, user) in [(pair.a, pair.b), (pair.b, pair.a)] {
            let Some(track) = found.track(user) else { continue };
            let (spans, place) = (spans(pair, source), whole(&self::spans(pair, user)));
            let recording = recordings.get(&user).copied().unwrap_or(user);
            let used = Use { track, who: who(user), recording, spans, place, loop_ms };
            uses.entry(source).or_default().push(used);
        }
    }
    let suggested = uses
        .iter()
        .filter_map(|(&source, uses)| suggested(found.track(source)?, &who(source), uses));
    each_once(suggested.collect())
}

/// Of these, with the number of artists, those of most artists first; none of tracks that were told before.
pub fn each_once(mut suggested: Vec<(usize, SharedLoop)>) -> Vec<SharedLoop> {
    suggested.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut loops = Vec::new();
    for (_, shared) in suggested {
        if known.insert(shared.sha256.clone()) {
            known.extend(shared.tracks.iter().map(|t| t.sha256.clone()));
            loops.push(shared);
        }
    }
    loops
}

/// The loop of `source`, which is by `who`, that these uses show, with the number of artists who use it; none if they
/// are few.
pub fn suggested(source: &Track, who: &str, uses: &[Use<'_>]) -> Option<(usize, SharedLoop)> {
    let unrelated: Vec<&Use<'_>> = uses.iter().filter(|used| used.who != who).collect();
    let begins: BTreeSet<u64> =
        unrelated.iter().flat_map(|u| u.spans.iter().map(|s| s.0)).collect();
    let mut best: Option<(usize, u64, Vec<&Use<'_>>)> = None;
    for at in begins {
        let is_there = |used: &&&Use<'_>| used.spans.iter().any(|s| s.0 <= at && at < s.1);
        let there: Vec<&Use<'_>> = unrelated.iter().filter(is_there).copied().collect();
        let artists = there.iter().map(|used| &used.who).collect::<BTreeSet<_>>().len();
        let recordings = there.iter().map(|used| used.recording).collect::<BTreeSet<_>>().len();
        let artists = artists.min(recordings);
        if artists >= PARAMS.unrelated && best.as_ref().is_none_or(|(most, ..)| artists > *most) {
            best = Some((artists, at, there));
        }
    }
    let (artists, begin_ms, among) = best?;
    Some((artists, described(source, begin_ms, &among)))
}

/// The recording that each track is of.
fn recordings(all: &[Recording]) -> BTreeMap<TrackIx, TrackIx> {
    all.iter().flat_map(|r| r.nodes().map(move |node| (node, r.root))).collect()
}

fn spans(pair: &Pair, node: TrackIx) -> Vec<(u64, u64)> {
    let of = |s: &Segment| if node == pair.a { s.query_ms } else { s.reference_ms };
    pair.found.segments.iter().map(of).collect()
}

/// From the beginning of the first to the end of the last.
pub fn whole(spans: &[(u64, u64)]) -> (u64, u64) {
    let from = spans.iter().map(|s| s.0).min().unwrap_or_default();
    (from, spans.iter().map(|s| s.1).max().unwrap_or_default())
}

fn described(source: &Track, begin_ms: u64, among: &[&Use<'_>]) -> SharedLoop {
    let mut lengths: Vec<u64> = among.iter().map(|used| used.loop_ms).collect();
    lengths.sort_unstable();
    let length = lengths[lengths.len() / 2];
    let own: Vec<(u64, u64)> = among.iter().flat_map(|used| used.spans.iter().copied()).collect();
    let places = among.iter().map(|used| place(used.track, used.place));
    let mut tracks: Vec<LoopPlace> =
        std::iter::once(place(source, whole(&own))).chain(places).collect();
    tracks.sort_by(|a, b| a.path.cmp(&b.path));
    tracks.dedup_by(|a, b| a.sha256 == b.sha256);
    let named = tracks.iter().filter(|t| !t.artists.is_empty());
    let artists = named.map(|t| t.artists.join("; ").to_lowercase()).collect::<BTreeSet<_>>().len();
    let end_ms = (begin_ms + length).min(source.duration_ms.max(begin_ms));
    let by = match artists {
        0 => String::new(),
        n => format!(" by {}", count(n, "artist", "artists")),
    };
    let text = format!(
        "{}{by} share {:.1} s, in {} at {}–{}: it may be a loop of a pack. If it is, add the pack's file with \
         `index add --kind library`, and what it explains is no match any more.",
        count(tracks.len(), "track", "tracks"),
        length as f64 / 1000.0,
        source.path,
        clock(begin_ms),
        clock(end_ms),
    );
    SharedLoop {
        loop_id: identifier(&tracks),
        path: source.path.clone(),
        sha256: source.sha256_hex(),
        begin_ms,
        end_ms,
        tracks,
        artists,
        text,
    }
}

fn place(track: &Track, (begin_ms, end_ms): (u64, u64)) -> LoopPlace {
    LoopPlace {
        path: track.path.clone(),
        sha256: track.sha256_hex(),
        title: track.title.clone(),
        artists: track.artists.clone(),
        account: track.owner.clone(),
        begin_ms,
        end_ms,
    }
}

/// Names the contents, whatever the files are called.
fn identifier(tracks: &[LoopPlace]) -> String {
    let contents: BTreeSet<&str> = tracks.iter().map(|t| t.sha256.as_str()).collect();
    let mut hash = Sha256::new();
    contents.iter().for_each(|content| hash.update(content));
    format!("l_{}", hex(&hash.finalize()[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(number: u8, artist: &str) -> Track {
        Track {
            path: format!("{number}.wav"),
            sha256: [number; 32],
            duration_ms: 60_000,
            artists: (!artist.is_empty()).then(|| artist.to_owned()).into_iter().collect(),
            ..Track::default()
        }
    }

    fn used(track: &Track, from: u64) -> Use<'_> {
        Use {
            track,
            who: made_by(track, &track.path),
            recording: usize::from(track.sha256[0]),
            spans: vec![(from, from + 4_000)],
            place: (0, 4_000),
            loop_ms: 4_000,
        }
    }

    #[test]
    fn four_artists_with_one_stretch_make_a_suggestion_and_three_do_not() {
        let source = track(0, "Ann");
        let tracks = [track(1, "Bob"), track(2, "Cleo"), track(3, "")];
        let uses: Vec<Use<'_>> = tracks.iter().map(|t| used(t, 10_000)).collect();
        let (artists, shared) = suggested(&source, "ann", &uses).expect("a suggestion");
        assert_eq!((artists, shared.begin_ms, shared.end_ms), (3, 10_000, 14_000));
        assert_eq!(shared.tracks.len(), 4);
        assert!(
            shared.text.starts_with("4 tracks by 3 artists share 4.0 s, in 0.wav at 0:10.0–0:14.0")
        );
        assert_eq!(suggested(&source, "ann", &uses[..2]), None);
    }

    #[test]
    fn what_one_artist_repeats_or_what_lies_elsewhere_is_none() {
        let source = track(0, "Ann");
        let own = [track(1, "Ann"), track(2, "ann"), track(3, "Bob"), track(4, "Bob")];
        let uses: Vec<Use<'_>> = own.iter().map(|t| used(t, 10_000)).collect();
        assert_eq!(suggested(&source, "ann", &uses), None);
        let others = [track(1, "Bob"), track(2, "Cleo"), track(3, "Dan")];
        // Copies of one recording under three names are no three users of a loop.
        let copies = others.iter().map(|t| Use { recording: 1, ..used(t, 0) });
        assert_eq!(suggested(&source, "ann", &copies.collect::<Vec<_>>()), None);
        let apart = others.iter().zip([0, 10_000, 20_000]);
        let uses: Vec<Use<'_>> = apart.map(|(t, from)| used(t, from)).collect();
        assert_eq!(suggested(&source, "ann", &uses), None);
    }

    #[test]
    fn a_track_is_told_once() {
        let tracks = [track(1, "A"), track(2, "B"), track(3, "C"), track(4, "D")];
        let of = |source: &Track| {
            let others = tracks.iter().filter(|t| t.sha256 != source.sha256);
            let uses: Vec<Use<'_>> = others.map(|t| used(t, 0)).collect();
            suggested(source, &made_by(source, ""), &uses)
        };
        assert_eq!(each_once(tracks.iter().filter_map(of).collect()).len(), 1);
    }
}
