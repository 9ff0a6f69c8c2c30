//! Says what a cluster of near-duplicates is: who shares what, how the copies differ, over what time.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::cluster::{Cluster, Durations, Edge, IdentitySpread, Member, Tie, Window};
use super::component::Component;
use super::member::BatchTrack;
use super::pairs::Pair;
use super::score::{duration_words, score, timed};
use super::track_set::TrackIx;
use crate::counted::count;
use crate::declare::identifiers::Isrc;
use crate::declare::times::instant;
use crate::id::hex;
use crate::params::FingerprintParams;
use crate::rounding::rounded;
use crate::scan::kind::MatchKind;
use crate::scan::transform::Transform;

/// Ties listed per cluster.
const MAX_TIES: usize = 50;

/// Describes `cluster`; `tracks` gives the uploads of a node (several where they are the same file), in order.
pub(super) fn describe<'a>(
    component: &Component,
    ties: &[&Pair],
    tracks: &'a dyn Fn(TrackIx) -> &'a [BatchTrack],
    params: &FingerprintParams,
) -> Cluster {
    let root = component.representative(params);
    let transforms = component.transforms_to(root);
    let mut listed: Vec<(TrackIx, &BatchTrack)> =
        component.nodes.iter().flat_map(|&n| tracks(n).iter().map(move |t| (n, t))).collect();
    listed.sort_by(|a, b| a.1.track.path.cmp(&b.1.track.path));
    let Some(&(_, representative)) = listed.iter().find(|(n, _)| *n == root) else {
        return Cluster::default();
    };
    let member_details: Vec<Member> = listed
        .iter()
        .map(|(node, track)| {
            let transform = transforms.get(node).copied().unwrap_or(Transform::shift(0.0));
            let version = *node != root && !component.is_copy(*node, params);
            track.member(&transform, transform.pitch_cents(params), representative, version)
        })
        .collect();
    let edges = edges(component, &listed, params);
    let pairs = listed.len() * (listed.len() - 1) / 2;
    let all: Vec<&BatchTrack> = listed.iter().map(|(_, t)| *t).collect();
    let pitches = || member_details.iter().map(|m| m.pitch_cents);
    let factors = || member_details.iter().map(|m| m.time_factor);
    let mut cluster = Cluster {
        cluster_id: identifier(&all),
        size: listed.len(),
        identity: spread(&all),
        window: window(&all),
        duration_ms: durations(&member_details),
        pitch_cents_range: [pitches().fold(0.0, f64::min), pitches().fold(0.0, f64::max)],
        time_factor_range: [factors().fold(1.0, f64::min), factors().fold(1.0, f64::max)],
        representative: representative.track.path.clone(),
        members: all.iter().map(|t| t.track.path.clone()).collect(),
        density: rounded(edges.len() as f64 / pairs.max(1) as f64, 3),
        weakest_edge_pct: edges.iter().map(|e| e.a_pct.min(e.b_pct)).fold(100.0, f64::min),
        edges,
        context: context(ties, &listed, tracks),
        member_details,
        ..Cluster::default()
    };
    score(&mut cluster, &all);
    cluster.explanation = explanation(&cluster);
    cluster
}

/// Names the contents, whatever the files are called.
fn identifier(tracks: &[&BatchTrack]) -> String {
    let mut contents: Vec<[u8; 32]> = tracks.iter().map(|t| t.track.sha256).collect();
    contents.sort_unstable();
    let mut hash = Sha256::new();
    for content in contents {
        hash.update(content);
    }
    format!("c_{}", hex(&hash.finalize()[..8]))
}

/// The edges between members: those found, and those between uploads of the same file.
fn edges(
    component: &Component,
    listed: &[(TrackIx, &BatchTrack)],
    params: &FingerprintParams,
) -> Vec<Edge> {
    let places = |node: TrackIx| listed.iter().enumerate().filter(move |(_, l)| l.0 == node);
    let mut edges = Vec::new();
    for pair in &component.edges {
        for (a, _) in places(pair.a) {
            for (b, _) in places(pair.b) {
                edges.push(edge(pair, a, b, params));
            }
        }
    }
    for (a, one) in listed.iter().enumerate() {
        for (b, other) in listed.iter().enumerate().skip(a + 1) {
            if one.0 == other.0 {
                edges.push(Edge {
                    a,
                    b,
                    a_pct: 100.0,
                    b_pct: 100.0,
                    log10_evalue: -300.0,
                    time_factor: 1.0,
                    pitch_cents: 0.0,
                    kind: MatchKind::SameFile,
                });
            }
        }
    }
    edges.sort_by_key(|e| (e.a, e.b));
    edges
}

