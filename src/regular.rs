//! Opening a file that is one: no pipe, device, socket or folder.
//!
//! To open a pipe waits until somebody writes to it, and a device may never end. Who may put files into a
//! folder may put those there, too, so nothing that comes from strangers is opened in another way than this.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Opens `path` for reading. Symbolic links are followed.
///
/// # Errors
/// Whatever the system says, or that it is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(File::options().read(true), path)
}

/// Opens `path` for reading if it is a file itself and no symbolic link.
///
/// # Errors
/// Whatever the system says, or that it is no regular file.
pub fn open_itself(path: &Path) -> io::Result<File> {
    ensure(&std::fs::symlink_metadata(path)?)?;
    let file = flagged(File::options().read(true), true).open(path)?;
    ensure(&file.metadata()?)?;
    Ok(file)
}

/// Opens `path` with `options`, without waiting for anybody.
///
/// # Errors
/// Whatever the system says, or that it is no regular file.
pub fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    // Asked before it is opened, as to open some devices does something; and afterwards, as it may have been
    // replaced meanwhile.
    match std::fs::metadata(path) {
        Ok(meta) => ensure(&meta)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    let file = flagged(options, false).open(path)?;
    ensure(&file.metadata()?)?;
    Ok(file)
}

/// Whether `path` and the open `file` are the same file. Where the system does not say, they are.
///
/// # Errors
/// Whatever the system says about one of them.
pub fn is_same(path: &Path, file: &File) -> io::Result<bool> {
    let (named, open) = (std::fs::symlink_metadata(path)?, file.metadata()?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Ok((named.dev(), named.ino()) == (open.dev(), open.ino()))
    }
    #[cfg(not(unix))]
    Ok(named.is_file() && open.is_file())
}

/// Refuses what is no file.
///
/// # Errors
/// What it is instead.
pub fn ensure(meta: &Metadata) -> io::Result<()> {
    if meta.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok(())
}

/// `options` by which opening waits for nobody and, `itself`, follows no link at the end of a path.
#[cfg(unix)]
fn flagged(options: &mut OpenOptions, itself: bool) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let links = if itself { libc::O_NOFOLLOW } else { 0 };
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | links)
}

#[cfg(not(unix))]
fn flagged(options: &mut OpenOptions, _itself: bool) -> &mut OpenOptions {
    options
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("file"), "text").unwrap();
        assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        let _socket = UnixListener::bind(path("socket")).unwrap();
        symlink(path("pipe"), path("to_pipe")).unwrap();
        symlink(path("file"), path("to_file")).unwrap();
        symlink("/dev/zero", path("to_device")).unwrap();
        for name in ["pipe", "socket", "to_pipe", "to_device", "none", "."] {
            assert!(open(&path(name)).is_err(), "{name}");
            assert!(open_itself(&path(name)).is_err(), "{name}");
            assert!(open_with(File::options().write(true), &path(name)).is_err(), "{name}");
        }
        assert!(open(&path("file")).is_ok() && open_itself(&path("file")).is_ok());
        assert!(open(&path("to_file")).is_ok(), "links are followed");
        assert!(open_itself(&path("to_file")).is_err(), "unless they are not to be");
    }

    #[test]
    fn a_file_is_known_again_until_another_takes_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "text").unwrap();
        let file = open(&path).unwrap();
        assert!(is_same(&path, &file).unwrap());
        std::fs::rename(&path, dir.path().join("other")).unwrap();
        assert!(is_same(&path, &file).is_err());
        symlink(dir.path().join("other"), &path).unwrap();
        assert!(!is_same(&path, &file).unwrap(), "a link to it is not it");
    }
}
