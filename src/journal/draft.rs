//! A file replaced in one step.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use super::{Error, folder_of, sync_folder};
use crate::regular;

/// The file that is to take the place of another, in the making. Goes away unless it is published.
///
/// It comes with the [`File`] to write to, which is handed back to publish it.
#[derive(Debug)]
pub struct Draft {
    /// As it was named; what follows is the same, absolute.
    path: PathBuf,
    hidden: TempPath,
    target: PathBuf,
}

impl Draft {
    /// Begins a draft at `path`, in the folder of `target`. What an earlier attempt left there, because
    /// it was killed, is removed: so at most one such file is ever left. Only for one writer at a
    /// time. Nothing is written through a link that lies there, whoever put it there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] naming `path`, if the file cannot be created.
    pub fn at(path: &Path, target: &Path) -> Result<(Draft, File), Error> {
        let file = create(path).map_err(Error::io(path))?;
        // Only now that the file is there and ours: the path goes away with the draft.
        let hidden = TempPath::try_from_path(path).map_err(Error::io(path))?;
        Ok((Draft { path: path.to_owned(), hidden, target: target.to_owned() }, file))
    }

    /// Begins a draft beside `target` under a name of its own, for any number of writers at once.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] naming `target`, if no file can be created there.
    pub fn beside(target: &Path, prefix: &str, suffix: &str) -> Result<(Draft, File), Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).suffix(suffix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any new file, less what the umask takes away; a temporary file would be for us alone.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder_of(target)).map_err(Error::io(target))?;
        let (file, hidden) = file.into_parts();
        Ok((Draft { path: hidden.to_path_buf(), hidden, target: target.to_owned() }, file))
    }

    /// The file for as long as it is in the making.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the draft in its place; success means that it is there even if power is lost. With
    /// `previous`, what is there now stays, with that after its name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] naming the draft if it cannot be synced, the target if something cannot be renamed:
    /// then the draft is gone, and the target as it was (or put aside). Naming the folder if that cannot
    /// be synced: then the new file is in its place, if power is not lost.
    pub fn publish(self, file: File, previous: Option<&str>) -> Result<(), Error> {
        let target = self.target.clone();
        self.sync(&file)?;
        if let Some(suffix) = previous {
            rename_aside(&target, suffix)?;
        }
        self.replace(file)?;
        let folder = folder_of(&target);
        sync_folder(folder).map_err(Error::io(folder))
    }

    /// Like [`publish`](Draft::publish), but leaves it to the system when the new name reaches the disk.
    /// For what can be made again, and for folders that may be written but not read.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] naming the draft if it cannot be synced, the target if it cannot be replaced.
    pub fn put_in_place(self, file: File) -> Result<(), Error> {
        self.sync(&file)?;
        self.replace(file)
    }

    fn sync(&self, file: &File) -> Result<(), Error> {
        file.sync_all().map_err(Error::io(&self.path))
    }

    /// Renames the draft, unless somebody put something else where it lay.
    fn replace(self, file: File) -> Result<(), Error> {
        if !regular::is_same(&self.path, &file).map_err(Error::io(&self.path))? {
            let source = io::Error::other("somebody else put another file in its place");
            return Err(Error::Io { path: self.path, source });
        }
        drop(file);
        self.hidden.persist(&self.target).map_err(|e| Error::io(&self.target)(e.error))
    }
}

/// Attempts to make a draft where somebody keeps putting something else.
const TRIES: usize = 8;

/// A new file at `path`, in the place of what lies there. Never what a link at `path` leads to.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    // To be read again where something is made of it before it is published.
    options.read(true).write(true).create_new(true);
    let mut created = options.open(path);
    for _ in 0..TRIES {
        match created {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other,
        }
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => created = options.open(path),
        }
    }
    created
}

/// Puts a file out of the way, under its name with `suffix` added, where it replaces an older one.
/// Nothing is done if there is none.
///
/// # Errors
///
/// [`Error::Io`] naming the file if it cannot be renamed, or its folder if that cannot be synced.
pub fn set_aside(path: &Path, suffix: &str) -> Result<(), Error> {
    rename_aside(path, suffix)?;
    let folder = folder_of(path);
    sync_folder(folder).map_err(Error::io(folder))
}

