//! Who hangs together by what they play, and what is told of it: how members differ, in which key and tempo.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest, Sha256};

use super::explain::{spread, window};
use super::family::{Family, FamilyMember, FamilyTie, MeasuredBy};
use super::member::BatchTrack;
use super::track_set::TrackIx;
use super::{Clusters, Recording};
use crate::counted::count;
use crate::id::{hex, resemblance_id};
use crate::level::Level;
use crate::resemblance::{Channel, Resemblance, played_words, semitones};
use crate::rounding::rounded;

/// That two recordings play the same; each is named by the track that stands for it.
#[derive(Debug, Clone)]
pub(super) struct Tie {
    pub(super) query: TrackIx,
    pub(super) reference: TrackIx,
    pub(super) r: Resemblance,
}

impl Tie {
    /// The recordings, the lower one first.
    pub(super) fn nodes(&self) -> (TrackIx, TrackIx) {
        (self.query.min(self.reference), self.query.max(self.reference))
    }
}

/// How a track is played against another.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Played {
    /// Semitones higher.
    up: i32,
    /// Times faster.
    faster: f64,
}

impl Played {
    const ALIKE: Played = Played { up: 0, faster: 1.0 };

    /// One after the other.
    fn then(self, next: Played) -> Played {
        Played { up: self.up + next.up, faster: self.faster * next.faster }
    }

    fn inverse(self) -> Played {
        Played { up: -self.up, faster: 1.0 / self.faster }
    }

    fn words(self) -> String {
        played_words(semitones(self.up), self.faster)
    }
}

/// Recordings that hang together by what they play.
#[derive(Debug)]
pub(super) struct Kin {
    /// The recordings, in order.
    nodes: Vec<TrackIx>,
    /// What ties them, in order.
    ties: Vec<Tie>,
}

impl Kin {
    /// The connected components of `ties`, in order of their first recording.
    pub(super) fn all(ties: Vec<Tie>) -> Vec<Kin> {
        let mut first: BTreeMap<TrackIx, TrackIx> = BTreeMap::new();
        for tie in &ties {
            let (a, b) = tie.nodes();
            let (a, b) = (*first.entry(a).or_insert(a), *first.entry(b).or_insert(b));
            let (to, from) = (a.min(b), a.max(b));
            first.values_mut().filter(|at| **at == from).for_each(|at| *at = to);
        }
        let mut all: BTreeMap<TrackIx, Kin> = BTreeMap::new();
        let empty = || Kin { nodes: Vec::new(), ties: Vec::new() };
        for (node, first) in &first {
            all.entry(*first).or_insert_with(empty).nodes.push(*node);
        }
        for tie in ties {
            let first = first[&tie.query];
            all.entry(first).or_insert_with(empty).ties.push(tie);
        }
        all.into_values().collect()
    }

    /// The recording that the others stand out with most.
    fn representative(&self) -> TrackIx {
        let mut weights: BTreeMap<TrackIx, f64> = BTreeMap::new();
        for tie in &self.ties {
            *weights.entry(tie.query).or_default() += tie.r.z;
            *weights.entry(tie.reference).or_default() += tie.r.z;
        }
        let best = weights.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        best.map_or(0, |(node, _)| node)
    }

    /// How each recording is played against `root`, along as few ties as possible.
    fn played(&self, root: TrackIx) -> BTreeMap<TrackIx, Played> {
        let mut next: BTreeMap<TrackIx, Vec<(TrackIx, Played)>> = BTreeMap::new();
        for tie in &self.ties {
            let query = Played { up: tie.r.transposition.into(), faster: tie.r.time_factor };
            next.entry(tie.reference).or_default().push((tie.query, query));
            next.entry(tie.query).or_default().push((tie.reference, query.inverse()));
        }
        let mut played = BTreeMap::from([(root, Played::ALIKE)]);
        let mut queue = VecDeque::from([root]);
        while let Some(node) = queue.pop_front() {
            let here = played[&node];
            for (other, against) in next.get(&node).into_iter().flatten() {
                if !played.contains_key(other) {
                    played.insert(*other, against.then(here));
                    queue.push_back(*other);
                }
            }
        }
        played
    }
}

/// A track of a family: the recording that it is of, its own node, and what is known of it.
type Listed<'a> = (&'a Recording, TrackIx, &'a BatchTrack);

/// Describes a family; `works` is how many each was looked for among, and what chance is measured by.
pub(super) fn describe(
    kin: &Kin,
    recordings: &[Recording],
    found: &Clusters,
    works: (usize, MeasuredBy),
) -> Family {
    let root = kin.representative();
    let played = kin.played(root);
    let mut listed: Vec<Listed<'_>> = Vec::new();
    for recording in recordings.iter().filter(|r| kin.nodes.contains(&r.root)) {
        for node in recording.nodes() {
            listed.extend(found.tracks[node].iter().map(|track| (recording, node, track)));
        }
    }
    listed.sort_by(|a, b| a.2.track.path.cmp(&b.2.track.path));
    let tracks: Vec<&BatchTrack> = listed.iter().map(|(_, _, track)| *track).collect();
    let path = |node: TrackIx| found.track(node).map_or("", |track| track.path.as_str());
    let member = |listed: &Listed<'_>| member(listed, root, &played, path(listed.0.root));
    let ties: Vec<FamilyTie> = kin.ties.iter().filter_map(|tie| told(tie, &listed)).collect();
    let mut family = Family {
        family_id: identifier(&tracks),
        size: listed.len(),
        recordings: kin.nodes.len(),
        level: Level::Review,
        identity: spread(&tracks),
        window: window(&tracks),
        representative: path(root).to_owned(),
        members: tracks.iter().map(|t| t.track.path.clone()).collect(),
        member_details: listed.iter().map(member).collect(),
        weakest_log10_evalue: ties.iter().map(|t| t.log10_evalue).fold(f64::MIN, f64::max),
        ties,
        works: works.0,
        measured_by: works.1,
        ..Family::default()
    };
    family.ties.sort_by_key(|tie| (tie.a, tie.b));
    family.explanation = explanation(&family);
    family
}

