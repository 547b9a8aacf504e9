//! The one table of all settings: name, kind, default, help, and whether it works here.
//!
//! Flags, `ETCD_*` variables, the configuration file, `--help` and the checks for features that
//! come later all read this table, so a setting is added in one line.

use super::value::Kind;
use File::{In, Same};
use Status::{NoEffect, Works};

/// What becomes of a setting here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does what it says.
    Works,
    /// It is taken and checked; there is nothing to switch, for this reason.
    NoEffect(&'static str),
}

/// Where a setting stands in the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// At the top under its own name.
    Same,
    /// In a section under a name of its own.
    In(&'static str, &'static str),
    /// Nowhere.
    None,
}

/// The heading under which `--help` lists a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Member.
    Member,
    /// Clustering.
    Clustering,
    /// Security.
    Security,
    /// Auth.
    Auth,
    /// Profiling and Monitoring.
    Monitoring,
    /// Logging.
    Logging,
    /// Distributed tracing.
    DistributedTracing,
    /// Features.
    Features,
    /// Unsafe feature.
    UnsafeFeature,
    /// Other.
    Other,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// Its name, as in `--name`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// The text of its default.
    pub default: &'static str,
    /// Its heading.
    pub group: Group,
    /// Whether it works.
    pub status: Status,
    /// What it is for; empty for flags that help does not list.
    pub help: &'static str,
    /// Its place in the configuration file.
    pub file: File,
}

