//! `soundalike allow` and `soundalike block`: make, list and take back decisions.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;
use soundalike::clock::exact;
use soundalike::decisions::change::{self, ChangeError, Proposal};
use soundalike::decisions::log::Torn;
use soundalike::decisions::place;
use soundalike::decisions::terms::{Expiry, parse_interval};
use soundalike::decisions::{Decision, Decisions, Effect, Identity, Status, Target};
use soundalike::declare::metadata::Metadata;
use soundalike::declare::text::visible;
use soundalike::engine::open;
use soundalike::indexer::{AddOptions, add};
use soundalike::params::FingerprintParams;
use soundalike::progress::{Cancel, Silent};
use soundalike_index::Reader;

use super::account;
use super::common::{Exit, Failure, warn};
use super::index::{ListFormat, line, open_writer, say};
use super::named::{Names, content_of};

/// Catalogue that blocked audio is added to.
const BLOCKLIST: &str = "blocklist";

#[derive(Debug, Subcommand)]
pub(super) enum DecideCommand {
    /// Make a decision
    #[command(after_long_help = super::examples::DECIDE)]
    Add(AddArgs),
    /// List the decisions in force
    List(ListArgs),
    /// Take decisions back
    Remove(RemoveArgs),
}

/// Where the log is.
#[derive(Debug, Args)]
pub(super) struct LogArgs {
    /// The log of decisions [default: INDEX.decisions.jsonl beside the index]
    #[arg(long, value_name = "FILE", env = "SOUNDALIKE_DECISIONS")]
    decisions: Option<PathBuf>,
    /// Folder of the index
    #[arg(long, value_name = "DIR", env = "SOUNDALIKE_INDEX")]
    index: Option<PathBuf>,
}

impl LogArgs {
    /// Path of the log.
    pub fn path(&self) -> Result<PathBuf, Failure> {
        log_path(self.decisions.as_deref(), self.index.as_deref())?.ok_or_else(|| {
            Failure::usage("where is the log of decisions? Give --decisions or --index")
        })
    }
}

/// Path of the log: the one named, or the one beside the index.
pub(super) fn log_path(
    decisions: Option<&Path>,
    index: Option<&Path>,
) -> Result<Option<PathBuf>, Failure> {
    let named = decisions.map(Path::to_owned);
    Ok(match (named, index) {
        (None, Some(index)) => Some(place::of_index(index)?),
        (named, _) => named,
    })
}

/// Who decides, and why.
#[derive(Debug, Args)]
struct WhyArgs {
    /// Why, for those who read the log later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who decides [default: $USER, $LOGNAME or the account that runs this]
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
}

impl WhyArgs {
    fn who(&self) -> Result<String, Failure> {
        let variable = |name| std::env::var(name).ok().filter(|who| !who.trim().is_empty());
        let who = self.who.clone().or_else(|| variable("USER")).or_else(|| variable("LOGNAME"));
        who.or_else(account::name).ok_or_else(|| Failure::usage("who decides? Give --who"))
    }
}

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Only this part of the reference, such as 0:12-0:31
    #[arg(long, value_name = "BEGIN-END")]
    interval: Option<String>,
    /// Until when it holds: a day (2027-01-31, to its end in UTC), a time, or a period (90d, 12w, 36h)
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    #[command(flatten)]
    why: WhyArgs,
    #[command(flatten)]
    log: LogArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

/// What is decided on. Files and references go by path, identifier (r_…) or SHA-256.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct TargetArgs {
    /// One file against another, whichever of them is the reference
    #[arg(long, num_args = 2, value_names = ["A", "B"])]
    pair: Option<Vec<String>>,
    /// One match or resemblance, by its identifier (m_…, w_…) in records, tables and pages: this file, and every copy of
    /// it, against that reference
    #[arg(long = "match", value_name = "ID")]
    matched: Option<String>,
    /// Whatever resembles this reference
    #[arg(long, value_name = "REF")]
    reference: Option<String>,
    /// This very file; `block` also adds its audio to the index given, to find copies of it
    #[arg(long, value_name = "FILE")]
    audio: Option<String>,
    /// Uploads that declare an ISRC of this registrant, such as USABC
    #[arg(long, value_name = "CODE")]
    registrant: Option<String>,
    /// Uploads of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    log: LogArgs,
    /// Also those that have expired or were removed
    #[arg(long)]
    all: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArgs {
    /// Decisions to take back (d_…)
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    #[command(flatten)]
    why: WhyArgs,
    #[command(flatten)]
    log: LogArgs,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

/// Runs the subcommand of `allow` or `block`.
pub(super) fn run(effect: Effect, command: DecideCommand) -> Result<Exit, Failure> {
    match command {
        DecideCommand::Add(args) => run_add(effect, &args),
        DecideCommand::List(args) => list(effect, &args),
        DecideCommand::Remove(args) => remove(effect, &args),
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Failure {
        match error {
            ChangeError::Log(error) => error.into(),
            ChangeError::OtherEffect { found, .. } => {
                Failure::usage(format!("{error}; use `soundalike {} remove`", found.name()))
            }
            _ => Failure::usage(error.to_string()),
        }
    }
}

/// What became of blocked audio in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Indexed {
    /// It is a reference now.
    Added,
    /// It was one before.
    Present,
    /// It cannot be one: nothing to fingerprint, or unreadable.
    Impossible,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "decision")]
