//! A folder in which deliveries arrive: which there are, when each is whole, which are done already.
//!
//! ```text
//! queue (what lies there) ─► snapshot (a glance, then contents) ─► Watch (whole? done?) ─► Ready
//!                            result store and ledger (what is done, and in which state) ◄─┘
//! ```
//!
//! Folders are looked at again and again instead of asking the system for notices: notices do not exist on
//! NFS, and SFTP servers may write in any way. A delivery is whole when its DDEX marker is there or when
//! nothing in it has changed for a while. It is done when a result is there that was made of the same names
//! and contents, so that a restart goes on where it was.
//!
//! Who sends a delivery may be an adversary: nothing is written through a link that lies in a delivery, none is
//! followed out of it, nothing but files is opened, what a sender can write is no proof that a delivery is
//! done, and one over which the service died again and again is given up and told of.

mod again;
mod error;
mod ledger;
mod queue;
mod result_store;
mod results;
mod service;
mod snapshot;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::time::{Duration, Instant, SystemTime};

pub use error::{ServiceError, WatchError};
pub use queue::{Queue, Stamp, Unit, UnitKind, shown};
pub use result_store::{Draft, Recorded, ResultFormat, ResultStore};
pub use service::{Service, ServiceOptions, sleep};
pub use snapshot::{Snapshot, content_state};

use crate::declare::delivery::{BatchState, batch_state};
use crate::progress::Cancel;

/// How long a delivery that is done is left alone before its insides are looked at again. A file that comes
/// or goes at its top shows at once.
const RELOOK: Duration = Duration::from_secs(300);

/// A delivery to look into.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// The delivery.
    pub unit: Unit,
    /// How it looks.
    pub snapshot: Snapshot,
    /// Digest of its names and contents, where it was taken already.
    pub state: Option<(String, SystemTime)>,
    /// Why it is looked into again, if it is.
    pub again: Option<&'static str>,
    /// Attempts at it during which the service died.
    pub deaths: u32,
}

/// What a look at the folder showed.
#[derive(Debug, Default)]
pub struct Look {
    /// Deliveries that are whole and not done, in the order in which they came.
    pub ready: Vec<Ready>,
    /// Deliveries that may be whole after some time without a change.
    pub unsettled: usize,
    /// DDEX batches found to lack their marker since the last look.
    pub open_batches: Vec<OsString>,
    /// Deliveries that are done.
    pub done: usize,
}

/// What is known of deliveries that were there before.
pub trait Known {
    /// What is known of the delivery called `name` that looks like `glance`.
    fn recorded(&self, name: &OsStr, glance: &str) -> Recorded;

    /// Takes note that the delivery called `name`, whose content was read at `read_at` and did not change, looks like
    /// `snapshot`. If that cannot be kept, its content is read again the next time.
    fn confirm(&self, name: &OsStr, snapshot: &Snapshot, read_at: SystemTime);
}

/// Watches a folder.
#[derive(Debug)]
pub struct Watch {
    queue: Queue,
    settle: Duration,
    seen: BTreeMap<OsString, Seen>,
}

/// What is remembered of a delivery between looks.
#[derive(Debug)]
struct Seen {
    pulse: [u8; 32],
    /// When it was first seen with this pulse.
    since: Instant,
    /// Looks at which it was.
    looks: u32,
    /// Its own times when it was found to be done, and when that was.
    done: Option<(Stamp, Instant)>,
    told_open: bool,
}

impl Watch {
    /// Watches `queue`; what has no marker is whole when it has not changed for `settle`.
    pub fn new(queue: Queue, settle: Duration) -> Watch {
        Watch { queue, settle, seen: BTreeMap::new() }
    }

