//! What the transport asks of the member it serves.

use bytes::Bytes;
use futures::future::BoxFuture;
use proto::etcdserverpb as pb;
use proto::peer::{LeaseRenewResponse, MembersResponse};
use tokio::sync::mpsc;
use tonic::Status;

/// Both directions of the transfer of a snapshot. Each end is used from a thread, with the blocking
/// calls; a peer that is gone shows as a channel that is closed.
pub struct Frames {
    /// To the other member.
    pub outgoing: mpsc::Sender<Bytes>,
    /// From it.
    pub incoming: mpsc::Receiver<Bytes>,
}

/// The member, as the transport sees it. A [`Status`] is what the caller's client gets.
///
/// What a member does not offer it answers with [`tonic::Code::Unimplemented`].
pub trait Local: Send + Sync + 'static {
    /// Hands on raft's messages from a member, in order. Never blocks.
    fn step(&self, from: u64, messages: Vec<Bytes>);

    /// Whether many requests of clients are under way here.
    fn is_busy(&self) -> bool {
        false
    }

    /// A member is not reached; messages to it were dropped.
    fn unreachable(&self, id: u64);

    /// A member that was reached seems to be gone with its process: connections to it are refused.
    fn vanished(&self, id: u64) {
        let _ = id;
    }

    /// The transfer that `Outbox::send_snapshot` began has ended.
    fn snapshot_sent(&self, to: u64, ok: bool);

    /// Whether the member of this id was removed from the cluster.
    fn is_removed(&self, id: u64) -> bool;

    /// Another member says that this one was removed. Said once for each member that says so.
    fn removed(&self);

    /// Sends this member's state, with raft's message, to another member. Called on a thread of its
    /// own, and ends with the transfer.
    ///
    /// # Errors
    /// Why the other member did not get it.
    fn send_snapshot(&self, to: u64, message: Bytes, frames: Frames) -> Result<(), String> {
        let _ = (to, message, frames);
        Err("this member sends no snapshots".into())
    }

    /// Receives the state of another member. Called on a thread of its own, and ends with the
    /// transfer.
    ///
    /// # Errors
    /// Why it is not of use; the sender is told.
    fn receive_snapshot(&self, from: u64, frames: Frames) -> Result<(), String> {
        let _ = (from, frames);
        Err("this member receives no snapshots".into())
    }

    /// Renews leases; only a leader does.
    fn renew(&self, ids: Vec<i64>) -> BoxFuture<'_, Result<LeaseRenewResponse, Status>> {
        let _ = ids;
        not_offered()
    }

    /// Tells what a lease has left; only a leader knows.
    fn time_to_live(
        &self,
        request: pb::LeaseTimeToLiveRequest,
    ) -> BoxFuture<'_, Result<pb::LeaseTimeToLiveResponse, Status>> {
        let _ = request;
        not_offered()
    }

    /// Makes a learner a voter; only a leader knows if it is in sync.
    fn promote(
        &self,
        request: pb::MemberPromoteRequest,
    ) -> BoxFuture<'_, Result<pb::MemberPromoteResponse, Status>> {
        let _ = request;
        not_offered()
    }

    /// Hashes this member's keys.
    fn hash_kv(
        &self,
        request: pb::HashKvRequest,
    ) -> BoxFuture<'_, Result<pb::HashKvResponse, Status>> {
        let _ = request;
        not_offered()
    }

    /// The members as this one knows them.
    fn members(&self) -> Result<MembersResponse, Status> {
        Err(unimplemented())
    }

    /// The version the cluster agreed on, as `3.7.0`; nothing before it did.
    fn cluster_version(&self) -> Option<String> {
        None
    }
}

fn unimplemented() -> Status {
    Status::unimplemented("this member does not offer it")
}

fn not_offered<T: Send + 'static>() -> BoxFuture<'static, Result<T, Status>> {
    Box::pin(std::future::ready(Err(unimplemented())))
}
