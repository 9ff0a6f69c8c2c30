//! What several subcommands share: exit codes, input and decoding options, Ctrl-C.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use soundalike::audio::DecodeOptions;
use soundalike::credentials::TrustList;
use soundalike::decisions::LogError;
use soundalike::declare::inputs::{self, InputError, Inputs};
use soundalike::declare::text::visible;
use soundalike::engine::{Error as EngineError, Listening};
use soundalike::progress::Cancel;
use soundalike::report::csv::Csv;
use soundalike::report::decide::Commands;
use soundalike::report::look::Ink;
use soundalike::report::text::Text;
use soundalike::report::{JsonLines, Report};
use soundalike_index::Error as IndexError;

use super::bar;
use super::screen::{GLOBAL, Screen, look, tell};

/// Headings of options.
pub(super) const INPUT: &str = "Input";
pub(super) const COMPARISON: &str = "Comparison";
pub(super) const OUTPUT: &str = "Output";
pub(super) const VERDICTS: &str = "Verdicts";

/// Environment variable that pins the time of a run.
const EPOCH_VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// How a run ended, as scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, nothing found.
    Clean = 0,
    /// Matches found.
    Found = 1,
    /// The command line or an option file is wrong.
    Usage = 2,
    /// Done, but some inputs could not be read (and nothing was found).
    Unreadable = 3,
    /// The index is missing, damaged or incompatible; or the decision log is damaged.
    Index = 4,
    /// Another process is writing to the index.
    Locked = 5,
    /// A bug.
    Internal = 70,
    /// Output, an index or temporary files cannot be written: the disk is full, or not for us.
    Unwritable = 74,
    /// Ctrl-C; what was done is kept.
    Interrupted = 130,
}

/// An error that ends the run.
#[derive(Debug)]
pub struct Failure {
    /// The status to exit with.
    pub exit: Exit,
    /// What happened, for people.
    pub message: String,
}

impl Failure {
    /// A failure that is nobody's mistake but ours or the system's.
    pub fn internal(message: impl Into<String>) -> Failure {
        Failure { exit: Exit::Internal, message: message.into() }
    }

    /// An index that cannot be written: as for one that is read, but what the system refuses is no damage.
    pub fn writing(error: IndexError) -> Failure {
        match error {
            IndexError::Io { .. } => Failure { exit: Exit::Unwritable, message: error.to_string() },
            error => error.into(),
        }
    }

    /// A mistake in what the user asked for.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure { exit: Exit::Usage, message: message.into() }
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Failure {
        let (exit, hint) = match &error {
            IndexError::Locked { .. } | IndexError::Displaced { .. } => (Exit::Locked, ""),
            IndexError::NotAnIndex { .. } => (Exit::Index, "; `soundalike index add` creates one"),
            IndexError::ParamsMismatch { .. } => {
                (Exit::Index, "; build the index anew with this version")
            }
            IndexError::Io { source, .. } if is_about_writing(source) => (Exit::Unwritable, ""),
            IndexError::Corrupt { .. } => {
                (Exit::Index, "; `soundalike index verify` lists what is damaged")
            }
            _ => (Exit::Index, ""),
        };
        Failure { exit, message: format!("{error}{hint}") }
    }
}

/// Errors that only writing brings about.
fn is_about_writing(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), FileTooLarge | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Failure {
        if let LogError::Io { source, .. } = &error
            && is_about_writing(source)
        {
            return Failure { exit: Exit::Unwritable, message: error.to_string() };
        }
        let hint = match &error {
            LogError::Damaged { .. } => {
                "; put back a copy of it, or begin another with --decisions"
            }
            _ => "",
        };
        Failure { exit: Exit::Index, message: format!("{error}{hint}") }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Failure {
        Failure::usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    /// Output errors only: a reader that has seen enough (`| head`) is no failure.
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure { exit: Exit::Clean, message: String::new() };
        }
        let message = format!("cannot write the output: {error}");
        Failure { exit: Exit::Unwritable, message }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        match error {
            EngineError::Output(error) => error.into(),
            EngineError::Index(error) | EngineError::Scratch(error @ IndexError::Locked { .. }) => {
                error.into()
            }
            EngineError::Decisions(error) => error.into(),
            EngineError::Scratch(_) => {
                Failure { exit: Exit::Unwritable, message: error.to_string() }
            }
            error => Failure::usage(error.to_string()),
        }
    }
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A few lines per file, for people
    Text,
    /// One JSON object a line, for programs
    Jsonl,
    /// A table with stable columns
    Csv,
}

