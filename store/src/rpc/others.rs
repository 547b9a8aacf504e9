//! What the services need of the other members.

use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use proto::etcdserverpb as pb;
use tonic::Status;

use super::status;
use crate::metrics::Latency;
use crate::peer::Peers;

/// The other members, as far as the services have to do with them.
pub trait Others: Send + Sync {
    /// Since when a member has been connected without a break; nothing if it is not.
    fn active_since(&self, id: u64) -> Option<Instant>;

    /// Asks the leader to promote a learner: it alone knows how far the learner is. The answer is
    /// the members, or the leader's own refusal.
    fn promote(&self, leader: u64, id: u64) -> BoxFuture<'_, Result<Vec<pb::Member>, Status>>;

    /// Has the leader renew a lease; the seconds it has then, 0 if there is none.
    fn renew(&self, leader: u64, id: i64) -> BoxFuture<'_, Result<i64, Status>>;

    /// Asks the leader what a lease has left.
    fn time_to_live(
        &self,
        leader: u64,
        request: pb::LeaseTimeToLiveRequest,
    ) -> BoxFuture<'_, Result<pb::LeaseTimeToLiveResponse, Status>>;

    /// How soon a member answers, and how many messages to it were dropped; nothing of one that is not
    /// known.
    fn exchanged(&self, id: u64) -> Option<(Latency, u64)>;

    /// Has a member hash its keys up to a revision.
    fn hash_kv(&self, id: u64, revision: i64) -> BoxFuture<'_, Result<pb::HashKvResponse, Status>>;
}

impl Others for Peers {
    fn active_since(&self, id: u64) -> Option<Instant> {
        Peers::active_since(self, id)
    }

    fn promote(&self, leader: u64, id: u64) -> BoxFuture<'_, Result<Vec<pb::Member>, Status>> {
        let client = self.client(leader);
        async move {
            let mut client = client.ok_or_else(status::no_leader)?;
            let reply = client.promote(pb::MemberPromoteRequest { id }).await?;
            Ok(reply.into_inner().members)
        }
        .boxed()
    }

    fn renew(&self, leader: u64, id: i64) -> BoxFuture<'_, Result<i64, Status>> {
        Peers::renew(self, leader, id).boxed()
    }

    fn time_to_live(
        &self,
        leader: u64,
        request: pb::LeaseTimeToLiveRequest,
    ) -> BoxFuture<'_, Result<pb::LeaseTimeToLiveResponse, Status>> {
        let client = self.client(leader);
        async move {
            let mut client = client.ok_or_else(status::no_leader)?;
            Ok(client.lease_time_to_live(request).await?.into_inner())
        }
        .boxed()
    }

    fn exchanged(&self, id: u64) -> Option<(Latency, u64)> {
        Peers::exchanged(self, id)
    }

    fn hash_kv(&self, id: u64, revision: i64) -> BoxFuture<'_, Result<pb::HashKvResponse, Status>> {
        let client = self.client(id);
        async move {
            let not_connected = || Status::unavailable("the member is not connected");
            let mut client = client.ok_or_else(not_connected)?;
            Ok(client
                .hash_kv(pb::HashKvRequest { revision })
                .await?
                .into_inner())
        }
        .boxed()
    }
}
