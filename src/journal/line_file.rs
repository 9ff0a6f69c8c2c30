//! An append-only file of lines.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Take, Write};
use std::path::{Path, PathBuf};

use super::{folder_of, sync_folder};

/// An append-only file of lines, open for adding.
///
/// It has an [`end`](LineFile::end), where the next line goes. What lies beyond it, the torn end of an
/// earlier run, counts for nothing and is cut off at the next append at the latest. The errors are those
/// of the system: callers know which file they opened.
#[derive(Debug)]
pub struct LineFile {
    file: File,
    path: PathBuf,
    end: u64,
    /// Whether there may be something beyond the end.
    beyond: bool,
    is_new: bool,
}

/// How a file of lines ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// The last complete line, without its newline.
    pub last: Option<Vec<u8>>,
    /// What follows it. Longer than a line may be where nothing is torn, but something else damaged.
    pub torn: Vec<u8>,
}

impl LineFile {
    /// Opens or creates the file. Whoever calls sees to it that nobody else writes to it.
    ///
    /// # Errors
    ///
    /// That of the system, if the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<LineFile> {
        LineFile::new(path, |_| Ok(()))
    }

    /// Opens or creates the file, and waits until nobody else has it open in this way.
    ///
    /// # Errors
    ///
    /// That of the system, if the file cannot be opened or locked.
    pub fn open_locked(path: &Path) -> io::Result<LineFile> {
        LineFile::new(path, File::lock)
    }

    fn new(path: &Path, lock: impl FnOnce(&File) -> io::Result<()>) -> io::Result<LineFile> {
        let is_new = std::fs::metadata(path).is_err();
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        lock(&file)?;
        let end = file.metadata()?.len();
        Ok(LineFile { file, path: path.to_owned(), end, beyond: false, is_new })
    }

    /// Where the next line goes: the length of the file, unless that was changed.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Lets what lies after `end` bytes count for nothing. Nothing is written yet.
    pub fn end_at(&mut self, end: u64) {
        self.beyond |= end < self.end;
        self.end = end.min(self.end);
    }

    /// Cuts off what lies beyond the end.
    ///
    /// # Errors
    ///
    /// That of the system.
    pub fn cut(&mut self) -> io::Result<()> {
        if self.beyond {
            self.file.set_len(self.end)?;
            self.beyond = false;
        }
        Ok(())
    }

    /// Adds lines: all of them or, if the process is killed, the first ones and a part of the next.
    /// Success means that they are on the disk. They may begin with what the last line lacks, its
    /// newline.
    ///
    /// # Errors
    ///
    /// That of the system. Nothing was added then: what was written is cut off at once, or, if that
    /// fails, too, before the next append. Should there be none, it is a torn end.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let written = self.cut().and_then(|()| self.write(lines));
        match written {
            Ok(()) => {
                self.end += lines.len() as u64;
                self.is_new = false;
            }
            Err(_) => {
                // A full disk: nothing is left to do if this fails, too.
                self.beyond = self.file.set_len(self.end).is_err();
            }
        }
        written
    }

    fn write(&self, lines: &[u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.end))?;
        file.write_all(lines)?;
        file.sync_all()?;
        // Else the file might be there no more after a loss of power, with all that is in it.
        if self.is_new { sync_folder(folder_of(&self.path)) } else { Ok(()) }
    }

    /// All before the end, from the beginning.
    ///
    /// # Errors
    ///
    /// That of the system.
    pub fn reader(&self) -> io::Result<Take<&File>> {
        self.reader_from(0)
    }

    /// All before the end, from `offset` on.
    ///
    /// # Errors
    ///
    /// That of the system.
    pub fn reader_from(&self, offset: u64) -> io::Result<Take<&File>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        Ok(file.take(self.end.saturating_sub(offset)))
    }

    /// `length` bytes from `offset`.
    ///
    /// # Errors
    ///
    /// That of the system, or [`io::ErrorKind::UnexpectedEof`].
    pub fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The last line and what follows it, where lines are at most `most` bytes long without their
    /// newline. Reads no more than it takes.
    ///
    /// # Errors
    ///
    /// That of the system.
    pub fn ending(&self, most: usize) -> io::Result<Ending> {
        // Enough for a torn line and the whole one before it.
        let window = self.end.min(2 * (most as u64 + 1));
        let mut bytes = Vec::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.end - window))?;
        file.take(window).read_to_end(&mut bytes)?;
        let torn = bytes.split_off(after_newline(&bytes));
        let last = bytes.pop().map(|_newline| bytes.split_off(after_newline(&bytes)));
        Ok(Ending { last, torn })
    }
}

/// Where the last line of `bytes` begins, complete or not.
fn after_newline(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1)
}

