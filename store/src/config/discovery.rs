//! What the flags say of finding the other members, where they do not name them.

use std::path::PathBuf;
use std::time::Duration;

use super::settings::Settings;

/// How the members of a new cluster find each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discovery {
    /// By keys of another cluster.
    Service(Box<Service>),
    /// By SRV records of DNS.
    Dns {
        /// `--discovery-srv`.
        domain: String,
        /// `--discovery-srv-name`.
        suffix: String,
    },
}

/// The cluster whose keys say who the members are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `--discovery-token`: which cluster is meant.
    pub token: String,
    /// `--discovery-endpoints`.
    pub endpoints: Vec<String>,
    /// How long it may take to connect.
    pub dial_timeout: Duration,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// After how much silence it is asked whether it is there.
    pub keepalive_time: Duration,
    /// How long it may take to say so.
    pub keepalive_timeout: Duration,
    /// TLS, if it is spoken.
    pub tls: Option<tls::Settings>,
    /// Whether its certificate goes unchecked.
    pub skips_verification: bool,
    /// Who asks: name and password.
    pub login: Option<(String, String)>,
}

/// What the flags say; nothing if they name the members.
pub(super) fn of(settings: &Settings) -> Option<Discovery> {
    let text = |name| settings.text(name).to_owned();
    let domain = text("discovery-srv");
    if !domain.is_empty() {
        let suffix = text("discovery-srv-name");
        return Some(Discovery::Dns { domain, suffix });
    }
    let endpoints = settings.list("discovery-endpoints").to_vec();
    if endpoints.is_empty() {
        return None;
    }
    let nanos = |name| Duration::from_nanos(u64::try_from(settings.int(name)).unwrap_or(0));
    Some(Discovery::Service(Box::new(Service {
        token: text("discovery-token"),
        dial_timeout: nanos("discovery-dial-timeout"),
        request_timeout: nanos("discovery-request-timeout"),
        keepalive_time: nanos("discovery-keepalive-time"),
        keepalive_timeout: nanos("discovery-keepalive-timeout"),
        tls: tls(settings, &endpoints),
        skips_verification: settings.bool("discovery-insecure-skip-tls-verify"),
        login: login(text("discovery-user"), text("discovery-password")),
        endpoints,
    })))
}

/// TLS is spoken if the first endpoint says so, or if it leaves it open and a flag does.
fn tls(settings: &Settings, endpoints: &[String]) -> Option<tls::Settings> {
    let path = |name| PathBuf::from(settings.text(name));
    let files = tls::Settings {
        cert: path("discovery-cert"),
        key: path("discovery-key"),
        trusted_ca: path("discovery-cacert"),
        ..tls::Settings::default()
    };
    let has_files = !files.is_empty() || !files.trusted_ca.as_os_str().is_empty();
    let is_asked = has_files || !settings.bool("discovery-insecure-transport");
    let first = endpoints.first().map_or("", String::as_str);
    let is_spoken = match first.split_once(':').map(|(scheme, _)| scheme) {
        Some("https" | "unixs") => true,
        Some("http") => false,
        _ => is_asked,
    };
    is_spoken.then_some(files)
}

/// The password may stand behind the name.
fn login(user: String, password: String) -> Option<(String, String)> {
    match (user.is_empty(), password.is_empty()) {
        (true, _) => None,
        (false, false) => Some((user, password)),
        (false, true) => match user.split_once(':') {
            Some((user, password)) => Some((user.to_owned(), password.to_owned())),
            None => Some((user, String::new())),
        },
    }
}
