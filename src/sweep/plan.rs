//! What there is to compare.

use std::collections::BTreeSet;

use super::Hash;

/// What has met: every track of the one set has been compared with every reference of the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// References.
    pub references: BTreeSet<Hash>,
    /// Catalogue tracks.
    pub tracks: BTreeSet<Hash>,
}

/// What to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What has met of that which is there still.
    pub seen: Seen,
    /// References that were not there before.
    pub new_references: usize,
    /// References to compare with the tracks seen.
    pub references: Vec<Hash>,
    /// Tracks to compare with all references.
    pub tracks: Vec<Hash>,
    /// Seen tracks that are among them again.
    pub again: usize,
    /// References that are there no more.
    pub gone_references: Vec<Hash>,
    /// Tracks that are there no more.
    pub gone_tracks: Vec<Hash>,
}

impl Plan {
    /// Plans a sweep of `references` and `catalogue`.
    ///
    /// Where there are more new references than tracks to compare them with, it is less work to go over
    /// the tracks anew: they count as not seen then, and all references as seen.
    pub fn new(mut seen: Seen, references: &BTreeSet<Hash>, catalogue: &BTreeSet<Hash>) -> Plan {
        let gone_references: Vec<Hash> = seen.references.difference(references).copied().collect();
        let gone_tracks: Vec<Hash> = seen.tracks.difference(catalogue).copied().collect();
        seen.references.retain(|hash| references.contains(hash));
        seen.tracks.retain(|hash| catalogue.contains(hash));
        let mut new: Vec<Hash> = references.difference(&seen.references).copied().collect();
        let (new_references, mut again) = (new.len(), 0);
        if new_references > seen.tracks.len() {
            again = seen.tracks.len();
            seen.tracks.clear();
            seen.references.extend(new.drain(..));
        }
        let tracks = catalogue.difference(&seen.tracks).copied().collect();
        Plan { seen, new_references, references: new, tracks, again, gone_references, gone_tracks }
    }

    /// Whether nothing has changed since the last sweep.
    pub fn is_empty(&self) -> bool {
        let Plan { new_references, tracks, gone_references, gone_tracks, .. } = self;
        *new_references == 0
            && tracks.is_empty()
            && gone_references.is_empty()
            && gone_tracks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: impl IntoIterator<Item = u8>) -> BTreeSet<Hash> {
        numbers.into_iter().map(|n| [n; 32]).collect()
    }

    fn seen(references: &[u8], tracks: &[u8]) -> Seen {
        Seen { references: set(references.to_vec()), tracks: set(tracks.to_vec()) }
    }

    #[test]
    fn first_all_tracks_meet_all_references() {
        let plan = Plan::new(Seen::default(), &set(0..3), &set(10..12));
        assert_eq!((plan.new_references, plan.references.len(), plan.again), (3, 0, 0));
        assert_eq!(plan.tracks, [[10; 32], [11; 32]]);
        assert_eq!(plan.seen.references, set(0..3));
    }

    #[test]
    fn only_what_is_new_meets_the_rest() {
        let plan = Plan::new(seen(&[0, 1], &[10, 11]), &set(0..3), &set(10..13));
        assert_eq!(plan.references, [[2; 32]]);
        assert_eq!(plan.tracks, [[12; 32]]);
        assert_eq!(plan.seen, seen(&[0, 1], &[10, 11]));
        assert!(Plan::new(seen(&[0], &[10]), &set([0]), &set([10])).is_empty());
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let plan = Plan::new(seen(&[0, 1], &[10, 11]), &set([0]), &set([11]));
        assert_eq!((plan.gone_references, plan.gone_tracks), (vec![[1; 32]], vec![[10; 32]]));
        assert_eq!(plan.seen, seen(&[0], &[11]));
    }

    #[test]
    fn many_references_are_met_by_going_over_the_catalogue() {
        let plan = Plan::new(seen(&[0], &[10]), &set(0..3), &set([10]));
        assert_eq!((plan.again, plan.new_references), (1, 2));
        assert_eq!((plan.references.len(), plan.tracks.len()), (0, 1));
        assert!(plan.seen.tracks.is_empty());
    }
}