/// An edge with the lower place first.
fn edge(pair: &Pair, a: usize, b: usize, params: &FingerprintParams) -> Edge {
    let kind = MatchKind::of(&pair.found, false, params);
    let transform = pair.found.best().transform;
    let (pct_a, pct_b) = (percent(pair.a_share), percent(pair.b_share));
    // A transform leads from query to reference: above 1, the query is the faster one.
    let (factor, cents) = (transform.time_factor, transform.pitch_cents(params));
    let turned = a > b;
    Edge {
        a: a.min(b),
        b: a.max(b),
        a_pct: if turned { pct_b } else { pct_a },
        b_pct: if turned { pct_a } else { pct_b },
        log10_evalue: rounded(pair.found.log10_evalue, 2),
        time_factor: rounded(if turned { factor } else { 1.0 / factor }, 5),
        pitch_cents: rounded(if turned { cents } else { -cents }, 1),
        kind,
    }
}

fn context<'a>(
    ties: &[&Pair],
    listed: &[(TrackIx, &BatchTrack)],
    tracks: &'a dyn Fn(TrackIx) -> &'a [BatchTrack],
) -> Vec<Tie> {
    let path = |node: TrackIx| listed.iter().find(|l| l.0 == node).map(|l| l.1.track.path.clone());
    let mut all: Vec<Tie> = ties
        .iter()
        .filter_map(|pair| {
            let (member, node, own, others) = match (path(pair.a), path(pair.b)) {
                (Some(member), None) => (member, pair.b, pair.a_share, pair.b_share),
                (None, Some(member)) => (member, pair.a, pair.b_share, pair.a_share),
                _ => return None,
            };
            Some(Tie {
                member,
                other: tracks(node).first()?.track.path.clone(),
                member_pct: percent(own),
                other_pct: percent(others),
                log10_evalue: rounded(pair.found.log10_evalue, 2),
            })
        })
        .collect();
    all.sort_by(|a, b| {
        a.log10_evalue
            .total_cmp(&b.log10_evalue)
            .then((&a.member, &a.other).cmp(&(&b.member, &b.other)))
    });
    all.truncate(MAX_TIES);
    all
}

fn percent(share: f64) -> f64 {
    rounded(100.0 * share, 1)
}

fn distinct<'a>(values: impl Iterator<Item = Option<&'a String>>) -> usize {
    let known = values.flatten().map(|v| v.trim().to_lowercase()).filter(|v| !v.is_empty());
    known.collect::<BTreeSet<_>>().len()
}

/// How many different values tracks declare.
pub(super) fn spread(tracks: &[&BatchTrack]) -> IdentitySpread {
    let all = || tracks.iter().map(|t| &t.track);
    let codes: BTreeSet<Isrc> =
        all().filter_map(|t| Isrc::parse(t.isrc.as_deref()?).ok()).collect();
    let registrants: BTreeSet<&str> = codes.iter().map(Isrc::registrant).collect();
    let artists = all().filter(|t| !t.artists.is_empty()).map(|t| t.artists.join("; "));
    let artists: Vec<String> = artists.collect();
    IdentitySpread {
        titles: distinct(all().map(|t| t.title.as_ref())),
        artists: distinct(artists.iter().map(Some)),
        isrcs: codes.len(),
        isrc_registrants: registrants.len(),
        accounts: distinct(all().map(|t| t.owner.as_ref())),
        labels: distinct(all().map(|t| t.label.as_ref())),
        upcs: distinct(all().map(|t| t.upc.as_ref())),
    }
}

