//! The member as the `etcd` command runs it: opened, started, served on its listeners, stopped.

use std::sync::Arc;

use super::{open, start};
use crate::disk::Real;
use crate::etcd::{Failure, Start};
use crate::http::{self, Access, Probe};
use crate::metrics::Metrics;
use crate::serve::{self, Options, Services};

/// Serves until told to stop, or until the log cannot be written any more.
///
/// # Errors
/// The member cannot be opened or started, or its log failed.
pub async fn serve(given: Start) -> Result<(), Failure> {
    let Start {
        config,
        data,
        bound,
        stop,
        ready,
    } = given;
    let metrics = Arc::new(Metrics::new(config.metrics_extensive)?);
    let config = Arc::new(config);
    let opening = config.clone();
    let opened =
        tokio::task::spawn_blocking(move || open(&opening, Arc::new(Real::new()))).await??;
    metrics.server.set_id(opened.identity.member_id);
    metrics.server.set_cluster_version(crate::version::CLUSTER);
    metrics.server.set_features(&config.gates);
    let mut running = start(&config, opened, metrics.clone()).await?;
    let probe: Arc<dyn Probe> = running.member.clone();
    let access = Access {
        hosts: config.host_whitelist.clone(),
        origins: config.cors.clone(),
    };
    let services = Services {
        routes: running.member.routes(),
        http: http::client_router(probe.clone(), metrics.clone(), access),
        metrics_http: http::metrics_router(probe, metrics.clone()),
        metrics,
    };
    ready.tell();
    let served = serve::run(bound, services, Options::new(&config), stop);
    let is_log_broken = tokio::select! {
        () = served => false,
        _ = &mut running.failed => true,
    };
    let stopped = tokio::task::spawn_blocking(move || running.stop()).await?;
    drop(data);
    stopped?;
    match is_log_broken {
        true => Err("the log cannot be written any more".into()),
        false => Ok(()),
    }
}
