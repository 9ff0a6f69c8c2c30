//! Near-duplicates within a batch of uploads: pairs, groups, explanations.

pub mod cluster;
