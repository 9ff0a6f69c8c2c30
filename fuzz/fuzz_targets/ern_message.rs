//! DDEX messages: read or refused; what is read is clean.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soundalike::declare::ern::{Message, file_names};
use soundalike::declare::identifiers::problems;

fuzz_target!(|data: &[u8]| {
    let Ok(message) = Message::parse(data) else { return };
    for recording in &message.recordings {
        let d = &recording.declared();
        for value in [&d.title, &d.isrc, &d.account].into_iter().flatten().chain(&d.artists) {
            assert!(!value.is_empty() && !value.contains(char::is_control), "{value:?}");
        }
        assert!(recording.files.iter().all(|file| !file_names(&file.uri).is_empty()));
        problems(d);
    }
});
