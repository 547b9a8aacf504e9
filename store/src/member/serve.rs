//! The member as the `etcd` command runs it: opened, started, served on its listeners, stopped.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::mm::MlockAllFlags;
use tokio::sync::{Notify, oneshot, watch};

use super::local::Local;
use super::{Error, Running, bootstrap, corrupt, open, start};
use crate::catchup::Inbox;
use crate::cluster::Members;
use crate::config::Config;
use crate::disk::Real;
use crate::etcd::{Failure, Ready, Start};
use crate::gateway;
use crate::http::{self, Access, Probe};
use crate::metrics::Metrics;
use crate::peer::{self, Dialer, Peers};
use crate::rpc::Member;
use crate::serve::{self, Bound, Options, Services};
use crate::spans::Spans;

/// How long a connection to another member may take to come about: what etcd gives it, which is
/// one second and one election time-out.
const DIAL_TIMEOUT: Duration = Duration::from_secs(1);

/// How often a member that starts looks whether it is connected, and how many times.
const HURRY_INTERVAL: Duration = Duration::from_millis(50);
const HURRY_LOOKS: usize = 100;

/// How long a member that finds itself removed goes on, as etcd's does: the others may still need its
/// vote to learn of it.
const REMOVED_LINGERS: Duration = Duration::from_secs(1);

/// Why a member ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It was told to.
    Asked,
    /// Its log cannot be written any more.
    LogBroken,
    /// It belongs to the cluster no more.
    Removed,
}

/// Serves until told to stop, until the log cannot be written any more, or until the member has
/// been removed from its cluster.
///
/// # Errors
/// The member cannot be opened or started, or its log failed.
pub async fn serve(given: Start) -> Result<(), Failure> {
    let Start {
        config,
        data,
        bound,
        bound_peers,
        stop,
        ready,
        routes,
    } = given;
    if config.memory_mlock {
        lock_memory()?;
    }
    let spans = config.tracing.as_ref().map(Spans::start).transpose()?;
    let spans = spans.map(Arc::new);
    let metrics = Arc::new(Metrics::new(config.metrics_extensive)?);
    let config = Arc::new(config);
    let opening = config.clone();
    let runtime = tokio::runtime::Handle::current();
    let dialer = Dialer::new(config.peer_security.tls.clone());
    let asker = dialer.clone();
    let opened = tokio::task::spawn_blocking(move || {
        open(&opening, Arc::new(Real::new()), &|urls, timeout, heard| {
            bootstrap::ask(&runtime, &asker, urls, timeout, heard);
        })
    })
    .await??;
    metrics.server.set_id(opened.identity.member_id);
    metrics.server.set_features(&config.gates);
    let folder = opened.checkpoints.folder.clone();
    let settings = peer::Settings {
        cluster_id: opened.identity.cluster_id,
        member_id: opened.identity.member_id,
        dial_timeout: DIAL_TIMEOUT + config.election_timeout,
        read_timeout: config.raft_read_timeout,
        write_timeout: config.raft_write_timeout,
        dialer: dialer.clone(),
    };
    let runtime = tokio::runtime::Handle::current();
    let peers = Peers::new(settings, metrics.clone(), runtime);
    let mut running = start(&config, opened, metrics, peers.clone(), peers.clone())?;
    let removed = Arc::new(Notify::new());
    // As in etcd a member that is new to its cluster has nothing that could differ.
    let is_checking = config.gates.enabled("InitialCorruptCheck") && data.is_initialized();
    let is_hashing = Arc::new(AtomicBool::new(!is_checking));
    peers.start(Arc::new(Local {
        member: running.member.clone(),
        inbox: Inbox::new(running.member.identity.cluster_id, folder),
        removed: removed.clone(),
        is_hashing: is_hashing.clone(),
    }));
    let (stop_peers, peers_stopped) = watch::channel(false);
    let serving_peers = serve_peers(&running, &config, &peers, bound_peers, peers_stopped);
    let connecting = tokio::spawn(connect(peers.clone(), running.members.clone()));
    let hurrying = tokio::spawn(hurry(peers.clone(), running.member.clone(), config.clone()));

    let failed = std::mem::replace(&mut running.failed, oneshot::channel().1);
    let own = running.member.identity.member_id;
    let mut end = pin!(end(own, stop, failed, running.members.clone(), removed));
    let joined = tokio::select! {
        joined = join(&running, &config, &is_hashing) => Ok(joined?),
        end = &mut end => Err(end),
    };
    let end = match joined {
        Ok(()) => {
            if let Some(routes) = routes {
                // Whoever asked for them may have gone.
                let _ = routes.send(running.member.routes());
            }
            serve_clients(&running, &config, bound, spans.clone(), ready, end).await
        }
        Err(end) => end,
    };
    let stopped = tokio::task::spawn_blocking(move || {
        if let Some(spans) = spans {
            spans.stop();
        }
        running.stop()
    })
    .await?;
    connecting.abort();
    hurrying.abort();
    peers.stop();
    // The listeners are there for as long as their task.
    let _ = stop_peers.send(true);
    serving_peers.await?;
    drop(data);
    stopped?;
    match end {
        End::LogBroken => Err("the log cannot be written any more".into()),
        End::Asked | End::Removed => Ok(()),
    }
}

