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
mod extract;
mod follow;
mod jobs;
mod media;
mod metrics;
mod pages;
mod problem;
mod rate;
mod records;
mod roots;
mod router;
mod security;
mod shared;
mod spectrogram;
mod state;
mod tell;
mod users;
mod waveform;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::{Engine, Error};
use crate::progress::Cancel;
use crate::report::records::Summary;

pub use roots::folder as root_folder;
pub use state::StateError;
pub use users::{Role, Users, UsersError, new_token};

use follow::Followed;
use metrics::Metrics;
use state::Store;

/// Uploads that are taken at once.
const MAX_SENDING: usize = 16;

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
    /// Names under which it may be addressed, besides those of this machine.
    pub hosts: Vec<String>,
    /// Who may do what; without, it listens to this machine only.
    pub users: Option<Users>,
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
         listen on 127.0.0.1"
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
    followed: Mutex<Followed>,
    running: jobs::Running,
    metrics: Metrics,
    /// Why nothing can be judged at present.
    trouble: Mutex<Option<String>>,
    /// One decision at a time.
    deciding: Mutex<()>,
    work: (Mutex<bool>, Condvar),
    sessions: users::Sessions,
    /// How often callers may change something.
    rate: rate::Buckets,
    /// Audio that is decoded for a page: one at a time, and how many wait for it.
    decoding: (Mutex<()>, AtomicUsize),
    /// Room for uploads that are on their way.
    sending: Arc<tokio::sync::Semaphore>,
}

/// Serves until `cancel`.
///
/// # Errors
/// It cannot begin, or the system fails it.
pub fn run(settings: Settings, engine: Engine, cancel: &'static Cancel) -> Result<(), ServeError> {
    let address = settings.listen;
    if !address.ip().is_loopback() && settings.users.is_none() {
        return Err(ServeError::NeedsUsers { address });
    }
    let store = Store::open(&settings.state)?;
    store.tidy()?;
    let resumed = store.resume()?;
    let desk = Arc::new(Desk {
        settings,
        store,
        engine: RwLock::new(engine),
        followed: Mutex::default(),
        running: jobs::Running::default(),
        metrics: Metrics::default(),
        trouble: Mutex::default(),
        deciding: Mutex::default(),
        work: (Mutex::default(), Condvar::new()),
        sessions: users::Sessions::default(),
        rate: rate::Buckets::default(),
        decoding: Default::default(),
        sending: Arc::new(tokio::sync::Semaphore::new(MAX_SENDING)),
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
    let _ = worker.join();
    desk.say("stopped");
    Ok(served?)
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
