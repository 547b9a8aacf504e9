//! A cluster of three, and the loss of its leader.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use harness::{Cluster, ClusterOptions};
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::{RangeRequest, StatusRequest};
use rand::Rng as _;
use tonic::transport::{Channel, Endpoint};

use crate::outage::first_write;

/// How many members each side has.
const SIZE: usize = 3;
/// How long anything may take that must happen in the end.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a question to one member may take.
const QUESTION: Duration = Duration::from_secs(1);
/// The longest rest before a fault, in milliseconds: several heartbeats.
const REST_MS: u64 = 1_000;

/// How a leader is lost.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Pause,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Fault::Kill => "kill",
            Fault::Pause => "pause",
        })
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Side {
    name: &'static str,
    cluster: Cluster,
    /// One connection to each member, which is made again by itself.
    members: Vec<Channel>,
    patience: Duration,
}

impl Side {
    /// Starts the members of `binary`. A put is tried again after `patience`.
    pub(crate) fn start(
        name: &'static str,
        binary: PathBuf,
        flags: &[String],
        patience: Duration,
    ) -> anyhow::Result<Side> {
        let mut options = ClusterOptions::new(binary, SIZE).flags(flags);
        options.links = false;
        let cluster = Cluster::start(options)?;
        let mut members = Vec::new();
        for member in 0..SIZE {
            let endpoint = Endpoint::from_shared(cluster.client_url(member))?;
            members.push(endpoint.connect_timeout(QUESTION).connect_lazy());
        }
        Ok(Side {
            name,
            cluster,
            members,
            patience,
        })
    }

    /// Waits until all is well, lets the fault happen to the leader, and makes it good again; gives
    /// how long no write was acknowledged.
    pub(crate) async fn lose_leader(&mut self, fault: Fault) -> anyhow::Result<Duration> {
        self.settle().await?;
        let rest = rand::rng().random_range(0..REST_MS);
        tokio::time::sleep(Duration::from_millis(rest)).await;
        let leader = self.settle().await?;
        let begin = Instant::now();
        match fault {
            Fault::Kill => self.cluster.kill(leader),
            Fault::Pause => self.pause(leader)?,
        }
        let first = first_write(&self.members, self.patience, LIMIT).await;
        match fault {
            Fault::Kill => self.cluster.launch(&[leader])?,
            Fault::Pause => self.cluster.resume(leader)?,
        }
        let name = self.name;
        let first = first.with_context(|| format!("{name}: no write {LIMIT:?} after a {fault}"))?;
        Ok(first - begin)
    }

    /// Pauses a member and waits until it stands still: a signal takes a moment to be seen.
    fn pause(&self, member: usize) -> anyhow::Result<()> {
        self.cluster.pause(member)?;
        let pid = self.cluster.pid(member).context("the leader is gone")?;
        let stopped = harness::eventually(LIMIT, || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The name before the state may hold anything, even parentheses.
            stat.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('T'))
        });
        ensure!(stopped, "process {pid} does not stop");
        Ok(())
    }

    /// Waits until all members answer reads that take a leader, and tell of the same one; gives its
    /// number.
    async fn settle(&self) -> anyhow::Result<usize> {
        let begin = Instant::now();
        loop {
            if let Some(leader) = self.agreed_leader().await {
                return Ok(leader);
            }
            let name = self.name;
            ensure!(begin.elapsed() < LIMIT, "{name}: no leader for {LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn agreed_leader(&self) -> Option<usize> {
        let (mut leaders, mut ids) = (Vec::new(), Vec::new());
        for member in &self.members {
            let mut maintenance = MaintenanceClient::new(member.clone());
            let status = maintenance.status(StatusRequest::default());
            let status = tokio::time::timeout(QUESTION, status).await.ok()?.ok()?;
            leaders.push(status.get_ref().leader);
            ids.push(status.get_ref().header.as_ref()?.member_id);
            let mut kv = KvClient::new(member.clone());
            let read = kv.range(RangeRequest {
                key: "failover".into(),
                ..RangeRequest::default()
            });
            tokio::time::timeout(QUESTION, read).await.ok()?.ok()?;
        }
        let first = leaders[0];
        let agreed = leaders.iter().all(|leader| *leader == first);
        let leader = ids.iter().position(|id| *id == first);
        leader.filter(|_| agreed)
    }
}