impl Flag {
    /// The variable of the environment that holds this setting.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("ETCD_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

const INITIAL_STATES: &[&str] = &["new", "existing"];
const FALLBACKS: &[&str] = &["exit", "proxy"];
const V2_STAGES: &[&str] = &[
    "gone",
    "write-only",
    "write-only-drop-data",
    "write-only-skip-check",
];

const fn row(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    group: Group,
    status: Status,
    help: &'static str,
    file: File,
) -> Flag {
    Flag {
        name,
        kind,
        default,
        group,
        status,
        help,
        file,
    }
}

/// The place of a setting in [`ALL`].
#[must_use]
pub fn find(name: &str) -> Option<usize> {
    ALL.iter().position(|flag| flag.name == name)
}

/// All settings, in the order `--help` lists them.
#[rustfmt::skip] // one line per setting: the table is read by column
pub const ALL: &[Flag] = &[
    row("name", Kind::Text, "default", Group::Member, Works, "The name of this member, for people to read.", Same),
    row("data-dir", Kind::Text, "", Group::Member, Works, "Where the data lie; ${name}.etcd if not given.", Same),
    row("archive-dir", Kind::Text, "", Group::Member, Works, "Where every command is kept besides, so that any moment can be restored (not in etcd).", Same),
    row("enable-v2", Kind::Bool, "false", Group::Member, Works, "Whether API 2 is served, which etcd has given up since 3.6 (not in etcd).", Same),
    row("wal-dir", Kind::Text, "", Group::Member, Works, "Where the log lies, if apart from the data.", Same),
    row("snapshot-count", Kind::Uint, "10000", Group::Member, Works, "A checkpoint is taken after this many committed entries; 10000 leaves it to the size of the log.", Same),
    row("heartbeat-interval", Kind::Uint, "100", Group::Member, Works, "Milliseconds between two heartbeats of the leader.", Same),
    row("election-timeout", Kind::Uint, "1000", Group::Member, Works, "Milliseconds without a heartbeat after which an election begins; at least five heartbeats.", Same),
    row("initial-election-tick-advance", Kind::Bool, "true", Group::Member, Works, "Whether a starting member shortens its first election timeout.", Same),
    row("listen-peer-urls", Kind::Urls, "http://localhost:2380", Group::Member, Works, "Where other members reach this one.", Same),
    row("listen-client-urls", Kind::Urls, "http://localhost:2379", Group::Member, Works, "Where clients reach this member, over gRPC and (without --listen-client-http-urls) HTTP.", Same),
    row("listen-client-http-urls", Kind::Urls, "", Group::Member, Works, "Where HTTP is served instead of at --listen-client-urls.", Same),
    row("max-snapshots", Kind::Uint, "5", Group::Member, NoEffect("checkpoints replace each other"), "How many snapshot files are kept. Deprecated since 3.6.", Same),
    row("max-wals", Kind::Uint, "5", Group::Member, NoEffect("the log is cut behind each checkpoint"), "How many log files are kept.", Same),
    row("memory-mlock", Kind::Bool, "false", Group::Member, Works, "Whether all memory is locked into RAM.", Same),
    row("quota-backend-bytes", Kind::Int, "0", Group::Member, Works, "How many bytes the data may take before writes are refused; 0 means 2 GiB, less than 0 no limit.", Same),
    row("backend-bbolt-freelist-type", Kind::Text, "map", Group::Member, NoEffect("there is no bbolt"), "How bbolt keeps its free pages: array or map.", Same),
    row("backend-batch-interval", Kind::Duration, "0s", Group::Member, NoEffect("batches follow the log"), "The longest time before a batch is committed to the backend.", Same),
    row("backend-batch-limit", Kind::Int, "0", Group::Member, NoEffect("batches follow the log"), "The largest number of changes in a batch to the backend.", Same),
    row("max-txn-ops", Kind::Uint, "128", Group::Member, Works, "The largest number of operations in a transaction.", Same),
    row("max-request-bytes", Kind::Uint, "1572864", Group::Member, Works, "The largest request in bytes.", Same),
    row("max-concurrent-streams", Kind::Uint32, "4294967295", Group::Member, Works, "The largest number of streams a client may have open on one connection.", Same),
    row("grpc-keepalive-min-time", Kind::Duration, "5s", Group::Member, NoEffect("frequent pings are answered, not punished"), "The shortest time between two pings of a client.", Same),
    row("grpc-keepalive-interval", Kind::Duration, "2h0m0s", Group::Member, Works, "The time between two pings to a client; 0 sends none.", Same),
    row("grpc-keepalive-timeout", Kind::Duration, "20s", Group::Member, Works, "The time a client has to answer a ping; 0 sends none.", Same),
    row("socket-reuse-port", Kind::Bool, "false", Group::Member, Works, "Whether listeners set SO_REUSEPORT.", In("socket-options", "reuse-port")),
    row("socket-reuse-address", Kind::Bool, "false", Group::Member, Works, "Whether listeners set SO_REUSEADDR.", In("socket-options", "reuse-address")),
    row("enable-grpc-gateway", Kind::Bool, "true", Group::Member, Works, "Whether the JSON gateway is served.", Same),
    row("raft-read-timeout", Kind::Duration, "5s", Group::Member, Works, "The longest silence on a connection between members.", File::None),
    row("raft-write-timeout", Kind::Duration, "5s", Group::Member, Works, "The longest time a write to another member may take.", File::None),
    row("feature-gates", Kind::Gates, "", Group::Member, Works, "Switches for features on trial, as name=true|false,... The gates are:", Same),
    row("initial-advertise-peer-urls", Kind::Urls, "http://localhost:2380", Group::Clustering, Works, "The URLs other members are told for this one.", Same),
    row("initial-cluster", Kind::Text, "default=http://localhost:2380", Group::Clustering, Works, "The members of a new cluster as name=url,...", Same),
    row("initial-cluster-state", Kind::OneOf(INITIAL_STATES), "new", Group::Clustering, Works, "new for a new cluster, existing to join one; without effect on a restart.", Same),
    row("initial-cluster-token", Kind::Text, "etcd-cluster", Group::Clustering, Works, "Tells clusters apart that are set up with the same URLs.", Same),
    row("advertise-client-urls", Kind::Urls, "http://localhost:2379", Group::Clustering, Works, "The URLs clients are told for this member.", Same),
    row("discovery-token", Kind::Text, "", Group::Clustering, Works, "The token of a cluster to find by discovery.", In("discovery-config", "discovery-token")),
    row("discovery-endpoints", Kind::List, "", Group::Clustering, Works, "The endpoints of the discovery service.", In("discovery-config", "discovery-endpoints")),
    row("discovery-dial-timeout", Kind::Duration, "2s", Group::Clustering, Works, "The longest time to connect to the discovery service.", In("discovery-config", "discovery-dial-timeout")),
    row("discovery-request-timeout", Kind::Duration, "5s", Group::Clustering, Works, "The longest time a request to the discovery service may take.", In("discovery-config", "discovery-request-timeout")),
    row("discovery-keepalive-time", Kind::Duration, "2s", Group::Clustering, Works, "The time between two pings to the discovery service.", In("discovery-config", "discovery-keepalive-time")),
    row("discovery-keepalive-timeout", Kind::Duration, "6s", Group::Clustering, Works, "The time the discovery service has to answer a ping.", In("discovery-config", "discovery-keepalive-timeout")),
    row("discovery-insecure-transport", Kind::Bool, "true", Group::Clustering, Works, "Whether the discovery service is reached without TLS.", File::None),
    row("discovery-insecure-skip-tls-verify", Kind::Bool, "false", Group::Clustering, Works, "Whether the certificate of the discovery service goes unchecked.", File::None),
    row("discovery-cert", Kind::Text, "", Group::Clustering, Works, "The certificate shown to the discovery service.", File::None),
    row("discovery-key", Kind::Text, "", Group::Clustering, Works, "The key of that certificate.", File::None),
    row("discovery-cacert", Kind::Text, "", Group::Clustering, Works, "The authority that signed the certificate of the discovery service.", File::None),
    row("discovery-user", Kind::Text, "", Group::Clustering, Works, "The user at the discovery service, as name[:password].", File::None),
    row("discovery-password", Kind::Text, "", Group::Clustering, Works, "The password of that user.", File::None),
    row("discovery-fallback", Kind::OneOf(FALLBACKS), "exit", Group::Clustering, NoEffect("only discovery uses it"), "What to do when discovery fails: exit.", File::None),
    row("discovery-srv", Kind::Text, "", Group::Clustering, Works, "The DNS domain whose SRV records name the members.", Same),
    row("discovery-srv-name", Kind::Text, "", Group::Clustering, Works, "What stands after the service in the SRV names.", Same),
    row("strict-reconfig-check", Kind::Bool, "true", Group::Clustering, Works, "Whether changes of the membership that would lose the quorum are refused.", Same),
    row("pre-vote", Kind::Bool, "true", Group::Clustering, Works, "Whether members ask before they disturb a leader with an election.", Same),
    row("auto-compaction-retention", Kind::Text, "0", Group::Clustering, Works, "How much history is kept: a duration (bare numbers are hours) or a number of revisions; 0 keeps all.", Same),
    row("auto-compaction-mode", Kind::Text, "periodic", Group::Clustering, Works, "What the retention counts: periodic for time, revision for revisions.", Same),
    row("v2-deprecation", Kind::SomeOf(V2_STAGES), "write-only", Group::Clustering, NoEffect("the default is enforced"), "Deprecated; the default is enforced.", Same),
    row("cert-file", Kind::Text, "", Group::Security, Works, "The certificate shown to clients.", In("client-transport-security", "cert-file")),
    row("key-file", Kind::Text, "", Group::Security, Works, "The key of that certificate.", In("client-transport-security", "key-file")),
    row("client-cert-auth", Kind::Bool, "false", Group::Security, Works, "Whether clients must show a certificate.", In("client-transport-security", "client-cert-auth")),
    row("client-cert-file", Kind::Text, "", Group::Security, Works, "The certificate this member shows as a client.", In("client-transport-security", "client-cert-file")),
    row("client-key-file", Kind::Text, "", Group::Security, Works, "The key of that certificate.", In("client-transport-security", "client-key-file")),
    row("client-crl-file", Kind::Text, "", Group::Security, Works, "The list of revoked client certificates.", File::None),
    row("client-cert-allowed-hostname", Kind::List, "", Group::Security, Works, "The names a client certificate may have.", In("client-transport-security", "allowed-hostname")),
    row("trusted-ca-file", Kind::Text, "", Group::Security, Works, "The authority that signs client certificates.", In("client-transport-security", "trusted-ca-file")),
    row("auto-tls", Kind::Bool, "false", Group::Security, Works, "Whether a certificate is made for clients to see.", In("client-transport-security", "auto-tls")),
    row("peer-cert-file", Kind::Text, "", Group::Security, Works, "The certificate shown to other members.", In("peer-transport-security", "cert-file")),
    row("peer-key-file", Kind::Text, "", Group::Security, Works, "The key of that certificate.", In("peer-transport-security", "key-file")),
    row("peer-client-cert-auth", Kind::Bool, "false", Group::Security, Works, "Whether other members must show a certificate.", In("peer-transport-security", "client-cert-auth")),
    row("peer-client-cert-file", Kind::Text, "", Group::Security, Works, "The certificate shown when calling other members.", In("peer-transport-security", "client-cert-file")),
    row("peer-client-key-file", Kind::Text, "", Group::Security, Works, "The key of that certificate.", In("peer-transport-security", "client-key-file")),
    row("peer-trusted-ca-file", Kind::Text, "", Group::Security, Works, "The authority that signs the certificates of members.", In("peer-transport-security", "trusted-ca-file")),
    row("peer-cert-allowed-cn", Kind::List, "", Group::Security, Works, "The common names a member's certificate may have.", In("peer-transport-security", "allowed-cn")),
    row("peer-cert-allowed-hostname", Kind::List, "", Group::Security, Works, "The names a member's certificate may have.", In("peer-transport-security", "allowed-hostname")),
    row("peer-auto-tls", Kind::Bool, "false", Group::Security, Works, "Whether a certificate is made for other members to see.", In("peer-transport-security", "auto-tls")),
    row("self-signed-cert-validity", Kind::Uint, "1", Group::Security, Works, "How many years a certificate made by --auto-tls is valid.", Same),
    row("peer-crl-file", Kind::Text, "", Group::Security, Works, "The list of revoked certificates of members.", File::None),
    row("cipher-suites", Kind::List, "", Group::Security, Works, "The TLS cipher suites to offer.", Same),
    row("cors", Kind::Origins, "*", Group::Security, Works, "The web origins that may call; empty or * means all.", Same),
    row("host-whitelist", Kind::List, "*", Group::Security, Works, "The Host headers that plain HTTP requests may have; empty or * means all.", Same),
    row("tls-min-version", Kind::Text, "TLS1.2", Group::Security, Works, "The oldest TLS version: TLS1.2 or TLS1.3.", Same),
    row("tls-max-version", Kind::Text, "", Group::Security, Works, "The newest TLS version: TLS1.2 or TLS1.3.", Same),
    row("auth-token", Kind::Text, "simple", Group::Auth, Works, "The kind of token: simple or jwt with its options.", Same),
    row("bcrypt-cost", Kind::Uint, "10", Group::Auth, Works, "The work of hashing a password, from 4 to 31.", Same),
    row("auth-token-ttl", Kind::Uint, "300", Group::Auth, Works, "Seconds after which an unused token expires.", Same),
    row("enable-pprof", Kind::Bool, "false", Group::Monitoring, NoEffect("there are no profiles of Go"), "Whether profiles are served at /debug/pprof/, which answers 404 here.", Same),
    row("metrics", Kind::Text, "basic", Group::Monitoring, Works, "How much is measured; extensive adds histograms of the requests.", Same),
    row("listen-metrics-urls", Kind::Urls, "", Group::Monitoring, Works, "Where /metrics, /health, /livez and /readyz are served too.", Same),
    row("logger", Kind::Text, "zap", Group::Logging, Works, "Only zap is known.", Same),
    row("log-outputs", Kind::List, "default", Group::Logging, Works, "Where the log goes: default, stderr, stdout or files, separated by commas.", Same),
    row("log-level", Kind::Text, "info", Group::Logging, Works, "The least level that is logged: debug, info, warn, error, panic or fatal.", Same),
    row("log-format", Kind::Text, "json", Group::Logging, Works, "json or console.", Same),
    row("enable-log-rotation", Kind::Bool, "false", Group::Logging, Works, "Whether a log file is rotated.", Same),
    row("log-rotation-config-json", Kind::Text, "{\"maxsize\": 100, \"maxage\": 0, \"maxbackups\": 0, \"localtime\": false, \"compress\": false}", Group::Logging, Works, "How a log file is rotated.", Same),
    row("warning-unary-request-duration", Kind::Duration, "300ms", Group::Logging, Works, "A request that takes longer is logged.", Same),
    row("enable-distributed-tracing", Kind::Bool, "false", Group::DistributedTracing, Works, "Whether spans are sent to a collector.", Same),
    row("distributed-tracing-address", Kind::Text, "localhost:4317", Group::DistributedTracing, Works, "The address of the collector.", Same),
    row("distributed-tracing-service-name", Kind::Text, "etcd", Group::DistributedTracing, Works, "The name of the service in the spans.", Same),
    row("distributed-tracing-instance-id", Kind::Text, "", Group::DistributedTracing, Works, "The identity of this member in the spans.", Same),
    row("distributed-tracing-sampling-rate", Kind::Int, "0", Group::DistributedTracing, Works, "How many of a million spans are sent.", Same),
    row("corrupt-check-time", Kind::Duration, "0s", Group::Features, Works, "The time between two comparisons of the members' data.", Same),
    row("compact-hash-check-time", Kind::Duration, "1m0s", Group::Features, Works, "The time between two comparisons of the members' hashes after compaction, with the gate CompactHashCheck.", Same),
    row("compaction-batch-limit", Kind::Int, "1000", Group::Features, NoEffect("history goes in slices of its own size, between writes"), "The largest number of revisions removed at once.", Same),
    row("peer-skip-client-san-verification", Kind::Bool, "false", Group::Features, Works, "Whether the names in other members' certificates go unchecked.", In("peer-transport-security", "skip-client-san-verification")),
    row("watch-progress-notify-interval", Kind::Duration, "0s", Group::Features, Works, "The time between two progress notifications; 0 means ten minutes.", Same),
    row("warning-apply-duration", Kind::Duration, "100ms", Group::Features, Works, "An entry that takes longer to apply is logged.", Same),
    row("bootstrap-defrag-threshold-megabytes", Kind::Uint, "0", Group::Features, NoEffect("space is given back without it"), "Whether to defragment at the start if at least this much is gained.", Same),
    row("max-learners", Kind::Int, "1", Group::Features, Works, "The largest number of learners in the cluster.", Same),
    row("compaction-sleep-interval", Kind::Duration, "0s", Group::Features, NoEffect("history goes in slices of its own size, between writes"), "The pause between two batches of a compaction.", Same),
    row("downgrade-check-time", Kind::Duration, "5s", Group::Features, NoEffect("no member is ever of an older release, so no downgrade ends by itself"), "The time between two looks whether a downgrade is over.", Same),
    row("snapshot-catchup-entries", Kind::Uint, "5000", Group::Features, Works, "How many entries the log keeps behind a checkpoint for slow followers.", Same),
    row("force-new-cluster", Kind::Bool, "false", Group::UnsafeFeature, Works, "Whether the member goes on alone with its data, all other members being removed.", Same),
    row("unsafe-no-fsync", Kind::Bool, "false", Group::UnsafeFeature, Works, "Whether writes are acknowledged before they are durable; loses data.", Same),
    row("config-file", Kind::Text, "", Group::Other, Works, "A YAML or JSON file with all settings; flags and variables are then ignored.", File::None),
    row("version", Kind::Bool, "false", Group::Other, Works, "Prints the version and ends.", File::None),
    row("cluster-active-size", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("cluster-remove-delay", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("cluster-sync-interval", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("config", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("force", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("max-result-buffer", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("max-retry-attempts", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("peer-heartbeat-interval", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("peer-election-timeout", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("retry-interval", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("snapshot", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("v", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("vv", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("test.coverprofile", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
    row("test.outputdir", Kind::Ignored, "", Group::Other, NoEffect("gone long ago"), "", File::None),
];

impl Group {
    /// The heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Group::Member => "Member",
            Group::Clustering => "Clustering",
            Group::Security => "Security",
            Group::Auth => "Auth",
            Group::Monitoring => "Profiling and Monitoring",
            Group::Logging => "Logging",
            Group::DistributedTracing => "Distributed tracing",
            Group::Features => "Features",
            Group::UnsafeFeature => "Unsafe feature",
            Group::Other => "Other",
        }
    }
}
