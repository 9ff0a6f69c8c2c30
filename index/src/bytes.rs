//! Bytes of an opened file: mapped, or owned with the alignment that casts need.
//!
//! What an index consists of is written under another name, renamed into place and never changed. Whoever
//! copies over a live index does change it, under those who have it open. A copy in memory does not mind. A
//! mapping shows the new bytes, and kills the process where there are none left ([`on_lost_file`]); so it
//! keeps its file open, and is asked from time to time whether that still [looks](Bytes::looks_changed) as
//! it did.

use std::fs::{File, Metadata};
use std::io::Read;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;

use crate::error::{Error, Result};

/// How the bytes of a file are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Copied: for what is small.
    Copied,
    /// Mapped.
    Mapped,
}

/// Immutable bytes, aligned to at least 8.
#[derive(Debug)]
pub(crate) struct Bytes {
    held: Held,
    /// Where they come from; none for what never was a file.
    origin: Option<Origin>,
}

#[derive(Debug)]
enum Held {
    Mapped(memmap2::Mmap),
    /// Only the first `len` bytes count.
    Owned {
        /// Storage in words, for the alignment.
        words: Vec<u64>,
        /// Bytes in use.
        len: usize,
    },
}

#[derive(Debug)]
struct Origin {
    /// How the file looked when those of its bytes that are used were last known to be right.
    seen: Mutex<Look>,
    /// The same of all of its bytes, as far as they are checked at once.
    whole: Mutex<Look>,
    /// Kept where the bytes are those of the file at any time.
    mapped: Option<File>,
}

/// What changes when a file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    len: u64,
    modified: Option<SystemTime>,
    /// Inode number, and when the system last noted a change.
    noted: (u64, i64, i64),
}

impl Look {
    fn of(meta: &Metadata) -> Look {
        #[cfg(unix)]
        let noted = {
            use std::os::unix::fs::MetadataExt;
            (meta.ino(), meta.ctime(), meta.ctime_nsec())
        };
        #[cfg(not(unix))]
        let noted = (0, 0, 0);
        Look { len: meta.len(), modified: meta.modified().ok(), noted }
    }

    /// How the file at `path` looks.
    pub(crate) fn at(path: &Path) -> Result<Look> {
        Ok(Look::of(&std::fs::metadata(path).map_err(|e| Error::io(path, e))?))
    }
}

impl Bytes {
    /// Opens a regular file that is not empty.
    pub(crate) fn open(path: &Path, hold: Hold) -> Result<Bytes> {
        let io = |e| Error::io(path, e);
        // Looked at before it is opened: opening a FIFO would wait for its writer.
        let meta = std::fs::metadata(path).map_err(io)?;
        if !meta.is_file() {
            return Err(Error::corrupt(path, "not a regular file"));
        }
        let mut file = File::open(path).map_err(io)?;
        // Before a byte is read: what changes afterwards shows.
        let meta = file.metadata().map_err(io)?;
        if meta.len() == 0 {
            return Err(Error::corrupt(path, "empty file"));
        }
        let look = Look::of(&meta);
        let (held, mapped) = match hold {
            Hold::Copied => (read(&mut file, meta.len(), path)?, None),
            Hold::Mapped => {
                // SAFETY: index files are never modified or truncated once they have their name; removal
                // keeps the mapping alive. Someone who does so all the same changes what is read, which is
                // noticed and of no consequence for memory as only plain numbers are read; where nothing
                // is left to be read the process receives SIGBUS.
                (Held::Mapped(unsafe { memmap2::Mmap::map(&file) }.map_err(io)?), Some(file))
            }
        };
        let (seen, whole) = (Mutex::new(look), Mutex::new(look));
        Ok(Bytes { held, origin: Some(Origin { seen, whole, mapped }) })
    }

    /// Copies `bytes`.
    pub(crate) fn copy_of(bytes: &[u8]) -> Bytes {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Bytes { held: Held::Owned { words, len: bytes.len() }, origin: None }
    }

    /// Whether they are those of a file at any time, rather than a copy.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.held, Held::Mapped(_))
    }

    /// A copy of some of them. Of a mapped file they are read, where the system can read at a position: what is
    /// looked at once need not stay in memory.
    pub(crate) fn copy_at(&self, range: Range<usize>, path: &Path) -> Result<Vec<u8>> {
        let lost = || Error::corrupt(path, "shortened while it was in use");
        #[cfg(unix)]
        if let Some(file) = self.origin.as_ref().and_then(|origin| origin.mapped.as_ref()) {
            use std::os::unix::fs::FileExt;
            if range.end > self.len() {
                return Err(lost());
            }
            let mut bytes = vec![0; range.len()];
            file.read_exact_at(&mut bytes, range.start as u64).map_err(|e| match e.kind() {
                std::io::ErrorKind::UnexpectedEof => lost(),
                _ => Error::io(path, e),
            })?;
            return Ok(bytes);
        }
        self.get(range).map(<[u8]>::to_vec).ok_or_else(lost)
    }

    /// Whether the bytes may be others by now: how their file looks, if it does not look as it did. An error
    /// if some are gone.
    pub(crate) fn looks_changed(&self, path: &Path) -> Result<Option<Look>> {
        let Some(origin) = &self.origin else { return Ok(None) };
        let Some(file) = &origin.mapped else { return Ok(None) };
        let now = Look::of(&file.metadata().map_err(|e| Error::io(path, e))?);
        if now.len < self.len() as u64 {
            return Err(Error::corrupt(path, "shortened while it was in use"));
        }
        Ok((now != read_look(&origin.seen)).then_some(now))
    }

    /// Whether the file at `path` is not the one that was opened, or changed since: how it looks then.
    pub(crate) fn was_replaced(&self, path: &Path) -> Result<Option<Look>> {
        let Some(origin) = &self.origin else { return Ok(None) };
        let now = Look::at(path)?;
        Ok((now != read_look(&origin.whole)).then_some(now))
    }

    /// Notes that the bytes that are used were found to be right while the file looked like `look`.
    pub(crate) fn found_used_right(&self, look: Look) {
        if let Some(origin) = &self.origin {
            write_look(&origin.seen, look);
        }
    }

    /// Notes that all bytes were found to be right while the file looked like `look`.
    pub(crate) fn found_right(&self, look: Look) {
        if let Some(origin) = &self.origin {
            write_look(&origin.seen, look);
            write_look(&origin.whole, look);
        }
    }
}

