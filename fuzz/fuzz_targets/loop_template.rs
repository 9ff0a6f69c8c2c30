//! Stored loops: refused, or read and written back byte for byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soundalike::loops::template::Template;

fuzz_target!(|data: &[u8]| {
    let Some(template) = Template::unpack(data) else { return };
    assert!(template.pieces.iter().all(|piece| piece.length > 0));
    assert_eq!(template.pack(), data);
});
