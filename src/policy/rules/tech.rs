//! TECH rules: the file and its signal.

use super::observation;
use crate::clock::seconds;
use crate::policy::facts::FactsBuilder;
use crate::policy::observation::{Observation, Rule};
use crate::policy::upload::Upload;
use crate::policy::words::{count, visible};

/// Length from which services pay.
const ROYALTY_MS: u64 = 30_000;

pub(super) fn observe(upload: &Upload, all: &mut Vec<Observation>) {
    all.extend(share(upload, Rule::Tech001, upload.signal.silence_ms, "without sound"));
    all.extend(share(upload, Rule::Tech002, upload.signal.noise_ms, "steady noise"));
    all.extend(damaged(upload));
    all.extend(capped(upload));
    all.extend(length(upload));
    all.extend(hash(upload));
    all.extend(padding(upload));
}

fn share(upload: &Upload, rule: Rule, part_ms: u64, what: &str) -> Option<Observation> {
    if part_ms == 0 || upload.track.duration_ms == 0 {
        return None;
    }
    let share =
        100.0 * part_ms.min(upload.track.duration_ms) as f64 / upload.track.duration_ms as f64;
    let message = format!(
        "{} of {} ({share:.0} %) are {what}",
        seconds(part_ms),
        seconds(upload.track.duration_ms)
    );
    Some(observation(rule, message, FactsBuilder::default().number("share_pct", share)))
}

fn damaged(upload: &Upload) -> Option<Observation> {
    if !upload.track.truncated && upload.track.damaged_packets == 0 {
        return None;
    }
    let damage = match usize::try_from(upload.track.damaged_packets).unwrap_or(usize::MAX) {
        0 => String::new(),
        n => format!("{} could not be decoded", count(n, "packet")),
    };
    let short = upload.track.incomplete.as_deref();
    let short = visible(short.unwrap_or("the file ends before its declared end"));
    let message = match (upload.track.truncated, damage.is_empty()) {
        (true, true) => short,
        (true, false) => format!("{short}, and {damage}"),
        (false, _) => damage,
    };
    let facts = FactsBuilder::default()
        .flag("truncated", upload.track.truncated)
        .number("damaged_packets", upload.track.damaged_packets as f64);
    Some(observation(Rule::Tech004, message, facts))
}

/// A file of which more is there than was to be looked at.
fn capped(upload: &Upload) -> Option<Observation> {
    if !upload.track.capped {
        return None;
    }
    let looked_at = seconds(upload.track.duration_ms);
    let message = format!("only the first {looked_at} were looked at; the file goes on");
    let facts =
        FactsBuilder::default().number("looked_at_s", upload.track.duration_ms as f64 / 1000.0);
    Some(observation(Rule::Tech008, message, facts))
}

fn length(upload: &Upload) -> Option<Observation> {
    // How long the rest is was not looked at.
    if upload.track.capped {
        return None;
    }
    let declared = upload.declared.duration_ms?;
    let difference = declared.abs_diff(upload.track.duration_ms);
    if difference == 0 || upload.track.duration_ms == 0 {
        return None;
    }
    let longer = if upload.track.duration_ms > declared { "longer" } else { "shorter" };
    let message = format!(
        "lasts {}, declared are {}: {:.1} s {longer}",
        seconds(upload.track.duration_ms),
        seconds(declared),
        difference as f64 / 1000.0
    );
    let facts = FactsBuilder::default().number("difference_s", difference as f64 / 1000.0);
    Some(observation(Rule::Tech005, message, facts))
}

fn hash(upload: &Upload) -> Option<Observation> {
    let declared = upload.declared.hash.as_ref()?;
    let algorithm: String =
        declared.algorithm.chars().filter(char::is_ascii_alphanumeric).collect();
    let own = upload.track.sha256_hex();
    let hashes = &upload.file_hashes;
    // Of an algorithm that is not known here nothing can be said.
    let actual = match algorithm.to_ascii_uppercase().as_str() {
        "MD5" => hashes.md5.as_deref(),
        "SHA1" | "SHA" => hashes.sha1.as_deref(),
        "SHA256" | "SHA2" => hashes.sha256.as_deref().or(Some(&own)),
        _ => None,
    }?;
    let given: String = declared.value.chars().filter(char::is_ascii_alphanumeric).collect();
    if given.eq_ignore_ascii_case(actual) {
        return None;
    }
    let short = |h: &str| h.chars().take(16).collect::<String>();
    let message = format!(
        "its {} is {}…, declared is {}…: not the file that was described, or changed on its way",
        visible(&short(&declared.algorithm)),
        short(actual),
        visible(&short(&declared.value))
    );
    Some(observation(Rule::Tech006, message, FactsBuilder::default()))
}

fn padding(upload: &Upload) -> Option<Observation> {
    let s = &upload.signal;
    let ends = s.leading_silence_ms.saturating_add(s.trailing_silence_ms);
    let sounding = upload.track.duration_ms.saturating_sub(ends);
    // A track of nothing but silence is another matter.
    if ends == 0 || sounding == 0 {
        return None;
    }
    let lifts = upload.track.duration_ms >= ROYALTY_MS && sounding < ROYALTY_MS;
    let note = if lifts { "; only that lifts the track over 30 s" } else { "" };
    let message = format!(
        "{:.1} s of near-silence before and {:.1} s after the music, in {}{note}",
        s.leading_silence_ms as f64 / 1000.0,
        s.trailing_silence_ms as f64 / 1000.0,
        seconds(upload.track.duration_ms)
    );
    let facts = FactsBuilder::default()
        .number("padding_s", ends as f64 / 1000.0)
        .number("share_pct", 100.0 * ends as f64 / upload.track.duration_ms as f64)
        .flag("lifts_over_30_s", lifts);
    Some(observation(Rule::Tech007, message, facts))
}