struct DecisionRecord<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    indexed: Option<Indexed>,
}

impl<'a> DecisionRecord<'a> {
    fn new(decision: &'a Decision, status: &'a Status) -> DecisionRecord<'a> {
        let mut record = DecisionRecord {
            decision,
            status: "active",
            revoked_at: None,
            revoked_by: None,
            revoked_reason: None,
            indexed: None,
        };
        match status {
            Status::Active => {}
            Status::Expired => record.status = "expired",
            Status::Revoked { at, who, reason } => {
                record.status = "revoked";
                record.revoked_at = Some(*at);
                record.revoked_by = Some(who);
                record.revoked_reason = Some(reason);
            }
        }
        record
    }
}

fn run_add(effect: Effect, args: &AddArgs) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let path = args.log.path()?;
    let who = args.why.who()?;
    let expires = args.expires.as_deref().map(|text| Expiry::parse(text, now)).transpose();
    let expires = expires.map_err(|e| Failure::usage(format!("--expires: {e}")))?;
    let params = FingerprintParams::V2;
    let index = args.log.index.as_deref().map(|dir| open(dir, &params)).transpose()?;
    let target = target(args, index.as_ref())?;
    let index_id = index.as_ref().map(Reader::index_id);
    drop(index);
    // A damaged log is to be noticed before the index is changed.
    Decisions::load(&path, now)?;
    let audio = args.target.audio.as_deref().filter(|_| effect == Effect::Block);
    let indexed = match (audio, &args.log.index) {
        (Some(audio), Some(dir)) => Some(index_blocked(Path::new(audio), dir)?),
        _ => None,
    };
    let reason = args.why.reason.clone();
    let done =
        change::decide(&path, now, Proposal { effect, target, reason, who, expires, index_id })?;
    say_repaired(done.repaired);
    report_added(&done.decision, indexed, args.format)?;
    Ok(Exit::Clean)
}

fn report_added(
    decision: &Decision,
    indexed: Option<Indexed>,
    format: ListFormat,
) -> Result<(), Failure> {
    if format == ListFormat::Jsonl {
        let status = Status::Active;
        return line(&DecisionRecord { indexed, ..DecisionRecord::new(decision, &status) });
    }
    say(&described(decision, &Status::Active))?;
    let Target::Audio { sha256 } = &decision.target else { return Ok(()) };
    let ref_id = Identity::parse(sha256).map(|audio| audio.ref_id()).unwrap_or_default();
    match indexed {
        Some(Indexed::Added) => {
            say(&format!("added to the index as {ref_id}: copies of it are found"))
        }
        Some(Indexed::Present) => say(&format!("in the index as {ref_id}: copies of it are found")),
        None if decision.effect == Effect::Block => {
            say("this very file only; to find copies of it, give --index")
        }
        _ => Ok(()),
    }
}

/// Adds blocked audio to the index, so that copies are found that have other bytes.
fn index_blocked(file: &Path, dir: &Path) -> Result<Indexed, Failure> {
    let mut writer = open_writer(dir)?;
    let metadata = Metadata::default();
    let options = AddOptions {
        catalogue: Some(BLOCKLIST.to_owned()),
        ..AddOptions::new(&FingerprintParams::V2, &metadata)
    };
    let files = [file.to_owned()];
    let done = add(&mut writer, &files, &options, &Silent, &Cancel::new())?;
    if done.added > 0 {
        return Ok(Indexed::Added);
    }
    if done.present > 0 {
        return Ok(Indexed::Present);
    }
    let cause = match done.errors.first() {
        Some(error) => error.to_string(),
        None => format!("{}: nothing in it can be fingerprinted", file.display()),
    };
    warn(&format!("{cause}; this very file is blocked, but copies of it will not be found"));
    Ok(Indexed::Impossible)
}

