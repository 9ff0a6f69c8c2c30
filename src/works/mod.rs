//! Works: the same composition, whoever plays it.

pub mod melody;
