//! What policies and decisions make of uploads: one judge for scans, watched folders and sweeps.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Error;
use crate::decisions::entry::PolicyVersion;
use crate::decisions::log::{Torn, append_verdicts, append_verdicts_once};
use crate::decisions::{Decisions, Effect, VerdictEntry};
use crate::level::Level;
use crate::matches::Match;
use crate::policy::{
    Batch, Finding, Observation, Observed, Pack, PackSet, Upload, Verdict, eligibility, judge,
    observe, observe_all,
};
use crate::report::records::{Begin, DecisionsInfo, PolicyInfo, VerdictRecord};

/// Policies and decisions as they are applied.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    packs: Vec<Pack>,
    /// What platforms of users' uploads say, whatever policies are applied.
    programs: Arc<Vec<Pack>>,
    chosen: bool,
    /// Shared: many hold the same, and each goes on from there.
    decisions: Option<Arc<Decisions>>,
    log: Option<PathBuf>,
}

/// What became of one upload.
#[derive(Debug, Default)]
pub struct Judged {
    /// What the policies make of it, gravest first.
    pub findings: Vec<Finding>,
    /// The gravest of that.
    pub verdict: Verdict,
    /// Decisions that took findings away or added them.
    pub decisions: Vec<String>,
    /// What was the case, before any policy.
    pub observed: Vec<Observed>,
}

impl Judged {
    /// The findings, and the record of the verdict on `upload`.
    pub(crate) fn recorded(self, upload: &Upload) -> (Vec<Finding>, VerdictRecord) {
        let verdict = VerdictRecord::new(upload, self.verdict, self.decisions);
        (self.findings, VerdictRecord { observed: self.observed, ..verdict })
    }
}

impl Judge {
    /// Judges by `packs`, of which the strictest decides; `chosen`: the user asked for them, so that what
    /// they want declared counts for bare files, too. Without packs nothing is judged.
    #[doc(hidden)]
    pub fn new(packs: Vec<Pack>, chosen: bool) -> Judge {
        Judge { packs, programs: built_in_programs(), chosen, ..Judge::default() }
    }

    /// Asks the platforms of users' uploads of `set`, in place of those built in.
    #[doc(hidden)]
    #[must_use]
    pub fn with_programs_of(self, set: &PackSet) -> Judge {
        Judge { programs: Arc::new(set.programs().cloned().collect()), ..self }
    }

    /// Judges by the built-in policies named in `list`, separated by commas: `generic`, `spotify,cdbaby`.
    ///
    /// # Errors
    /// There is no policy of one of the names.
    pub fn by_policies(list: &str) -> Result<Judge, Error> {
        Ok(Judge::new(PackSet::load(None)?.select(list)?, true))
    }

    /// Applies the decisions in the log at `path`, as they stand at `now`. A log that does not exist yet is
    /// empty.
    ///
    /// # Errors
    /// The log cannot be read, or it is damaged.
    pub fn with_decisions(mut self, path: PathBuf, now: Timestamp) -> Result<Judge, Error> {
        self.log = Some(path);
        self.refresh(now)?;
        Ok(self)
    }

    /// Reads the decisions again: some may have been made meanwhile.
    ///
    /// # Errors
    /// As for [`Judge::with_decisions`].
    pub fn refresh(&mut self, now: Timestamp) -> Result<(), Error> {
        let Some(log) = &self.log else { return Ok(()) };
        let known = self.decisions.get_or_insert_default();
        if !known.is_current(log, now) {
            Arc::make_mut(known).catch_up(log, now, &mut |_| {})?;
        }
        Ok(())
    }

    /// The same judge, by the first `entries` of the log alone, as far as they counted `then`; none where there is
    /// no log, or the same decisions are in force.
    ///
    /// # Errors
    /// The log cannot be read, or it is damaged.
    #[doc(hidden)]
    pub fn as_of(&self, entries: u64, then: Timestamp) -> Result<Option<Judge>, Error> {
        let Some(log) = &self.log else { return Ok(None) };
        let decisions = Some(Arc::new(Decisions::load_until(log, then, entries)?));
        let before = Judge { decisions, ..self.clone() };
        Ok((before.in_force() != self.in_force()).then_some(before))
    }

