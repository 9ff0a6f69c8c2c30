//! Reading signed credentials (C2PA): any bytes end, nothing is invented, and what is read twice is the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use soundalike::credentials::words::statement;
use soundalike::credentials::{State, read_bytes};

/// Longest text in a claim, with room for what wraps it.
const MAX_TEXT: usize = 1_000;

fuzz_target!(|bytes: &[u8]| {
    let Some(credential) = read_bytes(bytes, None) else { return };
    assert!(credential.state != State::None, "what is not there is no credential");
    assert!(credential.state != State::Trusted, "nobody is trusted without a list");
    assert!(credential.state.is_intact() || credential.claim.is_none() || !credential.reasons.is_empty());
    let claim = credential.claim.clone().unwrap_or_default();
    let texts = claim.signer.iter().chain(&claim.issuer).chain(&claim.generator).chain(&claim.agents);
    assert!(texts.chain(&credential.reasons).all(|text| text.len() <= MAX_TEXT));
    assert!(!statement(&credential).is_empty());
    assert_eq!(read_bytes(bytes, None), Some(credential));
});
