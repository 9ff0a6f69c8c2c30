//! The HTTP interface, version 1: JSON in, JSON out.

pub(super) mod decisions;
pub(super) mod erasures;
pub(super) mod events;
pub(super) mod jobs;
pub(super) mod listing;
pub(super) mod openapi;
pub(super) mod service;
pub(super) mod submit;
pub(super) mod told;
pub(super) mod webhooks;
