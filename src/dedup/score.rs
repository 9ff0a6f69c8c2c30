//! How much a cluster of near-duplicates looks like a harvest of royalties.
//!
//! Most clusters are innocent: single and album, a delivery made again, a catalogue that moved. So each signal
//! has a weight below one, and together they make `100 * (1 - prod(1 - weight * value))`: no weak signal
//! alone reaches `hold`, and what each adds can be told. Reasons for innocence multiply the score down.

use super::cluster::{Cluster, Contribution, Member};
use super::member::{BatchTrack, is_modified};
use super::params::{DedupParams, HarvestParams, SignalWeights};
use crate::counted::{agree, count};
use crate::declare::times::instant;
use crate::level::Level;
use crate::rounding::rounded;

/// What scores rest on.
const PARAMS: &HarvestParams = &DedupParams::V2.score;
/// Lengths that just earn a royalty, in ms: from 30 s, below 45 s.
pub const THRESHOLD_LENGTH: std::ops::Range<u64> =
    PARAMS.threshold_length[0]..PARAMS.threshold_length[1];

/// A signal: name, weight, value, words.
struct Signal {
    name: &'static str,
    weight: f64,
    value: f64,
    text: String,
}

/// Fills in score, level and contributions.
pub(super) fn score(cluster: &mut Cluster, tracks: &[&BatchTrack]) {
    let signals = signals(cluster, tracks);
    let excuses = excuses(cluster, tracks);
    let mercy: f64 = excuses.iter().map(|e| e.value).product();
    let total = |without: Option<&str>| {
        let rest = signals.iter().filter(|s| Some(s.name) != without);
        100.0 * mercy * (1.0 - rest.map(|s| 1.0 - s.weight * s.value).product::<f64>())
    };
    let full = total(None);
    let mut contributions: Vec<Contribution> = signals
        .iter()
        .filter(|s| s.value > 0.0)
        .map(|s| Contribution {
            signal: s.name.into(),
            weight: s.weight,
            value: rounded(s.value, 3),
            points: rounded(full - total(Some(s.name)), 1),
            text: s.text.clone(),
        })
        .collect();
    contributions.sort_by(|a, b| b.points.total_cmp(&a.points).then(a.signal.cmp(&b.signal)));
    let before = if mercy > 0.0 { full / mercy } else { total_without_mercy(&signals) };
    contributions.extend(excuses.into_iter().map(|e| Contribution {
        signal: e.name.into(),
        weight: 1.0,
        value: e.value,
        points: rounded(before * (e.value - 1.0), 1),
        text: e.text,
    }));
    cluster.score = rounded(full, 1);
    cluster.level = level(full);
    cluster.contributions = contributions;
}

fn total_without_mercy(signals: &[Signal]) -> f64 {
    100.0 * (1.0 - signals.iter().map(|s| 1.0 - s.weight * s.value).product::<f64>())
}

/// The level that a score stands for.
fn level(score: f64) -> Level {
    if score >= PARAMS.hold {
        Level::Hold
    } else if score >= PARAMS.review {
        Level::Review
    } else {
        Level::Clear
    }
}

