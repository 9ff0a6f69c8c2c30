//! Manifests: tables and JSON Lines, read or refused, row by row.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use soundalike::declare::identifiers::problems;
use soundalike::declare::manifest::Manifest;

fuzz_target!(|data: &[u8]| {
    // A header is given to half of the inputs, or nearly all would end at the missing column.
    let mut with_header = b"path,title,artist,isrc,upc,ai,ai_vocals,rights,duration,hash\n".to_vec();
    with_header.extend_from_slice(data);
    for bytes in [data, &with_header] {
        let Ok(manifest) = Manifest::parse(Path::new("m"), bytes) else { continue };
        for row in &manifest.rows {
            assert!(row.line > 0);
            assert!(!row.file.is_empty() && !row.file.contains(char::is_control), "{:?}", row.file);
            let d = &manifest.described(row).declared;
            for value in [&d.title, &d.isrc, &d.upc].into_iter().flatten().chain(&d.artists) {
                assert!(!value.is_empty() && !value.contains(char::is_control), "{value:?}");
            }
            problems(d);
        }
    }
});
