//! The configuration as the server uses it: typed, checked, with its units.

use super::discovery::{self, Discovery};
use super::gates::Gates;
use super::rotation::Rotation;
use super::security::{self, Security};
use super::settings::Settings;
use super::url::Url;
use super::{Error, Loudness, Notice, duration};
use std::path::PathBuf;
use std::time::Duration;

/// The quota when none is asked for: 2 GiB.
const QUOTA_DEFAULT_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// The largest quota etcd advises: 8 GiB.
const QUOTA_ADVISED_BYTES_MAX: i64 = 8 * 1024 * 1024 * 1024;
/// What `--auth-token-ttl` of 0 stands for.
const AUTH_TOKEN_TTL_DEFAULT: Duration = Duration::from_secs(300);
/// The time between two progress notifications when none is asked for.
const PROGRESS_NOTIFY_DEFAULT: Duration = Duration::from_secs(600);
/// The least that `--raft-read-timeout` and `--raft-write-timeout` can be.
const PEER_TIMEOUT_MIN: Duration = Duration::from_secs(5);

/// The least level that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// What is worth knowing.
    #[default]
    Info,
    /// What is worth a look.
    Warn,
    /// What failed.
    Error,
    /// What ends the process.
    Fatal,
}

impl LogLevel {
    /// Reads a level as zap does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "debug" | "DEBUG" => LogLevel::Debug,
            "info" | "INFO" | "" => LogLevel::Info,
            "warn" | "WARN" => LogLevel::Warn,
            "error" | "ERROR" => LogLevel::Error,
            "dpanic" | "DPANIC" | "panic" | "PANIC" | "fatal" | "FATAL" => LogLevel::Fatal,
            _ => return None,
        })
    }
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object per line.
    #[default]
    Json,
    /// Columns separated by tabs.
    Console,
}

/// How and where to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The least level.
    pub level: LogLevel,
    /// The form.
    pub format: LogFormat,
    /// `default`, `stderr`, `stdout`, [`JOURNAL`] or paths.
    pub outputs: Vec<String>,
    /// When files are put away; nothing if they never are.
    pub rotation: Option<Rotation>,
}

/// The output that stands for the journal of systemd.
pub const JOURNAL: &str = "systemd/journal";

/// Where spans of calls go (`--distributed-tracing-…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracing {
    /// `host:port` of the collector.
    pub address: String,
    /// The name of the service.
    pub service: String,
    /// Which of its instances this is; empty for none.
    pub instance: String,
    /// How many of a million calls that belong to no trace begin one.
    pub per_million: u32,
}

impl Default for LogConfig {
    fn default() -> Self {
        let outputs = vec!["default".into()];
        Self {
            level: LogLevel::Info,
            format: LogFormat::Json,
            outputs,
            rotation: None,
        }
    }
}

/// Whether the cluster is set up or joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterState {
    /// This member is among the first.
    New,
    /// This member joins a running cluster.
    Existing,
}

/// What is compacted on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoCompaction {
    /// Nothing.
    Off,
    /// What is older than this.
    Periodic(Duration),
    /// All but this many revisions.
    Revision(i64),
}

/// Pings on client connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// A client that pings more often loses its connection; zero allows any rate.
    pub min_time: Duration,
    /// The server pings this often; nothing if it never does.
    pub interval: Option<Duration>,
    /// A client that does not answer in this time loses its connection.
    pub timeout: Duration,
}

