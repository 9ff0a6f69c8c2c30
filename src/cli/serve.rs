//! `soundalike serve`: the service and the review desk; `soundalike token`: who may use them.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use soundalike::engine::{Engine, Index};
use soundalike::serve::{
    self, ProxyLogin, ReceiverError, Receivers, Role, ServeError, Settings, Users, UsersError,
    WatchedFolder, new_receiver, new_token, proxied_user, root_folder,
};

use super::account;
use super::common::{
    COMPARISON, Exit, Failure, INPUT, TrustArg, WorkArgs, WorksArgs, cancel_on_interrupt, warn,
};
use super::index::say;
use super::review::VerdictArgs;
use super::scan::DepthArg;
use super::standing::Standing;

/// Heading of the options that say who reaches the service.
const ACCESS: &str = "Access";
/// Bytes in a megabyte, as people count them.
const MEGABYTE: u64 = 1_000_000;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Keep what the service remembers in this folder: jobs, uploads, their records
    #[arg(long, value_name = "DIR", env = "STATE_DIRECTORY")]
    state: PathBuf,
    /// Listen on this address; one that other machines reach takes --tokens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8750", help_heading = ACCESS)]
    listen: SocketAddr,
    /// Who may use the service: a file of tokens made by `soundalike token`
    #[arg(long, value_name = "FILE", help_heading = ACCESS)]
    tokens: Option<PathBuf>,
    /// Who is told of what happens: a file of receivers made by `soundalike webhook`
    #[arg(long, value_name = "FILE")]
    webhooks: Option<PathBuf>,
    /// Answer to this name, too, as it stands in the address of the page; may be given several times
    #[arg(long, value_name = "NAME", help_heading = ACCESS)]
    host: Vec<String>,
    /// A proxy at this address says for whom it asks (X-Forwarded-Proto, X-Forwarded-For); may be given several times
    #[arg(long, value_name = "IP", help_heading = ACCESS)]
    trust_proxy: Vec<IpAddr>,
    /// This header of a trusted proxy names whoever asks (`X-Forwarded-User`, `Remote-User`): single sign-on is the
    /// proxy's
    #[arg(long, value_name = "HEADER", requires = "trust_proxy", help_heading = ACCESS)]
    proxy_user: Option<String>,
    /// What those may do whom the proxy names and --tokens does not; without, nothing
    #[arg(long, value_enum, value_name = "ROLE", requires = "proxy_user", help_heading = ACCESS)]
    proxy_role: Option<RoleArg>,
    /// Browsers reach the service over TLS alone: cookies never go without
    #[arg(long, help_heading = ACCESS)]
    tls_only: bool,
    /// Who decides at the desk where there are no tokens [default: $USER, $LOGNAME or the account that runs this]
    #[arg(long, value_name = "NAME", help_heading = ACCESS)]
    who: Option<String>,
    /// Audio below this folder may be submitted by its path; may be given several times
    #[arg(long, value_name = "DIR", help_heading = INPUT)]
    allow_root: Vec<PathBuf>,
    /// Take what arrives in this folder, as `soundalike watch` does; with `=ACCOUNT`, all of it as this account's; may
    /// be given several times
    #[arg(long, value_name = "DIR[=ACCOUNT]", help_heading = INPUT)]
    watch: Vec<String>,
    /// A delivery in a watched folder without a DDEX marker is whole when nothing in it has changed for so long
    #[arg(long, value_name = "SECONDS", default_value_t = 30, help_heading = INPUT,
          value_parser = clap::value_parser!(u64).range(0..=86_400))]
    settle: u64,
    /// Look into watched folders so often
    #[arg(long, value_name = "SECONDS", default_value_t = 10, help_heading = INPUT,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
    /// Largest upload, in MB
    #[arg(long, value_name = "MB", default_value_t = 2_000, help_heading = INPUT,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    max_upload: u64,
    /// Take no uploads while less than so many MB are free on the disk of the state
    #[arg(long, value_name = "MB", default_value_t = 1_000, help_heading = INPUT)]
    reserve: u64,
    /// Delete the audio of uploads that are clear, passed or rejected after so many days
    #[arg(long, value_name = "DAYS", help_heading = "Keeping")]
    audio_days: Option<u32>,
    /// Erase all that says whose such uploads were after so many days
    #[arg(long, value_name = "DAYS", help_heading = "Keeping")]
    personal_days: Option<u32>,
    /// Keep at most so many MB of audio that was decoded for pages
    #[arg(long, value_name = "MB", default_value_t = 2_000, help_heading = "Keeping")]
    cache: u64,
    /// Delete audio that creators only have checked so many hours after it came; 0: as soon as the result stands
    #[arg(long, value_name = "HOURS", default_value_t = 24, help_heading = INPUT,
          value_parser = clap::value_parser!(u64).range(0..=87_600))]
    delete_checked_after: u64,
    /// Reference audio below this folder is played at the desk; may be given several times
    #[arg(long, value_name = "DIR")]
    media_root: Vec<PathBuf>,
    /// Index of references [default: $SOUNDALIKE_INDEX]
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    index: Option<PathBuf>,
    /// Index of earlier uploads, to find near-duplicates of what came before; every upload is added to it once it
    /// was looked at
    #[arg(long, value_name = "DIR", help_heading = COMPARISON)]
    keep: Option<PathBuf>,
    #[command(flatten)]
    works: WorksArgs,
    #[command(flatten)]
    trust: TrustArg,
    /// How closely to look at what is longer than 12 s: `thorough` finds a few damaged seconds in it more often
    #[arg(long, value_enum, default_value_t = DepthArg::Standard, help_heading = COMPARISON)]
    depth: DepthArg,
    #[command(flatten)]
    verdicts: VerdictArgs,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// Whose it is; stands in the log of decisions
    #[arg(value_name = "NAME")]
    name: String,
    /// What it allows
    #[arg(long, value_enum, value_name = "ROLE")]
    role: RoleArg,
    /// Make no token: a proxy says who it is (`serve --proxy-user`)
    #[arg(long)]
    by_proxy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    /// Send audio, and ask what came of it
    Submit,
    /// Also look at everything, listen and decide
    Review,
    /// Also ask for counters
    Admin,
}