fn signals(c: &Cluster, tracks: &[&BatchTrack]) -> Vec<Signal> {
    let n = c.size as f64;
    let share = |count: usize| count as f64 / n;
    let others = (n - 1.0).max(1.0);
    let identities = c.identity.titles.max(c.identity.artists).max(c.identity.isrcs);
    let modified = c.member_details.iter().filter(|m| is_modified(m)).count();
    let (account, of_account) = busiest_account(&c.member_details);
    let short =
        c.member_details.iter().filter(|m| THRESHOLD_LENGTH.contains(&m.duration_ms)).count();
    let timed = timed(&c.member_details);
    let per_hour = c.window.seconds.map(|s| timed as f64 / (s as f64 / 3600.0).max(1.0 / 60.0));
    let spread = c.duration_ms.iqr as f64 / c.duration_ms.p50.max(1) as f64;
    let hit = tracks.iter().filter(|t| t.reference_hit).count();
    let low_content = tracks.iter().filter(|t| t.low_content).count();
    let undisclosed = tracks.iter().filter(|t| t.undisclosed()).count();
    let w: &SignalWeights = &PARAMS.weights;
    let signal = |name, weight, value: f64, text: String| Signal {
        name,
        weight,
        value: value.clamp(0.0, 1.0),
        text,
    };
    vec![
        signal(
            "identity_spread",
            w.identity_spread,
            identities.saturating_sub(1) as f64 / others,
            format!(
                "{}, {} and {} share one recording",
                count(c.identity.titles, "title", "titles"),
                count(c.identity.artists, "artist", "artists"),
                count(c.identity.isrcs, "ISRC", "ISRCs")
            ),
        ),
        signal(
            "registrant_spread",
            w.registrant_spread,
            c.identity.isrc_registrants.saturating_sub(1) as f64 / 2.0,
            format!("ISRCs of {}", count(c.identity.isrc_registrants, "registrant", "registrants")),
        ),
        signal(
            "transform_spread",
            w.transform_spread,
            modified as f64 / others,
            format!(
                "{modified} of {} {} at another speed or pitch",
                c.size,
                agree(modified, "plays", "play")
            ),
        ),
        signal(
            "account_concentration",
            w.account_concentration,
            if c.size >= 3 { share(of_account) } else { 0.0 },
            format!("{of_account} of {} came from account {account}", c.size),
        ),
        signal(
            "burst",
            w.burst,
            per_hour
                .map_or(0.0, |rate| if timed >= 3 { rate / PARAMS.burst_per_hour } else { 0.0 }),
            format!(
                "{} within {}",
                count(timed, "upload", "uploads"),
                duration_words(c.window.seconds.unwrap_or(0))
            ),
        ),
        signal(
            "size",
            w.size,
            (n / 2.0).ln() / (PARAMS.large / 2.0).ln(),
            format!("{} tracks", c.size),
        ),
        signal(
            "threshold_length",
            w.threshold_length,
            share(short),
            format!(
                "{short} of {} {} 30 to 45 s, just enough for a royalty",
                c.size,
                agree(short, "lasts", "last")
            ),
        ),
        signal(
            "many",
            w.many,
            (n - PARAMS.few) / PARAMS.few,
            format!("{} tracks are variants of one source, whatever is declared of them", c.size),
        ),
        signal(
            "duration_sameness",
            w.duration_sameness,
            if c.size >= 3 { 1.0 - spread / PARAMS.same_length } else { 0.0 },
            match c.duration_ms.iqr {
                0..50 => "half of them are equally long".to_owned(),
                ms => format!(
                    "half of the lengths lie within {:.1} s of each other",
                    ms as f64 / 1000.0
                ),
            },
        ),
        signal(
            "reference_hit",
            w.reference_hit,
            share(hit),
            match hit {
                1 => format!("1 of {} matches a reference that nothing says to be its own", c.size),
                _ => format!(
                    "{hit} of {} match references that nothing says to be their own",
                    c.size
                ),
            },
        ),
        signal(
            "loop_or_noise",
            w.loop_or_noise,
            share(low_content),
            format!(
                "{low_content} of {} {} one loop, silence or noise",
                c.size,
                agree(low_content, "is", "are")
            ),
        ),
        signal(
            "undisclosed_ai",
            w.undisclosed_ai,
            share(undisclosed),
            format!(
                "the tags of {undisclosed} of {} name a generator that is not declared",
                c.size
            ),
        ),
    ]
}

/// Reasons to think nothing of it; the value multiplies the score.
fn excuses(c: &Cluster, tracks: &[&BatchTrack]) -> Vec<Signal> {
    let excuse =
        |name, value, text: &str| Signal { name, weight: 1.0, value, text: text.to_owned() };
    let every = |test: fn(&BatchTrack) -> bool| tracks.iter().all(|t| test(t));
    let coded = c.member_details.iter().all(|m| m.isrc.is_some());
    let one_identity = c.identity.isrcs == 1 && coded;
    let all = [
        one_identity.then(|| {
            excuse(
                "same_isrc",
                PARAMS.excuses.same_isrc,
                "all carry one ISRC: deliveries of the same recording",
            )
        }),
        every(|t| t.moved || t.earlier).then(|| {
            excuse(
                "transfer",
                PARAMS.excuses.transfer,
                "delivered as a catalogue transfer or backfill",
            )
        }),
        every(|t| t.allowed)
            .then(|| excuse("allowed", PARAMS.excuses.allowed, "allowed by decision")),
    ];
    all.into_iter().flatten().collect()
}

/// Members of which it is known when they came.
pub(super) fn timed(members: &[Member]) -> usize {
    members
        .iter()
        .filter(|m| m.received_at.as_deref().is_some_and(|at| instant(at).is_some()))
        .count()
}

/// The account with most members, and how many; none counts as none.
fn busiest_account(members: &[Member]) -> (&str, usize) {
    let mut best = ("", 0);
    for member in members {
        let Some(account) = member.account.as_deref() else { continue };
        let count = members.iter().filter(|m| m.account.as_deref() == Some(account)).count();
        if count > best.1 {
            best = (account, count);
        }
    }
    best
}

/// A length of time in words.
pub(super) fn duration_words(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", (seconds + 30) / 60),
        7_200..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}
