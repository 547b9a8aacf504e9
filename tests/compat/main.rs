//! The differential test: the same requests go to two servers, the one under test and the real
//! etcd, and what comes back is compared field by field.
//!
//! ```text
//!   generate ──> Step ──> Pair ──┬──> Side A: ours     ──> Outcome ──┐
//!   directed ──>                 └──> Side B: etcd 3.7 ──> Outcome ──┴──> equal, or a Difference
//! ```
//!
//! Steps go in lockstep: the next one is sent when both sides have answered. [`ids`] gives shared
//! names to what each server picks by itself, [`canonical`] lists everything else that is not
//! compared. Differences come with the shortest row of steps that shows them ([`shrink`]).
//!
//! The real etcd is built by `cargo xtask peers`; `PINTLE_PEERS_DIR` names another place for it,
//! `PINTLE_TEST_ETCD` another server under test. [`random`] lists the variables for longer runs.

mod auth;
mod canonical;
mod difference;
mod directed;
mod gateway;
mod generate;
mod ids;
mod pair;
mod random;
mod raw;
mod reply;
mod second;
mod send;
mod shrink;
mod side;
mod step;
mod visit;
mod watching;

mod self_check;

use pair::Servers;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_requests_get_the_same_replies() {
    let servers = Servers::find().expect("both servers are there");
    let plan = random::Plan::from_env().expect("the variables are numbers");
    if let Err(differences) = random::play(&servers, &plan).await {
        panic!("{differences:#}");
    }
}

/// Goes through a group of known facts.
async fn check(group: directed::Group) {
    if let Err(report) = directed::check(group).await {
        panic!("{report:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_range_put_and_delete() {
    check(directed::kv()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_txn() {
    check(directed::txn()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_compaction() {
    check(directed::compaction()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_leases() {
    check(directed::leases()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_watch() {
    check(directed::watch()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_maintenance() {
    check(directed::maintenance()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_limits() {
    check(directed::limits()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_lock_and_election() {
    check(directed::locks()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_of_the_wire() {
    check(directed::wire()).await;
}