/// Everything a member needs to know to start.
#[derive(Debug, Clone)]
pub struct Config {
    /// `--name`.
    pub name: String,
    /// `--data-dir`, or `<name>.etcd`.
    pub data_dir: PathBuf,
    /// Entries between two checkpoints.
    pub snapshot_count: u64,
    /// Entries kept in the log behind a checkpoint.
    pub snapshot_catchup_entries: u64,
    /// `--bootstrap-defrag-threshold-megabytes`; zero if nobody asked.
    pub bootstrap_defrag_threshold_megabytes: u64,
    /// The time of one raft tick.
    pub heartbeat_interval: Duration,
    /// The time after which an election begins.
    pub election_timeout: Duration,
    /// The longest silence of another member.
    pub raft_read_timeout: Duration,
    /// The longest time another member may take no messages.
    pub raft_write_timeout: Duration,
    /// Whether the first election comes early.
    pub initial_election_tick_advance: bool,
    /// `--pre-vote`.
    pub pre_vote: bool,
    /// `--strict-reconfig-check`.
    pub strict_reconfig_check: bool,
    /// Where members are listened for.
    pub listen_peer_urls: Vec<Url>,
    /// Where clients are listened for.
    pub listen_client_urls: Vec<Url>,
    /// Where HTTP is served instead, if anywhere.
    pub listen_client_http_urls: Vec<Url>,
    /// Where metrics and health are served too.
    pub listen_metrics_urls: Vec<Url>,
    /// What members are told.
    pub initial_advertise_peer_urls: Vec<Url>,
    /// What clients are told.
    pub advertise_client_urls: Vec<Url>,
    /// `--initial-cluster` as written.
    pub initial_cluster: String,
    /// `--initial-cluster-state`.
    pub initial_cluster_state: ClusterState,
    /// `--initial-cluster-token`.
    pub initial_cluster_token: String,
    /// The most bytes of data before writes are refused; nothing if there is no limit.
    pub quota_backend_bytes: Option<u64>,
    /// The most operations in a transaction.
    pub max_txn_ops: u64,
    /// The most bytes in a request.
    pub max_request_bytes: u64,
    /// The most streams on one connection.
    pub max_concurrent_streams: u32,
    /// The most learners.
    pub max_learners: i64,
    /// Pings on client connections.
    pub keepalive: Keepalive,
    /// `--socket-reuse-port`.
    pub socket_reuse_port: bool,
    /// `--socket-reuse-address`.
    pub socket_reuse_address: bool,
    /// `--enable-grpc-gateway`.
    pub enable_grpc_gateway: bool,
    /// `--feature-gates`.
    pub gates: Gates,
    /// `--auto-compaction-*`.
    pub auto_compaction: AutoCompaction,
    /// The most revisions removed at once by a compaction.
    pub compaction_batch_limit: u64,
    /// The pause between two such batches.
    pub compaction_sleep_interval: Duration,
    /// The time between two comparisons of the members' data; 0 for none.
    pub corrupt_check_time: Duration,
    /// The time between two comparisons of the members' compactions.
    pub compact_hash_check_time: Duration,
    /// The time between two progress notifications on an idle watch.
    pub watch_progress_notify_interval: Duration,
    /// Allowed origins of web pages; empty or `*` allows all.
    pub cors: Vec<String>,
    /// Allowed Host headers; empty or `*` allows all.
    pub host_whitelist: Vec<String>,
    /// Whether requests are measured by histograms too.
    pub metrics_extensive: bool,
    /// A request that takes longer is logged.
    pub warning_unary_request_duration: Duration,
    /// An entry that takes longer to apply is logged.
    pub warning_apply_duration: Duration,
    /// Whether the data start a new cluster of this member alone.
    pub force_new_cluster: bool,
    /// Whether writes are acknowledged before they are durable.
    pub unsafe_no_fsync: bool,
    /// How the members are found, where they are not named.
    pub discovery: Option<Discovery>,
    /// `--wal-dir`, if the log lies apart.
    pub wal_dir: Option<PathBuf>,
    /// `--enable-v2`.
    pub enable_v2: bool,
    /// `--memory-mlock`.
    pub memory_mlock: bool,
    /// Where spans go, if any are made.
    pub tracing: Option<Tracing>,
    /// `--archive-dir`, if there is to be an archive.
    pub archive_dir: Option<PathBuf>,
    /// TLS for clients.
    pub client_security: Security,
    /// TLS between members.
    pub peer_security: Security,
    /// `--auth-token`, as written.
    pub auth_token: String,
    /// How long an unused simple token lives.
    pub auth_token_ttl: Duration,
    /// The work of hashing a password.
    pub bcrypt_cost: u32,
    /// How many years a certificate is valid that a member makes for itself.
    pub self_signed_years: u64,
    /// How to log.
    pub log: LogConfig,
}

