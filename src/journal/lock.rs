//! One process at a time.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::Error;
use crate::regular;

/// A lock on a file made for it, for as long as this lives.
///
/// The file stays: what matters is whether it is locked, and to remove it would take away the lock of
/// one who has just opened it.
#[derive(Debug)]
pub struct Lock {
    /// Held, not read.
    _file: File,
}

impl Lock {
    /// Takes the lock, and creates its file if need be. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] if somebody else holds it, also within this process; [`Error::Io`] if the file
    /// cannot be opened, or files cannot be locked there.
    pub fn take(path: &Path) -> Result<Lock, Error> {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        let file = regular::open_with(&mut options, path).map_err(Error::io(path))?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(Error::io(path)(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn one_at_a_time_and_free_again_once_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("LOCK");
        let lock = Lock::take(&path).unwrap();
        let refused = Lock::take(&path).unwrap_err();
        assert!(matches!(&refused, Error::Locked { path: named } if *named == path));
        assert_eq!(io::Error::from(refused).kind(), io::ErrorKind::WouldBlock);
        drop(lock);
        assert!(path.exists());
        assert!(Lock::take(&path).is_ok());
    }

    #[test]
    fn what_lies_in_the_file_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("LOCK");
        std::fs::write(&path, "mine").unwrap();
        drop(Lock::take(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn a_lock_that_cannot_be_made_names_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("none/LOCK");
        let refused = Lock::take(&path).unwrap_err();
        assert!(matches!(&refused, Error::Io { path: named, .. } if *named == path), "{refused}");
        assert_eq!(io::Error::from(refused).kind(), io::ErrorKind::NotFound);
    }
}
