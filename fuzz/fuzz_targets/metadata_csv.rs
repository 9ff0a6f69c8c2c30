//! Metadata from a CSV file: read or refused, and applied to a file it names.

#![no_main]

use std::io::Write;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use soundalike::declare::metadata::Metadata;
use soundalike_index::TrackMeta;

fuzz_target!(|data: &[u8]| {
    // The first line is given, or nearly every input would end at the missing path column.
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"path,title,isrc,owner\n").unwrap();
    file.write_all(data).unwrap();
    let Ok(metadata) = Metadata::read(file.path()) else { return };
    let mut meta = TrackMeta::default();
    let name = String::from_utf8_lossy(data.split(|b| *b == b',').next().unwrap_or_default());
    metadata.apply(Path::new(name.as_ref()), &mut meta);
    for value in [meta.title, meta.isrc, meta.owner].into_iter().flatten() {
        assert!(!value.is_empty() && !value.contains(char::is_control), "{value:?}");
    }
});
