//! The service and the review desk: HTTP in front, the engine of the command line behind.
//!
//! ```text
//! security ─► api, pages, media ─► state (SQLite, files) ◄─ jobs ─► engine ─► records
//!                    └► decide ─► log of decisions (the authority)
//! ```
//!
//! This only translates. Files are judged by the same [`Engine`](crate::engine::Engine), on a thread of its own;
//! decisions go through [`decisions`](crate::decisions); pages show the records with the parts of the report.

mod api;
mod appeal;
mod check;
mod decide;
mod erase;
mod extract;
mod flow;
mod follow;
mod jobs;
mod media;
mod metrics;
mod pages;
mod peer;
mod problem;
mod proxy_login;
mod queues;
mod rate;
mod rebuild;
mod records;
mod room;
mod roots;
mod router;
mod security;
mod shared;
mod spectrogram;
mod stamp;
mod state;
mod tell;
mod users;
mod waveform;
mod webhooks;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::{Engine, Error};
use crate::progress::Cancel;
use crate::report::records::Summary;

pub use erase::{EraseError, Whose};
pub use proxy_login::ProxyLogin;
pub use queues::WatchedFolder;
pub use rebuild::{Rebuilt, rebuild};
pub use roots::folder as root_folder;
pub use state::{Backup, StateError, backup};
pub use users::{Role, Users, UsersError, new_token, proxied_user};
pub use webhooks::{ReceiverError, Receivers, new_receiver};

use crate::decisions::Decisions;
use follow::Seen;
use metrics::Metrics;
use state::Store;

/// Uploads that are taken at once.
const MAX_SENDING: usize = 16;

/// How long messages that were taken are remembered.
const SENT_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Streams of progress at once.
const MAX_WATCHING: usize = 64;
/// How long answers that are being sent are waited for at the end.
const GRACE: Duration = Duration::from_secs(3);

/// How the service is set up.
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its folder.
    pub state: PathBuf,
    /// Index that uploads are added to once they were looked at.
    pub keep: Option<PathBuf>,
    /// Folders in which reference audio may be played from; canonical.
    pub media_roots: Vec<PathBuf>,
    /// Folders from which audio may be submitted by path; canonical.
    pub allow_roots: Vec<PathBuf>,
    /// Folders in which deliveries arrive; canonical.
    pub watched: Vec<WatchedFolder>,
    /// A delivery without a marker is whole when nothing in it has changed for so long.
    pub settle: Duration,
    /// How often watched folders are looked into.
    pub interval: Duration,
    /// Names under which it may be addressed, besides those of this machine.
    pub hosts: Vec<String>,
    /// Addresses of proxies that say for whom they ask.
    pub proxies: Vec<IpAddr>,
    /// Browsers reach it over TLS alone.
    pub tls: bool,
    /// Bytes on the disk that uploads leave free.
    pub reserve: u64,
    /// After so many days the audio of uploads that were decided on, or are clear, is deleted.
    pub audio_days: Option<u32>,
    /// After so many days all that says whose they were is erased.
    pub personal_days: Option<u32>,
    /// Largest cache of what is decoded for pages, in bytes.
    pub max_cache: u64,
    /// Who may do what; without, it listens to this machine only.
    pub users: Option<Users>,
    /// A trusted proxy says who asks.
    pub proxy_login: Option<ProxyLogin>,
    /// Who is told of what happens.
    pub receivers: Option<Receivers>,
    /// Who decides where there are no users.
    pub who: String,
    /// How long audio that creators only have checked is kept.
    pub checked_for: Duration,
    /// Largest upload, in bytes.
    pub max_upload: u64,
    /// Verdicts other than clear go into the log, too.
    pub audit: bool,
    /// The exit status that a run calls for, for its last record.
    pub exit: Box<dyn Fn(&Summary) -> u8 + Send + Sync>,
    /// Where remarks go.
    pub say: Box<dyn Fn(&str) + Send + Sync>,
}

impl Settings {
    /// Whether those who ask are told apart, so that others than those at this machine may.
    fn knows_users(&self) -> bool {
        self.users.is_some() || self.proxy_login.is_some()
    }
}

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Its state.
    #[error(transparent)]
    State(#[from] StateError),
    /// Index or decisions.
    #[error(transparent)]
    Engine(#[from] Error),
    /// The address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// As given.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// An address that others reach, and nobody to tell apart.
    #[error(
        "{address} can be reached from other machines: give --tokens FILE, which says who may do what, or \
         --proxy-user HEADER with --trust-proxy, or listen on 127.0.0.1"
    )]
    NeedsUsers {
        /// As given.
        address: SocketAddr,
    },
    /// Threads, sockets.
    #[error("the service cannot go on: {0}")]
    Io(#[from] std::io::Error),
}