/// Names the contents, whatever the files are called.
fn identifier(tracks: &[&BatchTrack]) -> String {
    let mut contents: Vec<[u8; 32]> = tracks.iter().map(|t| t.track.sha256).collect();
    contents.sort_unstable();
    let mut hash = Sha256::new();
    contents.iter().for_each(|content| hash.update(content));
    format!("f_{}", hex(&hash.finalize()[..8]))
}

fn member(
    (recording, node, of): &Listed<'_>,
    root: TrackIx,
    played: &BTreeMap<TrackIx, Played>,
    standing: &str,
) -> FamilyMember {
    let against = played.get(&recording.root).copied().unwrap_or(Played::ALIKE);
    let is_standing = of.track.path == standing;
    let (faster, cents) = recording.against_root(*node);
    let copied = Played { up: (cents / 100.0).round() as i32, faster };
    let against = copied.then(against);
    let words = against.words();
    let differs = match (is_standing, recording.root == root) {
        (true, true) => "the one the others are compared with".to_owned(),
        (true, false) => words,
        (false, _) => format!("{words}, a near-duplicate of {standing}"),
    };
    let t = &*of.track;
    FamilyMember {
        path: t.path.clone(),
        sha256: t.sha256_hex(),
        duration_ms: t.duration_ms,
        title: t.title.clone(),
        artists: t.artists.clone(),
        isrc: t.isrc.clone(),
        upc: t.upc.clone(),
        label: t.label.clone(),
        account: t.owner.clone(),
        received_at: t.received_at.clone(),
        ai: of.ai.name().to_owned(),
        earlier: of.earlier,
        cluster_id: recording.cluster_id.clone(),
        transposition_semitones: semitones(against.up),
        time_factor: rounded(against.faster, 3),
        differs,
    }
}

/// A tie with the member first that comes first.
fn told(tie: &Tie, listed: &[Listed<'_>]) -> Option<FamilyTie> {
    let place = |node: TrackIx| listed.iter().position(|(_, own, _)| *own == node);
    let (query, reference) = (place(tie.query)?, place(tie.reference)?);
    let r = &tie.r;
    let turned = query < reference;
    let (a, b) = (query.min(reference), query.max(reference));
    let (of_a, of_b) =
        if turned { (r.query_ms, r.reference_ms) } else { (r.reference_ms, r.query_ms) };
    let played = Played { up: r.transposition.into(), faster: r.time_factor };
    // A resemblance says how the query is played against the reference.
    let played = if turned { played.inverse() } else { played };
    Some(FamilyTie {
        resemblance_id: resemblance_id(
            &listed[a].2.track.sha256_hex(),
            &listed[b].2.track.ref_id(),
        ),
        a,
        b,
        channel: r.channel,
        a_begin_ms: of_a.0,
        a_end_ms: of_a.1,
        b_begin_ms: of_b.0,
        b_end_ms: of_b.1,
        transposition_semitones: semitones(played.up),
        time_factor: rounded(played.faster, 3),
        agreement_pct: rounded(100.0 * r.agreement, 1),
        z: rounded(r.z, 2),
        harmony_z: r.harmony_z.map(|z| rounded(z, 2)),
        melody_z: r.melody_z.map(|z| rounded(z, 2)),
        log10_evalue: rounded(r.log10_evalue, 2),
        common_pct: rounded(r.common_pct, 1),
    })
}

/// "3 recordings play the same chords in the same rhythm under 3 titles and 2 artists."
fn explanation(family: &Family) -> String {
    let has = |channel: Channel| family.ties.iter().any(|tie| tie.channel == channel);
    let what = match (has(Channel::Harmony), has(Channel::Melody), has(Channel::Both)) {
        (true, false, false) => "the same chords in the same rhythm",
        (false, true, false) => "the same notes in the upper voice",
        (false, false, true) => "the same chords and the same upper voice",
        _ => "the same chords or the same upper voice",
    };
    let recordings = count(family.recordings, "recording", "recordings");
    let who = match family.size == family.recordings {
        true => recordings,
        false => format!("{recordings} ({})", count(family.size, "track", "tracks")),
    };
    let names = [
        (family.identity.titles, "title", "titles"),
        (family.identity.artists, "artist", "artists"),
        (family.identity.accounts, "account", "accounts"),
    ];
    let names =
        names.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| count(n, one, many));
    let names: Vec<String> = names.collect();
    let under = match names.split_last() {
        None => String::new(),
        Some((last, [])) => format!(" under {last}"),
        Some((last, rest)) => format!(" under {} and {last}", rest.join(", ")),
    };
    format!("{who} play {what}{under}; they are no copies of each other.")
}
