//! What to read and what is known about it: input files and their metadata.

pub mod declared;
pub mod inputs;
pub mod metadata;