impl Format {
    /// Whether remarks are part of the output.
    pub fn tells_notes(self) -> bool {
        self != Format::Csv
    }

    /// A report of this form on standard output; text names `commands` to decide on what was found.
    pub fn report(self, commands: Commands) -> io::Result<Box<dyn Report>> {
        let out = Screen::default();
        Ok(match self {
            Format::Text => Box::new(Text::new(out).looking(look()).deciding(commands)),
            Format::Jsonl => Box::new(JsonLines(out)),
            Format::Csv => Box::new(Csv::new(out)?),
        })
    }
}

/// Files to read.
#[derive(Debug, Args)]
#[command(next_help_heading = INPUT)]
pub struct InputArgs {
    /// Audio files, or folders to walk
    #[arg(value_name = "PATH", required_unless_present = "files_from", help_heading = None::<&str>)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    list: ListArgs,
}

/// A list of paths.
#[derive(Debug, Args)]
#[command(next_help_heading = INPUT)]
pub struct ListArgs {
    /// Also read the paths listed in FILE, one a line (`-`: standard input)
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Paths in that list end with a zero byte, as `find -print0` writes them
    #[arg(long, short = '0', requires = "files_from")]
    null: bool,
}

impl ListArgs {
    /// Whether a list is given.
    pub fn is_given(&self) -> bool {
        self.files_from.is_some()
    }

    /// The paths listed.
    pub fn read(&self) -> Result<Vec<PathBuf>, Failure> {
        match &self.files_from {
            None => Ok(Vec::new()),
            Some(list) if self.null => Ok(inputs::read_null_list(list)?),
            Some(list) => Ok(inputs::read_list(list)?),
        }
    }
}

impl InputArgs {
    /// The files, in order.
    pub fn collect(&self) -> Result<Inputs, Failure> {
        let mut paths = self.paths.clone();
        paths.extend(self.list.read()?);
        let found = inputs::collect(&paths);
        for folder in &found.empty_folders {
            warn(&format!("{}: no audio files in this folder", folder.display()));
        }
        for other in &found.others {
            warn(&format!("{}: not looked at: {}", other.path.display(), other.why));
        }
        for (link, file) in &found.links {
            let (link, file) = (link.display(), file.display());
            warn(&format!("{link}: leads to the same file as {file}; it is taken once"));
        }
        Ok(found)
    }
}

/// The time that a run goes by.
#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
pub struct TimeArg {
    /// Take this for the time of the run (RFC 3339), in output and for what expires [default: the clock; for
    /// output $SOURCE_DATE_EPOCH, if it is set]
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
}

impl TimeArg {
    /// The time by which decisions expire and policies become stale: the one given, or that of the clock.
    pub fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }

    /// The time that output tells: the one given, that of the environment (seconds since 1970, as reproducible
    /// builds have it), or that of the clock. The environment never brings back a decision that has expired:
    /// build tools set the variable for purposes of their own.
    pub fn shown(&self) -> Result<Timestamp, Failure> {
        let Some(text) = std::env::var_os(EPOCH_VARIABLE).filter(|text| !text.is_empty()) else {
            return Ok(self.now());
        };
        if self.now.is_some() {
            return Ok(self.now());
        }
        let seconds = text.to_str().and_then(|text| text.trim().parse().ok());
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.ok_or_else(|| {
            let text = text.to_string_lossy();
            Failure::usage(format!("{EPOCH_VARIABLE} is no time in seconds since 1970: {text:?}"))
        })
    }
}

