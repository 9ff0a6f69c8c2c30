//! What can be wrong with policy packs.

use std::path::PathBuf;

/// A pack that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file is larger than any pack.
    #[error("{}: larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// It is no TOML, or not of this shape.
    #[error("{origin}:{line}: {message}")]
    Syntax {
        /// The file, or the name of a built-in pack.
        origin: String,
        /// Line, from 1.
        line: usize,
        /// The cause.
        message: String,
    },
    /// It says something that has no meaning.
    #[error("{origin}:{line}: {message}")]
    Invalid {
        /// The file, or the name of a built-in pack.
        origin: String,
        /// Line, from 1.
        line: usize,
        /// The cause.
        message: String,
    },
    /// It extends a pack that is not there, or itself.
    #[error("{origin}: {message}")]
    Extends {
        /// The file, or the name of a built-in pack.
        origin: String,
        /// The cause.
        message: String,
    },
    /// Two files, or aliases of two packs, have one name.
    #[error("{origin}: `{name}` already names the pack of {other}")]
    Twice {
        /// The file.
        origin: String,
        /// The name.
        name: String,
        /// The file that has it.
        other: String,
    },
    /// No pack of this name.
    #[error("unknown policy `{name}`{}; known: {}", hint(suggestion), known.join(", "))]
    Unknown {
        /// As asked for.
        name: String,
        /// What may have been meant.
        suggestion: Option<String>,
        /// All names.
        known: Vec<String>,
    },
    /// An empty list of packs.
    #[error("no policy named")]
    NoneNamed,
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default()
}
