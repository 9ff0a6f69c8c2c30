//! What to read and what is known about it: input files, manifests, DDEX messages, identifiers.

mod by_file;
pub mod declarations;
pub mod declared;
pub mod delivery;
mod dos;
mod encoding;
pub mod ern;
pub mod generators;
pub mod identifiers;
pub mod inputs;
mod list;
pub mod manifest;
pub mod metadata;
pub mod misnamed;
mod others;
mod same_file;
mod tags;
pub mod text;
pub mod times;