impl RoleArg {
    fn role(self) -> Role {
        match self {
            RoleArg::Submit => Role::Submit,
            RoleArg::Review => Role::Review,
            RoleArg::Admin => Role::Admin,
        }
    }
}

/// Runs the service until it is interrupted.
pub(super) fn run(args: ServeArgs) -> Result<Exit, Failure> {
    let cancel = cancel_on_interrupt();
    args.work.start_threads()?;
    // Everything is opened once, so that a mistake shows at the start and not with the first upload.
    let engine = engine(&args)?;
    let references = engine.references().map_or(0, Index::len);
    if references == 0 {
        warn("the index is empty: there is nothing to compare uploads with");
    }
    let audit = args.verdicts.audit;
    let users = args.tokens.as_deref().map(Users::read).transpose()?;
    let named = |variable| std::env::var(variable).ok().filter(|who| !who.trim().is_empty());
    let who = args.who.clone().or_else(|| named("USER")).or_else(|| named("LOGNAME"));
    let proxy_login = proxy_login(&args)?;
    let verdicts = args.verdicts;
    let settings = Settings {
        listen: args.listen,
        state: args.state.clone(),
        keep: args.keep.clone(),
        media_roots: folders(&args.media_root)?,
        allow_roots: folders(&args.allow_root)?,
        watched: args.watch.iter().map(|text| watched(text)).collect::<Result<_, _>>()?,
        settle: Duration::from_secs(args.settle),
        interval: Duration::from_secs(args.interval),
        hosts: args.host.clone(),
        proxies: args.trust_proxy.iter().map(IpAddr::to_canonical).collect(),
        tls: args.tls_only,
        reserve: args.reserve.saturating_mul(MEGABYTE),
        audio_days: args.audio_days,
        personal_days: args.personal_days,
        max_cache: args.cache.saturating_mul(MEGABYTE),
        users,
        proxy_login,
        receivers: args.webhooks.as_deref().map(Receivers::read).transpose()?,
        who: who.or_else(account::name).unwrap_or_else(|| "reviewer".to_owned()),
        checked_for: Duration::from_secs(args.delete_checked_after * 3_600),
        max_upload: args.max_upload * MEGABYTE,
        audit,
        exit: Box::new(move |summary| verdicts.exit(summary, references) as u8),
        say: Box::new(warn),
    };
    serve::run(settings, engine, cancel)?;
    Ok(Exit::Interrupted)
}

