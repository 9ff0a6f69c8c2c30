//! Rules: what is the case for an upload, before any policy. One file per family.
//!
//! Rules observe generously and state the numbers; how much of something is too much is written in the
//! packs. What no pack may overrule is here, as ceilings: weak evidence, decisions, and reasons that
//! the declaration gives.

mod audio;
mod bulk;
mod credential;
mod disclosure;
mod loops;
mod meta;
mod pairs;
mod tech;
mod voice;
mod works;

use super::facts::FactsBuilder;
use super::observation::{Ceiling, Observation, Rule};
use crate::level::Level;
use crate::policy::{Batch, Upload};

/// What is the case for the upload at place `index` of the batch; none if there is no such place.
pub fn observe(batch: &Batch<'_>, index: usize) -> Vec<Observation> {
    let Some(upload) = batch.uploads.get(index) else { return Vec::new() };
    let mut all = Vec::new();
    audio::observe(upload, &mut all);
    works::observe(upload, &mut all);
    let matches = all.len();
    works::observe_families(batch, upload, &mut all);
    pairs::observe(batch, index, &mut all);
    bulk::observe(batch, index, &mut all);
    if let Some(id) = &upload.allowed_by {
        // Matches were ruled one by one; what it shares with others of the batch is allowed with it.
        for seen in &mut all[matches..] {
            cap(seen, Level::Clear, format!("allowed by decision {id}"));
        }
    }
    tech::observe(upload, &mut all);
    meta::observe(batch, index, &mut all);
    disclosure::observe(batch, upload, &mut all);
    credential::observe(batch, index, &mut all);
    voice::observe(batch, upload, &mut all);
    for observation in &mut all {
        add_common_facts(upload, observation);
    }
    all.sort_by_key(|o| o.rule);
    all
}

/// What is the case for every upload, in their order.
pub fn observe_all(batch: &Batch<'_>) -> Vec<Vec<Observation>> {
    (0..batch.uploads.len()).map(|i| observe(batch, i)).collect()
}

fn add_common_facts(upload: &Upload, observation: &mut Observation) {
    let d = &upload.declared;
    let common = FactsBuilder::default()
        .word("ai_level", d.ai.level.name())
        .flag("has_declaration", upload.has_declaration)
        .flag("is_backfill", d.is_backfill)
        .flag("is_catalog_transfer", d.is_catalog_transfer)
        .flag("is_update", d.is_update)
        .number("duration_s", upload.track.duration_ms as f64 / 1000.0)
        .done();
    for (name, fact) in common {
        observation.facts.entry(name).or_insert(fact);
    }
}

/// An observation without evidence or ceiling.
fn observation(rule: Rule, message: String, facts: FactsBuilder) -> Observation {
    Observation { rule, message, evidence: Vec::new(), facts: facts.done(), ceiling: None }
}

/// Sets the ceiling unless a lower one is there.
fn cap(observation: &mut Observation, level: Level, reason: impl Into<String>) {
    if observation.ceiling.as_ref().is_none_or(|c| level < c.level) {
        observation.ceiling = Some(Ceiling { level, reason: reason.into() });
    }
}

#[cfg(test)]
mod tests;
