//! A list of paths (`--files-from`): read or refused, one path a line, or one between zeros.

#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use soundalike::declare::inputs::read_list;

fuzz_target!(|data: &[u8]| {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(data).unwrap();
    let Ok(paths) = read_list(file.path()) else { return };
    for path in paths {
        let bytes = path.as_os_str().as_encoded_bytes();
        assert!(!bytes.is_empty() && !bytes.contains(&0), "{path:?}");
        let lines = !data.contains(&0);
        assert!(!lines || !bytes.contains(&b'\n'), "{path:?}");
    }
});