impl Config {
    /// Makes the typed configuration from checked settings.
    pub(super) fn new(
        mut settings: Settings,
        log: LogConfig,
        notices: &mut Vec<Notice>,
    ) -> Result<Self, Error> {
        let name = settings.text("name").to_owned();
        let data_dir = match settings.text("data-dir") {
            "" => {
                let dir = format!("{name}.etcd");
                let message = "'data-dir' was empty; using default";
                notices.push(Notice::new(Loudness::Warn, message, &[("data-dir", &dir)]));
                PathBuf::from(dir)
            }
            dir => PathBuf::from(dir),
        };
        if settings.int("quota-backend-bytes") > QUOTA_ADVISED_BYTES_MAX {
            let quota = settings.int("quota-backend-bytes").to_string();
            let fields = [("quota-size-bytes", quota.as_str())];
            notices.push(Notice::new(
                Loudness::Warn,
                "quota exceeds the maximum value",
                &fields,
            ));
        }
        let advertised = settings.urls("initial-advertise-peer-urls").to_vec();
        let default_cluster = "default=http://localhost:2380";
        if name != "default" && settings.text("initial-cluster") == default_cluster {
            let own = advertised.iter().map(|url| format!("{name}={url}"));
            let own = own.collect::<Vec<_>>().join(",");
            settings.replace_text("initial-cluster", own);
        }
        let nanos = |name| Duration::from_nanos(u64::try_from(settings.int(name)).unwrap_or(0));
        let millis = |name| Duration::from_millis(settings.uint(name));
        let or_default = |given: Duration, default| if given.is_zero() { default } else { given };
        let interval = nanos("grpc-keepalive-interval");
        let timeout = nanos("grpc-keepalive-timeout");
        let pings = !interval.is_zero() && !timeout.is_zero();
        let keepalive = Keepalive {
            min_time: nanos("grpc-keepalive-min-time"),
            interval: pings.then_some(interval),
            timeout,
        };
        let mut patience = |name: &'static str| {
            let asked = nanos(name);
            if asked < PEER_TIMEOUT_MIN {
                let message = format!("{name} increased to minimum value: 5s");
                notices.push(Notice::new(Loudness::Info, &message, &[]));
            }
            asked.max(PEER_TIMEOUT_MIN)
        };
        Ok(Self {
            data_dir,
            snapshot_count: settings.uint("snapshot-count"),
            snapshot_catchup_entries: settings.uint("snapshot-catchup-entries"),
            bootstrap_defrag_threshold_megabytes: settings
                .uint("bootstrap-defrag-threshold-megabytes"),
            heartbeat_interval: millis("heartbeat-interval"),
            election_timeout: millis("election-timeout"),
            raft_read_timeout: patience("raft-read-timeout"),
            raft_write_timeout: patience("raft-write-timeout"),
            initial_election_tick_advance: settings.bool("initial-election-tick-advance"),
            pre_vote: settings.bool("pre-vote"),
            strict_reconfig_check: settings.bool("strict-reconfig-check"),
            listen_peer_urls: settings.urls("listen-peer-urls").to_vec(),
            listen_client_urls: settings.urls("listen-client-urls").to_vec(),
            listen_client_http_urls: settings.urls("listen-client-http-urls").to_vec(),
            listen_metrics_urls: settings.urls("listen-metrics-urls").to_vec(),
            initial_advertise_peer_urls: advertised,
            advertise_client_urls: settings.urls("advertise-client-urls").to_vec(),
            initial_cluster: settings.text("initial-cluster").into(),
            initial_cluster_state: match settings.text("initial-cluster-state") {
                "existing" => ClusterState::Existing,
                _ => ClusterState::New,
            },
            initial_cluster_token: settings.text("initial-cluster-token").into(),
            quota_backend_bytes: quota(settings.int("quota-backend-bytes")),
            max_txn_ops: settings.uint("max-txn-ops"),
            max_request_bytes: settings.uint("max-request-bytes"),
            max_concurrent_streams: u32::try_from(settings.uint("max-concurrent-streams"))
                .unwrap_or(u32::MAX),
            max_learners: settings.int("max-learners"),
            keepalive,
            socket_reuse_port: settings.bool("socket-reuse-port"),
            socket_reuse_address: settings.bool("socket-reuse-address"),
            enable_grpc_gateway: settings.bool("enable-grpc-gateway"),
            gates: settings.gates(),
            auto_compaction: auto_compaction(&settings)?,
            compaction_batch_limit: u64::try_from(settings.int("compaction-batch-limit"))
                .ok()
                .filter(|limit| *limit > 0)
                .unwrap_or(1000),
            compaction_sleep_interval: nanos("compaction-sleep-interval"),
            corrupt_check_time: nanos("corrupt-check-time"),
            compact_hash_check_time: nanos("compact-hash-check-time"),
            watch_progress_notify_interval: or_default(
                nanos("watch-progress-notify-interval"),
                PROGRESS_NOTIFY_DEFAULT,
            ),
            cors: settings.list("cors").to_vec(),
            host_whitelist: settings.list("host-whitelist").to_vec(),
            metrics_extensive: settings.text("metrics") == "extensive",
            warning_unary_request_duration: or_default(
                nanos("warning-unary-request-duration"),
                Duration::from_millis(300),
            ),
            warning_apply_duration: nanos("warning-apply-duration"),
            force_new_cluster: settings.bool("force-new-cluster"),
            unsafe_no_fsync: settings.bool("unsafe-no-fsync"),
            discovery: discovery::of(&settings),
            wal_dir: Some(settings.text("wal-dir"))
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
            enable_v2: settings.bool("enable-v2"),
            memory_mlock: settings.bool("memory-mlock"),
            tracing: settings
                .bool("enable-distributed-tracing")
                .then(|| tracing(&settings)),
            archive_dir: Some(settings.text("archive-dir"))
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from),
            client_security: security::clients(&settings)?,
            peer_security: security::peers(&settings)?,
            auth_token: settings.text("auth-token").into(),
            auth_token_ttl: or_default(
                Duration::from_secs(settings.uint("auth-token-ttl")),
                AUTH_TOKEN_TTL_DEFAULT,
            ),
            bcrypt_cost: u32::try_from(settings.uint("bcrypt-cost")).unwrap_or(u32::MAX),
            self_signed_years: settings.uint("self-signed-cert-validity"),
            log,
            name,
        })
    }

    /// The largest gRPC message a client may send: room for the largest request and its frame.
    #[must_use]
    pub fn max_receive_bytes(&self) -> usize {
        usize::try_from(self.max_request_bytes)
            .unwrap_or(usize::MAX)
            .saturating_add(512 * 1024)
    }
}