/// What the options say is decided on.
fn target(args: &AddArgs, index: Option<&Reader>) -> Result<Target, Failure> {
    let names = Names { index };
    let TargetArgs { pair, matched, reference, audio, registrant, account } = &args.target;
    // Not clap's `requires`: it gives way where the required option conflicts with one given.
    if args.interval.is_some() && reference.is_none() {
        return Err(Failure::usage("--interval is a part of a reference; give --reference"));
    }
    let target = if let Some([a, b]) = pair.as_deref() {
        Target::pair(names.content(a)?, names.content(b)?)
    } else if let Some(id) = matched {
        Target::matched(id)
    } else if let Some(name) = reference {
        let (ref_id, length) = names.reference(name)?;
        match &args.interval {
            Some(interval) => Target::interval(&ref_id, checked_interval(interval, length)?),
            None => Target::reference(&ref_id),
        }
    } else if let Some(file) = audio {
        Target::audio(content_of(Path::new(file))?.as_str())
    } else if let Some(code) = registrant {
        Target::registrant(code)
    } else {
        Target::account(account.as_deref().unwrap_or_default())
    };
    target.map_err(|e| Failure::usage(e.to_string()))
}

fn checked_interval(text: &str, length: Option<u64>) -> Result<(u64, u64), Failure> {
    let interval = parse_interval(text).map_err(|e| Failure::usage(format!("--interval: {e}")))?;
    match length {
        Some(length) if interval.0 >= length => Err(Failure::usage(format!(
            "--interval: {text} begins after the end of the reference, {}",
            exact(length / 1000 * 1000)
        ))),
        _ => Ok(interval),
    }
}

fn list(effect: Effect, args: &ListArgs) -> Result<Exit, Failure> {
    let path = args.log.path()?;
    let decisions = Decisions::load(&path, Timestamp::now())?;
    say_torn(decisions.torn());
    let mut none = true;
    for (decision, status) in decisions.all() {
        if decision.effect != effect || !args.all && *status != Status::Active {
            continue;
        }
        none = false;
        match args.format {
            ListFormat::Jsonl => line(&DecisionRecord::new(decision, status))?,
            ListFormat::Text => say(&described(decision, status))?,
        }
    }
    if none && args.format == ListFormat::Text {
        let held = if args.all { "" } else { " in force" };
        warn(&format!("{}: no decisions to {}{held}", path.display(), effect.name()));
    }
    Ok(Exit::Clean)
}

fn remove(effect: Effect, args: &RemoveArgs) -> Result<Exit, Failure> {
    let (now, path, who) = (Timestamp::now(), args.log.path()?, args.why.who()?);
    // Opening to append creates; there is nothing to take back from a log that is not there.
    if !path.exists() {
        return Err(Failure::usage(format!("{}: there is no such log", path.display())));
    }
    for id in &args.ids {
        let done = change::revoke(&path, now, effect, id, &args.why.reason, &who)?;
        say_repaired(done.repaired);
        let reason = args.why.reason.trim().to_owned();
        let status = Status::Revoked { at: now, who: who.clone(), reason };
        match args.format {
            ListFormat::Jsonl => line(&DecisionRecord::new(&done.decision, &status))?,
            ListFormat::Text => say(&described(&done.decision, &status))?,
        }
        if let (Effect::Block, Target::Audio { sha256 }) = (effect, &done.decision.target)
            && let Some(audio) = Identity::parse(sha256)
        {
            let ref_id = audio.ref_id();
            warn(&format!(
                "if {ref_id} was added to an index, it is a reference there still; \
                 `soundalike index remove {ref_id}` takes it out"
            ));
        }
    }
    Ok(Exit::Clean)
}

/// A decision in one line.
pub(super) fn described(decision: &Decision, status: &Status) -> String {
    let Decision { id, effect, target, reason, who, at, expires, .. } = decision;
    let day = at.strftime("%Y-%m-%d");
    let until = expires.map(|expiry| format!(", until {expiry}")).unwrap_or_default();
    let status = match status {
        Status::Active => String::new(),
        Status::Expired => "  [expired]".to_owned(),
        Status::Revoked { at, who, reason } => {
            let (day, who) = (at.strftime("%Y-%m-%d"), visible(who));
            format!("  [removed {day} by {who}: {}]", visible(reason))
        }
    };
    let (id, who, reason) = (visible(id), visible(who), visible(reason));
    let target = visible(&target.to_string());
    format!("{id}  {day}  {} {target}{until}  ({who}: {reason}){status}", effect.name())
}

/// Says that the log had to be repaired.
pub(super) fn say_repaired(torn: Option<Torn>) {
    torn.iter().for_each(|torn| warn(&torn.repaired()));
}

/// Says that the log will be repaired.
pub(super) fn say_torn(torn: Option<Torn>) {
    torn.iter().for_each(|torn| warn(&torn.pending()));
}