/// Opens for reading a file that others may append to with [`LineFile::open_locked`]: what is in it now,
/// not what is appended meanwhile.
///
/// # Errors
///
/// That of the system.
pub fn read_committed(path: &Path) -> io::Result<Take<File>> {
    let file = File::open(path)?;
    // Only for as long as it takes to see where the last complete append ends. Where files cannot be
    // locked, a line in the making looks like one torn off.
    let locked = file.lock_shared().is_ok();
    let length = file.metadata()?.len();
    if locked {
        file.unlock()?;
    }
    Ok(file.take(length))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::super::Lines;
    use super::*;

    /// Longest line of these tests.
    const MOST: usize = 12;

    fn text(lines: &[String]) -> Vec<u8> {
        lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect()
    }

    /// What a reader finds: complete lines.
    fn lines(path: &Path) -> Vec<String> {
        let mut lines = Lines::new(io::BufReader::new(read_committed(path).unwrap()), MOST);
        let mut all = Vec::new();
        while let Some(line) = lines.read().unwrap() {
            all.push(String::from_utf8(line.bytes.to_vec()).unwrap());
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn wherever_a_write_was_cut_short_the_next_one_goes_on(
            before in prop::collection::vec("[a-z]{0,12}", 0..5),
            after in prop::collection::vec("[a-z]{0,12}", 1..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("log");
            let mut file = LineFile::open(&path).unwrap();
            file.append(&text(&before)).unwrap();
            prop_assert_eq!(lines(&path), before.clone());
            let bytes = std::fs::read(&path).unwrap();
            let cut = cut.index(bytes.len() + 1);
            drop(file);
            std::fs::write(&path, &bytes[..cut]).unwrap();

            let mut file = LineFile::open(&path).unwrap();
            let whole = before[..bytes[..cut].iter().filter(|b| **b == b'\n').count()].to_vec();
            let ending = file.ending(MOST).unwrap();
            prop_assert_eq!(ending.last, whole.last().map(|line| line.clone().into_bytes()));
            prop_assert_eq!(&ending.torn[..], &bytes[text(&whole).len()..cut]);
            file.end_at(cut as u64 - ending.torn.len() as u64);
            prop_assert_eq!(std::fs::read(&path).unwrap().len(), cut, "nothing is written yet");
            file.append(&text(&after)).unwrap();
            prop_assert_eq!(std::fs::read(&path).unwrap(), text(&[whole, after].concat()));
        }

        #[test]
        fn an_ending_is_what_lines_tell(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a')], 0..60),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("log");
            std::fs::write(&path, &bytes).unwrap();
            let ending = LineFile::open(&path).unwrap().ending(MOST).unwrap();
            let mut lines = Lines::new(&bytes[..], MOST);
            let mut last = None;
            while let Ok(Some(line)) = lines.read() {
                last = Some(line.bytes.to_vec());
            }
            if lines.length() as usize + lines.torn().len() == bytes.len() {
                let torn = lines.torn().to_vec();
                prop_assert_eq!(ending, Ending { last, torn });
            }
        }
    }

    #[test]
    fn a_last_line_that_lacks_its_newline_can_be_completed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "one\ntwo").unwrap();
        LineFile::open(&path).unwrap().append(b"\nthree\n").unwrap();
        assert_eq!(lines(&path), ["one", "two", "three"]);
    }

    #[test]
    fn cutting_is_done_once_and_at_the_end_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        std::fs::write(&path, "one\ntw").unwrap();
        let mut file = LineFile::open(&path).unwrap();
        file.cut().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntw");
        file.end_at(4);
        file.end_at(900);
        file.append(b"").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntw", "nothing to say changes nothing");
        file.cut().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\n");
        assert_eq!(file.end(), 4);
        assert_eq!(file.read_at(1, 2).unwrap(), b"ne");
        assert_eq!(file.read_at(3, 2).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let mut all = String::new();
        file.reader().unwrap().read_to_string(&mut all).unwrap();
        assert_eq!(all, "one\n");
    }

    #[test]
    fn one_who_appends_waits_for_the_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut first = LineFile::open_locked(&path).unwrap();
        let (tell, told) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut second = LineFile::open_locked(&path).unwrap();
                tell.send(second.end()).unwrap();
                second.append(b"two\n").unwrap();
            });
            assert!(told.recv_timeout(Duration::from_millis(100)).is_err(), "it did not wait");
            first.append(b"one\n").unwrap();
            drop(first);
            assert_eq!(told.recv().unwrap(), 4, "it saw what was appended meanwhile");
        });
        assert_eq!(lines(&path), ["one", "two"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_made_to_last_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, moved) = (dir.path().join("folder"), dir.path().join("moved"));
        std::fs::create_dir(&folder).unwrap();
        let mut file = LineFile::open(&folder.join("log")).unwrap();
        // Written and synced, but then its folder is not to be found.
        std::fs::rename(&folder, &moved).unwrap();
        assert!(file.append(b"one\n").is_err());
        assert_eq!(std::fs::read(moved.join("log")).unwrap(), b"");
        std::fs::rename(&moved, &folder).unwrap();
        file.append(b"two\n").unwrap();
        assert_eq!(lines(&folder.join("log")), ["two"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_every_time() {
        let mut file = LineFile::open(Path::new("/dev/full")).unwrap();
        let refused = file.append(b"one\n").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
        assert_eq!(file.end(), 0);
        assert!(file.append(b"one\n").is_err());
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(LineFile::open(dir.path()).is_err());
        assert!(LineFile::open_locked(&dir.path().join("none/log")).is_err());
        assert!(read_committed(&dir.path().join("none")).is_err());
    }
}