/// Where spans go; the rate was checked.
fn tracing(settings: &Settings) -> Tracing {
    let text = |name| settings.text(name).to_owned();
    let rate = settings.int("distributed-tracing-sampling-rate");
    Tracing {
        address: text("distributed-tracing-address"),
        service: text("distributed-tracing-service-name"),
        instance: text("distributed-tracing-instance-id"),
        per_million: u32::try_from(rate).unwrap_or_default(),
    }
}

/// The quota in bytes; nothing if there is no limit.
fn quota(asked: i64) -> Option<u64> {
    match asked {
        0 => Some(QUOTA_DEFAULT_BYTES),
        asked => u64::try_from(asked).ok(),
    }
}

/// Reads the retention: a bare number counts hours or revisions, anything else is a duration.
/// As in etcd a duration is taken in revision mode too, as that many nanoseconds' worth.
fn auto_compaction(settings: &Settings) -> Result<AutoCompaction, Error> {
    let revisions = settings.text("auto-compaction-mode") == "revision";
    let text = match settings.text("auto-compaction-retention") {
        "" => "0",
        text => text,
    };
    let plain = text.parse::<i64>().ok().filter(|number| *number >= 0);
    let amount = match plain {
        Some(number) if revisions => number,
        Some(hours) => hours.saturating_mul(3_600_000_000_000),
        None => duration::parse(text)
            .map_err(|why| Error::Start(format!("error parsing CompactionRetention: {why}")))?,
    };
    Ok(match u64::try_from(amount) {
        Ok(0) | Err(_) => AutoCompaction::Off,
        Ok(_) if revisions => AutoCompaction::Revision(amount),
        Ok(nanos) => AutoCompaction::Periodic(Duration::from_nanos(nanos)),
    })
}
