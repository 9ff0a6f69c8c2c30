//! Checks of creators: whose they are, what is played of them, and that their audio goes away in time.

use std::io;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Desk;
use super::media::{Silent, Sound};
use super::problem::Problem;
use super::security::Caller;
use super::stamp::now;
use super::state::{Check, Job, StateError, UploadRow};
use super::users::Role;
use crate::audio::DecodeOptions;
use crate::report::records::MatchRecord;
use crate::report::sound;

/// Folder, in that of the job, for papers that came with a check.
pub(super) const RECEIPTS: &str = "receipts";
/// Checks whose audio is deleted in one go.
const AT_ONCE: u32 = 50;
/// Services that may be chosen, and characters of their names.
const MAX_SERVICES: (usize, usize) = (40, 60);

/// What a creator wants to know, beside the audio and its declaration.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CheckWanted {
    /// Policies to be told about; none: all.
    services: Vec<String>,
    /// `none`, `cleared`, `uncleared`, or nothing.
    samples: String,
}

impl CheckWanted {
    pub(super) fn parse(text: &str) -> Result<CheckWanted, Problem> {
        let wanted: CheckWanted = serde_json::from_str(text)
            .map_err(|e| Problem::bad(format!("`check` cannot be read: {e}")))?;
        let is_name = |name: &String| {
            name.len() <= MAX_SERVICES.1
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        if wanted.services.len() > MAX_SERVICES.0 || !wanted.services.iter().all(is_name) {
            return Err(Problem::bad("`services` holds what is no name of a policy"));
        }
        match wanted.samples.as_str() {
            "" | "none" | "cleared" | "uncleared" => Ok(wanted),
            other => {
                Err(Problem::bad(format!("`samples` is none, cleared or uncleared: {other:?}")))
            }
        }
    }

    pub(super) fn of_job(self, job: &str, created_at: &str) -> Check {
        Check {
            job: job.to_owned(),
            services: self.services,
            samples: self.samples,
            created_at: created_at.to_owned(),
            deleted_at: None,
        }
    }
}

impl Desk {
    /// The check of this name, if `caller` may see it: whoever sent it, and reviewers.
    pub(super) fn check_of(&self, job: &str, caller: &Caller) -> Result<(Job, Check), Problem> {
        let none = || Problem::not_found("no such check");
        let check = self.store.check(job)?.ok_or_else(none)?;
        let job = self.store.job(job)?.ok_or_else(none)?;
        let is_own = job.sent_by.as_deref() == Some(caller.name.as_str());
        if is_own || caller.role >= Role::Review { Ok((job, check)) } else { Err(none()) }
    }

    /// The uploads of a check.
    pub(super) fn checked(&self, job: &Job) -> Result<Vec<UploadRow>, Problem> {
        let ids = self.store.uploads_of(&job.id)?;
        let rows = ids.iter().filter_map(|id| self.store.upload(id).transpose());
        Ok(rows.collect::<Result<_, StateError>>()?)
    }

    /// When the audio of a check is deleted, at the earliest.
    pub(super) fn goes_at(&self, check: &Check) -> Option<Timestamp> {
        let created: Timestamp = check.created_at.parse().ok()?;
        created.checked_add(SignedDuration::try_from(self.settings.checked_for).ok()?).ok()
    }

    /// Deletes audio and receipts of checks whose time is over.
    pub(super) fn delete_checked(&self) -> Result<(), StateError> {
        let kept = SignedDuration::try_from(self.settings.checked_for);
        let before = kept.ok().and_then(|kept| Timestamp::now().checked_sub(kept).ok());
        let Some(before) = before else { return Ok(()) };
        for job in self.store.due_checks(&before.to_string(), AT_ONCE)? {
            match self.remove_audio(&job) {
                Ok(()) => self.store.check_deleted(&job, &now())?,
                // It is tried again.
                Err(error) => {
                    self.say(&format!("audio of the check {job} cannot be deleted: {error}"))
                }
            }
        }
        Ok(())
    }

    /// Removes what was sent for a job, and what was made of it.
    fn remove_audio(&self, job: &str) -> io::Result<()> {
        let is_gone = |outcome: io::Result<()>| match outcome {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        let uploads = self.store.uploads_of(job).unwrap_or_default();
        for upload in uploads.iter().filter_map(|id| self.store.upload(id).ok().flatten()) {
            for kind in ["wav", "peaks.json", "tiles"].iter().filter(|_| !upload.sha256.is_empty())
            {
                let path = self.store.cache().join(format!("{}.{kind}", upload.sha256));
                is_gone(std::fs::remove_file(path))?;
            }
        }
        is_gone(std::fs::remove_dir_all(self.store.folder(job)))
    }

    /// The matched seconds of one side, as FLAC.
    pub(super) fn clip_of(
        &self,
        upload: &UploadRow,
        m: &MatchRecord,
        side: Side,
    ) -> Result<Vec<u8>, Problem> {
        let sound: Result<Sound, Silent> = match side {
            Side::Query => self.sound_of(upload),
            Side::Reference => self.reference_sound(m),
            Side::Peaks => {
                let evidence = self.evidence_of(upload, m)?;
                let clip = evidence.and_then(|evidence| sound::peaks_clip(&evidence, m));
                return clip.map(|clip| clip.flac).ok_or_else(|| Problem::not_found("no peaks"));
            }
        };
        let sound = sound.map_err(|why| Problem::not_found(why.words()))?;
        let decode = DecodeOptions { timeout: Duration::from_secs(60), ..DecodeOptions::default() };
        let is_query = side == Side::Query;
        // One file at a time; nothing of it is kept.
        let clip = self.decoded(
            || None,
            || {
                let clip = sound::clip(&sound.path, m, is_query, &decode);
                clip.ok_or_else(|| Problem::unusable("it cannot be decoded"))
            },
        )?;
        Ok(clip.flac)
    }
}

/// What of a match is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Query,
    Reference,
    Peaks,
}

impl Side {
    pub(super) const ALL: [Side; 3] = [Side::Query, Side::Reference, Side::Peaks];

    pub(super) fn file(self) -> &'static str {
        match self {
            Side::Query => "upload.flac",
            Side::Reference => "reference.flac",
            Side::Peaks => "peaks.flac",
        }
    }

    pub(super) fn of_file(name: &str) -> Option<Side> {
        Side::ALL.into_iter().find(|side| side.file() == name)
    }
}
