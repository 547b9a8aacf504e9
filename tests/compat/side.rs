//! One of the two servers, and everything that is known about it.

use std::path::PathBuf;
use std::time::Duration;

use harness::Server;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::{ResponseHeader, StatusRequest};
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};

use crate::ids::Ids;
use crate::reply::Outcome;
use crate::send::send;
use crate::step::Step;
use crate::visit;
use crate::watching::Watching;

/// A running server with a connection.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) server: Server,
    pub(crate) channel: Channel,
    pub(crate) ids: Ids,
    pub(crate) watching: Watching,
}

impl Side {
    /// Starts `binary` on an empty directory and connects.
    pub(crate) async fn start(binary: PathBuf, flags: &[String]) -> anyhow::Result<Side> {
        let flags = flags.to_vec();
        let start = move || Server::start_with(harness::Options::new(binary).flags(flags));
        let server = tokio::task::spawn_blocking(start).await??;
        let channel = Endpoint::new(server.client_url())?
            .initial_stream_window_size(1 << 24)
            .initial_connection_window_size(1 << 26)
            .connect_timeout(Duration::from_secs(10))
            .connect()
            .await?;
        let ids = Ids::new(&header(&channel).await?);
        Ok(Side {
            server,
            channel: channel.clone(),
            ids,
            watching: Watching::new(channel),
        })
    }

    /// Notes that the server was restarted: its term is a new one.
    pub(crate) async fn restarted(&mut self) -> anyhow::Result<()> {
        self.ids.restarted(&header(&self.channel).await?);
        Ok(())
    }

    /// True when the outcome is a lost connection because the process has ended.
    pub(crate) fn is_gone(&mut self, outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Error { message, .. } if message.contains("error"))
            && !self.server.is_running()
    }

    /// Sends a step other than a watch step, in this side's own names, and gives the raw outcome.
    pub(crate) async fn send(&self, step: &Step) -> Outcome {
        let step = self.named(step);
        send(self.channel.clone(), &self.ids, step).await
    }

    /// The same in the background.
    pub(crate) fn start_sending(&self, step: &Step) -> JoinHandle<Outcome> {
        let (step, ids, channel) = (self.named(step), self.ids.clone(), self.channel.clone());
        tokio::spawn(async move { send(channel, &ids, step).await })
    }

    /// The step in this side's own names.
    fn named(&self, step: &Step) -> Step {
        let mut step = step.clone();
        visit::step(&mut step, &mut self.ids.to_own());
        step
    }
}

/// The header of a status reply, which must have all ids.
async fn header(channel: &Channel) -> anyhow::Result<ResponseHeader> {
    let mut client = MaintenanceClient::new(channel.clone());
    let status = client.status(StatusRequest {}).await?.into_inner();
    let header = status.header.unwrap_or_default();
    anyhow::ensure!(
        header.cluster_id != 0 && header.member_id != 0 && header.raft_term != 0,
        "a status header without ids: {header:?}"
    );
    Ok(header)
}
