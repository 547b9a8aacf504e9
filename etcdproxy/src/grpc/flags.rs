//! The flags of `etcd grpc-proxy start`, and what does not go together.

use std::path::PathBuf;
use std::time::Duration;

use tls::{Settings, Version};

use crate::flags::{Members, duration, path};

/// The flags.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Flags {
    /// listen address
    #[arg(long, global = true, default_value = "127.0.0.1:23790")]
    pub(super) listen_addr: String,
    #[command(flatten)]
    pub(super) members: Members,
    /// listen for endpoint /metrics requests on an additional interface
    #[arg(long, global = true, default_value = "", hide_default_value = true)]
    pub(super) metrics_addr: String,
    /// etcd endpoints auto sync interval (disabled by default)
    #[arg(long, global = true, value_parser = duration, default_value = "0s")]
    pub(super) endpoints_auto_sync_interval: Duration,
    /// keepalive time for client(grpc-proxy) connections (default 0, disable).
    #[arg(long, global = true, value_parser = duration, default_value = "0s")]
    pub(super) dial_keepalive_time: Duration,
    /// keepalive timeout for client(grpc-proxy) connections (default 20s).
    #[arg(long, global = true, value_parser = duration, default_value = "20s")]
    pub(super) dial_keepalive_timeout: Duration,
    /// Enable client(grpc-proxy) to send keepalive pings even with no active RPCs.
    #[arg(long, global = true)]
    permit_without_stream: bool,
    /// advertise address to register (must be reachable by client)
    #[arg(long, global = true, default_value = "127.0.0.1:23790")]
    pub(super) advertise_client_url: String,
    /// prefix to use for registering proxy (must be shared with other grpc-proxy members)
    #[arg(long, global = true, default_value = "", hide_default_value = true)]
    pub(super) resolver_prefix: String,
    /// specify TTL, in seconds, when registering proxy endpoints
    #[arg(long, global = true, default_value_t = 0)]
    pub(super) resolver_ttl: i64,
    /// string to prefix to all keys for namespacing requests
    #[arg(long, global = true, default_value = "", hide_default_value = true)]
    pub(super) namespace: String,
    /// Enable runtime profiling data via HTTP server (there is none of Go's here)
    #[arg(long, global = true)]
    enable_pprof: bool,
    /// Data directory for persistent data
    #[arg(long, global = true, default_value = "default.proxy")]
    pub(super) data_dir: PathBuf,
    /// message send limits in bytes (default value is 1.5 MiB)
    #[arg(long, global = true, default_value_t = 1536 * 1024)]
    max_send_bytes: i64,
    /// message receive limits in bytes (default value is math.MaxInt32)
    #[arg(long, global = true, default_value_t = i64::from(i32::MAX))]
    max_recv_bytes: i64,
    /// Minimum interval duration that a client should wait before pinging proxy.
    #[arg(long, global = true, value_parser = duration, default_value = "5s")]
    pub(super) grpc_keepalive_min_time: Duration,
    /// Frequency duration of server-to-client ping to check if a connection is alive (0 to disable).
    #[arg(long, global = true, value_parser = duration, default_value = "2h")]
    pub(super) grpc_keepalive_interval: Duration,
    /// Additional duration of wait before closing a non-responsive connection (0 to disable).
    #[arg(long, global = true, value_parser = duration, default_value = "20s")]
    pub(super) grpc_keepalive_timeout: Duration,
    /// identify secure connections with etcd servers using this TLS certificate file
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    cert: PathBuf,
    /// identify secure connections with etcd servers using this TLS key file
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    key: PathBuf,
    /// verify certificates of TLS-enabled secure etcd servers using this CA bundle
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    pub(super) cacert: PathBuf,
    /// skip authentication of etcd server TLS certificates (CAUTION: this option should be enabled
    /// only for testing purposes)
    #[arg(long, global = true)]
    pub(super) insecure_skip_tls_verify: bool,
    /// identify secure connections to the proxy using this TLS certificate file
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    cert_file: PathBuf,
    /// identify secure connections to the proxy using this TLS key file
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    key_file: PathBuf,
    /// verify certificates of TLS-enabled secure proxy using this CA bundle
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    trusted_ca_file: PathBuf,
    /// Comma-separated list of supported TLS cipher suites between client/proxy (empty will be
    /// auto-populated).
    #[arg(long, global = true, value_delimiter = ',')]
    listen_cipher_suites: Vec<String>,
    /// proxy TLS using generated certificates
    #[arg(long, global = true)]
    pub(super) auto_tls: bool,
    /// proxy client certificate revocation list file.
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    client_crl_file: PathBuf,
    /// The validity period of the proxy certificates, unit is year
    #[arg(long, global = true, default_value_t = 1)]
    pub(super) self_signed_cert_validity: u64,
    /// Minimum TLS version supported by grpc proxy. Possible values: TLS1.2, TLS1.3.
    #[arg(long, global = true, default_value = "TLS1.2")]
    tls_min_version: String,
    /// Maximum TLS version supported by grpc proxy. Possible values: TLS1.2, TLS1.3.
    #[arg(long, global = true, default_value = "", hide_default_value = true)]
    tls_max_version: String,
    /// Ensure serializable reads have monotonically increasing store revisions across endpoints.
    #[arg(long, global = true)]
    pub(super) experimental_serializable_ordering: bool,
    /// leasing metadata prefix for disconnected linearized reads (not supported).
    #[arg(long, global = true, default_value = "", hide_default_value = true)]
    experimental_leasing_prefix: String,
    /// logging all grpc requests and responses (not supported)
    #[arg(long, global = true)]
    experimental_enable_grpc_logging: bool,
    /// Enable debug-level logging for grpc-proxy.
    #[arg(long, global = true)]
    pub(crate) debug: bool,
    /// Maximum concurrent streams that each client can open at a time.
    #[arg(long, global = true, default_value_t = u32::MAX)]
    pub(super) max_concurrent_streams: u32,
}

