//! Keeps the best `k` hits of a query.

use std::collections::BinaryHeap;

use crate::types::Hit;

/// The `k` smallest hits seen so far. Hits are totally ordered, so the outcome does not depend on the
/// order in which they arrive.
pub(crate) struct TopK {
    k: usize,
    max_distance: u32,
    heap: BinaryHeap<Hit>,
}

impl TopK {
    pub(crate) fn new(k: usize, max_distance: u32) -> Self {
        TopK { k, max_distance, heap: BinaryHeap::new() }
    }

    /// Hits farther than this cannot enter any more; `None` when nothing can.
    pub(crate) fn limit(&self) -> Option<u32> {
        if self.k == 0 {
            return None;
        }
        match self.heap.peek() {
            Some(worst) if self.heap.len() >= self.k => Some(worst.distance.min(self.max_distance)),
            _ => Some(self.max_distance),
        }
    }

    pub(crate) fn offer(&mut self, hit: Hit) {
        if self.k == 0 || hit.distance > self.max_distance {
            return;
        }
        if self.heap.len() < self.k {
            self.heap.push(hit);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    pub(crate) fn into_sorted(self) -> Vec<Hit> {
        self.heap.into_sorted_vec()
    }
}
