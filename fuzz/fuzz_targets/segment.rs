//! A segment of an index, with its digests set right so that the fuzzer gets past them; what
//! parses is also searched and read through.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    _ = soundalike_index::fuzz_segment(data);
});
