//! `etcd grpc-proxy start`: one server for many clients, in front of a cluster.
//!
//! ```text
//! clients ── gRPC ──▶ kv ─ cache, namespace ──┐
//!                     watch ─ shared watches ─┤
//!                     lease ─ shared renewals ┼─▶ upstream ─ the next member in turn ──▶
//!                     cluster ─ the proxies ──┤
//!                     forward ─ all else ─────┘
//! ```
//!
//! Flags, answers and metrics are those of etcd's proxy. Better than there: a write that fails drops
//! what the cache knows of its keys, streams that require a leader end when there is none, and a
//! client that does not read its watch may come back to it.

mod cache;
mod caller;
mod cluster;
mod flags;
mod forward;
mod http;
mod kv;
mod leader;
mod lease;
mod namespace;
mod register;
mod renewals;
mod upstream;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use dial::Pings;
use proto::etcdserverpb as pb;
use store::config::{Keepalive, Url};
use store::metrics::Metrics;
use store::serve::{self, Options, Services};
use tokio::signal::unix::{SignalKind, signal};
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

pub(crate) use self::flags::Flags;
use self::kv::Kv;
use self::leader::Leader;
use self::namespace::Namespace;
use self::register::Proxies;
use self::upstream::{Upstream, Way};
use crate::discovered;

/// Pings that practically never come: none are asked for.
const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// Serves until a signal ends it.
///
/// # Errors
/// The flags do not go together, a certificate cannot be used, or an address cannot be listened on.
pub(crate) async fn start(flags: Flags) -> Result<(), String> {
    flags.check()?;
    let listen_tls = listen_tls(&flags)?;
    let listener = match &listen_tls {
        Some(settings) => {
            let server = tls::Server::new(settings).map_err(|why| why.to_string())?;
            serve::bind_at(&flags.listen_addr, Some(server))
        }
        None => serve::bind_at(&flags.listen_addr, None),
    };
    let mut listeners = vec![listener.map_err(|why| why.to_string())?];
    tracing::info!(
        address = flags.listen_addr,
        "listening for gRPC proxy client requests"
    );
    listeners.extend(metrics_listener(&flags, listen_tls.as_ref())?);
    let metrics = Arc::new(Metrics::new(false).map_err(|why| why.to_string())?);
    let (upstream, tls) = members(&flags).await?;
    let proxies = register(&flags, &upstream);
    let itself = itself(&flags, listen_tls.as_ref())?;
    let front = http::Front {
        upstream: Arc::clone(&upstream),
        itself,
        tls,
        metrics: Arc::clone(&metrics),
    };
    let paths = http::router(front);
    let services = Services {
        routes: routes(&flags, &upstream, proxies, &metrics),
        http: paths.clone(),
        metrics_http: paths,
        metrics,
        spans: None,
    };
    let keepalive = Keepalive {
        min_time: flags.grpc_keepalive_min_time,
        interval: Some(flags.grpc_keepalive_interval).filter(|time| !time.is_zero()),
        timeout: flags.grpc_keepalive_timeout,
    };
    let options = Options::of_proxy(usize::MAX, flags.max_concurrent_streams, &keepalive);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let failed = |why: std::io::Error| why.to_string();
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tracing::info!(address = flags.listen_addr, "started gRPC proxy");
    // Without an init daemon there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let mut serving = std::pin::pin!(serve::run(listeners, services, options, stopped));
    tokio::select! {
        () = serving.as_mut() => return Ok(()),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!(
        address = flags.listen_addr,
        "stop listening gRPC proxy client requests"
    );
    // The listeners hold a receiver, so this reaches them.
    let _ = stop.send(true);
    serving.await;
    Ok(())
}

/// TLS with clients: by files, or by a certificate that is made here.
fn listen_tls(flags: &Flags) -> Result<Option<tls::Settings>, String> {
    if let Some(settings) = flags.listen_tls()? {
        return Ok(Some(settings));
    }
    if !flags.auto_tls {
        return Ok(None);
    }
    let dir = flags.data_dir.join("fixtures").join("proxy");
    let host = flags.listen_addr.rsplit_once(':');
    let host = host.map_or(flags.listen_addr.as_str(), |(host, _)| host);
    let host = host.trim_matches(['[', ']']).to_owned();
    let made = tls::self_signed::in_directory(&dir, &[host], flags.self_signed_cert_validity);
    let made = made.map_err(|why| why.to_string())?;
    flags.with_rules(made).map(Some)
}

/// `--metrics-addr`.
fn metrics_listener(
    flags: &Flags,
    settings: Option<&tls::Settings>,
) -> Result<Option<serve::Bound>, String> {
    if flags.metrics_addr.is_empty() {
        return Ok(None);
    }
    let url = Url::parse(&flags.metrics_addr)?;
    let server = match settings {
        Some(settings) if url.is_tls() => Some(tls::Server::new(settings)),
        None if url.is_tls() => {
            return Err(format!(
                "cannot listen on TLS for {}: KeyFile and CertFile are not presented",
                url.address()
            ));
        }
        _ => None,
    };
    let server = server.transpose().map_err(|why| why.to_string())?;
    let bound = serve::bind_metrics_at(&url.address(), server);
    tracing::info!(
        address = flags.metrics_addr,
        "gRPC proxy listening for metrics"
    );
    bound.map(Some).map_err(|why| why.to_string())
}

/// The members, and how TLS is spoken with them.
async fn members(flags: &Flags) -> Result<(Arc<Upstream>, Option<tls::Client>), String> {
    let found = discovered::members(&flags.members, &flags.cacert).await?;
    let endpoints: Vec<String> = match found.is_empty() {
        true => flags.members.endpoints.clone(),
        false => found.iter().map(dial::srv::Server::url).collect(),
    };
    let settings = flags.member_tls();
    if let Some(settings) = &settings
        && !settings.cert.as_os_str().is_empty()
    {
        // Who has a name is taken for that user; a proxy speaks for many.
        let name = tls::common_name_in(&settings.cert).map_err(|why| why.to_string())?;
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let cert = settings.cert.display();
            return Err(format!("cert has non empty Common Name ({name}): {cert}"));
        }
    }
    let is_secure =
        |endpoint: &String| endpoint.starts_with("https:") || endpoint.starts_with("unixs:");
    let settings = match endpoints.first().is_some_and(is_secure) {
        true => Some(settings.unwrap_or_default()),
        false => settings,
    };
    let trust = match flags.insecure_skip_tls_verify {
        true => tls::Trust::Anybody,
        false => tls::Trust::Checked,
    };
    if flags.insecure_skip_tls_verify {
        tracing::warn!(
            "--insecure-skip-tls-verify was given, this grpc proxy process skips authentication of etcd server TLS certificates. This option should be enabled only for testing purposes."
        );
    }
    let tls = settings.map(|settings| tls::Client::new(&settings, trust));
    let tls = tls.transpose().map_err(|why| why.to_string())?;
    let way = Way {
        tls: tls.clone(),
        pings: pings(flags),
    };
    let upstream = Arc::new(Upstream::new(&endpoints, way, flags.message_bytes_max()));
    if !flags.endpoints_auto_sync_interval.is_zero() {
        let pause = flags.endpoints_auto_sync_interval;
        tokio::spawn(upstream::sync(Arc::clone(&upstream), pause));
    }
    Ok((upstream, tls))
}

