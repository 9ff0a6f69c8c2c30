//! What to read and what is known about it: input files, manifests, DDEX messages, identifiers.

pub mod declared;
pub mod identifiers;
pub mod inputs;
pub mod manifest;
pub mod metadata;
pub mod text;