    /// Entries of the log that was read.
    #[doc(hidden)]
    pub fn decided_until(&self) -> u64 {
        self.decisions.as_ref().map_or(0, |decisions| decisions.chain().entries)
    }

    /// Names the decisions that are in force: the same as long as the same count.
    #[doc(hidden)]
    pub fn in_force(&self) -> String {
        self.decisions.as_ref().map_or_else(|| Decisions::default().in_force(), |d| d.in_force())
    }

    /// Where the decisions are kept.
    #[doc(hidden)]
    pub fn log(&self) -> Option<&std::path::Path> {
        self.log.as_deref()
    }

    /// The policies.
    #[doc(hidden)]
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// The incomplete end of the log, if it has one.
    #[doc(hidden)]
    pub fn torn(&self) -> Option<Torn> {
        self.decisions.as_ref()?.torn()
    }

    /// Says in the first record of a run what is applied.
    pub(crate) fn describe(&self, begin: &mut Begin, today: Date) {
        begin.policy = self.packs.iter().map(|pack| PolicyInfo::new(pack, today)).collect();
        let chain = self.decisions.as_ref().map(|d| d.chain()).filter(|c| c.entries > 0);
        begin.decisions = chain.map(|c| DecisionsInfo { entries: c.entries, head: c.head.clone() });
    }

    /// Applies standing decisions to the matches and resemblances of an upload and to the upload itself.
    pub(crate) fn rule(&self, upload: &mut Upload) {
        let Some(decisions) = &self.decisions else { return };
        let sha256 = upload.track.sha256_hex();
        let d = &upload.declared;
        let (account, isrc) = (d.account.as_deref(), d.isrc.as_deref());
        let blocked = decisions.upload_blocked(&sha256, account, isrc);
        upload.blocked_by = blocked.map(|decision| decision.id.clone());
        let allowed = decisions.upload_allowed(&sha256, account, isrc);
        upload.allowed_by = allowed.map(|decision| decision.id.clone());
        for m in &mut upload.matches {
            rule_match(decisions, m, &sha256, (account, isrc));
        }
        for r in &mut upload.resemblances {
            let (ref_id, there) = (r.reference.ref_id(), r.reference_ms);
            let allowed = decisions.resemblance_allowed(&sha256, &ref_id, account, isrc, there);
            r.allowed_by = allowed.map(|decision| decision.id.clone());
        }
    }

    /// Findings and verdict of each upload of a batch, in order; nothing without packs. `protected`: names
    /// of artists that must not be imitated.
    pub(crate) fn batch<'n>(
        &self,
        batch: Batch<'_>,
        protected: impl Iterator<Item = &'n str>,
    ) -> Vec<Judged> {
        if self.packs.is_empty() {
            return Vec::new();
        }
        let batch = batch.policy_chosen(self.chosen).protected_artists(protected);
        let observed = observe_all(&batch);
        let each = batch.uploads.iter().zip(observed);
        each.map(|(upload, observed)| self.judged(upload, &observed)).collect()
    }

    /// Judges one upload by what `concerns` it, without regard to others.
    pub(crate) fn alone(&self, upload: &Upload, concerns: fn(&Observation) -> bool) -> Judged {
        let batch = Batch::not_compared(std::slice::from_ref(upload));
        let mut observed = observe(&batch, 0);
        observed.retain(concerns);
        self.judged(upload, &observed)
    }

    fn judged(&self, upload: &Upload, observed: &[Observation]) -> Judged {
        let (findings, mut verdict) = judge(&upload.track.path, observed, &self.packs);
        if !self.packs.is_empty() {
            verdict.eligibility = eligibility(upload, observed, self.programs.iter(), &self.packs);
        }
        let observed = observed.iter().map(Observed::from).collect();
        Judged { findings, verdict, decisions: applied(upload), observed }
    }

    /// Enters those of `verdicts` that are not clear in the log of decisions; what had to be repaired first.
    ///
    /// # Errors
    /// The log cannot be written.
    #[doc(hidden)]
    pub fn audit(&self, begin: &Begin, verdicts: &[VerdictRecord]) -> Result<Option<Torn>, Error> {
        self.enter(begin, verdicts.iter().filter(|v| v.verdict > Level::Clear))
    }

    /// The same after a run that was cut short, which may have entered some of them: each once.
    ///
    /// # Errors
    /// The log cannot be read or written.
    #[doc(hidden)]
    pub fn audit_once(
        &self,
        begin: &Begin,
        verdicts: &[VerdictRecord],
    ) -> Result<Option<Torn>, Error> {
        self.enter_once(begin, verdicts.iter().filter(|v| v.verdict > Level::Clear))
    }

    /// Enters those of `verdicts` in the log of decisions that are not the last entered about their files.
    ///
    /// # Errors
    /// The log cannot be read or written.
    #[doc(hidden)]
    pub fn enter_once<'v>(
        &self,
        begin: &Begin,
        verdicts: impl Iterator<Item = &'v VerdictRecord>,
    ) -> Result<Option<Torn>, Error> {
        let Some(log) = &self.log else { return Ok(None) };
        Ok(append_verdicts_once(log, &self.entries(begin, verdicts))?)
    }

    /// Enters `verdicts` in the log of decisions, where there is one; what had to be repaired first.
    ///
    /// # Errors
    /// The log cannot be written.
    #[doc(hidden)]
    pub fn enter<'v>(
        &self,
        begin: &Begin,
        verdicts: impl Iterator<Item = &'v VerdictRecord>,
    ) -> Result<Option<Torn>, Error> {
        let Some(log) = &self.log else { return Ok(None) };
        Ok(append_verdicts(log, &self.entries(begin, verdicts))?)
    }

    fn entries<'v>(
        &self,
        begin: &Begin,
        verdicts: impl Iterator<Item = &'v VerdictRecord>,
    ) -> Vec<VerdictEntry> {
        let policies: Vec<PolicyVersion> = self.packs.iter().map(version).collect();
        verdicts.map(|v| entry(begin, policies.clone(), v)).collect()
    }
}

