//! Watched folders: each delivery in them becomes a job once it is whole.
//!
//! What is whole, and what counts as changed, is decided as `soundalike watch` decides it ([`watch`](crate::watch)):
//! by markers and by time without a change, without following links. That a delivery is taken is entered with its job in
//! one step, so that each state of its contents is looked at once, whenever the service is killed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::Desk;
use super::stamp::{job_id, now};
use super::state::{Delivery, NewJob, Source, StateError, Store};
use super::users::UsersError;
use crate::declare::declared::{Declared, DeclaredIn};
use crate::engine::Uploads;
use crate::id::path_text;
use crate::progress::Cancel;
use crate::watch::{
    Known, Look, Queue, Ready, Recorded, Snapshot, Unit, Watch, content_state, shown, sleep,
};

/// Longest pause where a folder cannot be read.
const MAX_PAUSE: Duration = Duration::from_secs(600);

/// A folder in which deliveries arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedFolder {
    /// The folder.
    pub dir: PathBuf,
    /// Whose deliveries they are, whatever they declare themselves.
    pub account: Option<String>,
}

/// Why a round through a folder came to no end.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("cannot look into {dir}: {source}")]
    Folder { dir: PathBuf, source: std::io::Error },
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Name(#[from] UsersError),
}

/// What the state knows of the deliveries in one folder.
struct Taken<'a> {
    store: &'a Store,
    folder: String,
}

impl Known for Taken<'_> {
    fn recorded(&self, name: &OsStr, glance: &str) -> Recorded {
        match self.store.delivery(&self.folder, &path_text(Path::new(name))) {
            Ok(Some((_, Some(known)))) if known == glance => Recorded::Same,
            Ok(Some((state, _))) => Recorded::Other(state),
            Ok(None) => Recorded::Nothing,
            // Not twice because the state cannot be read now: its round comes to nothing, and the next one asks again.
            Err(_) => Recorded::Same,
        }
    }

    fn confirm(&self, name: &OsStr, snapshot: &Snapshot, read_at: SystemTime) {
        if snapshot.is_sure(read_at) {
            let name = path_text(Path::new(name));
            // If not, the content is read again the next time.
            let _ = self.store.confirm_delivery(&self.folder, &name, &snapshot.glance);
        }
    }
}

/// Looks into the watched folders until `cancel`.
pub(super) fn work(desk: &Desk, cancel: &Cancel) {
    let settings = &desk.settings;
    let mut watched: Vec<(&WatchedFolder, Option<Watch>)> =
        settings.watched.iter().map(|folder| (folder, None)).collect();
    let mut pause = settings.interval;
    while !cancel.is_cancelled() && !watched.is_empty() {
        let mut failed = false;
        for (folder, watch) in &mut watched {
            if let Err(error) = round(desk, folder, watch, cancel) {
                desk.say(&format!("{error}; it is tried again"));
                failed = true;
            }
        }
        pause = if failed { (2 * pause).min(MAX_PAUSE) } else { settings.interval };
        sleep(pause, cancel);
    }
}

fn round(
    desk: &Desk,
    folder: &WatchedFolder,
    watch: &mut Option<Watch>,
    cancel: &Cancel,
) -> Result<(), RoundError> {
    let unreadable = |source| RoundError::Folder { dir: folder.dir.clone(), source };
    let watch = match watch {
        Some(watch) => watch,
        None => {
            let queue = Queue::new(&folder.dir, own(desk)).map_err(unreadable)?;
            watch.insert(Watch::new(queue, desk.settings.settle))
        }
    };
    let known = Taken { store: &desk.store, folder: path_text(&folder.dir) };
    let Look { ready, open_batches, .. } =
        watch.look(&known, Instant::now(), cancel).map_err(unreadable)?;
    for name in open_batches {
        desk.say(&format!("{}: waits for BatchComplete_*.xml", shown(&name)));
    }
    for ready in ready {
        if let Some(unit) = take(desk, folder, ready, cancel)? {
            watch.finished(&unit, Instant::now());
        }
    }
    Ok(())
}

/// What is the service's own, should it lie in a watched folder.
fn own(desk: &Desk) -> Vec<PathBuf> {
    let references = desk.engine().references().map(|index| index.dir().to_owned());
    let state = Some(desk.store.dir().to_owned());
    [references, desk.settings.keep.clone(), state].into_iter().flatten().collect()
}

/// Makes a job of a delivery; none where it changed meanwhile.
fn take(
    desk: &Desk,
    folder: &WatchedFolder,
    ready: Ready,
    cancel: &Cancel,
) -> Result<Option<Unit>, RoundError> {
    let Ready { unit, snapshot, state, again, .. } = ready;
    let (state, read_at) = match state {
        Some(known) => known,
        None => {
            let read_at = SystemTime::now();
            let Some(state) = content_state(&unit, cancel) else { return Ok(None) };
            (state, read_at)
        }
    };
    if Snapshot::of(&unit).pulse != snapshot.pulse {
        return Ok(None);
    }
    let delivery = Delivery {
        folder: path_text(&folder.dir),
        name: path_text(Path::new(&unit.name)),
        state: state.clone(),
        account: folder.account.clone(),
    };
    let glance = snapshot.is_sure(read_at).then_some(snapshot.glance);
    let job = NewJob {
        id: job_id()?,
        key: None,
        request: state,
        source: Source { delivery: Some(delivery), ..Source::default() },
        sent_by: None,
        created_at: now(),
    };
    desk.store.take_delivery(&job, glance.as_deref())?;
    let again = again.map(|why| format!(" again, {why}")).unwrap_or_default();
    desk.say(&format!("{}: taken{again} as {}", shown(&unit.name), job.id));
    desk.wake();
    Ok(Some(unit))
}

/// A delivery when it is its turn.
pub(super) struct Turn {
    pub(super) unit: Unit,
    pub(super) snapshot: Snapshot,
}

/// The delivery as it lies there, if it is still what the job was made of.
pub(super) fn turn(desk: &Desk, delivery: &Delivery, cancel: &Cancel) -> Option<Turn> {
    let dir = crate::id::path_of_text(&delivery.folder);
    let name = crate::id::path_of_text(&delivery.name);
    let mut units = Queue::new(&dir, own(desk)).ok()?.look().ok()?.into_iter();
    let unit = units.find(|unit| unit.name == name.as_os_str())?;
    let snapshot = Snapshot::of(&unit);
    let is_same = content_state(&unit, cancel).is_some_and(|state| state == delivery.state);
    is_same.then_some(Turn { unit, snapshot })
}

impl Turn {
    /// Whether it still looks as it did when it was its turn.
    pub(super) fn is_same(&self) -> bool {
        Snapshot::of(&self.unit).pulse == self.snapshot.pulse
    }

    /// Its files with what is declared about them.
    pub(super) fn uploads(&self, account: Option<&str>) -> Uploads {
        let mut uploads = Uploads::of_delivery(&self.unit.expand());
        if let Some(account) = account {
            let whose = Declared { account: Some(account.to_owned()), ..Declared::default() };
            for item in &mut uploads.items {
                item.declared.push((DeclaredIn::Cli, whose.clone()));
            }
        }
        if uploads.items.is_empty() && uploads.errors.is_empty() {
            uploads.errors.push(self.unit.nothing_in());
        }
        uploads
    }
}
