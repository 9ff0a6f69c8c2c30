//! A folder in which deliveries arrive: which there are, when each is whole, which are done already.
//!
//! ```text
//! queue (what lies there) ─► snapshot (names, sizes, times) ─► Watch (whole? done?) ─► Ready
//!                                     result store (results, by state of the delivery) ◄─┘
//! ```
//!
//! Folders are looked at again and again instead of asking the system for notices: notices do not exist on
//! NFS, and SFTP servers may write in any way. A delivery is whole when its DDEX marker is there or when
//! nothing in it has changed for a while. It is done when a result is there that was made of the same
//! names, sizes and times; nothing else is remembered, so that a restart goes on where it was.

mod error;
mod queue;
mod result_store;
mod results;
mod service;
mod snapshot;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::time::{Duration, Instant};

pub use error::{ServiceError, WatchError};
pub use queue::{Queue, Stamp, Unit, UnitKind, shown};
pub use result_store::{Draft, Recorded, ResultFormat, ResultStore};
pub use service::{Service, ServiceOptions, sleep};
pub use snapshot::Snapshot;

use crate::declare::delivery::{BatchState, batch_state};

/// How long a delivery that is done is left alone before its insides are looked at again. A file that comes
/// or goes at its top shows at once.
const RELOOK: Duration = Duration::from_secs(300);

/// A delivery to look into.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// The delivery.
    pub unit: Unit,
    /// Its state.
    pub snapshot: Snapshot,
    /// There is a result about another state of it.
    pub again: bool,
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
    pub fn look(&mut self, results: &ResultStore, now: Instant) -> io::Result<Look> {
        let units = self.queue.look()?;
        self.seen.retain(|name, _| units.iter().any(|unit| unit.name == *name));
        let mut look = Look::default();
        for unit in units {
            self.judge(unit, results, now, &mut look);
        }
        look.ready.sort_by(|a, b| {
            let arrival = |r: &Ready| r.unit.stamp.modified;
            arrival(a).cmp(&arrival(b)).then(a.unit.name.cmp(&b.unit.name))
        });
        Ok(look)
    }

    fn judge(&mut self, unit: Unit, results: &ResultStore, now: Instant, look: &mut Look) {
        let done = self.seen.get(&unit.name).and_then(|seen| seen.done);
        if done.is_some_and(|(stamp, at)| stamp == unit.stamp && now < at + RELOOK) {
            look.done += 1;
            return;
        }
        let snapshot = Snapshot::of(&unit);
        let settled = self.settled(&unit.name, snapshot.pulse, now);
        let recorded = results.recorded(&unit.name, &snapshot.state);
        if recorded == Recorded::Same {
            self.note(&unit.name, |seen| seen.done = Some((unit.stamp, now)));
            look.done += 1;
            return;
        }
        self.note(&unit.name, |seen| seen.done = None);
        // A folder that was only just made.
        if snapshot.files == 0 && unit.kind == UnitKind::Folder {
            return;
        }
        let again = recorded == Recorded::Other;
        let batch = match unit.kind {
            UnitKind::Folder => batch_state(&unit.path),
            _ => BatchState::NoBatch,
        };
        let whole = match batch {
            BatchState::Open => {
                let mut told = false;
                self.note(&unit.name, |seen| told = std::mem::replace(&mut seen.told_open, true));
                if !told {
                    look.open_batches.push(unit.name);
                }
                return;
            }
            // What is added to a batch that was complete has no marker of its own.
            BatchState::Complete => !again || settled,
            BatchState::NoBatch => settled,
        };
        if whole {
            look.ready.push(Ready { unit, snapshot, again });
        } else {
            look.unsettled += 1;
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
