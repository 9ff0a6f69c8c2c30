//! Edited copies stay one find: cuts, stutters, pieces at speeds of their own; and what is no copy is not called one.
//!
//! Real music, with its peaks moved as an editor, a player or a singer would move them.

// A panic here is the report.
#![allow(clippy::unwrap_used)]

mod peaks;
#[path = "../src/test_random.rs"]
mod test_random;

use peaks::{PARAMS, changed, peaks, peaks_of, samples};
use soundalike::fingerprint::{Constellation, Point};
use soundalike::scan::comparison::Comparison;
use soundalike::scan::evidence::MatchEvidence;
use soundalike::scan::kind::MatchKind;
use soundalike::scan::params::ScanParams;
use soundalike::scan::reference::Reference;
use test_random::Random;

const THEME: &str = "references/main-theme.ogg";
/// Time units a second.
const SECOND: u32 = 250;

fn found(query: &Constellation, reference: Constellation) -> MatchEvidence {
    let reference = &Reference::new(reference, &PARAMS);
    let pair = Comparison { query, reference, scan: &ScanParams::V1, fingerprint: &PARAMS };
    pair.compare(3600.0).unwrap()
}

fn kind(found: &MatchEvidence) -> MatchKind {
    MatchKind::of(found, false, &PARAMS)
}

/// `parts` of a track (time units), one after the other.
fn joined(track: &Constellation, parts: &[(u32, u32)]) -> Constellation {
    concat(parts.iter().map(|&(from, to)| track.slice(from, to)))
}

fn concat(parts: impl Iterator<Item = Constellation>) -> Constellation {
    let mut all = Constellation::default();
    for part in parts {
        let begin = all.duration;
        let moved = part.points.iter().filter(|p| p.time < part.duration);
        all.points.extend(moved.map(|p| Point { time: p.time + begin, ..*p }));
        all.duration += part.duration;
    }
    all.points.sort_unstable();
    all
}

#[test]
fn a_breath_cut_out_leaves_one_recording_in_two_segments() {
    let (query, reference) = (peaks(THEME, PARAMS.query_density), peaks(THEME, 1.0));
    // 60, 150 and 500 ms.
    for cut in [15, 38, 125] {
        let middle = query.duration / 2;
        let copy = joined(&query, &[(0, middle), (middle + cut, query.duration)]);
        let found = found(&copy, reference.clone());
        assert_eq!(found.segments.len(), 2, "{cut}: {:?}", found.segments);
        assert!(found.query_coverage > 0.97, "{cut}: {}", found.query_coverage);
        assert_eq!(kind(&found), MatchKind::SameAudio, "{cut}");
        let [first, second] = [0, 1].map(|i| found.segments[i].transform.offset);
        assert!((second - first - f64::from(cut)).abs() < 3.0, "{cut}: {first} {second}");
    }
}

#[test]
fn jump_cuts_and_stutters_do_not_hide_a_copy() {
    let (query, reference) = (peaks(THEME, PARAMS.query_density), peaks(THEME, 1.0));
    let mut random = Random::new(7);
    let mut jumps = Vec::new();
    let mut stutters = Vec::new();
    let mut at = 0;
    while at < query.duration {
        let end = (at + 2 * SECOND + random.below(3 * SECOND)).min(query.duration);
        jumps.push((at, end));
        stutters.extend([(at, end), (end.saturating_sub(30), end)]);
        at = end + 15 + random.below(47);
    }
    for parts in [jumps, stutters] {
        let copy = joined(&query, &parts);
        let found = found(&copy, reference.clone());
        assert!(found.query_coverage > 0.85, "{}: {:?}", found.query_coverage, found.segments);
        let along = found.segments.windows(2).all(|s| s[0].reference_ms.0 < s[1].reference_ms.1);
        assert!(along, "{:?}", found.segments);
    }
}

