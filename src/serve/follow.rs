//! Follows what others change meanwhile: the index, and the log of decisions.

use std::path::Path;
use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::Desk;
use super::state::StateError;
use crate::decisions::review::ReviewEntry;
use crate::decisions::{Decisions, Event, Followed, LogError};
use crate::engine::day;

/// Decisions expire without a change of any file.
const AT_LEAST: Duration = Duration::from_secs(60);

/// Size and time of change of a file.
type Stamp = Option<(u64, SystemTime)>;

/// The files as they were at the last look.
#[derive(Debug, Default)]
pub(super) struct Seen {
    seen: Option<(Vec<Stamp>, Instant)>,
}

fn stamp(path: &Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}

/// Why the reviews of the log cannot be taken over.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Desk {
    /// Takes over what changed: references, earlier uploads, decisions, reviews. Trouble is told and tried again.
    pub(super) fn look_around(&self) {
        let engine = self.engine();
        let mut files = Vec::new();
        files.extend(engine.references().map(|index| index.dir().join("MANIFEST")));
        files.extend(self.settings.keep.as_ref().map(|dir| dir.join("MANIFEST")));
        files.extend(engine.judge().log().map(Path::to_owned));
        let stamps: Vec<Stamp> = files.iter().map(|file| stamp(file)).collect();
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same =
            |(seen, at): &(Vec<Stamp>, Instant)| *seen == stamps && at.elapsed() < AT_LEAST;
        if followed.seen.as_ref().is_some_and(is_same) {
            return;
        }
        let now = Timestamp::now();
        let taken = self.engine_of(now).map_err(|e| e.to_string());
        let taken = taken.and_then(|_| self.take_reviews().map_err(|e| e.to_string()));
        let taken = taken.and_then(|()| {
            let (today, moment) = (day(now).to_string(), Timestamp::from_second(now.as_second()));
            let moment = moment.unwrap_or(now).to_string();
            self.store.unpark(&today, &moment).map(drop).map_err(|e| e.to_string())
        });
        match taken {
            Ok(()) => {
                self.trouble(None);
                followed.seen = Some((stamps, Instant::now()));
            }
            Err(message) => {
                if self.troubled().as_deref() != Some(message.as_str()) {
                    self.say(&message);
                }
                self.trouble(Some(message));
                // Not at once again: what cannot be read takes its time, too.
                followed.seen = Some((stamps, Instant::now()));
            }
        }
    }

    /// Takes reviews over from the log of decisions into the state.
    fn take_reviews(&self) -> Result<(), FollowError> {
        let mut decisions = self.decisions.lock().unwrap_or_else(PoisonError::into_inner);
        self.take_reviews_with(&mut decisions, Timestamp::now())
    }

    /// The same, and brings `decisions` up to date: of a log that goes on where it was read to, only what is new is
    /// read.
    pub(super) fn take_reviews_with(
        &self,
        decisions: &mut Decisions,
        now: Timestamp,
    ) -> Result<(), FollowError> {
        let Some(path) = self.log() else { return Ok(()) };
        let (known, head) = self.store.log_read()?;
        let chain = decisions.chain();
        if (chain.entries, chain.head.as_str()) != (known, head.as_str()) {
            // The state has not come as far, or further: what is between must be seen.
            *decisions = Decisions::default();
        }
        let mut reviews: Vec<(u64, String, ReviewEntry)> = Vec::new();
        // The log goes on where the state had read it to, or it is another one.
        let mut goes_on = known == 0;
        let how = decisions.catch_up(&path, now, &mut |entry| {
            goes_on |= entry.seq == known && entry.hash == head;
            if let Event::Review(review) = &entry.event {
                reviews.push((entry.seq, entry.at.to_string(), (**review).clone()));
            }
        })?;
        goes_on |= how == Followed::On;
        let chain = decisions.chain();
        if goes_on {
            reviews.retain(|(seq, ..)| *seq > known);
        }
        // Once it was looked at the log, even if that was empty, what comes is news.
        let is_news = !head.is_empty() && goes_on;
        if goes_on && chain.entries == known && !head.is_empty() {
            return Ok(());
        }
        let read = (chain.entries, chain.head.clone());
        Ok(self.store.take_reviews(&reviews, &read, (!goes_on, is_news))?)
    }
}
