//! The front door: one file per gRPC service. Each handler checks the request, has it carried
//! out, and fills in the header.

mod auth;
mod check;
mod cluster;
mod credentials;
mod downgrade;
mod election;
mod header;
mod health;
mod kv;
mod leaderless;
mod lease;
mod leases;
mod lock;
mod maintenance;
mod membership;
mod metadata;
mod others;
mod range;
mod session;
mod status;
mod timeouts;
mod watch;

pub use credentials::CommonName;
pub use others::Others;

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::etcdserverpb as pb;
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;

use crate::alarm::Space;
use crate::apply::{Identity, Reply, Shared};
use crate::auth::{Passwords, Tokens};
use crate::cluster::Members;
use crate::command::Command;
use crate::lease::Keeper;
use crate::metrics::Metrics;
use crate::propose::Proposer;
use crate::raft::ProposeError;
use crate::watch::Hub;
use crate::{quota, raft, read};

use self::credentials::Credentials;
use self::metadata::Learners;

/// A read index that takes longer is counted as slow; etcd asks again after as long.
const SLOW_READ_INDEX: Duration = Duration::from_millis(500);

/// What the services need to know of the configuration.
#[derive(Clone, Debug)]
pub struct Limits {
    /// `--max-request-bytes`.
    pub request_bytes_max: usize,
    /// `--max-txn-ops`.
    pub txn_ops_max: usize,
    /// How long a request may take inside the server: 5 s and two election time-outs.
    pub request_timeout: Duration,
    /// `--watch-progress-notify-interval`.
    pub progress_interval: Duration,
    /// Seconds a lease lives at least: one and a half election time-outs, rounded up.
    pub lease_ttl_min: i64,
    /// `--quota-backend-bytes`, with 0 replaced; `None` when switched off.
    pub quota_bytes: Option<u64>,
    /// `--max-learners`.
    pub learners_max: i64,
    /// `--strict-reconfig-check`.
    pub strict_reconfig_check: bool,
    /// `--election-timeout`.
    pub election_timeout: Duration,
}

/// A running member, as its services see it.
pub struct Member {
    /// Who it is.
    pub identity: Identity,
    /// The limits it keeps.
    pub limits: Limits,
    /// The replicated state.
    pub state: Shared,
    /// Who belongs to the cluster, without waiting for whoever changes the state.
    pub members: tokio::sync::watch::Receiver<Members>,
    /// The way to raft.
    pub raft: raft::Handle,
    /// The other members.
    pub others: Arc<dyn Others>,
    /// Whether there has been no leader for long.
    pub leaderless: tokio::sync::watch::Receiver<bool>,
    /// The way of a write.
    pub proposer: Proposer,
    /// The way of events.
    pub hub: Arc<Hub>,
    /// Leases' deadlines.
    pub leases: Arc<Keeper>,
    /// How it finds out who a request comes from.
    pub tokens: Arc<Tokens>,
    /// How it checks passwords.
    pub passwords: Arc<Passwords>,
    /// How many passwords may be checked at once.
    pub hashing: Arc<Semaphore>,
    /// What the quota leaves.
    pub space: Arc<Space>,
    /// Whether history is being removed.
    pub compacting: tokio::sync::watch::Receiver<bool>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where temporary files may be put (`<data-dir>/member`).
    pub directory: std::path::PathBuf,
}

impl Member {
    /// All services of the client port.
    pub fn routes(self: &Arc<Self>) -> Routes {
        let limit = self.limits.request_bytes_max + 512 * 1024;
        let mut routes = Routes::default();
        macro_rules! add {
            ($server:path, $service:expr, $learners:expr) => {{
                use $server as Server;
                let server = Server::new($service)
                    .accept_compressed(CompressionEncoding::Gzip)
                    .send_compressed(CompressionEncoding::Gzip)
                    .max_decoding_message_size(limit)
                    .max_encoding_message_size(usize::MAX);
                let check = metadata::Check::new(self.clone(), $learners);
                routes = std::mem::take(&mut routes).add_service(
                    tonic::service::interceptor::InterceptedService::new(server, check),
                );
            }};
        }
        // A learner answers little; these two services look at each call themselves.
        let (refused, asked) = (Learners::Refused, Learners::Asked);
        add!(pb::kv_server::KvServer, kv::Service(self.clone()), asked);
        add!(
            pb::watch_server::WatchServer,
            watch::Service(self.clone()),
            refused
        );
        add!(
            pb::lease_server::LeaseServer,
            lease::Service(self.clone()),
            refused
        );
        add!(
            pb::cluster_server::ClusterServer,
            cluster::Service(self.clone()),
            refused
        );
        add!(
            pb::maintenance_server::MaintenanceServer,
            maintenance::Service(self.clone()),
            asked
        );
        add!(
            pb::auth_server::AuthServer,
            auth::Service(self.clone()),
            refused
        );
        add!(
            proto::v3lockpb::lock_server::LockServer,
            lock::Service(self.clone()),
            refused
        );
        add!(
            proto::v3electionpb::election_server::ElectionServer,
            election::Service(self.clone()),
            refused
        );
        add!(
            proto::health::health_server::HealthServer,
            health::Service,
            refused
        );
        routes
    }

    /// Refuses what a learner does not answer: all but its status, a snapshot, and reads of what it
    /// happens to hold.
    fn refuse_learner(&self) -> Result<(), Status> {
        let members = self.members.borrow();
        let own = members.get(self.identity.member_id);
        match own.is_some_and(|member| member.is_learner) {
            true => Err(status::not_for_learners()),
            false => Ok(()),
        }
    }

    /// Has a command carried out that somebody asks for. The space it may take is its own until the
    /// outcome is known.
    async fn propose(&self, by: &Credentials, command: &Command) -> Result<Reply, Status> {
        let Ok(_reserved) = self.space.reserve(quota::cost(command)) else {
            return Err(status::no_space());
        };
        let caller = self.caller(by).await?;
        let began = Instant::now();
        match self.proposer.propose_by(&caller, command).await {
            Err(ProposeError::Timeout) => Err(self.timed_out(began)),
            outcome => Ok(outcome??),
        }
    }

    /// Waits until compacted history is removed.
    async fn compacted(&self) {
        // The sender is gone only when the member stops.
        let _ = self
            .compacting
            .clone()
            .wait_for(|compacting| !compacting)
            .await;
    }

    /// Waits until the state holds all that was acknowledged before.
    pub(crate) async fn linearizable(&self) -> Result<(), Status> {
        if self.raft.link().reads_are_linearizable() {
            return Ok(());
        }
        let began = Instant::now();
        let outcome = read::linearizable(&self.raft, self.limits.request_timeout).await;
        let server = &self.metrics.server;
        if outcome.is_err() {
            server.read_indexes_failed.inc();
        }
        if began.elapsed() > SLOW_READ_INDEX {
            server.slow_read_indexes.inc();
        }
        Ok(outcome?)
    }
}

/// A command answered with another command's reply: apply and rpc disagree.
fn mismatched(reply: &Reply) -> ! {
    panic!("apply answered with {reply:?} to a command of another kind");
}
