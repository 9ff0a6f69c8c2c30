//! Any bytes as a file with tags around the audio and oversized parts within: read within the caps.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soundalike::audio::tags_around;

fuzz_target!(|data: &[u8]| {
    let Ok(tags) = tags_around(data) else { return };
    let texts = [&tags.title, &tags.album, &tags.isrc, &tags.comment, &tags.url];
    let texts = texts.into_iter().flatten().chain(&tags.artists);
    let texts = texts.chain(tags.other.iter().flat_map(|(name, value)| [name, value]));
    for text in texts {
        assert!(!text.is_empty() && text.chars().count() <= 500, "{text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
    assert!(tags.artists.len() <= 64 && tags.other.len() <= 64);
});
