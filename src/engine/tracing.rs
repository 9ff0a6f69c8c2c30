//! Traces of decoders in a file: where the gate sees something, the file is decoded once more.
//!
//! Few human recordings come so far; what does is worth the cost.

use std::path::Path;

use crate::audio::{AudioError, DecodeOptions, decode_file};
use crate::trace::{Heard, Listening, Traced};

/// What is known of traces in the file at `path`, of which this was heard.
///
/// # Errors
/// It is not wanted any more.
pub(super) fn traced(
    path: &Path,
    heard: Option<&Heard>,
    decode: &DecodeOptions,
) -> Result<Option<Traced>, AudioError> {
    let glance = match heard {
        Some(Heard::Glance(glance)) => *glance,
        _ => return Ok(None),
    };
    let mut traced = Traced { glance, close: None, failed: None };
    if glance.asks_for_more() {
        let decode = DecodeOptions { traces: Listening::Close, ..decode.clone() };
        match decode_file(path, &decode, &mut |_| ()) {
            Ok(info) => match info.heard {
                Some(Heard::Close(trace)) => traced.close = Some(*trace),
                _ => traced.failed = Some("nothing was heard".to_owned()),
            },
            Err(error @ AudioError::Cancelled { .. }) => return Err(error),
            Err(error) => traced.failed = Some(error.to_string()),
        }
    }
    Ok(Some(traced))
}
