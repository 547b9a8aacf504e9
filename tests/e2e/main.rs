//! Clusters of real processes on bad days, loaded and judged by etcd's official client.
//!
//! - [`chaos`]: members are killed, paused, cut off and replaced under load; `chaos/` holds the
//!   program that makes the load and judges what it saw, with porcupine among others.
//! - [`rolling`]: members are restarted one after the other, and no request may fail.
//! - [`rejoin`]: a member that was away for long comes back by a snapshot.
//! - [`regress`]: what went wrong in etcd once does not here.
//! - [`corrupt`]: a member has other data than the rest.
//! - [`membership`]: a cluster is looked at and changed with etcd's own `etcdctl`.
//! - [`kubeadm`]: its manifest starts our server.
//! - [`mixin`]: rules and dashboards find their metrics.
//! - [`secure`]: clients and members speak TLS.
//! - [`discovery`]: members find each other.
//! - [`drill`]: it goes back to a moment in its history.
//! - [`restore`]: a cluster comes back from a backup.
//! - [`proxy`]: `etcd gateway` and `etcd grpc-proxy` stand in front.
//!
//! The server is ours, or any binary that takes etcd's flags, named by `PINTLE_TEST_ETCD`: all of
//! this passes against the real etcd.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

mod auth;
mod chaos;
mod client;
mod command;
mod corrupt;
mod curve;
mod discovery;
mod dns;
mod drill;
mod faults;
mod kubeadm;
mod load;
mod member;
mod membership;
mod mixin;
mod program;
mod proxy;
mod regress;
mod rejoin;
mod restore;
mod rolling;
mod second;
mod secure;
mod spans;

use tokio::sync::Mutex;

/// Held by each test while it runs, which needs the whole machine: elections are a matter of time.
static ALONE: Mutex<()> = Mutex::const_new(());

/// A variable that holds a number.
fn from_env(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
