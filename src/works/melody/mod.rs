//! The tune of a recording: which pitch leads, eight times a second.

mod arithmetic;
mod constant_q;
mod convolution;
mod network;
mod posteriorgram;

pub use posteriorgram::Posteriorgram;
