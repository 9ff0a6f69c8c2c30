//! `soundalike watch`: deliveries as they come into a folder, each looked into once it is whole.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use soundalike::engine::{Engine, Index};
use soundalike::id::digest_name;
use soundalike::watch::{ResultStore, Service, ServiceError, ServiceOptions, WatchError, sleep};

use super::bar::Bar;
use super::common::{
    COMPARISON, Exit, Failure, OUTPUT, TrustArg, WorkArgs, WorksArgs, cancel_on_interrupt, warn,
};
use super::review::VerdictArgs;
use super::scan::{DepthArg, say_earlier_without_works};
use super::standing::Standing;

/// Longest pause after something went wrong that is not the fault of a delivery.
const MAX_PAUSE: Duration = Duration::from_secs(600);

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Folder in which deliveries arrive: each folder in it (a DDEX batch, a release, files), each audio
    /// file and each manifest with the files it names is one
    #[arg(value_name = "DIR")]
    queue: PathBuf,
    /// Index of references [default: $SOUNDALIKE_INDEX]
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    index: Option<PathBuf>,
    /// Write results into this folder, which should not lie where senders can write [default: beside the
    /// deliveries]
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    out: Option<PathBuf>,
    /// Keep what is done in this folder [default: with the results if they lie outside of DIR; else
    /// $STATE_DIRECTORY, $XDG_STATE_HOME/soundalike or ~/.local/state/soundalike]
    #[arg(long, value_name = "DIR", help_heading = OUTPUT)]
    state: Option<PathBuf>,
    /// Index of earlier uploads, to find near-duplicates of what came before
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    earlier: Option<PathBuf>,
    /// The same, and every delivery is added to it once it was looked into
    #[arg(long, value_name = "DIR", conflicts_with = "earlier", help_heading = COMPARISON)]
    keep: Option<PathBuf>,
    /// A delivery without a DDEX marker is whole when nothing in it has changed for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
          value_parser = clap::value_parser!(u64).range(0..=86_400), help_heading = "Waiting")]
    settle: u64,
    /// Look at the folder so often
    #[arg(long, value_name = "SECONDS", default_value_t = 10,
          value_parser = clap::value_parser!(u64).range(1..=86_400), help_heading = "Waiting")]
    interval: u64,
    /// Look into what is whole now (after waiting for --settle) and end
    #[arg(long, help_heading = "Waiting")]
    once: bool,
    /// Take this for the time of the run (RFC 3339), by which decisions expire [default: the clock]
    #[arg(long, value_name = "TIME", requires = "once", help_heading = "Waiting")]
    now: Option<Timestamp>,
    #[command(flatten)]
    works: WorksArgs,
    #[command(flatten)]
    trust: TrustArg,
    /// How closely to look at what is longer than 12 s: `thorough` finds a few damaged seconds in it more often
    #[arg(long, value_enum, default_value_t = DepthArg::Standard, help_heading = COMPARISON)]
    depth: DepthArg,
    /// Also write a page for people (.html)
    #[arg(long, help_heading = OUTPUT)]
    report: bool,
    /// Also write a table (.csv)
    #[arg(long, help_heading = OUTPUT)]
    csv: bool,
    #[command(flatten)]
    verdicts: VerdictArgs,
    #[command(flatten)]
    work: WorkArgs,
}

/// Runs the command.
pub(super) fn run(args: WatchArgs) -> Result<Exit, Failure> {
    let cancel = cancel_on_interrupt();
    args.work.start_threads()?;
    // Everything is opened once, so that a mistake shows at the start and not with the first delivery.
    let (results, engine) = open(&args)?;
    let quiet = args.work.quiet;
    let references = engine.references().map_or(0, Index::len);
    if references == 0 {
        warn("the index is empty: there is nothing to compare deliveries with");
    }
    let options = ServiceOptions {
        keep: args.keep.clone(),
        audit: args.verdicts.audit,
        page: args.report,
        table: args.csv,
        say: &|text| warn(text),
        progress: &|| Box::new(Bar::new(quiet)),
        exit: &|summary| args.verdicts.exit(summary, references) as u8,
        cancel,
        clock: &|| args.now.unwrap_or_else(Timestamp::now),
    };
    let index = engine.references().map(|index| index.dir().to_owned());
    // Results beside the deliveries lie in the folder itself, which is no part of it.
    let own =
        [index, args.out.clone(), args.earlier.clone(), args.keep.clone(), args.state.clone()];
    let own = own.into_iter().flatten();
    let settle = Duration::from_secs(args.settle);
    let mut service = Service::new(&args.queue, own, settle, results, engine, options)?;
    let out = args.out.as_ref().unwrap_or(&args.queue);
    warn(&format!("watching {}, results go to {}", args.queue.display(), out.display()));
    if args.once {
        let summaries = service.once()?;
        let worst = worst(summaries.iter().map(|summary| args.verdicts.exit(summary, references)));
        return Ok(if cancel.is_cancelled() { Exit::Interrupted } else { worst });
    }
    let interval = Duration::from_secs(args.interval);
    let mut pause = interval;
    while !cancel.is_cancelled() {
        match service.round() {
            Ok(_) => pause = interval,
            Err(error) => {
                pause = (2 * pause).min(MAX_PAUSE);
                let message = Failure::from(error).message;
                warn(&format!("{message}; next attempt in {} s", pause.as_secs()));
            }
        }
        sleep(pause, cancel);
    }
    warn("stopped");
    Ok(Exit::Interrupted)
}

