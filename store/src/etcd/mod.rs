//! The `etcd` command: from its arguments to its exit code.
//!
//! ```text
//! arguments ─► config ─► log ─► listeners ─► data directory ─► member ─► signal ─► exit code
//! ```
//!
//! Each step ends the start with one clear error: exit code 2 for flags that cannot be read, 1
//! for everything else. A member that was told to stop by a signal ends by that signal, so that
//! whoever started it sees why (status 143 for SIGTERM), as etcd does.
//!
//! What runs as the member is handed in, so this module knows nothing of raft.

mod broken;
mod certificates;
mod ready;
mod refuse;

pub use ready::Ready;

use crate::cluster::Initial;
use crate::config::{self, Config, LogConfig, Loudness, Notice};
use crate::datadir::{self, DataDir};
use crate::discovery;
use crate::logging::{self, Json};
use crate::serve::{self, Bound};
use crate::version;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

/// How long threads of the runtime may take to end after the member did.
const RUNTIME_STOPS_WITHIN: Duration = Duration::from_secs(1);

/// What ends a member that ends on its own; the text is logged.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Everything a member gets at its start.
pub struct Start {
    /// The configuration, checked.
    pub config: Config,
    /// The data directory, locked.
    pub data: DataDir,
    /// The listeners for clients and metrics, open and not served yet.
    pub bound: Vec<Bound>,
    /// The listeners for other members, open and not served yet.
    pub bound_peers: Vec<Bound>,
    /// Turns true when the member shall stop.
    pub stop: watch::Receiver<bool>,
    /// To be told once clients are served.
    pub ready: Ready,
    /// Gets the member's services once clients are served, for those who use it from within the process.
    pub routes: Option<oneshot::Sender<tonic::service::Routes>>,
}

/// Runs the command; the first argument is the name of the program.
///
/// `member` serves until [`Start::stop`] turns true and then returns.
pub fn run<F, M>(arguments: &[String], environment: &[(String, String)], member: F) -> ExitCode
where
    F: FnOnce(Start) -> M,
    M: Future<Output = Result<(), Failure>>,
{
    let flags = arguments.get(1..).unwrap_or_default();
    let parsed = config::parse(flags, environment);
    let config = match parsed.result {
        Ok(config) => config,
        Err(error) => {
            return refuse::configuration(&error, &parsed.log, &parsed.notices, arguments);
        }
    };
    if let Err(error) = logging::install(&config.log) {
        let error = config::Error::Invalid(error.to_string());
        return refuse::configuration(&error, &LogConfig::default(), &parsed.notices, arguments);
    }
    broken::install(config.data_dir.clone());
    tell(&parsed.notices);
    tracing::info!(args = ?Json(arguments), "Running: ");
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return refuse::start(&error.to_string()),
    };
    let outcome = runtime.block_on(supervise(config, member));
    runtime.shutdown_timeout(RUNTIME_STOPS_WITHIN);
    match outcome {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(signal)) => end_by(signal),
        Err(Ended::Start(error)) => refuse::start(&error.to_string()),
        Err(Ended::Running(error)) => refuse::running(&error.to_string()),
    }
}

/// When a member failed.
enum Ended {
    /// Before it ran.
    Start(Failure),
    /// While it ran.
    Running(Failure),
}

/// Logs what was found out before there was a log.
fn tell(notices: &[Notice]) {
    for notice in notices {
        let fields: serde_json::Map<String, serde_json::Value> = notice
            .fields
            .iter()
            .map(|(name, value)| ((*name).into(), value.as_str().into()))
            .collect();
        let message = notice.message.as_str();
        match (notice.loudness, fields.is_empty()) {
            (Loudness::Info, true) => tracing::info!("{message}"),
            (Loudness::Warn, true) => tracing::warn!("{message}"),
            (Loudness::Info, false) => tracing::info!(fields = ?Json(&fields), "{message}"),
            (Loudness::Warn, false) => tracing::warn!(fields = ?Json(&fields), "{message}"),
        }
    }
}

/// Starts the member and waits for its end; gives the signal that ended it, if one did.
async fn supervise<F, M>(config: Config, member: F) -> Result<Option<i32>, Ended>
where
    F: FnOnce(Start) -> M,
    M: Future<Output = Result<(), Failure>>,
{
    let (sender, stop) = watch::channel(false);
    let listen = |kind| signal(kind).map_err(|error| Ended::Start(error.into()));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut start = prepare(config, stop).map_err(Ended::Start)?;
    if !start.data.is_initialized() {
        let initial = async {
            discovery::find(&mut start.config).await?;
            Initial::of(&start.config)?;
            Ok::<_, Failure>(())
        };
        tokio::select! {
            found = initial => found.map_err(Ended::Start)?,
            // Nothing runs yet that has to be stopped.
            _ = terminate.recv() => return Ok(Some(SignalKind::terminate().as_raw_value())),
            _ = interrupt.recv() => return Ok(Some(SignalKind::interrupt().as_raw_value())),
        }
    }
    let mut member = std::pin::pin!(member(start));
    let (number, name) = tokio::select! {
        ended = member.as_mut() => return ended.map(|()| None).map_err(Ended::Running),
        _ = terminate.recv() => (SignalKind::terminate().as_raw_value(), "terminated"),
        _ = interrupt.recv() => (SignalKind::interrupt().as_raw_value(), "interrupt"),
    };
    tracing::info!(signal = name, "received signal; shutting down");
    // The member holds a receiver, so this reaches it.
    let _ = sender.send(true);
    member.await.map_err(Ended::Running)?;
    tracing::info!("closed etcd server");
    Ok(Some(number))
}

