//! Checks that settings fit together, with the texts of etcd.

use super::rotation::Rotation;
use super::settings::Settings;
use super::typed::{JOURNAL, LogConfig, LogFormat, LogLevel};
use super::url::{Url, join, split_host_port};
use super::{Error, Loudness, Notice, duration, quote};

/// The longest election timeout in milliseconds; see etcd's tuning guide.
const ELECTION_MS_MAX: u64 = 50_000;

/// Reads and checks the settings of the log.
pub(super) fn logging(settings: &Settings) -> Result<LogConfig, Error> {
    let invalid = |why: String| Err(Error::Invalid(why));
    match settings.text("logger") {
        "zap" => {}
        "capnslog" => return invalid("--logger=capnslog is removed in v3.5".into()),
        other => return invalid(format!("unknown logger option {}", quote(other))),
    }
    let mut outputs = settings.list("log-outputs").to_vec();
    if outputs.is_empty() {
        outputs.push("default".into());
    }
    if outputs.len() > 1 && outputs.iter().any(|output| output == "default") {
        let why = format!(
            "multi logoutput for {} is not supported yet",
            quote("default")
        );
        return invalid(why);
    }
    let rotation = match settings.bool("enable-log-rotation") {
        true => Some(rotation(settings, &outputs)?),
        false => None,
    };
    let is_journal = |output: &String| output == JOURNAL;
    if outputs.iter().any(is_journal) && outputs.len() > 1 {
        let listed: Vec<String> = outputs.iter().map(quote).collect();
        return invalid(format!(
            "running with systemd/journal but other '--log-outputs' values ([{}]) are configured with \
             'default'; override 'default' value with something else",
            listed.join(" ")
        ));
    }
    let level = settings.text("log-level");
    let level = LogLevel::parse(level)
        .ok_or_else(|| Error::Usage(format!("unrecognized level: {}", quote(level))))?;
    let format = match settings.text("log-format") {
        "" | "json" => LogFormat::Json,
        "console" => LogFormat::Console,
        other => {
            let known = "supported values json, console";
            return invalid(format!("unknown log format: {other}, {known}"));
        }
    };
    Ok(LogConfig {
        level,
        format,
        outputs,
        rotation,
    })
}

/// Reads the settings of log rotation.
fn rotation(settings: &Settings, outputs: &[String]) -> Result<Rotation, Error> {
    let files = outputs
        .iter()
        .filter(|output| !matches!(output.as_str(), "default" | "stderr" | "stdout"))
        .count();
    if files > 1 || (files == 0 && outputs.len() == 1) {
        let why =
            "--log-outputs requires a single file path when --log-rotate-config-json is defined";
        return Err(Error::Invalid(why.into()));
    }
    let text = settings.text("log-rotation-config-json");
    Rotation::parse(text).map_err(Error::Invalid)
}

/// Checks everything but the log, in etcd's order.
pub(super) fn check(settings: &Settings, notices: &mut Vec<Notice>) -> Result<(), Error> {
    for name in [
        "listen-peer-urls",
        "listen-client-urls",
        "listen-client-http-urls",
    ] {
        bind_urls(settings.urls(name))?;
    }
    if settings.urls("listen-client-http-urls").is_empty() {
        let message =
            "Running http and grpc server on single port. This is not recommended for production.";
        notices.push(Notice::new(Loudness::Warn, message, &[]));
    }
    bind_urls(settings.urls("listen-metrics-urls"))?;
    advertised_urls(settings)?;
    bootstrap(settings)?;
    timing(settings)?;
    if !settings.urls("listen-client-urls").is_empty()
        && settings.urls("advertise-client-urls").is_empty()
    {
        return Err(Error::NoAdvertisedUrls);
    }
    features(settings, notices)?;
    tls_versions(settings)?;
    certificates(settings)?;
    deprecated(settings, notices);
    Ok(())
}

/// Listening needs addresses, not names.
fn bind_urls(urls: &[Url]) -> Result<(), Error> {
    for url in urls.iter().filter(|url| !url.is_unix()) {
        let (host, _) = split_host_port(&url.authority).unwrap_or_default();
        if host != "localhost" && host.parse::<std::net::IpAddr>().is_err() {
            return Err(Error::Invalid(format!(
                "expected IP in URL for binding ({url})"
            )));
        }
    }
    Ok(())
}

