//! Room on the disk: what keeps the service going is not given away.
//!
//! A full disk would stop decisions, too. So uploads are refused while less than the reserve is free, before they are
//! taken and while they come, and what is decoded for pages is kept up to a limit: the latest used.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Desk;
use super::problem::Problem;

impl Desk {
    /// Whether `more` bytes may be written.
    pub(super) fn room_for(&self, more: u64) -> Result<(), Problem> {
        let reserve = self.settings.reserve;
        match free(self.store.dir()) {
            Some(free) if free.saturating_sub(more) < reserve => Err(Problem::no_room(format!(
                "{} MB are free where the service keeps its state, of which {} MB are kept in reserve \
                 (--reserve)",
                free / 1_000_000,
                reserve / 1_000_000
            ))),
            _ => Ok(()),
        }
    }

    /// Keeps the cache within its limit after something was added to it.
    pub(super) fn trim_cache(&self) {
        trim(&self.store.cache(), self.settings.max_cache);
    }
}

/// Bytes that may be written to the disk of `dir`; none where the system does not say.
#[cfg(unix)]
fn free(dir: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// Notes that a file of the cache was used.
pub(super) fn used(path: &Path) {
    if let Ok(file) = std::fs::File::options().append(true).open(path) {
        // If not, it goes sooner.
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Removes what was used the longest ago until no more than `most` bytes are in `dir`. What was used last stays, for
/// somebody is about to open it, and so do files in the making.
fn trim(dir: &Path, most: u64) {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .filter_map(|entry| {
            let meta = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((meta.modified().ok()?, meta.len(), entry.path()))
        })
        .collect();
    let mut all: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    files.sort();
    files.pop();
    for (_, bytes, path) in files {
        if all <= most {
            return;
        }
        // Whoever reads it goes on reading; it is made again for the next.
        if std::fs::remove_file(&path).is_ok() {
            all -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_was_used_the_longest_ago_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["a.wav", "b.wav", "c.wav", ".d.part"];
        for (age, name) in names.iter().enumerate() {
            let path = dir.path().join(name);
            std::fs::write(&path, [0; 100]).unwrap();
            let file = std::fs::File::options().append(true).open(&path).unwrap();
            let time = SystemTime::now() - Duration::from_secs(1000 - age as u64);
            file.set_modified(time).unwrap();
        }
        let left = || names.map(|name| dir.path().join(name).exists());
        trim(dir.path(), 300);
        assert_eq!(left(), [true; 4]);
        used(&dir.path().join("a.wav"));
        trim(dir.path(), 250);
        assert_eq!(left(), [true, false, true, true]);
        trim(dir.path(), 0);
        assert_eq!(left(), [true, false, false, true], "the last, and what is being made");
    }
}
