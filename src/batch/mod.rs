//! Near-duplicates within a batch of uploads: pairs, groups, explanations.

pub mod cluster;
pub mod group;
pub mod pairs;
pub mod pool;
