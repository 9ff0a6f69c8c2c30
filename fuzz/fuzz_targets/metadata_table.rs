//! A table of metadata for references: read or refused, and the row about a file that it names.

#![no_main]

use std::io::Write;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use soundalike::declare::metadata::Metadata;

fuzz_target!(|data: &[u8]| {
    // The first line is given, or nearly every input would end at the missing path column.
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"path,title,isrc,owner\n").unwrap();
    file.write_all(data).unwrap();
    let Ok(metadata) = Metadata::read(file.path()) else { return };
    let name = String::from_utf8_lossy(data.split(|b| *b == b',').next().unwrap_or_default());
    let Some(row) = metadata.row(Path::new(name.as_ref())) else { return };
    let declared = row.declared;
    for value in [declared.title, declared.isrc, row.owner].into_iter().flatten() {
        assert!(!value.is_empty() && !value.contains(char::is_control), "{value:?}");
    }
});
