//! `soundalike audit`: read and check the log of decisions and verdicts.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;
use soundalike::counted::{agree, count};
use soundalike::decisions::entry::{Repair, Revocation};
use soundalike::decisions::log::{self, Verified};
use soundalike::decisions::review::ReviewEntry;
use soundalike::decisions::{Entry, Event, LogError, Status, VerdictEntry};
use soundalike::declare::text::visible;
use soundalike::id::path_text;

use super::common::{Exit, Failure};
use super::decide::{LogArgs, described, say_torn};
use super::index::{ListFormat, line, say};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List the entries, oldest first
    List(ListArgs),
    /// Check that no entry was edited, removed, inserted or moved
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    log: LogArgs,
    /// Only entries of this kind; may be given several times
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Event::KINDS))]
    kind: Vec<String>,
    /// Only entries about this decision, file (path as scanned, SHA-256), reference, account or registrant
    #[arg(long, value_name = "NAME")]
    about: Option<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    log: LogArgs,
    /// Also check that the entry with this hash is there still: `decisions.head` of a scan's first
    /// record. Shows whether entries are missing at the end
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    format: ListFormat,
}

/// Runs the subcommand.
pub(super) fn run(command: AuditCommand) -> Result<Exit, Failure> {
    match command {
        AuditCommand::List(args) => list(&args),
        AuditCommand::Verify(args) => verify(&args),
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "audit_entry")]
struct EntryRecord<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
}

fn missing(path: &std::path::Path) -> Failure {
    let message = format!("{}: there is no such log of decisions", path.display());
    Failure { exit: Exit::Index, message }
}

fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let path = args.log.path()?;
    let mut entries = log::open(&path)?.ok_or_else(|| missing(&path))?;
    for entry in entries.by_ref() {
        let entry = entry?;
        let kind = args.kind.is_empty() || args.kind.iter().any(|k| k == entry.event.kind());
        if !kind || args.about.as_ref().is_some_and(|what| !entry.is_about(what)) {
            continue;
        }
        match args.format {
            ListFormat::Jsonl => line(&EntryRecord { entry: &entry })?,
            ListFormat::Text => say(&told(&entry))?,
        }
    }
    say_torn(entries.torn());
    Ok(Exit::Clean)
}

/// An entry in one line.
fn told(entry: &Entry) -> String {
    let what = match &entry.event {
        Event::Allow(_) | Event::Block(_) => {
            entry.decisions().iter().map(|d| described(d, &Status::Active)).collect()
        }
        Event::Revoke(Revocation { id, reason, who }) => {
            format!("{}  ({}: {})", visible(id), visible(who), visible(reason))
        }
        Event::Verdict(verdict) => told_verdict(verdict),
        Event::Review(review) => told_review(review),
        Event::Repair(Repair { removed_bytes, .. }) => {
            format!(
                "an incomplete line of {} was cut off",
                count(*removed_bytes as usize, "byte", "bytes")
            )
        }
    };
    format!("{:>6}  {}  {:<7}  {what}", entry.seq, entry.at, entry.event.kind())
}

fn told_verdict(verdict: &VerdictEntry) -> String {
    let mut grounds = verdict.rules.clone();
    grounds.extend(verdict.decisions.iter().map(|id| format!("decision {id}")));
    grounds.extend(verdict.policies.iter().map(|p| format!("policy {} {}", p.id, p.version)));
    grounds.extend(verdict.index_id.iter().map(|id| format!("index {id}")));
    grounds.extend(verdict.scan_params.iter().map(|id| format!("scan parameters {id}")));
    grounds.extend(verdict.started_at.iter().map(|time| format!("scan of {time}")));
    let text = format!("{}  {}  ({})", verdict.verdict, verdict.subject, grounds.join(", "));
    visible(&text)
}

/// "d_…  pass  in/a.mp3  (ana: licence 2026-117)".
fn told_review(review: &ReviewEntry) -> String {
    let undone = review.undoes.iter().map(|id| format!(", takes back {id}"));
    let until = review.until.iter().map(|until| format!(", until {until}"));
    let (made, ended) = (review.made.len(), review.ended.len());
    let made = (made > 0).then(|| format!(", makes {}", count(made, "decision", "decisions")));
    let ended = (ended > 0).then(|| format!(", ends {}", count(ended, "decision", "decisions")));
    let more: String = undone.chain(until).chain(made).chain(ended).collect();
    let (action, ReviewEntry { id, subject, who, reason, .. }) = (review.action.name(), review);
    visible(&format!("{id}  {action}  {subject}{more}  ({who}: {reason})"))
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "audit_verify")]
struct VerifyRecord {
    sound: bool,
    /// Sound entries; up to the first fault, if there is one.
    entries: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let path = args.log.path()?;
    let wanted = args.head.as_ref().map(|head| head.trim().to_ascii_lowercase());
    let record = match log::verify(&path, wanted.as_deref()) {
        Ok(None) => return Err(missing(&path)),
        Ok(Some(verified)) => judged(verified, wanted.as_deref()),
        Err(LogError::Damaged { line, fault, .. }) => VerifyRecord {
            sound: false,
            entries: line - 1,
            head: None,
            line: Some(line),
            problem: Some(fault.to_string()),
        },
        Err(error) => return Err(error.into()),
    };
    if args.format == ListFormat::Jsonl {
        line(&record)?;
    } else if let Some(problem) = &record.problem {
        let place = record.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let path = visible(&path_text(&path));
        say(&format!("{path}{place}: {}", visible(problem)))?;
        let entries = record.entries as usize;
        say(&format!(
            "{} {} sound",
            count(entries, "entry", "entries"),
            agree(entries, "is", "are")
        ))?;
    } else {
        say(&format!(
            "{}, each follows the one before it; head {}",
            count(record.entries as usize, "entry", "entries"),
            record.head.as_deref().unwrap_or_default()
        ))?;
    }
    Ok(if record.sound { Exit::Clean } else { Exit::Index })
}

fn judged(verified: Verified, wanted: Option<&str>) -> VerifyRecord {
    let Verified { chain, torn, found } = verified;
    let (mut line, mut problem) = (None, None);
    if let Some(torn) = torn {
        line = Some(torn.line);
        problem = Some(
            "the line is incomplete, left by a run that was cut short; the next decision or scan \
             repairs that"
                .to_owned(),
        );
    }
    if let Some(head) = wanted.filter(|_| found.is_none()) {
        line = None;
        problem = Some(format!(
            "there is no entry with the hash {}: entries are missing at the end, or this is another log",
            visible(head)
        ));
    }
    let sound = problem.is_none();
    VerifyRecord { sound, entries: chain.entries, head: Some(chain.head), line, problem }
}