/// When tracks came in.
pub(super) fn window(tracks: &[&BatchTrack]) -> Window {
    let times = tracks.iter().filter_map(|t| t.track.received_at.as_ref());
    let mut times: Vec<(Timestamp, &String)> =
        times.filter_map(|text| Some((instant(text)?, text))).collect();
    times.sort();
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return Window::default();
    };
    Window {
        first: Some(first.1.clone()),
        last: Some(last.1.clone()),
        seconds: u64::try_from(last.0.as_second() - first.0.as_second()).ok(),
    }
}

fn durations(members: &[Member]) -> Durations {
    let mut all: Vec<u64> = members.iter().map(|m| m.duration_ms).collect();
    all.sort_unstable();
    let at = |share: f64| all[((all.len() - 1) as f64 * share).round() as usize];
    Durations { p50: at(0.5), iqr: at(0.75) - at(0.25) }
}

/// " from account A within 41 min", or, where that is not known of all, " (2 of them from account A)".
fn origin(c: &Cluster) -> String {
    let known: Vec<&String> = c.member_details.iter().filter_map(|m| m.account.as_ref()).collect();
    let accounts: BTreeSet<&String> = known.iter().copied().collect();
    let timed = timed(&c.member_details);
    let from = match accounts.first() {
        None => None,
        Some(account) if accounts.len() == 1 => Some(format!("from account {account}")),
        Some(_) => Some(format!("from {} accounts", accounts.len())),
    };
    let window = c.window.seconds.filter(|_| timed > 1);
    let within = window.map(|seconds| format!("within {}", duration_words(seconds)));
    let parts: Vec<(usize, String)> =
        [from.map(|text| (known.len(), text)), within.map(|text| (timed, text))]
            .into_iter()
            .flatten()
            .collect();
    if parts.iter().all(|(of, _)| *of == c.size) {
        return parts.into_iter().map(|(_, text)| format!(" {text}")).collect();
    }
    let parts: Vec<String> =
        parts.into_iter().map(|(of, text)| format!("{of} of them {text}")).collect();
    format!(" ({})", parts.join(", "))
}

/// "12 tracks from account A within 41 min share at least 92 % of their audio (pitch -40 to +60 cents)
/// under 12 titles and 9 artists; no ISRC repeats."
fn explanation(c: &Cluster) -> String {
    let mut text = count(c.size, "track", "tracks") + &origin(c);
    let least = c.weakest_edge_pct.floor();
    text += &match c.density >= 0.999 {
        true if least >= 100.0 => " share all of their audio".to_owned(),
        true => format!(" share at least {least:.0} % of their audio"),
        // A chain, such as a series of takes that drift: its ends may have little in common.
        false => format!(
            " each share at least {least:.0} % of their audio with another of the component; {:.0} % of all pairs do",
            100.0 * c.density
        ),
    };
    let [low, high] = c.pitch_cents_range;
    let [slow, fast] = c.time_factor_range;
    let mut ranges = Vec::new();
    if high - low >= 6.0 {
        ranges.push(format!("pitch {low:+.0} to {high:+.0} cents"));
    }
    if fast - slow >= 0.002 {
        ranges.push(format!(
            "tempo {:+.1} to {:+.1} %",
            100.0 * (slow - 1.0),
            100.0 * (fast - 1.0)
        ));
    }
    if !ranges.is_empty() {
        text += &format!(" ({})", ranges.join(", "));
    }
    let named = |n: usize, one: &str, many: &str| (n > 0).then(|| count(n, one, many));
    let names = [
        named(c.identity.titles, "title", "titles"),
        named(c.identity.artists, "artist", "artists"),
    ];
    let names: Vec<String> = names.into_iter().flatten().collect();
    if !names.is_empty() {
        let named = c.member_details.iter().all(|m| m.title.is_some() && !m.artists.is_empty());
        let known = if named { "" } else { ", as far as they are named" };
        text += &format!(" under {}{known}", names.join(" and "));
    }
    let coded = c.member_details.iter().filter(|m| m.isrc.is_some()).count();
    text += match (coded, c.identity.isrcs) {
        (0, _) => "",
        (_, 1) if coded == c.size => "; all carry the same ISRC",
        (n, codes) if n == codes && n > 1 => "; no ISRC repeats",
        (_, codes) if codes > 1 => "; some share an ISRC",
        _ => "",
    };
    text + "."
}
