//! Identifiers and how they are written: hexadecimal, digests of files, `r_…`, `m_…`, `s_…`.
//!
//! Everything that is named is named by content, so that the same thing has the same name wherever and
//! whenever it is met: a reference by the first 8 bytes of its SHA-256, a match by both sides, a run by
//! its inputs, what they are compared with, and the version.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Bytes of a digest that an identifier shows.
const SHOWN: usize = 8;
/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// Lower-case hexadecimal. Every entry of a decision log is hashed: no detour through the formatter.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// Reads lower-case hexadecimal of exactly `N` bytes.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Identifier of a reference: that of its content.
pub fn ref_id(sha256: &[u8; 32]) -> String {
    format!("r_{}", hex(&sha256[..SHOWN]))
}

/// The bytes that the identifier of a reference shows.
pub fn parse_ref_id(text: &str) -> Option<[u8; SHOWN]> {
    from_hex(text.strip_prefix("r_")?)
}

/// Identifier of the match of a file, by its SHA-256 in hexadecimal, with a reference.
pub fn match_id(query_sha256: &str, ref_id: &str) -> String {
    let name = format!("{query_sha256}/{ref_id}");
    format!("m_{}", hex(&Sha256::digest(name.as_bytes())[..SHOWN]))
}

/// Identifier of a run of this version: the same for the same `parts`.
pub fn scan_id<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>) -> String {
    let mut hash = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    for part in parts {
        hash.update(part.as_ref());
    }
    format!("s_{}", hex(&hash.finalize()[..SHOWN]))
}

/// Digest of all that `input` holds.
///
/// # Errors
/// Whatever reading gives, apart from interruptions.
pub fn digest_of<D: Digest>(mut input: impl Read) -> io::Result<D> {
    let mut hash = D::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(hash),
            Ok(n) => hash.update(&buffer[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_there_and_back() {
        let bytes = [0, 9, 10, 0xab, 0xff];
        assert_eq!(hex(&bytes), "00090aabff");
        assert_eq!(from_hex(&hex(&bytes)), Some(bytes));
        for wrong in ["00090aabf", "00090AABFF", "00090aabffff", "00090aabfg", "+0090aabff"] {
            assert_eq!(from_hex::<5>(wrong), None, "{wrong}");
        }
        assert_eq!(parse_ref_id(&ref_id(&[7; 32])), Some([7; 8]));
    }
}