fn read_look(of: &Mutex<Look>) -> Look {
    *of.lock().unwrap_or_else(|e| e.into_inner())
}

fn write_look(of: &Mutex<Look>, look: Look) {
    *of.lock().unwrap_or_else(|e| e.into_inner()) = look;
}

fn read(file: &mut File, len: u64, path: &Path) -> Result<Held> {
    let len = usize::try_from(len).map_err(|_| Error::corrupt(path, "larger than memory"))?;
    let mut words = vec![0u64; len.div_ceil(8)];
    let bytes = &mut bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..len];
    file.read_exact(bytes).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => Error::corrupt(path, "shortened while it was read"),
        _ => Error::io(path, e),
    })?;
    Ok(Held::Owned { words, len })
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.held {
            Held::Mapped(map) => map,
            Held::Owned { words, len } => &bytemuck::cast_slice(words)[..*len],
        }
    }
}

/// Lets the process end with the status `exit` and a word on standard error when a file that it maps is
/// shortened under it, instead of by a signal without one. For programs; where the system has another way
/// to say so, nothing is done.
pub fn on_lost_file(exit: u8) {
    #[cfg(target_os = "linux")]
    lost::install(exit);
    #[cfg(not(target_os = "linux"))]
    let _ = exit;
}

#[cfg(target_os = "linux")]
mod lost {
    use std::sync::atomic::{AtomicI32, Ordering};

    static EXIT: AtomicI32 = AtomicI32::new(1);
    const MESSAGE: &[u8] =
        b"soundalike: a file was shortened or taken away while it was read, most likely one of \
        an index: somebody copies over it, or its disk fails; see `soundalike index verify`\n";

    pub(super) fn install(exit: u8) {
        EXIT.store(exit.into(), Ordering::Relaxed);
        // SAFETY: a zeroed `sigaction` is a valid one, the handler has the signature that SA_SIGINFO asks for,
        // and it calls nothing that is not safe in a signal handler.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_bus_error as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(libc::SIGBUS, &action, std::ptr::null_mut());
        }
    }

    extern "C" fn on_bus_error(
        signal: libc::c_int,
        info: *mut libc::siginfo_t,
        _context: *mut libc::c_void,
    ) {
        // SAFETY: the system hands over a valid `info`; `write`, `_exit` and `signal` may be called here.
        unsafe {
            if (*info).si_code == libc::BUS_ADRERR {
                libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
                libc::_exit(EXIT.load(Ordering::Relaxed));
            }
            // Something else: it comes again and has its usual effect.
            libc::signal(signal, libc::SIG_DFL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_mapping_tells_that_its_file_changed_and_a_copy_does_not_mind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, b"12345678abcdefgh").unwrap();
        let copied = Bytes::open(&path, Hold::Copied).unwrap();
        let mapped = Bytes::open(&path, Hold::Mapped).unwrap();
        assert_eq!(mapped.looks_changed(&path).unwrap(), None);
        assert_eq!(copied.was_replaced(&path).unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(30));
        std::fs::write(&path, b"12345678ABCDEFGH").unwrap();
        assert_eq!(&copied[8..], b"abcdefgh");
        assert_eq!(copied.looks_changed(&path).unwrap(), None);
        assert!(copied.was_replaced(&path).unwrap().is_some());
        let look = mapped.looks_changed(&path).unwrap().unwrap();
        mapped.found_right(look);
        assert_eq!(mapped.looks_changed(&path).unwrap(), None);
        std::fs::write(&path, b"1234").unwrap();
        assert!(mapped.looks_changed(&path).is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(copied.was_replaced(&path).is_err());
        assert_eq!(&copied[..4], b"1234");
    }

    /// The part of the next test that runs in a process of its own.
    #[cfg(target_os = "linux")]
    #[test]
    fn shortened_under_a_mapping() {
        let Some(path) = std::env::var_os("SOUNDALIKE_TEST_SHORTENED") else { return };
        let path = Path::new(&path);
        on_lost_file(4);
        let mapped = Bytes::open(path, Hold::Mapped).unwrap();
        File::options().write(true).open(path).unwrap().set_len(0).unwrap();
        assert_eq!(mapped.iter().map(|b| u64::from(*b)).sum::<u64>(), 1, "read all the same");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_lost_file_ends_the_process_with_a_word() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, vec![1; 1 << 16]).unwrap();
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "bytes::tests::shortened_under_a_mapping", "--nocapture"])
            .env("SOUNDALIKE_TEST_SHORTENED", &path)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(4), "{told}");
        assert!(told.contains("shortened"), "{told}");
    }
}