    /// Looks at what lies in the folder at `now`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn look(&mut self, results: &dyn Known, now: Instant, cancel: &Cancel) -> io::Result<Look> {
        let units = self.queue.look()?;
        self.seen.retain(|name, _| units.iter().any(|unit| unit.name == *name));
        let mut look = Look::default();
        for unit in units {
            if cancel.is_cancelled() {
                break;
            }
            self.judge(unit, (results, now, cancel), &mut look);
        }
        look.ready.sort_by(|a, b| {
            let arrival = |r: &Ready| r.unit.stamp.modified;
            arrival(a).cmp(&arrival(b)).then(a.unit.name.cmp(&b.unit.name))
        });
        Ok(look)
    }

    fn judge(
        &mut self,
        unit: Unit,
        (results, now, cancel): (&dyn Known, Instant, &Cancel),
        look: &mut Look,
    ) {
        let done = self.seen.get(&unit.name).and_then(|seen| seen.done);
        if done.is_some_and(|(stamp, at)| stamp == unit.stamp && now < at + RELOOK) {
            look.done += 1;
            return;
        }
        let snapshot = Snapshot::of(&unit);
        let settled = self.settled(&unit.name, snapshot.pulse, now);
        let recorded = results.recorded(&unit.name, &snapshot.glance);
        if recorded == Recorded::Same {
            self.done(&unit, now, look);
            return;
        }
        self.note(&unit.name, |seen| seen.done = None);
        // A folder that was only just made.
        if snapshot.files == 0 && unit.kind == UnitKind::Folder {
            return;
        }
        let changed = matches!(recorded, Recorded::Other(_));
        match self.is_whole(&unit, settled, changed) {
            Some(true) => {}
            Some(false) => {
                look.unsettled += 1;
                return;
            }
            None => {
                let mut told = false;
                self.note(&unit.name, |seen| told = std::mem::replace(&mut seen.told_open, true));
                if !told {
                    look.open_batches.push(unit.name);
                }
                return;
            }
        }
        let mut ready = Ready { unit, snapshot, state: None, again: None, deaths: 0 };
        match recorded {
            Recorded::Other(before) => {
                let read_at = SystemTime::now();
                let Some(state) = content_state(&ready.unit, cancel) else { return };
                if state == before {
                    results.confirm(&ready.unit.name, &ready.snapshot, read_at);
                    self.done(&ready.unit, now, look);
                    return;
                }
                (ready.state, ready.again) = (Some((state, read_at)), Some("as it changed"));
            }
            Recorded::Replaced => ready.again = Some("as something else lies where its result was"),
            _ => {}
        }
        look.ready.push(ready);
    }

    fn done(&mut self, unit: &Unit, now: Instant, look: &mut Look) {
        self.finished(unit, now);
        look.done += 1;
    }

    /// Notes that `unit` was found to be done, or was done, at `now`.
    pub fn finished(&mut self, unit: &Unit, now: Instant) {
        self.note(&unit.name, |seen| seen.done = Some((unit.stamp, now)));
    }

    /// Whether `unit` is whole; none where only a marker would say so. `changed`: it was done before.
    fn is_whole(&self, unit: &Unit, settled: bool, changed: bool) -> Option<bool> {
        let batch = match unit.kind {
            UnitKind::Folder => batch_state(&unit.path),
            _ => BatchState::NoBatch,
        };
        match batch {
            BatchState::Open => None,
            // What is added to a batch that was complete has no marker of its own.
            BatchState::Complete => Some(!changed || settled),
            BatchState::NoBatch => Some(settled),
        }
    }

    /// Notes how `name` looks; whether it has looked like that for long enough.
    fn settled(&mut self, name: &OsStr, pulse: [u8; 32], now: Instant) -> bool {
        let fresh = Seen { pulse, since: now, looks: 0, done: None, told_open: false };
        let seen = self.seen.entry(name.to_owned()).or_insert(fresh);
        if seen.pulse != pulse {
            (seen.pulse, seen.since, seen.looks) = (pulse, now, 0);
        }
        seen.looks = seen.looks.saturating_add(1);
        seen.looks >= 2 && now.saturating_duration_since(seen.since) >= self.settle
    }

    fn note(&mut self, name: &OsStr, change: impl FnOnce(&mut Seen)) {
        if let Some(seen) = self.seen.get_mut(name) {
            change(seen);
        }
    }
}

#[cfg(test)]
mod tests;
