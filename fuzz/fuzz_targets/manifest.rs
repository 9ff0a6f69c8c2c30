//! The manifest of an index, with its digests set right so that the fuzzer gets past them.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    _ = soundalike_index::fuzz_manifest(data);
});