/// Opens listeners and data directory.
///
/// # Errors
/// An address is taken, a certificate cannot be made, the directory cannot be used.
pub fn prepare(mut config: Config, stop: watch::Receiver<bool>) -> Result<Start, Failure> {
    let urls = |urls: &[config::Url]| urls.iter().map(ToString::to_string).collect::<Vec<_>>();
    let listen = urls(&config.listen_peer_urls);
    tracing::info!("listen-peer-urls" = ?Json(&listen), "configuring peer listeners");
    certificates::for_peers(&mut config)?;
    let bound_peers = serve::bind_peers(&config)?;
    let listen = urls(&config.listen_client_urls);
    tracing::info!("listen-client-urls" = ?Json(&listen), "configuring client listeners");
    certificates::for_clients(&mut config)?;
    let mut bound = serve::bind(&config)?;
    bound.extend(serve::bind_metrics(&config)?);
    for name in datadir::strangers(&config.data_dir)? {
        let dir = config.data_dir.display();
        tracing::warn!(filename = name, "data-dir" = %dir, "found invalid file under data directory");
    }
    let data = DataDir::open(&config.data_dir, config.wal_dir.as_deref())?;
    if let Some(error) = datadir::loose_mode(&config.data_dir) {
        tracing::warn!(error, "check file permission");
    }
    let dir = data.path().display();
    if data.is_initialized() {
        tracing::info!("data-dir" = %dir, "dir-type" = "member", "server has already been initialized");
    } else {
        tracing::info!("data-dir" = %dir, "dir-type" = "empty", "Initialize and start etcd server");
    }
    introduce(&config, &data);
    let ready = Ready::new(&bound);
    Ok(Start {
        config,
        data,
        bound,
        bound_peers,
        stop,
        ready,
        routes: None,
    })
}

/// Logs what is about to start.
fn introduce(config: &Config, data: &DataDir) {
    let urls = |urls: &[config::Url]| urls.iter().map(ToString::to_string).collect::<Vec<_>>();
    tracing::info!(
        "etcd-version" = version::SERVER,
        "pintle-version" = version::PINTLE,
        "git-sha" = version::git_sha(),
        "member-initialized" = data.is_initialized(),
        name = config.name,
        "data-dir" = %config.data_dir.display(),
        "heartbeat-interval" = ?config.heartbeat_interval,
        "election-timeout" = ?config.election_timeout,
        "snapshot-count" = config.snapshot_count,
        "snapshot-catchup-entries" = config.snapshot_catchup_entries,
        "initial-advertise-peer-urls" = ?Json(&urls(&config.initial_advertise_peer_urls)),
        "advertise-client-urls" = ?Json(&urls(&config.advertise_client_urls)),
        "listen-peer-urls" = ?Json(&urls(&config.listen_peer_urls)),
        "listen-client-urls" = ?Json(&urls(&config.listen_client_urls)),
        "listen-metrics-urls" = ?Json(&urls(&config.listen_metrics_urls)),
        "initial-cluster" = config.initial_cluster,
        "initial-cluster-token" = config.initial_cluster_token,
        "quota-backend-bytes" = config.quota_backend_bytes.unwrap_or_default(),
        "max-request-bytes" = config.max_request_bytes,
        "pre-vote" = config.pre_vote,
        "feature-gates" = config.gates.text(),
        "auto-compaction" = ?config.auto_compaction,
        "v2-deprecation" = "write-only",
        "starting an etcd server"
    );
    if config.bootstrap_defrag_threshold_megabytes > 0 {
        let bytes = config
            .bootstrap_defrag_threshold_megabytes
            .saturating_mul(1024 * 1024);
        tracing::info!(
            "bootstrap-defrag-threshold-bytes" = bytes,
            reason = "space is given back as it becomes free",
            "Skipping defragmentation"
        );
    }
}

/// Ends the process by the signal it got. The first process of a container cannot, since the
/// kernel does not deliver to it what it does not handle.
fn end_by(signal: i32) -> ExitCode {
    let _ = std::io::stderr().flush();
    if rustix::process::getpid() == rustix::process::Pid::INIT {
        return ExitCode::SUCCESS;
    }
    match signal_hook::low_level::emulate_default_handler(signal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse::start(&error.to_string()),
    }
}
