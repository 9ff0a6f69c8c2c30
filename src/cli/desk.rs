//! `soundalike desk`: looks after the state of `serve`: a copy, tables made anew, data erased.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use soundalike::serve::{self, EraseError, StateError, Whose};

use super::common::{Exit, Failure};
use super::decide::LogArgs;
use super::index::say;

#[derive(Debug, Args)]
pub(super) struct DeskArgs {
    #[command(subcommand)]
    command: DeskCommand,
}

#[derive(Debug, Subcommand)]
enum DeskCommand {
    /// Copy the state of a service, which may be running, with the log of decisions
    Backup(BackupArgs),
    /// Make the tables of the state anew from records and what else lies beside them
    Rebuild(RebuildArgs),
    /// Erase what is known of an upload or an account, while no service runs
    Erase(EraseArgs),
}

#[derive(Debug, Args)]
struct BackupArgs {
    /// The folder of the service
    #[arg(long, value_name = "DIR", env = "STATE_DIRECTORY")]
    state: PathBuf,
    /// Where the copy goes: a folder that is not there yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Leave out the audio that was sent
    #[arg(long)]
    no_audio: bool,
    #[command(flatten)]
    log: LogArgs,
}

#[derive(Debug, Args)]
struct RebuildArgs {
    /// The folder of the service
    #[arg(long, value_name = "DIR", env = "STATE_DIRECTORY")]
    state: PathBuf,
}

#[derive(Debug, Args)]
struct EraseArgs {
    /// The folder of the service
    #[arg(long, value_name = "DIR", env = "STATE_DIRECTORY")]
    state: PathBuf,
    /// The upload, by its name
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "account",
        conflicts_with = "account"
    )]
    upload: Option<String>,
    /// All uploads of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Index of earlier uploads, as `serve` has it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Why; it is kept, so name nobody
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs the command.
pub(super) fn run(args: &DeskArgs) -> Result<Exit, Failure> {
    match &args.command {
        DeskCommand::Backup(args) => backup(args),
        DeskCommand::Rebuild(args) => rebuild(args),
        DeskCommand::Erase(args) => erase(args),
    }
}

fn backup(args: &BackupArgs) -> Result<Exit, Failure> {
    let log = args.log.path()?;
    let done = serve::backup(&args.state, &args.to, Some(&log), !args.no_audio)?;
    let with = |is: bool| if is { "with" } else { "without" };
    say(&format!(
        "{}: {} uploads of {} jobs, {} files ({} bytes) beside the database; {} the log of decisions, {} audio",
        args.to.display(),
        done.uploads,
        done.jobs,
        done.files,
        done.bytes,
        with(done.log),
        with(done.audio),
    ))?;
    Ok(Exit::Clean)
}

fn rebuild(args: &RebuildArgs) -> Result<Exit, Failure> {
    let done = serve::rebuild(&args.state)?;
    let before = done.before.map(|path| format!("; the tables of before are {}", path.display()));
    say(&format!(
        "{} uploads of {} jobs, {} remarks; {} jobs are looked at again{}",
        done.uploads,
        done.jobs,
        done.notes,
        done.again,
        before.unwrap_or_default()
    ))?;
    Ok(Exit::Clean)
}

fn erase(args: &EraseArgs) -> Result<Exit, Failure> {
    let whose = match (&args.upload, &args.account) {
        (Some(upload), _) => Whose::Upload(upload.clone()),
        (None, account) => Whose::Account(account.clone().unwrap_or_default()),
    };
    let who = super::account::name().unwrap_or_else(|| "command line".to_owned());
    let uploads =
        serve::erase(&args.state, args.keep.as_deref(), &whose, (&who, args.reason.trim()))?;
    say(&format!(
        "{uploads} uploads erased; the log of decisions keeps its entries: paths of the time and hashes"
    ))?;
    Ok(Exit::Clean)
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Failure {
        Failure { exit: Exit::Unwritable, message: error.to_string() }
    }
}

impl From<EraseError> for Failure {
    fn from(error: EraseError) -> Failure {
        match error {
            EraseError::NoSuch(_) => Failure::usage(error.to_string()),
            EraseError::State(error) => error.into(),
            error => Failure { exit: Exit::Unwritable, message: error.to_string() },
        }
    }
}
