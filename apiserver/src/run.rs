//! `kube-apiserver` as a process: from its flags to its exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

use crate::admission::Chain;
use crate::cache::{self, Cache};
use crate::documents::VERSION;
use crate::flags::Flags;
use crate::gate::Gate;
use crate::serve;
use crate::server::Server;
use crate::shared::Shared;
use crate::storage::{Route, Store, route};
use crate::{compaction, go, start};

/// A server that is there with all that every cluster has.
pub struct Ready {
    /// Where it listens.
    pub address: SocketAddr,
    /// The server itself, for those in its process.
    pub server: Arc<Server>,
}

/// Why the server does not run.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command; the first argument is the name of the program.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    let flags = match Flags::try_parse_from(arguments) {
        Ok(flags) => flags,
        Err(error) => {
            let is_help = !error.use_stderr();
            // Without a terminal there is nobody to tell.
            let _ = error.print();
            return ExitCode::from(u8::from(!is_help));
        }
    };
    if let Some(wanted) = &flags.version
        && wanted != "false"
    {
        let _ = writeln!(std::io::stdout(), "Kubernetes {VERSION}");
        return ExitCode::SUCCESS;
    }
    log(flags.v.max(1));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(until_told(flags)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "Error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Tells on stderr what happens; the more the higher `v` is.
pub fn log(v: u8) {
    let level = match v {
        0 => tracing::Level::WARN,
        1..=2 => tracing::Level::INFO,
        3..=5 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(level);
    // Whoever has installed another one before keeps it.
    let _ = subscriber.try_init();
}

/// Serves until a signal comes.
async fn until_told(flags: Flags) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = watch::channel(false);
    let serving = serve(flags, stopped);
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    let _ = stop.send(true);
    serving.await
}

/// Serves until `stop` turns true.
///
/// # Errors
/// A flag asks for what is not there, a file cannot be read, the address is taken.
pub async fn serve(flags: Flags, stop: watch::Receiver<bool>) -> Result<(), Failure> {
    let tls = store_tls(&flags)?;
    let route = route::to_servers(&flags.etcd_servers, tls)?;
    serve_on(flags, route, stop, oneshot::channel().0).await
}

/// The same on a store that is there already. `ready` is told once everything that every cluster has is
/// there.
///
/// # Errors
/// A flag asks for what is not there, a file cannot be read, the address is taken.
pub async fn serve_on(
    flags: Flags,
    route: Route,
    stop: watch::Receiver<bool>,
    ready: oneshot::Sender<Ready>,
) -> Result<(), Failure> {
    let store = Store::new(route);
    let events_last = i64::try_from(go::duration(&flags.event_ttl)?.as_secs()).unwrap_or(i64::MAX);
    let interval = go::duration(&flags.etcd_compaction_interval)?;
    let cache = Arc::new(Cache::new(store.clone(), &flags.etcd_prefix, events_last));
    let gate = Arc::new(Gate::new(&flags, &cache)?);
    let watch_min = Duration::from_secs(flags.min_request_timeout);
    let admission = Chain::new(
        &flags.enable_admission_plugins,
        &flags.disable_admission_plugins,
    )?;
    let shared = Arc::new(Shared::new(gate.clone(), admission));
    let server = Server::new(cache.clone(), shared, watch_min, stop.clone());
    let certificate = tls::Server::asking(&serving_tls(&flags)?)?;
    let listener = serve::bind(SocketAddr::new(flags.bind_address, flags.secure_port)).await?;
    let address = listener.local_addr()?;
    tracing::info!("Serving securely on {address}");
    let feeding = tokio::spawn(cache::run(cache.clone(), stop.clone()));
    let server = Arc::new(server);
    let following = tokio::spawn(gate.follow(cache.clone(), stop.clone()));
    let compacting = tokio::spawn(compaction::run(store, interval, stop.clone()));
    let making = start::run(server.clone(), stop.clone());
    let shown = server.clone();
    let starting = tokio::spawn(async move {
        let server = shown;
        making.await;
        // Whoever wanted to know may have gone.
        let _ = ready.send(Ready { address, server });
    });
    serve::serve(listener, Some(certificate), server, stop).await;
    feeding.await?;
    starting.await?;
    compacting.await?;
    following.await?;
    Ok(())
}

fn store_tls(flags: &Flags) -> Result<Option<tls::Client>, Failure> {
    if !flags
        .etcd_servers
        .iter()
        .any(|server| server.starts_with("https:"))
    {
        return Ok(None);
    }
    let path = |file: &Option<std::path::PathBuf>| file.clone().unwrap_or_default();
    let settings = tls::Settings {
        cert: path(&flags.etcd_certfile),
        key: path(&flags.etcd_keyfile),
        trusted_ca: path(&flags.etcd_cafile),
        ..tls::Settings::default()
    };
    Ok(Some(tls::Client::new(&settings, tls::Trust::Checked)?))
}

fn serving_tls(flags: &Flags) -> Result<tls::Settings, Failure> {
    if let (Some(cert), Some(key)) = (&flags.tls_cert_file, &flags.tls_private_key_file) {
        return Ok(of_files(cert, key));
    }
    let (cert, key) = (
        flags.cert_dir.join("apiserver.crt"),
        flags.cert_dir.join("apiserver.key"),
    );
    if cert.exists() && key.exists() {
        return Ok(of_files(&cert, &key));
    }
    let hosts = [
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        flags.bind_address.to_string(),
    ];
    Ok(tls::self_signed::in_directory(&flags.cert_dir, &hosts, 1)?)
}

fn of_files(cert: &Path, key: &Path) -> tls::Settings {
    tls::Settings {
        cert: cert.to_owned(),
        key: key.to_owned(),
        ..tls::Settings::default()
    }
}
