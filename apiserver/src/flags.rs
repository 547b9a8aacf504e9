//! The flags of `kube-apiserver`: upstream's, as far as what they ask for exists.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Parser};

/// The Kubernetes API server validates and keeps the objects of a cluster, and tells of their changes.
#[derive(Clone, Debug, Parser)]
#[command(name = "kube-apiserver", disable_version_flag = true)]
pub struct Flags {
    // Serving
    /// The address that is listened on
    #[arg(long, default_value = "0.0.0.0")]
    pub bind_address: IpAddr,
    /// The port for HTTPS; 0 lets the system choose
    #[arg(long, default_value_t = 6443)]
    pub secure_port: u16,
    /// The address that members of the cluster reach this server at
    #[arg(long)]
    pub advertise_address: Option<IpAddr>,
    /// The folder of certificates that are made where no files are given
    #[arg(long, default_value = "/var/run/kubernetes")]
    pub cert_dir: PathBuf,
    /// The server's certificate
    #[arg(long)]
    pub tls_cert_file: Option<PathBuf>,
    /// The server's key
    #[arg(long)]
    pub tls_private_key_file: Option<PathBuf>,
    /// Go's names of cipher suites for TLS 1.2
    #[arg(long, value_delimiter = ',')]
    pub tls_cipher_suites: Vec<String>,
    /// The oldest version of TLS: VersionTLS12 or VersionTLS13
    #[arg(long)]
    pub tls_min_version: Option<String>,

    // Store
    /// The members of the store, as URLs
    #[arg(long, value_delimiter = ',')]
    pub etcd_servers: Vec<String>,
    /// The authority that signs the store's certificates
    #[arg(long)]
    pub etcd_cafile: Option<PathBuf>,
    /// The certificate that is shown to the store
    #[arg(long)]
    pub etcd_certfile: Option<PathBuf>,
    /// Its key
    #[arg(long)]
    pub etcd_keyfile: Option<PathBuf>,
    /// What all keys begin with
    #[arg(long, default_value = "/registry")]
    pub etcd_prefix: String,
    /// How often old revisions of the store are compacted; 0 for never
    #[arg(long, default_value = "5m0s")]
    pub etcd_compaction_interval: String,
    /// The encoding of objects in the store
    #[arg(long, default_value = "application/vnd.kubernetes.protobuf")]
    pub storage_media_type: String,
    /// How long events are kept
    #[arg(long, default_value = "1h0m0s")]
    pub event_ttl: String,

    // Who asks
    /// The authorities that sign certificates of clients
    #[arg(long)]
    pub client_ca_file: Option<PathBuf>,
    /// A file of tokens: token,user,uid,"group1,group2"
    #[arg(long)]
    pub token_auth_file: Option<PathBuf>,
    /// Whether who says nothing of themselves is system:anonymous
    #[arg(long, default_value = "true", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub anonymous_auth: bool,
    /// Who issues tokens of service accounts; the first does from now on
    #[arg(long)]
    pub service_account_issuer: Vec<String>,
    /// Keys by which tokens of service accounts are checked
    #[arg(long)]
    pub service_account_key_file: Vec<PathBuf>,
    /// The key by which they are signed
    #[arg(long)]
    pub service_account_signing_key_file: Option<PathBuf>,
    /// The audiences that this server is
    #[arg(long, value_delimiter = ',')]
    pub api_audiences: Vec<String>,
    /// Whether a token's service account has to be there still
    #[arg(long, default_value = "true", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub service_account_lookup: bool,
    /// Where the keys of tokens are told
    #[arg(long)]
    pub service_account_jwks_uri: Option<String>,
    /// Whether tokens of pods last for a year
    #[arg(long, default_value = "true", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub service_account_extend_token_expiration: bool,
    /// The longest a token may last
    #[arg(long, default_value = "0s")]
    pub service_account_max_token_expiration: String,
    /// The authorities that sign certificates of front proxies
    #[arg(long)]
    pub requestheader_client_ca_file: Option<PathBuf>,
    /// The names of front proxies
    #[arg(long, value_delimiter = ',')]
    pub requestheader_allowed_names: Vec<String>,
    /// Headers that name the user
    #[arg(long, value_delimiter = ',')]
    pub requestheader_username_headers: Vec<String>,
    /// Headers that name groups
    #[arg(long, value_delimiter = ',')]
    pub requestheader_group_headers: Vec<String>,
    /// What headers of further facts begin with
    #[arg(long, value_delimiter = ',')]
    pub requestheader_extra_headers_prefix: Vec<String>,

    // May they
    /// Who decides: Node, RBAC, AlwaysAllow, AlwaysDeny
    #[arg(long, value_delimiter = ',', default_value = "AlwaysAllow")]
    pub authorization_mode: Vec<String>,

    // Admission
    /// Admission plugins beyond those that are on anyway
    #[arg(long, value_delimiter = ',')]
    pub enable_admission_plugins: Vec<String>,
    /// Admission plugins that are not asked
    #[arg(long, value_delimiter = ',')]
    pub disable_admission_plugins: Vec<String>,
    /// Whether pods may be privileged
    #[arg(long, default_value = "false", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub allow_privileged: bool,

    // Services
    /// The addresses of services
    #[arg(long, value_delimiter = ',', default_value = "10.0.0.0/24")]
    pub service_cluster_ip_range: Vec<String>,
    /// The ports of services on nodes
    #[arg(long, default_value = "30000-32767")]
    pub service_node_port_range: String,

    // Nodes
    /// The certificate that is shown to kubelets
    #[arg(long)]
    pub kubelet_client_certificate: Option<PathBuf>,
    /// Its key
    #[arg(long)]
    pub kubelet_client_key: Option<PathBuf>,
    /// The authorities that sign certificates of kubelets
    #[arg(long)]
    pub kubelet_certificate_authority: Option<PathBuf>,
    /// Which of a node's addresses is used
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "Hostname,InternalDNS,InternalIP,ExternalDNS,ExternalIP"
    )]
    pub kubelet_preferred_address_types: Vec<String>,

    // The rest
    /// Group versions and resources that are switched on or off, key=value
    #[arg(long, value_delimiter = ',')]
    pub runtime_config: Vec<String>,
    /// Features, key=value
    #[arg(long, value_delimiter = ',')]
    pub feature_gates: Vec<String>,
    /// Requests that only read, at once
    #[arg(long, default_value_t = 400)]
    pub max_requests_inflight: usize,
    /// Requests that write, at once
    #[arg(long, default_value_t = 200)]
    pub max_mutating_requests_inflight: usize,
    /// The least that a watch lasts, in seconds
    #[arg(long, default_value_t = 1800)]
    pub min_request_timeout: u64,
    /// The most that a request may take
    #[arg(long, default_value = "1m0s")]
    pub request_timeout: String,
    /// Whether tokens of nodes that join are taken
    #[arg(long, default_value = "false", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub enable_bootstrap_token_auth: bool,
    /// The certificate that is shown to servers behind this one
    #[arg(long)]
    pub proxy_client_cert_file: Option<PathBuf>,
    /// Its key
    #[arg(long)]
    pub proxy_client_key_file: Option<PathBuf>,
    /// Whether the name of a certificate is that of its host
    #[arg(long, default_value = "true", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub profiling: bool,
    /// Whether objects may be watched that change
    #[arg(long, default_value = "true", action = ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub watch_cache: bool,
    /// How much is told in the log, from 0 on
    #[arg(short, long, default_value_t = 0)]
    pub v: u8,
    /// Prints the version
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub version: Option<String>,
}
