//! What the commands that judge uploads share: declarations, policies, decisions, exit status.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use soundalike::declare::declarations::Declarations;
use soundalike::declare::declared::{AiDisclosure, AiLevel, Declared, DeclaredIn, Rights};
use soundalike::declare::delivery::expand;
use soundalike::declare::manifest::columns;
use soundalike::engine::{Judge, Outcomes, Uploads, day};
use soundalike::level::Level;
use soundalike::policy::DEFAULT_PACK;
use soundalike::report::decide::Commands;
use soundalike::report::records::{Begin, ErrorRecord, Summary};

use super::common::{Exit, Failure, Format, INPUT, ListArgs, VERDICTS, warn};
use super::decide::{log_path, say_repaired, say_torn};
use super::policy::{PacksArg, warn_if_stale};

/// Uploads to look at; at least one.
#[derive(Debug, Args)]
pub(super) struct UploadArgs {
    #[command(flatten)]
    all: OptionalUploads,
}

impl UploadArgs {
    /// The uploads, in order, to be told in `format`; remarks go to standard error.
    pub fn collect(&self, format: Format) -> Result<Uploads, Failure> {
        if self.all.is_empty() {
            return Err(Failure::usage(
                "which files should be looked at? Give paths or --files-from",
            ));
        }
        self.all.collect(format)
    }
}

/// Uploads to look at, or none.
#[derive(Debug, Args)]
#[command(next_help_heading = INPUT)]
pub(super) struct OptionalUploads {
    /// Audio files, folders to walk, manifests (.csv .tsv .jsonl), DDEX messages (.xml), folders of DDEX
    /// releases or batches
    #[arg(value_name = "PATH", help_heading = None::<&str>)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    list: ListArgs,
    /// Table (.csv .tsv .jsonl) or DDEX message (.xml) that declares titles, artists, codes, accounts and
    /// use of generators of the files; may be given several times
    #[arg(long, value_name = "FILE", long_help = manifest_help())]
    manifest: Vec<PathBuf>,
    #[command(flatten)]
    declare: DeclareArgs,
}

/// What `--manifest` takes, with the columns that are known.
fn manifest_help() -> String {
    format!(
        "Table (.csv .tsv .jsonl) or DDEX message (.xml) that declares titles, artists, codes, accounts and use of \
         generators of the files; may be given several times.\n\nColumns, with some of their names (also in German, \
         French, Spanish, Portuguese and Italian; case, blanks and notes in brackets make no difference; \
         `soundalike columns` lists all): {}",
        columns::summary()
    )
}

/// What the command line declares about all uploads.
#[derive(Debug, Args)]
#[command(next_help_heading = "Declarations about all files")]
struct DeclareArgs {
    /// How much was made by a generator
    #[arg(long, value_enum, value_name = "LEVEL")]
    ai: Option<DeclaredAi>,
    /// The generator
    #[arg(long, value_name = "NAME")]
    ai_tool: Option<String>,
    /// The account that uploads
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The uploader states to hold the rights
    #[arg(long)]
    rights: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DeclaredAi {
    /// Nothing
    None,
    /// A part
    Partly,
    /// All of it
    All,
}

impl DeclareArgs {
    fn declared(&self) -> Option<Declared> {
        let level = match self.ai {
            Some(DeclaredAi::None) => AiLevel::None,
            Some(DeclaredAi::Partly) => AiLevel::Partly,
            Some(DeclaredAi::All) => AiLevel::All,
            None => AiLevel::Undeclared,
        };
        let declared = Declared {
            account: self.account.clone(),
            rights: if self.rights { Rights::Declared } else { Rights::Undeclared },
            ai: AiDisclosure {
                level,
                tool: self.ai_tool.clone(),
                source: self.ai.map(|_| DeclaredIn::Cli),
                ..AiDisclosure::default()
            },
            ..Declared::default()
        };
        (declared != Declared::default()).then_some(declared)
    }
}

impl OptionalUploads {
    /// Whether nothing was named.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.list.is_given()
    }

    /// The uploads, in order, to be told in `format`; remarks go to standard error.
    pub fn collect(&self, format: Format) -> Result<Uploads, Failure> {
        let mut paths = self.paths.clone();
        paths.extend(self.list.read()?);
        let mut uploads = Uploads::of_delivery(&expand(&paths));
        let mut declarations = Declarations::default();
        for file in &self.manifest {
            declarations.add_file(file).map_err(|e| Failure::usage(e.to_string()))?;
        }
        uploads.note(&declarations.warnings);
        uploads.errors.extend(declarations.errors.iter().map(ErrorRecord::from));
        let declared = self.declare.declared();
        uploads.describe(&declarations);
        for item in &mut uploads.items {
            item.declared.extend(declared.iter().map(|d| (DeclaredIn::Cli, d.clone())));
        }
        // What nobody looked at is part of the report; the rest is for whoever started the run.
        let told =
            uploads.notes.iter().filter(|note| !(note.is_not_looked_at() && format.tells_notes()));
        told.for_each(|note| warn(&note.to_string()));
        Ok(uploads)
    }
}