fn rename_aside(path: &Path, suffix: &str) -> Result<(), Error> {
    let mut aside = OsString::from(path);
    aside.push(suffix);
    match std::fs::rename(path, aside) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io(path)(e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Names in a folder, sorted.
    fn names(dir: &Path) -> Vec<String> {
        let name = |entry: io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = std::fs::read_dir(dir).unwrap().map(name).collect();
        names.sort();
        names.into_iter().map(|name| name.into_string().unwrap()).collect()
    }

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_old_file_is_there_until_the_new_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join(".a.tmp"), dir.path().join("a"));
        std::fs::write(&target, "old").unwrap();
        let (draft, mut file) = Draft::at(&path, &target).unwrap();
        assert_eq!(draft.path(), path);
        file.write_all(b"new").unwrap();
        assert_eq!((read(&target), read(&path)), ("old".into(), "new".into()));
        draft.publish(file, None).unwrap();
        assert_eq!(read(&target), "new");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn the_one_before_is_kept_on_request() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        for text in ["1", "2", "3"] {
            let (draft, mut file) = Draft::beside(&target, ".draft-", ".txt").unwrap();
            file.write_all(text.as_bytes()).unwrap();
            draft.publish(file, Some(".old")).unwrap();
        }
        assert_eq!(names(dir.path()), ["a", "a.old"]);
        assert_eq!((read(&target), read(&dir.path().join("a.old"))), ("3".into(), "2".into()));
        set_aside(&target, ".old").unwrap();
        set_aside(&target, ".old").unwrap();
        assert_eq!(names(dir.path()), ["a.old"]);
        assert_eq!(read(&dir.path().join("a.old")), "3");
    }

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join(".a.tmp"), dir.path().join("a"));
        drop(Draft::at(&path, &target).unwrap());
        let (draft, file) = Draft::beside(&target, ".draft-", ".txt").unwrap();
        let (second, _) = Draft::beside(&target, ".draft-", ".txt").unwrap();
        assert_ne!(draft.path(), second.path());
        drop((draft, file, second));
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn what_a_killed_run_left_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join(".a.tmp"), dir.path().join("a"));
        std::fs::write(&path, "half of something longer").unwrap();
        let (draft, mut file) = Draft::at(&path, &target).unwrap();
        file.write_all(b"new").unwrap();
        draft.publish(file, None).unwrap();
        assert_eq!(read(&target), "new");
        assert_eq!(names(dir.path()), ["a"]);
    }

    #[test]
    fn what_cannot_be_replaced_stays_and_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a");
        std::fs::create_dir_all(target.join("b")).unwrap();
        let (draft, file) = Draft::at(&dir.path().join(".a.tmp"), &target).unwrap();
        let refused = draft.publish(file, None).unwrap_err();
        assert!(matches!(&refused, Error::Io { path, .. } if *path == target), "{refused}");
        assert_eq!(names(dir.path()), ["a"]);
        // A folder in the way of the draft is not ours to remove.
        let refused = Draft::at(&target, &dir.path().join("c")).unwrap_err();
        assert!(matches!(&refused, Error::Io { path, .. } if *path == target), "{refused}");
        assert!(target.join("b").exists());
        assert!(Draft::beside(&dir.path().join("none/a"), ".draft-", "").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_any_new_file() {
        use std::os::unix::fs::PermissionsExt;

        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
        std::fs::write(dir.path().join("plain"), "").unwrap();
        let plain = mode(&dir.path().join("plain"));
        let target = dir.path().join("a");
        let (draft, file) = Draft::beside(&target, ".draft-", "").unwrap();
        draft.put_in_place(file).unwrap();
        assert_eq!(mode(&target), plain);
        let (draft, file) = Draft::at(&dir.path().join("b.tmp"), &target).unwrap();
        draft.put_in_place(file).unwrap();
        assert_eq!(mode(&target), plain);
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link_that_somebody_put_there() {
        use std::os::unix::fs::symlink;

        let dir = tempfile::tempdir().unwrap();
        let (path, target) = (dir.path().join(".a.tmp"), dir.path().join("a"));
        let foreign = dir.path().join("foreign");
        std::fs::write(&foreign, "precious").unwrap();
        symlink(&foreign, &path).unwrap();
        symlink(&foreign, &target).unwrap();
        let (draft, mut file) = Draft::at(&path, &target).unwrap();
        file.write_all(b"new").unwrap();
        draft.publish(file, None).unwrap();
        assert_eq!((read(&foreign), read(&target)), ("precious".into(), "new".into()));
        assert!(target.symlink_metadata().unwrap().is_file());
        // Nor does it become the result if it comes while the draft is written.
        let (draft, file) = Draft::at(&path, &target).unwrap();
        std::fs::remove_file(&path).unwrap();
        symlink(&foreign, &path).unwrap();
        let refused = draft.publish(file, None).unwrap_err();
        assert!(refused.to_string().contains("somebody else"), "{refused}");
        assert_eq!(names(dir.path()), ["a", "foreign"]);
        assert_eq!((read(&foreign), read(&target)), ("precious".into(), "new".into()));
    }
}