fn pings(flags: &Flags) -> Pings {
    Pings {
        interval: match flags.dial_keepalive_time {
            Duration::ZERO => NEVER,
            time => time,
        },
        timeout: flags.dial_keepalive_timeout,
    }
}

/// `--resolver-prefix`: makes this proxy known, and knows the others.
fn register(flags: &Flags, upstream: &Arc<Upstream>) -> Arc<Proxies> {
    let proxies = Arc::new(Proxies::default());
    if flags.resolver_prefix.is_empty() {
        return proxies;
    }
    let (prefix, address) = (&flags.resolver_prefix, &flags.advertise_client_url);
    tokio::spawn(register::register(
        Arc::clone(upstream),
        prefix.clone(),
        address.clone(),
        flags.resolver_ttl,
    ));
    let followed = register::follow(Arc::clone(upstream), prefix.clone(), Arc::clone(&proxies));
    tokio::spawn(followed);
    proxies
}

/// A client of the proxy itself, at the address that it advertises.
fn itself(
    flags: &Flags,
    settings: Option<&tls::Settings>,
) -> Result<Option<Arc<Upstream>>, String> {
    if flags.advertise_client_url.is_empty() {
        return Ok(None);
    }
    let tls = settings.map(|settings| tls::Client::new(settings, tls::Trust::Checked));
    let way = Way {
        tls: tls.transpose().map_err(|why| why.to_string())?,
        pings: pings(flags),
    };
    let endpoints = [flags.advertise_client_url.clone()];
    let upstream = Upstream::new(&endpoints, way, flags.message_bytes_max());
    Ok(Some(Arc::new(upstream)))
}

/// The gRPC services.
fn routes(
    flags: &Flags,
    upstream: &Arc<Upstream>,
    proxies: Arc<Proxies>,
    metrics: &Arc<Metrics>,
) -> Routes {
    let kv = Arc::new(Kv::new(
        Arc::clone(upstream),
        Namespace::new(&flags.namespace),
        flags.experimental_serializable_ordering,
        Arc::clone(metrics),
    ));
    let leader = Arc::new(Leader::new(Arc::clone(upstream)));
    let watch = watch::Service::new(Arc::clone(&kv), Arc::clone(&leader), Arc::clone(metrics));
    let lease = lease::Service::new(Arc::clone(&kv), leader);
    let cluster = cluster::Service {
        upstream: Arc::clone(upstream),
        advertised: flags.advertise_client_url.clone(),
        proxies,
    };
    let mut routes = Routes::from(forward::routes(Arc::clone(upstream)));
    macro_rules! add {
        ($server:path, $service:expr) => {{
            use $server as Server;
            let server = Server::new($service)
                .accept_compressed(CompressionEncoding::Gzip)
                .send_compressed(CompressionEncoding::Gzip)
                .max_decoding_message_size(usize::MAX)
                .max_encoding_message_size(usize::MAX);
            routes = routes.add_service(server);
        }};
    }
    add!(pb::kv_server::KvServer, kv::Service(kv));
    add!(pb::watch_server::WatchServer, watch);
    add!(pb::lease_server::LeaseServer, lease);
    add!(pb::cluster_server::ClusterServer, cluster);
    routes
}