/// Policies, decisions and what a verdict means for the exit status.
#[derive(Debug, Args)]
#[command(next_help_heading = VERDICTS)]
pub(super) struct VerdictArgs {
    /// Policies to apply, separated by commas; the strictest wins (`soundalike policy list`)
    /// [default: generic]
    #[arg(long, value_name = "ID,…")]
    policy: Option<String>,
    #[command(flatten)]
    packs: PacksArg,
    /// Log of decisions (`soundalike allow`, `block`) [default: INDEX.decisions.jsonl beside the index]
    #[arg(long, value_name = "FILE", env = "SOUNDALIKE_DECISIONS")]
    decisions: Option<PathBuf>,
    /// Enter every verdict other than clear in the log of decisions
    #[arg(long)]
    pub audit: bool,
    /// Exit with 1 if a verdict is as grave as this, whatever matched [default: any match, or hold]
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
    /// Exit with 0 whatever is found
    #[arg(long)]
    exit_zero: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A person should look
    Review,
    /// Not to be delivered until decided
    Hold,
    /// Refused by a policy
    Reject,
}

impl FailOn {
    fn level(self) -> Level {
        match self {
            FailOn::Review => Level::Review,
            FailOn::Hold => Level::Hold,
            FailOn::Reject => Level::Reject,
        }
    }
}

impl VerdictArgs {
    /// Loads policies, and the decisions of the log named or of the one beside `index`.
    pub fn judge(&self, index: Option<&Path>, now: Timestamp) -> Result<Judge, Failure> {
        let set = self.packs.load()?;
        let packs = set.select(self.policy.as_deref().unwrap_or(DEFAULT_PACK))?;
        packs.iter().for_each(|pack| warn_if_stale(pack, day(now)));
        let log = log_path(self.decisions.as_deref(), index)?;
        if self.audit && log.is_none() {
            return Err(Failure::usage("where should verdicts be entered? Give --decisions"));
        }
        let judge = Judge::new(packs, self.policy.is_some()).with_programs_of(&set);
        let judge = match log {
            Some(log) => judge.with_decisions(log, now)?,
            None => judge,
        };
        say_torn(judge.torn());
        Ok(judge)
    }

    /// The commands by which a person decides, in the log named or the one beside `index`.
    pub fn commands(&self, index: Option<&Path>) -> Commands {
        Commands::new(index, self.decisions.as_deref())
    }

    /// Enters verdicts in the log of decisions, if that is wanted.
    pub fn audit(&self, judge: &Judge, begin: &Begin, outcomes: &Outcomes) -> Result<(), Failure> {
        if self.audit {
            say_repaired(judge.audit(begin, &outcomes.verdicts)?);
        }
        Ok(())
    }

    /// The exit status that a run calls for; `references` is how many it was compared with.
    pub fn exit(&self, summary: &Summary, references: usize) -> Exit {
        let worst = summary.verdicts.iter().filter(|(_, n)| **n > 0).map(|(level, _)| *level).max();
        let worst = worst.unwrap_or_default();
        let found = match self.fail_on {
            Some(line) => worst >= line.level(),
            None => summary.matches > 0 || worst >= Level::Hold,
        };
        let exit = exit(summary, found && !self.exit_zero);
        match exit {
            // A gate lets nothing pass that nobody looked at.
            Exit::Clean if self.fail_on.is_some() => gate(summary, references),
            exit => exit,
        }
    }
}

/// The exit status of a gate where nothing was found.
fn gate(summary: &Summary, references: usize) -> Exit {
    // A message that takes something down, or tells of it anew, sends nothing to look at.
    let is_nothing = summary.scanned == 0 && summary.without_files == 0;
    if is_nothing || summary.not_looked_at > 0 {
        Exit::Unreadable
    } else if references == 0 && summary.scanned > 0 {
        Exit::Index
    } else {
        Exit::Clean
    }
}

/// Says so where a run looked at nothing, and no message tells why.
pub(super) fn say_if_nothing(summary: &Summary) {
    if summary.scanned == 0 && summary.without_files == 0 && !summary.interrupted {
        warn("nothing was looked at");
    }
}

/// The exit status of a run that found something or not.
pub(super) fn exit(summary: &Summary, found: bool) -> Exit {
    if summary.interrupted {
        Exit::Interrupted
    } else if found {
        Exit::Found
    } else if summary.errors > 0 {
        Exit::Unreadable
    } else {
        Exit::Clean
    }
}
