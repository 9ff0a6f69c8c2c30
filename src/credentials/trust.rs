//! The list of those whose signatures are trusted: certificates in PEM (RFC 7468), in a file that the user gives.
//!
//! A certificate of an authority speaks for all it signed for, any other for itself alone. No list is built in: whom to
//! trust is for the user to say. The C2PA publishes its own.

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::regular;

/// Largest list: that of the C2PA has a hundredth of it.
const MAX_BYTES: u64 = 2 << 20;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// A list of certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustList {
    /// The certificates in PEM, and nothing else.
    pem: String,
    count: usize,
}

/// Why a file is no such list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It cannot be read.
    #[error("{}: the trust list cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is none.
    #[error("{}: no trust list: {reason}", path.display())]
    NotAList {
        /// The file.
        path: PathBuf,
        /// What is wrong, in words.
        reason: String,
    },
}

impl TrustList {
    /// Reads the list in the file at `path`.
    ///
    /// # Errors
    /// It cannot be read, or it is no list of certificates.
    pub fn open(path: &Path) -> Result<TrustList, TrustError> {
        let io = |source| TrustError::Io { path: path.to_owned(), source };
        let not = |reason| TrustError::NotAList { path: path.to_owned(), reason };
        let mut bytes = Vec::new();
        let file = regular::open(path).map_err(io)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(not(format!("it has more than {} MB", MAX_BYTES >> 20)));
        }
        let text = String::from_utf8(bytes).map_err(|_| not("it is no text".to_owned()))?;
        TrustList::parse(&text).map_err(not)
    }

    /// Reads a list; what stands outside of certificates is passed over, as PEM has it.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<TrustList, String> {
        let (mut pem, mut count) = (String::new(), 0);
        let mut rest = text;
        while let Some(at) = rest.find(BEGIN) {
            let number = count + 1;
            let body = &rest[at + BEGIN.len()..];
            let end = body.find(END).ok_or(format!("certificate {number} has no end"))?;
            let encoded: String = body[..end].split_whitespace().collect();
            let der = STANDARD.decode(&encoded);
            let der = der.map_err(|e| format!("certificate {number} is not in Base64 ({e})"))?;
            if !is_certificate(&der) {
                return Err(format!("certificate {number} is damaged"));
            }
            pem += BEGIN;
            for line in encoded.as_bytes().chunks(64) {
                pem.push('\n');
                // Base64 is ASCII.
                pem.extend(line.iter().map(|byte| char::from(*byte)));
            }
            pem.push('\n');
            pem += END;
            pem.push('\n');
            count = number;
            rest = &body[end + END.len()..];
        }
        match count {
            0 => Err(format!("there is no certificate in it ({BEGIN})")),
            _ => Ok(TrustList { pem, count }),
        }
    }

    /// The certificates in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none; there always is one.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Whether it is a certificate: one that is none would keep all others from being looked at.
#[cfg(feature = "credentials")]
fn is_certificate(der: &[u8]) -> bool {
    x509_parser::parse_x509_certificate(der).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Without a parser of certificates: whether it begins as one does. Nothing is judged by it.
#[cfg(not(feature = "credentials"))]
fn is_certificate(der: &[u8]) -> bool {
    der.starts_with(&[0x30])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The authority of the test files.
    const CA: &str = include_str!("../../tests/data/credentials/ca.pem");

    #[test]
    fn a_list_is_what_stands_between_the_lines() {
        let list = TrustList::parse(&format!("# ours\r\n{CA}\nand again\n{CA}")).unwrap();
        assert_eq!(list.len(), 2);
        assert!(list.pem().starts_with(BEGIN) && !list.pem().contains("ours"));
    }

    #[test]
    fn what_is_no_list_says_why() {
        let cut: String = CA.lines().take(4).map(|line| format!("{line}\n")).collect();
        let damaged = format!("{BEGIN}\nMAAA\n{END}\n");
        let no_base64 = format!("{BEGIN}\n?\n{END}\n");
        for (text, why) in [
            ("", "no certificate"),
            ("-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----", "no certificate"),
            (&cut, "no end"),
            (&damaged, "certificate 1 is damaged"),
            (&no_base64, "not in Base64"),
        ] {
            assert!(TrustList::parse(text).unwrap_err().contains(why), "{why}");
        }
    }
}