/// Decoding caps and parallelism.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct WorkArgs {
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Give up on a file after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout_per_file: u64,
    /// Read at most this many minutes of a file (48 hours at most)
    #[arg(long, value_name = "MINUTES", default_value_t = 360,
          value_parser = clap::value_parser!(u64).range(1..=2880))]
    max_minutes: u64,
    /// No progress bar
    #[arg(long, short, help_heading = GLOBAL)]
    pub quiet: bool,
}

impl WorkArgs {
    /// Decoding caps.
    pub fn decode_options(&self) -> DecodeOptions {
        DecodeOptions {
            max_duration: Duration::from_secs(self.max_minutes.saturating_mul(60)),
            timeout: Duration::from_secs(self.timeout_per_file),
            ..DecodeOptions::default()
        }
    }

    /// Sets the size of the thread pool; call once.
    pub fn start_threads(&self) -> Result<(), Failure> {
        let threads = self.threads.map_or(0, usize::from);
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|e| Failure::internal(format!("cannot start threads: {e}")))
    }
}

/// Turns Ctrl-C and SIGTERM into a request to stop; the second time it is no request.
pub fn cancel_on_interrupt() -> &'static Cancel {
    static CANCEL: LazyLock<Cancel> = LazyLock::new(Cancel::new);
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    INSTALLED.get_or_init(|| ctrlc::set_handler(stop).is_ok());
    fn stop() {
        if CANCEL.is_cancelled() {
            // Asked twice: at once. What is on disk is whole at any moment. The bar may be behind a terminal that
            // takes nothing, which is not waited for.
            let cleared = std::thread::spawn(bar::clear);
            for _ in 0..20 {
                if cleared.is_finished() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            std::process::exit(Exit::Interrupted as i32);
        }
        CANCEL.cancel();
    }
    &CANCEL
}

/// A line on standard error; what names of files would command the terminal is left out.
pub fn warn(message: &str) {
    tell(Ink::Heading, &visible(message));
}

/// The same about what ends the run.
pub fn fail(message: &str) {
    tell(Ink::Error, &visible(message));
}

/// What is listened for with `--works`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WorksArg {
    /// Chords
    Harmony,
    /// Chords and the tune, which costs several times as much as indexing alone
    All,
}

impl WorksArg {
    /// As the engine knows it.
    pub fn listening(works: Option<WorksArg>) -> Listening {
        match works {
            None => Listening::Recordings,
            Some(WorksArg::Harmony) => Listening::Harmony,
            Some(WorksArg::All) => Listening::All,
        }
    }
}

/// Whose signatures are trusted.
#[derive(Debug, Args)]
pub(super) struct TrustArg {
    /// Trust signed credentials (C2PA) of those whose certificates, or whose authorities', are in FILE (PEM); without it
    /// no signer is known
    #[arg(long, value_name = "FILE", help_heading = COMPARISON)]
    trust: Option<PathBuf>,
}

impl TrustArg {
    /// The list.
    pub fn list(&self) -> Result<Option<Arc<TrustList>>, Failure> {
        let list = self.trust.as_deref().map(TrustList::open).transpose();
        list.map(|list| list.map(Arc::new)).map_err(|error| Failure::usage(error.to_string()))
    }
}

/// Looking for what references play.
#[derive(Debug, Args)]
pub(super) struct WorksArgs {
    /// Look for what the references play, too, in files that are no copies: the same chords, or the same tune, on other
    /// instruments, in another key and tempo; an index must have been made with `index add --works`
    #[arg(
        long,
        value_enum,
        value_name = "CHANNELS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        help_heading = COMPARISON
    )]
    works: Option<WorksArg>,
}

impl WorksArgs {
    /// What is looked for.
    pub fn listening(&self) -> Listening {
        WorksArg::listening(self.works)
    }
}
