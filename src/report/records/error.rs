//! Inputs that could not be used.

use std::borrow::Cow;
use std::fmt;

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

/// Something worth a remark that keeps nothing from being looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRecord {
    /// The file it is about.
    pub subject: String,
    /// Short, stable name of what it is.
    pub code: Cow<'static, str>,
    /// In words.
    pub message: String,
}

impl NoteRecord {
    /// Code of files that nobody looked at.
    pub const NOT_LOOKED_AT: &str = "not_looked_at";

    /// A remark about the file at `subject`.
    pub fn new(
        subject: &std::path::Path,
        code: &'static str,
        message: impl Into<String>,
    ) -> NoteRecord {
        let subject = subject.to_string_lossy().into_owned();
        NoteRecord { subject, code: code.into(), message: message.into() }
    }

    /// Whether it tells of a file that nobody looked at.
    pub fn is_not_looked_at(&self) -> bool {
        self.code == NoteRecord::NOT_LOOKED_AT
    }

    /// Whether it tells of a message with which no files were delivered.
    pub fn is_without_files(&self) -> bool {
        matches!(&*self.code, "takedown" | "update_without_files")
    }
}

impl fmt::Display for NoteRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subject, self.message)
    }
}

impl From<&DeliveryError> for NoteRecord {
    fn from(note: &DeliveryError) -> NoteRecord {
        NoteRecord {
            subject: note.subject.clone(),
            code: note.code.into(),
            message: note.message.clone(),
        }
    }
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
