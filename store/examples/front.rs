//! The command without a key space: it starts, answers versions and health, and stops.
//!
//! The tests of signals, logs and exit codes run it, since they need a process of their own.

use futures::future::BoxFuture;
use std::process::ExitCode;
use std::sync::Arc;
use store::etcd::{Failure, Start};
use store::http::{Access, Alarm, Probe, client_router, metrics_router};
use store::metrics::Metrics;
use store::serve::{Options, Services, run};
use store::version;

/// A member that is always well.
struct Well;

impl Probe for Well {
    fn alarms(&self) -> Vec<Alarm> {
        Vec::new()
    }

    fn has_leader(&self) -> bool {
        true
    }

    fn is_learner(&self) -> bool {
        false
    }

    fn cluster_id(&self) -> u64 {
        1
    }

    fn members(&self) -> Vec<store::cluster::Member> {
        Vec::new()
    }

    fn cluster_version(&self) -> Option<String> {
        Some(version::CLUSTER.into())
    }

    fn storage_version(&self) -> Option<String> {
        Some(version::STORAGE.into())
    }

    fn read(&self, _: bool) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn raft_status(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn refresh(&self, _: &Metrics) {}
}

async fn serve(start: Start) -> Result<(), Failure> {
    assert_ne!(
        start.config.name, "broken",
        "the test of broken invariants uses this name"
    );
    if start.config.name == "failing" {
        return Err("as asked".into());
    }
    let metrics = Arc::new(Metrics::new(start.config.metrics_extensive)?);
    let access = Access {
        hosts: start.config.host_whitelist.clone(),
        origins: start.config.cors.clone(),
    };
    let services = Services {
        routes: tonic::service::Routes::default(),
        http: client_router(Arc::new(Well), Arc::clone(&metrics), None, None, access),
        metrics_http: metrics_router(Arc::new(Well), Arc::clone(&metrics)),
        metrics,
        spans: None,
    };
    let options = Options::new(&start.config);
    start.ready.tell();
    run(start.bound, services, options, start.stop).await;
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let environment: Vec<(String, String)> = std::env::vars().collect();
    store::etcd::run(&arguments, &environment, serve)
}
