//! Which version of the standard a message follows.
//!
//! The namespace decides (`http://ddex.net/xml/ern/432`; that of 4.1.1 lies on another host), then
//! `MessageSchemaVersionId`. Neither is needed to read a message: elements are found by name.

use std::fmt;

/// Versions whose elements are known.
const KNOWN: &[&str] =
    &["3.8", "3.8.1", "3.8.2", "3.8.3", "4.1", "4.1.1", "4.2", "4.3", "4.3.1", "4.3.2"];

/// A version as the message states it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// Digits with dots, for example `4.3.2`; empty where nothing is stated.
    pub number: String,
}

impl Version {
    /// Told from the namespace of the root, or else its schema version attribute.
    pub(super) fn of(namespace: Option<&str>, schema: Option<&str>) -> Version {
        let number = namespace.and_then(tail).or_else(|| schema.and_then(tail));
        Version { number: number.unwrap_or_default() }
    }

    /// Whether its elements are known.
    pub fn is_known(&self) -> bool {
        KNOWN.contains(&self.number.as_str())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.number.is_empty() { "not stated" } else { &self.number })
    }
}

/// `http://ddex.net/xml/ern/382`, `ern/43`, `/ern/4.1.1` → `3.8.2`, `4.3`, `4.1.1`.
fn tail(text: &str) -> Option<String> {
    let tail = text.trim().trim_end_matches('/').rsplit('/').next()?;
    let digits: Vec<String> = tail.chars().filter(char::is_ascii_digit).map(String::from).collect();
    let plain = tail.chars().all(|c| c.is_ascii_digit() || c == '.');
    (plain && (2..=4).contains(&digits.len())).then(|| digits.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_and_attributes_state_versions() {
        let version = |ns, schema| Version::of(ns, schema).number;
        assert_eq!(version(Some("http://ddex.net/xml/ern/382"), Some("ern/381")), "3.8.2");
        assert_eq!(version(Some("http://service.ddex.net/xml/ern/411"), None), "4.1.1");
        assert_eq!(version(None, Some("ern/38")), "3.8");
        assert_eq!(version(Some("urn:other"), None), "");
        assert!(Version::of(Some("http://ddex.net/xml/ern/432"), None).is_known());
        assert!(!Version::of(Some("http://ddex.net/xml/ern/371"), None).is_known());
    }
}
