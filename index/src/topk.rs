//! Keeps the best `k` of many.

/// Elements gathered before the superfluous ones are dropped, as a multiple of `k`.
const SLACK: usize = 4;

/// The `k` smallest elements seen so far. They are totally ordered, so the outcome does not depend on
/// the order in which they arrive. A heap would do the same; gathering some more and cutting them
/// back with a selection is cheaper.
pub(crate) struct TopK<T> {
    k: usize,
    kept: Vec<T>,
    /// Elements above this cannot be among the best any more.
    worst: Option<T>,
}

impl<T: Ord + Copy> TopK<T> {
    pub(crate) fn new(k: usize) -> Self {
        TopK { k, kept: Vec::new(), worst: None }
    }

    /// An element that is not better than this cannot enter any more; it becomes smaller with time.
    pub(crate) fn worst(&self) -> Option<&T> {
        self.worst.as_ref()
    }

    pub(crate) fn offer(&mut self, element: T) {
        if self.k == 0 || self.worst.is_some_and(|worst| element >= worst) {
            return;
        }
        self.kept.push(element);
        // The first cut comes as soon as there is something to cut by, the later ones when it pays.
        let room = if self.worst.is_none() { self.k } else { SLACK * self.k };
        if self.kept.len() > room {
            self.cut();
        }
    }

    /// Drops what is not among the best; there are more than `k`, and `k` is not zero.
    fn cut(&mut self) {
        self.worst = Some(*self.kept.select_nth_unstable(self.k - 1).1);
        self.kept.truncate(self.k);
    }

    pub(crate) fn into_sorted(mut self) -> Vec<T> {
        self.kept.sort_unstable();
        self.kept.truncate(self.k);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::TopK;

    proptest! {
        #[test]
        fn equals_sorting_everything(
            mut values in proptest::collection::vec(0u32..500, 0..400),
            k in 0usize..40,
        ) {
            let mut best = TopK::new(k);
            for (i, &v) in values.iter().enumerate() {
                if best.worst().is_none_or(|&(worst, _)| v <= worst) {
                    best.offer((v, i));
                }
            }
            let mut all: Vec<_> = values.drain(..).zip(0usize..).collect();
            all.sort_unstable();
            all.truncate(k);
            prop_assert_eq!(best.into_sorted(), all);
        }
    }
}