/// All that requests and the worker share.
struct Desk {
    settings: Settings,
    store: Store,
    /// As of the last look around.
    engine: RwLock<Engine>,
    followed: Mutex<Seen>,
    running: jobs::Running,
    metrics: Metrics,
    /// Why nothing can be judged at present.
    trouble: Mutex<Option<String>>,
    /// What was decided, as far as the state knows it; whoever decides holds it.
    decisions: Mutex<Decisions>,
    /// When it was last looked for what has had its time.
    looked: Mutex<Option<std::time::Instant>>,
    /// Held by who erases, and by who writes records.
    erasing: Mutex<()>,
    work: (Mutex<bool>, Condvar),
    sessions: users::Sessions,
    /// How often callers may change something.
    rate: rate::Buckets,
    /// Audio that is decoded for a page: one at a time, and how many wait for it.
    decoding: (Mutex<()>, AtomicUsize),
    /// Room for uploads that are on their way.
    sending: Arc<tokio::sync::Semaphore>,
    /// Places for those who watch a job.
    watching: Arc<tokio::sync::Semaphore>,
}

/// Serves until `cancel`.
///
/// # Errors
/// It cannot begin, or the system fails it.
pub fn run(settings: Settings, engine: Engine, cancel: &'static Cancel) -> Result<(), ServeError> {
    let address = settings.listen;
    if !address.ip().is_loopback() && !settings.knows_users() {
        return Err(ServeError::NeedsUsers { address });
    }
    let store = Store::open(&settings.state)?;
    store.tidy()?;
    let resumed = store.resume()?;
    store.forget_sent(&(Timestamp::now() - SENT_KEPT).to_string())?;
    if let Some(receivers) = &settings.receivers {
        store.set_wants(receivers.wants());
    }
    let desk = Arc::new(Desk {
        settings,
        store,
        engine: RwLock::new(engine),
        followed: Mutex::default(),
        running: jobs::Running::default(),
        metrics: Metrics::default(),
        trouble: Mutex::default(),
        decisions: Mutex::default(),
        looked: Mutex::default(),
        erasing: Mutex::default(),
        work: (Mutex::default(), Condvar::new()),
        sessions: users::Sessions::default(),
        rate: rate::Buckets::default(),
        decoding: Default::default(),
        sending: Arc::new(tokio::sync::Semaphore::new(MAX_SENDING)),
        watching: Arc::new(tokio::sync::Semaphore::new(MAX_WATCHING)),
    });
    if resumed > 0 {
        desk.say(&format!(
            "{} cut short before: begun anew",
            crate::counted::count(resumed, "job", "jobs")
        ));
    }
    desk.look_around();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(64)
        .enable_all()
        .build()?;
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind(address))
        .map_err(|source| ServeError::Listen { address, source })?;
    let local = listener.local_addr()?;
    let worker = {
        let desk = desk.clone();
        std::thread::Builder::new().name("judge".into()).spawn(move || jobs::work(&desk, cancel))?
    };
    let teller = {
        let desk = desk.clone();
        std::thread::Builder::new()
            .name("webhooks".into())
            .spawn(move || webhooks::work(&desk, cancel))?
    };
    let watcher = {
        let desk = desk.clone();
        std::thread::Builder::new()
            .name("queues".into())
            .spawn(move || queues::work(&desk, cancel))?
    };
    desk.say(&format!("listening on http://{local}/"));
    let app = router::router(desk.clone(), local);
    let served = runtime.block_on(async move {
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let serving =
            async move { axum::serve(listener, app).with_graceful_shutdown(until(cancel)).await };
        let serving = tokio::spawn(serving);
        until(cancel).await;
        // Whatever still hangs on a connection does not keep the program from ending.
        match tokio::time::timeout(GRACE, serving).await {
            Ok(Ok(served)) => served,
            _ => Ok(()),
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    cancel.cancel();
    desk.wake();
    // A worker that panicked has told of it.
    let _ = (worker.join(), watcher.join(), teller.join());
    desk.say("stopped");
    Ok(served?)
}

/// Erases from the state in `dir`, which no service uses, and from the index `keep`, what is known of somebody; how many
/// uploads that were. `by`: who wants it, and why.
///
/// # Errors
/// The state is in use, or something cannot be erased.
pub fn erase(
    dir: &Path,
    keep: Option<&Path>,
    whose: &Whose,
    by: (&str, &str),
) -> Result<u64, EraseError> {
    erase::erase(&Store::open(dir)?, keep, whose, by)
}

async fn until(cancel: &Cancel) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Desk {
    fn say(&self, text: &str) {
        (self.settings.say)(text);
    }

    /// Where decisions are kept.
    fn log(&self) -> Option<PathBuf> {
        self.engine().judge().log().map(Path::to_owned)
    }

    /// The engine as of the last look around.
    fn engine(&self) -> Engine {
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The engine with what references, earlier uploads and decisions are `now`.
    fn engine_of(&self, now: Timestamp) -> Result<Engine, Error> {
        let mut engine = self.engine();
        engine.refresh(now)?;
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = engine.clone();
        Ok(engine)
    }

    /// Notes why nothing can be judged, or that it can.
    fn trouble(&self, message: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = message;
    }

    fn troubled(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Room for one more upload; whoever finds none may come again.
    async fn store_room(&self) -> Result<tokio::sync::OwnedSemaphorePermit, problem::Problem> {
        self.sending.clone().try_acquire_owned().map_err(|_| problem::Problem::busy())
    }

    /// Tells the worker that there is something to do.
    fn wake(&self) {
        *self.work.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.work.1.notify_all();
    }

    fn wait_for_work(&self, most: Duration) {
        let woken = self.work.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.work.1.wait_timeout_while(woken, most, |woken| !*woken);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}
