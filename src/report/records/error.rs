//! Inputs that could not be used.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::audio::AudioError;
use crate::declare::delivery::DeliveryError;
use crate::declare::inputs::InputError;
use crate::id::path_text;

/// An input that could not be used.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// The input.
    pub subject: String,
    /// Short, stable name of the cause.
    pub code: Cow<'static, str>,
    /// The cause in words.
    pub message: String,
}

impl ErrorRecord {
    /// The record of a file that could not be analysed.
    pub fn audio(path: &std::path::Path, error: &AudioError) -> ErrorRecord {
        ErrorRecord {
            subject: path_text(path),
            code: error.code().into(),
            message: error.to_string(),
        }
    }
}

impl From<&DeliveryError> for ErrorRecord {
    fn from(error: &DeliveryError) -> ErrorRecord {
        ErrorRecord {
            subject: error.subject.clone(),
            code: error.code.into(),
            message: error.message.clone(),
        }
    }
}

impl From<&InputError> for ErrorRecord {
    fn from(error: &InputError) -> ErrorRecord {
        ErrorRecord {
            subject: path_text(&error.path),
            code: "io_error".into(),
            message: error.to_string(),
        }
    }
}