impl Flags {
    /// Refuses what does not go together, in etcd's words and its order.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        let (prefix, ttl) = (self.resolver_prefix.as_str(), self.resolver_ttl);
        if !prefix.is_empty() && ttl < 1 {
            return Err(format!("invalid resolver-ttl {ttl}"));
        }
        if prefix.is_empty() && ttl > 0 {
            return Err(format!("invalid resolver-prefix {prefix:?}"));
        }
        if !prefix.is_empty() && self.advertise_client_url.is_empty() {
            return Err("invalid advertise-client-url \"\"".to_owned());
        }
        if self.auto_tls && self.self_signed_cert_validity == 0 {
            let text = "selfSignedCertValidity is invalid,it should be greater than 0";
            return Err(text.to_owned());
        }
        let min = version(&self.tls_min_version)
            .map_err(|why| format!("tls-min-version is invalid: {why}"))?;
        let max = version(&self.tls_max_version)
            .map_err(|why| format!("tls-max-version is invalid: {why}"))?;
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            return Err(format!(
                "min version ({}) is greater than max version ({})",
                self.tls_min_version, self.tls_max_version
            ));
        }
        if min == Some(Version::Tls13) && self.names_suites() {
            let text = "cipher suites cannot be configured when only TLS1.3 is enabled";
            return Err(text.to_owned());
        }
        if !self.experimental_leasing_prefix.is_empty() {
            return Err("--experimental-leasing-prefix is not supported yet".to_owned());
        }
        if self.experimental_enable_grpc_logging {
            return Err("--experimental-enable-grpc-logging is not supported yet".to_owned());
        }
        Ok(())
    }

    fn names_suites(&self) -> bool {
        self.listen_cipher_suites
            .iter()
            .any(|name| !name.is_empty())
    }

    /// TLS with clients, as far as files say; nothing if none are given.
    ///
    /// # Errors
    /// A suite that nobody knows.
    pub(super) fn listen_tls(&self) -> Result<Option<Settings>, String> {
        let files = [&self.trusted_ca_file, &self.cert_file, &self.key_file];
        if files.iter().all(|file| file.as_os_str().is_empty()) {
            return Ok(None);
        }
        let settings = Settings {
            cert: self.cert_file.clone(),
            key: self.key_file.clone(),
            trusted_ca: self.trusted_ca_file.clone(),
            ..Settings::default()
        };
        self.with_rules(settings).map(Some)
    }

    /// The rules for connections of clients, whoever made the certificate.
    ///
    /// # Errors
    /// A suite that nobody knows.
    pub(super) fn with_rules(&self, settings: Settings) -> Result<Settings, String> {
        let names = self.listen_cipher_suites.iter().map(String::as_str);
        let suites = tls::parse_suites(names.filter(|name| !name.is_empty()));
        Ok(Settings {
            suites: suites.map_err(|why| why.to_string())?,
            min: version(&self.tls_min_version)?,
            max: version(&self.tls_max_version)?,
            crl: self.client_crl_file.clone(),
            ..settings
        })
    }

    /// TLS with members; nothing if the flags say nothing of it.
    pub(super) fn member_tls(&self) -> Option<Settings> {
        let files = [&self.cacert, &self.cert, &self.key];
        let is_asked = files.iter().any(|file| !file.as_os_str().is_empty());
        (is_asked || self.insecure_skip_tls_verify).then(|| Settings {
            cert: self.cert.clone(),
            key: self.key.clone(),
            trusted_ca: self.cacert.clone(),
            ..Settings::default()
        })
    }

    /// The largest messages to members, and from them.
    pub(super) fn message_bytes_max(&self) -> (usize, usize) {
        let limit = |given: i64, default: usize| match usize::try_from(given) {
            Ok(bytes) if bytes > 0 => bytes,
            _ => default,
        };
        let received = limit(self.max_recv_bytes, i32::MAX as usize);
        (limit(self.max_send_bytes, 2 * 1024 * 1024), received)
    }
}

fn version(name: &str) -> Result<Option<Version>, String> {
    match name {
        "" => Ok(None),
        "TLS1.2" => Ok(Some(Version::Tls12)),
        "TLS1.3" => Ok(Some(Version::Tls13)),
        other => Err(format!("unexpected TLS version {other:?}")),
    }
}
