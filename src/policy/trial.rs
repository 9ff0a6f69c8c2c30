//! A policy tried on what was observed before: which of its entries would decide, on which uploads, and how grave
//! each upload would be.

use super::observation::Observed;
use super::pack::{Pack, PackRule};
use crate::level::Level;

/// How often one entry of a pack decides.
#[derive(Debug, Clone)]
pub struct Trial<'p> {
    /// The pack that the entry stands in.
    pub owner: &'p Pack,
    /// The entry.
    pub entry: &'p PackRule,
    /// The uploads on which it decides something.
    pub subjects: Vec<String>,
    /// The gravest level that came of it: a ceiling may lower it.
    pub level: Level,
}

impl Trial<'_> {
    /// Whether it decides anything.
    pub fn fires(&self) -> bool {
        !self.subjects.is_empty()
    }
}

/// What `pack` makes of uploads: each of its own entries, in the order of the pack, then inherited ones that decide
/// something; and the level of each upload.
pub fn try_pack<'p, 'u>(
    pack: &'p Pack,
    uploads: impl Iterator<Item = (&'u str, &'u [Observed])>,
) -> (Vec<Trial<'p>>, Vec<Level>) {
    let new = |owner: &'p Pack, entry: &'p PackRule| Trial {
        owner,
        entry,
        subjects: Vec::new(),
        level: Level::Clear,
    };
    let mut trials: Vec<Trial<'p>> = pack.rules.iter().map(|entry| new(pack, entry)).collect();
    let mut levels = Vec::new();
    for (subject, observed) in uploads {
        let mut worst = Level::Clear;
        for seen in observed {
            let Some((owner, entry)) = pack.assess(seen.rule, &seen.facts) else { continue };
            let level = entry.level.min(seen.ceiling.unwrap_or(Level::Reject));
            worst = worst.max(level);
            let known = trials.iter().position(|t| std::ptr::eq(t.entry, entry));
            let at = known.unwrap_or_else(|| {
                trials.push(new(owner, entry));
                trials.len() - 1
            });
            let trial = &mut trials[at];
            trial.level = trial.level.max(level);
            if trial.subjects.last().is_none_or(|last| last != subject) {
                trial.subjects.push(subject.to_owned());
            }
        }
        levels.push(worst);
    }
    (trials, levels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::facts::FactsBuilder;
    use crate::policy::{PackSet, Rule};

    #[test]
    fn entries_that_decide_are_told_from_those_that_do_not() {
        let set = PackSet::load(None).unwrap();
        let pack = set.get("cdbaby").unwrap();
        let seen = |level: &str, ceiling| Observed {
            rule: Rule::Disc003,
            ceiling,
            facts: FactsBuilder::default().word("ai_level", level).done(),
        };
        let (all, capped) = ([seen("all", None)], [seen("all", Some(Level::Clear))]);
        let uploads = [("a.wav", &all[..]), ("b.wav", &capped[..]), ("c.wav", &[][..])];
        let (trials, levels) = try_pack(pack, uploads.into_iter());
        assert_eq!(levels, [Level::Reject, Level::Clear, Level::Clear]);
        let fires: Vec<_> = trials.iter().filter(|t| t.fires()).collect();
        assert_eq!(fires.len(), 1);
        assert_eq!(fires[0].subjects, ["a.wav", "b.wav"]);
        assert!(trials.iter().any(|t| !t.fires() && t.entry.rule == Rule::Meta006));
    }
}