/// Opens what deliveries are compared with and judged by, and where results go.
fn open(args: &WatchArgs) -> Result<(ResultStore, Engine), Failure> {
    if !args.queue.is_dir() {
        return Err(Failure::usage(format!("{} is no folder", args.queue.display())));
    }
    let engine = Standing {
        compared: "deliveries",
        index: args.index.as_deref(),
        keep: args.keep.as_deref(),
        verdicts: &args.verdicts,
        work: &args.work,
        depth: &args.depth,
        works: args.works.listening(),
        trust: &args.trust,
    }
    .engine()?;
    let results = result_store(args)?;
    Ok((
        results,
        match args.earlier.as_ref().or(args.keep.as_ref()) {
            Some(earlier) => {
                let engine = engine.with_earlier(Index::open(earlier)?);
                say_earlier_without_works(&engine);
                engine
            }
            None => engine,
        },
    ))
}

/// Where results go, and where it is kept what is done: where senders can write, that would prove nothing.
fn result_store(args: &WatchArgs) -> Result<ResultStore, Failure> {
    let out = args.out.as_ref().unwrap_or(&args.queue);
    std::fs::create_dir_all(out).map_err(WatchError::io(out))?;
    let in_queue = |path: &Path| -> Result<bool, Failure> {
        let (path, queue) = (path.canonicalize(), args.queue.canonicalize());
        Ok(path.map_err(WatchError::io(out))?.starts_with(queue.map_err(WatchError::io(out))?))
    };
    if !in_queue(out)? && args.state.is_none() {
        return Ok(ResultStore::open(out)?);
    }
    let state = match &args.state {
        Some(state) => state.clone(),
        None => state_of(&args.queue)?,
    };
    std::fs::create_dir_all(&state).map_err(WatchError::io(&state))?;
    if in_queue(&state)? {
        let state = state.display();
        return Err(Failure::usage(format!(
            "{state} lies in the queue, where senders can write: what is done cannot be kept there"
        )));
    }
    Ok(ResultStore::open_shared(out, &state)?)
}

/// Where it is kept what is done in `queue`, unless it is said.
fn state_of(queue: &Path) -> Result<PathBuf, Failure> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let place = set("STATE_DIRECTORY")
        .map(PathBuf::from)
        .or_else(|| set("XDG_STATE_HOME").map(|dir| Path::new(&dir).join("soundalike")))
        .or_else(|| set("HOME").map(|dir| Path::new(&dir).join(".local/state/soundalike")))
        .or_else(|| set("LOCALAPPDATA").map(|dir| Path::new(&dir).join("soundalike")));
    let place = place.filter(|place| place.is_absolute()).ok_or_else(|| {
        Failure::usage(
            "results lie in the queue, where senders can write; give --state DIR to keep there what is done, \
             or --out DIR outside of the queue",
        )
    })?;
    let queue = queue.canonicalize().map_err(WatchError::io(queue))?;
    Ok(place.join(format!("watch-{}", digest_name(queue.as_os_str().as_encoded_bytes()))))
}

/// The gravest: findings before unreadable files before nothing.
fn worst(exits: impl Iterator<Item = Exit>) -> Exit {
    let gravity = |exit: &Exit| match exit {
        Exit::Clean => 0,
        Exit::Unreadable => 1,
        Exit::Index => 2,
        Exit::Found => 3,
        _ => 4,
    };
    // Of equals, the first.
    exits
        .reduce(|worst, exit| if gravity(&exit) > gravity(&worst) { exit } else { worst })
        .unwrap_or(Exit::Clean)
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Failure {
        let exit = match error {
            WatchError::Locked { .. } => Exit::Locked,
            _ => Exit::Usage,
        };
        Failure { exit, message: error.to_string() }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Failure {
        match error {
            ServiceError::Watch(error) => error.into(),
            ServiceError::Engine(error) => error.into(),
            ServiceError::Output(error) => error.into(),
            ServiceError::At { delivery, source } => {
                let failure = Failure::from(*source);
                Failure { message: format!("{delivery}: {}", failure.message), ..failure }
            }
            error => Failure::usage(error.to_string()),
        }
    }
}