/// Advertised URLs need a host.
fn advertised_urls(settings: &Settings) -> Result<(), Error> {
    let peers = settings.urls("initial-advertise-peer-urls");
    if let Some(why) = empty_host(peers) {
        let urls = quote(join(peers));
        let why = format!(r#"--initial-advertise-peer-urls {urls} must be "host:port" ({why})"#);
        return Err(Error::Invalid(why));
    }
    let clients = settings.urls("advertise-client-urls");
    if let Some(why) = empty_host(clients) {
        let forms = r#""host:port", "unix:/path/to/socket" or "unixs:/path/to/socket""#;
        let urls = quote(join(clients));
        let why = format!("--advertise-client-urls {urls} must be in the format {forms} ({why})");
        return Err(Error::Invalid(why));
    }
    Ok(())
}

fn empty_host(urls: &[Url]) -> Option<String> {
    let without = |url: &&Url| !url.is_unix() && url.host().is_empty();
    urls.iter()
        .find(without)
        .map(|url| format!("unexpected empty host ({url})"))
}

/// The cluster is found in one way only.
fn bootstrap(settings: &Settings) -> Result<(), Error> {
    let invalid = |why: String| Err(Error::Invalid(why));
    let state = settings.text("initial-cluster-state");
    if !matches!(state, "" | "new" | "existing") {
        return invalid(format!("unexpected clusterState {}", quote(state)));
    }
    let endpoints = settings.list("discovery-endpoints");
    let by_name = !settings.text("discovery-srv").is_empty();
    let found = by_name || !settings.text("discovery-srv-name").is_empty() || !endpoints.is_empty();
    let by_list = match settings.is_given("initial-cluster") {
        true => !settings.text("initial-cluster").is_empty(),
        false => !found,
    };
    let ways = [by_list, by_name, !endpoints.is_empty()];
    if ways.iter().filter(|way| **way).count() > 1 {
        let flags = r#""initial-cluster", "discovery-endpoints" or "discovery-srv""#;
        let why = "multiple discovery or bootstrap flags are set. Choose one of";
        return invalid(format!("{why} {flags}"));
    }
    if settings.text("discovery-token").is_empty() != endpoints.is_empty() {
        return invalid("both --discovery-token and --discovery-endpoints must be set".into());
    }
    if endpoints.iter().any(|endpoint| endpoint.trim().is_empty()) {
        return invalid("--discovery-endpoints must not contain empty endpoints".into());
    }
    Ok(())
}

/// Heartbeats and elections must leave each other room.
fn timing(settings: &Settings) -> Result<(), Error> {
    let heartbeat = settings.uint("heartbeat-interval");
    let election = settings.uint("election-timeout");
    let why = if heartbeat == 0 {
        format!("--heartbeat-interval must be >0 (set to {heartbeat}ms)")
    } else if election == 0 {
        format!("--election-timeout must be >0 (set to {election}ms)")
    } else if heartbeat.saturating_mul(5) > election {
        let should = "should be at least as 5 times as";
        format!("--election-timeout[{election}ms] {should} --heartbeat-interval[{heartbeat}ms]")
    } else if election > ELECTION_MS_MAX {
        let should = "is too long, and should be set less than";
        format!("--election-timeout[{election}ms] {should} {ELECTION_MS_MAX}ms")
    } else {
        return Ok(());
    };
    Err(Error::Invalid(why))
}

/// Auto-compaction, tracing, gates, the name.
fn features(settings: &Settings, notices: &mut Vec<Notice>) -> Result<(), Error> {
    let invalid = |why: String| Err(Error::Invalid(why));
    match settings.text("auto-compaction-mode") {
        "periodic" | "revision" => {}
        "" => return invalid("undefined auto-compaction-mode".into()),
        other => return invalid(format!("unknown auto-compaction-mode {}", quote(other))),
    }
    if settings.bool("enable-distributed-tracing") {
        let rate = settings.int("distributed-tracing-sampling-rate");
        let fault = match rate {
            ..0 => "tracing sampling rate must be positive",
            1_000_001.. => "tracing sampling rate must be less than 1000000",
            _ => "",
        };
        if !fault.is_empty() {
            return invalid(format!(
                "distributed tracing configurition is not valid: ({fault})"
            ));
        }
    }
    let gates = settings.gates();
    let (checkpoint, persist) = (
        gates.enabled("LeaseCheckpoint"),
        gates.enabled("LeaseCheckpointPersist"),
    );
    if persist && !checkpoint {
        let why = "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint";
        return invalid(why.into());
    }
    let interval = settings.int("compact-hash-check-time");
    if interval <= 0 {
        let interval = duration::format(interval);
        return invalid(format!(
            "--compact-hash-check-time must be >0 (set to {interval})"
        ));
    }
    if settings.text("name") == "default" {
        let message = "it isn't recommended to use default name, please set a value for --name. \
                       Note that etcd might run into issue when multiple members have the same default name";
        notices.push(Notice::new(Loudness::Warn, message, &[("name", "default")]));
    }
    Ok(())
}

/// Versions of TLS, and the suites that fit them.
fn tls_versions(settings: &Settings) -> Result<(), Error> {
    let version = |text: &str| match text {
        "" => Ok(0),
        "TLS1.2" => Ok(2),
        "TLS1.3" => Ok(3),
        other => {
            let known = "must be one of: TLS1.2, TLS1.3";
            Err(Error::Invalid(format!(
                "unexpected TLS version {} ({known})",
                quote(other)
            )))
        }
    };
    let (min_text, max_text) = (
        settings.text("tls-min-version"),
        settings.text("tls-max-version"),
    );
    let (min, max) = (version(min_text)?, version(max_text)?);
    if max != 0 && min > max {
        let why = format!("min version ({min_text}) is greater than max version ({max_text})");
        return Err(Error::Invalid(why));
    }
    if min == 3 && !settings.list("cipher-suites").is_empty() {
        let why = "cipher suites cannot be configured when only TLS1.3 is enabled";
        return Err(Error::Invalid(why.into()));
    }
    Ok(())
}

/// Clients that are to be spoken to with TLS must see a certificate.
fn certificates(settings: &Settings) -> Result<(), Error> {
    if !settings.text("cert-file").is_empty() || settings.bool("auto-tls") {
        return Ok(());
    }
    let http = settings.urls("listen-client-http-urls");
    let mut urls = settings.urls("listen-client-urls").iter().chain(http);
    match urls.find(|url| url.is_tls()) {
        None => Ok(()),
        Some(url) => Err(Error::Start(format!(
            "TLS key/cert (--cert-file, --key-file) must be provided for client url {url} with HTTPS scheme"
        ))),
    }
}

/// Tells of settings that do nothing any more.
fn deprecated(settings: &Settings, notices: &mut Vec<Notice>) {
    let deprecated = [
        (
            "max-snapshots",
            "--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8.",
        ),
        (
            "v2-deprecation",
            "--v2-deprecation is deprecated and scheduled for removal in v3.8. The default value is enforced, ignoring user input.",
        ),
    ];
    for (name, message) in deprecated {
        if settings.is_given(name) {
            notices.push(Notice::new(Loudness::Warn, message, &[]));
        }
    }
}