#[test]
fn pieces_at_speeds_and_pitches_of_their_own_are_told_with_them() {
    let (query, reference) = (peaks(THEME, PARAMS.query_density), peaks(THEME, 1.0));
    let changes = [(1.0, 0.0), (1.04, -60.0), (0.96, 90.0), (1.03, 51.2)];
    let step = query.duration / changes.len() as u32;
    let pieces = changes
        .iter()
        .zip(0..)
        .map(|(&(speed, cents), i)| changed(&query.slice(i * step, (i + 1) * step), speed, cents));
    let found = found(&concat(pieces), reference);
    assert!(found.query_coverage > 0.9, "{}: {:?}", found.query_coverage, found.segments);
    for (speed, cents) in changes {
        let told = found.segments.iter().any(|s| {
            (s.transform.time_factor - speed).abs() < 0.006
                && (s.transform.pitch_cents(&PARAMS) - cents).abs() < 12.0
        });
        assert!(told, "{speed} {cents}: {:?}", found.segments);
    }
}

#[test]
fn a_copy_that_is_one_line_is_not_laid_over_its_repeats() {
    // The theme repeats itself; the copy is whole.
    let found = found(&peaks(THEME, PARAMS.query_density), peaks(THEME, 1.0));
    assert_eq!(found.segments.len(), 1, "{:?}", found.segments);
    assert!(found.segments[0].transform.offset.abs() < 1.0);
}

#[test]
fn a_jingle_is_told_at_every_place_whichever_side_it_is_on() {
    let jingle = peaks("references/zalek.ogg", PARAMS.query_density).slice(500, 1_750);
    let talk = peaks("references/geoscape.ogg", PARAMS.query_density);
    let parts = [
        talk.slice(0, 1_200),
        jingle.clone(),
        talk.slice(1_200, 2_600),
        jingle.clone(),
        talk.slice(2_600, 4_000),
        jingle.clone(),
        talk.slice(4_000, 5_000),
    ];
    let begins = [1_200_u32, 3_850, 6_500].map(|begin| u64::from(begin) * 4);
    let episode = concat(parts.into_iter());
    let as_query = found(&jingle, episode.thinned(&PARAMS));
    let told = as_query.segments.iter().chain(&as_query.repeats).map(|s| s.reference_ms.0);
    let told: Vec<u64> = told.collect();
    let as_reference = found(&episode, jingle.thinned(&PARAMS));
    let heard: Vec<u64> = as_reference.segments.iter().map(|s| s.query_ms.0).collect();
    for begin in begins {
        assert!(told.iter().any(|t| t.abs_diff(begin) < 300), "{begin}: {told:?}");
        assert!(heard.iter().any(|t| t.abs_diff(begin) < 300), "{begin}: {heard:?}");
    }
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(kind(&as_query), MatchKind::ContainedInReference);
    assert_eq!(kind(&as_reference), MatchKind::ContainsReference);
}

#[test]
fn what_is_played_again_is_a_version_from_both_sides() {
    let players = ["../performances/player-a.ogg", "../performances/player-b.ogg"];
    for [a, b] in [[0, 1], [1, 0]] {
        let found = found(&peaks(players[a], PARAMS.query_density), peaks(players[b], 1.0));
        assert!(found.accepted(), "{}", found.log10_evalue);
        assert_eq!(kind(&found), MatchKind::Version, "{:?}", found.likeness);
    }
}

#[test]
fn a_lead_over_the_recording_makes_a_version_from_both_sides_and_noise_does_not() {
    let theme = samples(THEME);
    let mut lead = samples("references/geoscape.ogg");
    // Two seconds of it, one of rest, as loud as the theme while it sounds.
    let rms = |x: &[f32]| (x.iter().map(|v| v * v).sum::<f32>() / x.len() as f32).sqrt();
    let gain = rms(&theme) / rms(&lead);
    for (i, v) in lead.iter_mut().enumerate() {
        *v *= if i / 16_000 % 3 == 2 { 0.0 } else { gain };
    }
    let over: Vec<f32> =
        theme.iter().zip(lead.iter().cycle()).map(|(a, b)| 0.5 * (a + b)).collect();
    let mut random = Random::new(7);
    let level = 0.5 * rms(&theme);
    let mut hiss = || (random.below(2_001) as f32 / 1_000.0 - 1.0) * level;
    let noisy: Vec<f32> = theme.iter().map(|v| 0.5 * (v + hiss())).collect();
    for (other, expected) in [(&over, MatchKind::Version), (&noisy, MatchKind::SameAudio)] {
        for [a, b] in [[&theme, other], [other, &theme]] {
            let found = found(&peaks_of(a, PARAMS.query_density), peaks_of(b, 1.0));
            assert_eq!(kind(&found), expected, "{:?}", found.likeness);
        }
    }
}