/// Keeps what the process has in memory, or will have, from being written to a swap device. Only what is
/// really used is locked.
fn lock_memory() -> Result<(), Failure> {
    let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    rustix::mm::mlockall(flags)
        .map_err(|error| format!("failed to lock memory (--memory-mlock): {error}").into())
}

/// Waits until the member is led, and compares its data with that of the others if it is to.
async fn join(running: &Running, config: &Config, is_hashing: &AtomicBool) -> Result<(), Error> {
    running.join(config).await?;
    if !is_hashing.load(Ordering::Acquire) {
        let checked = corrupt::initial(&running.member).await;
        checked.inspect_err(|error| tracing::error!(%error, "checkInitialHashKV failed"))?;
        is_hashing.store(true, Ordering::Release);
    }
    Ok(())
}

/// Keeps the transport's idea of the members that of the state.
async fn connect(peers: Arc<Peers>, mut members: watch::Receiver<Members>) {
    loop {
        let now: Vec<(u64, Vec<String>)> = members
            .borrow_and_update()
            .iter()
            .map(|member| (member.id, member.peer_urls.clone()))
            .collect();
        peers.set_members(&now);
        // The sender is gone when the member stops.
        if members.changed().await.is_err() {
            return;
        }
    }
}

/// Once the member is connected to enough others it need not wait for the whole election time-out
/// of its start (`--initial-election-tick-advance`): as in etcd two ticks are left, so that a leader
/// there is has time to speak.
async fn hurry(peers: Arc<Peers>, member: Arc<Member>, config: Arc<Config>) {
    if !config.initial_election_tick_advance {
        return;
    }
    let own = member.identity.member_id;
    for _ in 0..HURRY_LOOKS {
        tokio::time::sleep(HURRY_INTERVAL).await;
        let (connected, voters) = {
            let members = member.members.borrow();
            let connected = members
                .voters()
                .filter(|other| other.id != own && peers.active_since(other.id).is_some())
                .count();
            (connected, members.voters().count())
        };
        if connected + 1 > voters / 2 {
            let ticks = config.election_timeout.as_millis() / config.heartbeat_interval.as_millis();
            member.raft.advance((ticks as usize).saturating_sub(2));
            return;
        }
    }
}

/// Serves other members until the stop.
fn serve_peers(
    running: &Running,
    config: &Config,
    peers: &Arc<Peers>,
    bound: Vec<Bound>,
    stop: watch::Receiver<bool>,
) -> tokio::task::JoinHandle<()> {
    for listener in &bound {
        tracing::info!(address = listener.address(), "serving peer traffic");
    }
    let probe: Arc<dyn Probe> = running.member.clone();
    let services = Services {
        routes: peers.routes(),
        http: http::peer_router(probe.clone()),
        metrics_http: http::peer_router(probe),
        metrics: running.member.metrics.clone(),
        spans: None,
    };
    tokio::spawn(serve::run(bound, services, Options::peers(config), stop))
}

/// Serves clients until the end.
async fn serve_clients(
    running: &Running,
    config: &Config,
    bound: Vec<Bound>,
    spans: Option<Arc<Spans>>,
    ready: Ready,
    end: impl Future<Output = End>,
) -> End {
    let probe: Arc<dyn Probe> = running.member.clone();
    let metrics = running.member.metrics.clone();
    let access = Access {
        hosts: config.host_whitelist.clone(),
        origins: config.cors.clone(),
    };
    let routes = running.member.routes();
    let gateway = config
        .enable_grpc_gateway
        .then(|| gateway::router(routes.clone(), config.max_receive_bytes()));
    let second = config
        .enable_v2
        .then(|| http::v2::router(running.member.clone()));
    let services = Services {
        routes,
        http: http::client_router(probe.clone(), metrics.clone(), gateway, second, access),
        metrics_http: http::metrics_router(probe, metrics.clone()),
        metrics,
        spans,
    };
    ready.tell();
    let (stop, stopped) = watch::channel(false);
    let mut served = pin!(serve::run(bound, services, Options::new(config), stopped));
    let end = async {
        let reason = end.await;
        // While clients are still served: they need not notice that another member leads.
        if reason == End::Asked {
            running.hand_over(config.election_timeout).await;
        }
        reason
    };
    let mut end = pin!(end);
    tokio::select! {
        reason = &mut end => {
            // Requests under way may end, unless there is no log that could keep them.
            let _ = stop.send(true);
            if reason != End::LogBroken {
                served.await;
            }
            reason
        }
        // Listeners end only when they are stopped.
        () = &mut served => end.await,
    }
}

/// Waits for the first reason to end.
async fn end(
    own: u64,
    mut stop: watch::Receiver<bool>,
    failed: oneshot::Receiver<()>,
    mut members: watch::Receiver<Members>,
    removed: Arc<Notify>,
) -> End {
    let is_removed = async {
        tokio::select! {
            Ok(_) = members.wait_for(|members| members.is_removed(own)) => {}
            () = removed.notified() => {}
        }
        // Whoever asked this very member for it is still to be told.
        tokio::time::sleep(REMOVED_LINGERS).await;
    };
    tokio::select! {
        // Who could ask for it being gone is a stop too.
        _ = stop.wait_for(|stop| *stop) => End::Asked,
        Ok(()) = failed => End::LogBroken,
        () = is_removed => {
            tracing::warn!(
                "local-member-id" = %format_args!("{own:x}"),
                "the member has been permanently removed from the cluster"
            );
            End::Removed
        }
    }
}