/// How a proxy says who asks.
fn proxy_login(args: &ServeArgs) -> Result<Option<ProxyLogin>, Failure> {
    let Some(header) = &args.proxy_user else { return Ok(None) };
    if args.tokens.is_none() && args.proxy_role.is_none() {
        let missing =
            "--proxy-user alone lets nobody in: give --proxy-role, or --tokens with their names";
        return Err(Failure::usage(missing.to_owned()));
    }
    let login = ProxyLogin::new(header, args.proxy_role.map(RoleArg::role));
    login.map(Some).map_err(|e| Failure::usage(format!("--proxy-user: {e}")))
}

/// What uploads are compared with and judged by.
fn engine(args: &ServeArgs) -> Result<Engine, Failure> {
    let engine = Standing {
        compared: "uploads",
        index: args.index.as_deref(),
        keep: args.keep.as_deref(),
        verdicts: &args.verdicts,
        work: &args.work,
        depth: &args.depth,
        works: args.works.listening(),
        trust: &args.trust,
    }
    .engine()?;
    Ok(match &args.keep {
        Some(keep) => engine.with_earlier(Index::open(keep)?),
        None => engine,
    })
}

/// A folder to watch, as it is given: `DIR` or `DIR=ACCOUNT`.
fn watched(text: &str) -> Result<WatchedFolder, Failure> {
    // A folder may be called anything.
    let (dir, account) = match text.rsplit_once('=') {
        Some((dir, account)) if !Path::new(text).is_dir() => (dir, Some(account.trim())),
        _ => (text, None),
    };
    if account.is_some_and(str::is_empty) {
        return Err(Failure::usage(format!("{text}: there is no name of an account behind `=`")));
    }
    let dir = root_folder(Path::new(dir)).map_err(|e| Failure::usage(format!("{dir}: {e}")))?;
    Ok(WatchedFolder { dir, account: account.map(str::to_owned) })
}

fn folders(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let folder = |path: &PathBuf| {
        root_folder(path).map_err(|e| Failure::usage(format!("{}: {e}", Path::display(path))))
    };
    named.iter().map(folder).collect()
}

#[derive(Debug, Args)]
pub(super) struct WebhookArgs {
    /// What the receiver is called: letters, digits, `-`, `_`, `.`
    #[arg(value_name = "NAME")]
    name: String,
    /// Where messages are sent to: https://…
    #[arg(value_name = "URL")]
    url: String,
    /// Tell it of this alone: job.done, job.failed, decision.made; may be given several times
    #[arg(long, value_name = "EVENT")]
    event: Vec<String>,
    /// It may lie in a private network, and be reached without TLS
    #[arg(long)]
    private: bool,
}

/// Makes a receiver of messages.
pub(super) fn webhook(args: &WebhookArgs) -> Result<Exit, Failure> {
    say(&new_receiver(&args.name, &args.url, args.event.clone(), args.private)?)?;
    Ok(Exit::Clean)
}

/// Makes a token.
pub(super) fn token(args: &TokenArgs) -> Result<Exit, Failure> {
    if args.by_proxy {
        say(&proxied_user(&args.name, args.role.role())?)?;
        return Ok(Exit::Clean);
    }
    let (token, line) = new_token(&args.name, args.role.role())?;
    warn(&format!("the token, which is shown only now: {token}"));
    say(&line)?;
    Ok(Exit::Clean)
}

impl From<UsersError> for Failure {
    fn from(error: UsersError) -> Failure {
        Failure::usage(error.to_string())
    }
}

impl From<ReceiverError> for Failure {
    fn from(error: ReceiverError) -> Failure {
        Failure::usage(error.to_string())
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Failure {
        match error {
            ServeError::Engine(error) => error.into(),
            ServeError::NeedsUsers { .. } | ServeError::Listen { .. } => {
                Failure::usage(error.to_string())
            }
            error => Failure { exit: Exit::Unwritable, message: error.to_string() },
        }
    }
}