/// The packs of the program that speak for platforms of users' uploads; read once.
fn built_in_programs() -> Arc<Vec<Pack>> {
    static PROGRAMS: OnceLock<Arc<Vec<Pack>>> = OnceLock::new();
    let read = || PackSet::load(None).map(|set| set.programs().cloned().collect());
    PROGRAMS.get_or_init(|| Arc::new(read().unwrap_or_default())).clone()
}

fn rule_match(
    decisions: &Decisions,
    m: &mut Match,
    sha256: &str,
    (account, isrc): (Option<&str>, Option<&str>),
) {
    let (reference, there) = (m.reference.ref_id(), m.reference_spans());
    let Some(decision) = decisions.match_ruling(sha256, &reference, account, isrc, &there) else {
        return;
    };
    let id = Some(decision.id.clone());
    match decision.effect {
        Effect::Allow => m.allowed_by = id,
        Effect::Block => m.blocked_by = id,
    }
}

/// The decisions that played a part.
fn applied(upload: &Upload) -> Vec<String> {
    let of_matches = upload.matches.iter().flat_map(|m| m.allowed_by.iter().chain(&m.blocked_by));
    let of_resemblances = upload.resemblances.iter().flat_map(|r| &r.allowed_by);
    let of_upload = upload.blocked_by.iter().chain(&upload.allowed_by);
    let all: BTreeSet<&String> = of_matches.chain(of_resemblances).chain(of_upload).collect();
    all.into_iter().cloned().collect()
}

fn version(pack: &Pack) -> PolicyVersion {
    PolicyVersion { id: pack.id.clone(), version: pack.version.clone() }
}

fn entry(begin: &Begin, policies: Vec<PolicyVersion>, v: &VerdictRecord) -> VerdictEntry {
    VerdictEntry {
        subject: v.subject.clone(),
        sha256: v.sha256.clone(),
        verdict: v.verdict.name().to_owned(),
        rules: v.reasons.iter().map(|rule| rule.id().to_owned()).collect(),
        index_id: begin.index.as_ref().map(|index| index.id.clone()),
        policies,
        decisions: v.decisions.clone(),
        scan_id: begin.scan_id.clone(),
        started_at: begin.started_at.map(|time| time.to_string()),
        tool_version: begin.tool_version.to_string(),
        scan_params: begin.scan_params.clone(),
    }
}

/// The day of `time` in UTC.
pub fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}
