//! The member, as the transport between members sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use proto::etcdserverpb as pb;
use proto::peer::{LeaseRenewResponse, MembersResponse};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tonic::Status;

use crate::catchup::{self, Greeting, Inbox};
use crate::peer::{self, Frames};
use crate::raft;
use crate::rpc::Member;

/// How long the raft of a member that received a snapshot may take to say so.
const SAYS_SO_WITHIN: Duration = Duration::from_secs(30);
/// How often to look whether it did.
const LOOK: Duration = Duration::from_millis(10);

/// See the module.
pub(super) struct Local {
    pub(super) member: Arc<Member>,
    /// Where received state arrives.
    pub(super) inbox: Inbox,
    /// Told when another member says that this one was removed.
    pub(super) removed: Arc<Notify>,
    /// Whether other members may compare their data with this one's: before it has been compared
    /// itself, a damaged member could keep sound ones from starting.
    pub(super) is_hashing: Arc<AtomicBool>,
}

impl peer::Local for Local {
    fn step(&self, _from: u64, messages: Vec<Bytes>) {
        for message in messages {
            self.member.raft.step(message);
        }
    }

    fn is_busy(&self) -> bool {
        self.member.raft.is_busy()
    }

    fn unreachable(&self, id: u64) {
        self.member.raft.unreachable(id);
    }

    fn vanished(&self, id: u64) {
        self.member.raft.vanished(id);
    }

    fn snapshot_sent(&self, to: u64, ok: bool) {
        self.member.raft.snapshot_sent(to, ok);
    }

    fn is_removed(&self, id: u64) -> bool {
        self.member.state.read().members.is_removed(id)
    }

    fn removed(&self) {
        self.removed.notify_one();
    }

    fn send_snapshot(&self, to: u64, message: Bytes, frames: Frames) -> Result<(), String> {
        let greeting = Greeting {
            cluster_id: self.member.identity.cluster_id,
            message,
        };
        let sending = catchup::send(
            self.member.state.clone(),
            greeting,
            catchup::Options::default(),
            frames.outgoing,
            frames.incoming,
        );
        Handle::current().block_on(async {
            let sent = sending.await.map_err(|error| error.to_string())?;
            // Told at once, raft would go on from where the transfer began, find the log cut there,
            // and begin another one. The receiver's own raft says where it is, a moment later.
            let deadline = Instant::now() + SAYS_SO_WITHIN;
            while Instant::now() < deadline {
                let progress = self.member.raft.progress().await;
                if progress.get(&to).is_none_or(|to| to.matched >= sent.index) {
                    break;
                }
                sleep(LOOK).await;
            }
            Ok(())
        })
    }

    fn receive_snapshot(&self, _from: u64, frames: Frames) -> Result<(), String> {
        let receiving = catchup::receive(&self.inbox, frames.incoming, frames.outgoing);
        let received = Handle::current()
            .block_on(receiving)
            .map_err(|error| error.to_string())?;
        self.member.raft.install(raft::Received {
            message: received.message,
            index: received.index,
            term: received.term,
            conf: received.meta.conf(),
            path: received.path,
        });
        Ok(())
    }

    fn renew(&self, ids: Vec<i64>) -> BoxFuture<'_, Result<LeaseRenewResponse, Status>> {
        async move {
            let renewals = ids.into_iter().map(|id| self.member.renew_here(id));
            let ttls = futures::future::try_join_all(renewals).await?;
            let term = self.member.raft.link().term();
            Ok(LeaseRenewResponse { ttls, term })
        }
        .boxed()
    }

    fn time_to_live(
        &self,
        request: pb::LeaseTimeToLiveRequest,
    ) -> BoxFuture<'_, Result<pb::LeaseTimeToLiveResponse, Status>> {
        async move { self.member.time_to_live_here(&request).await }.boxed()
    }

    fn promote(
        &self,
        request: pb::MemberPromoteRequest,
    ) -> BoxFuture<'_, Result<pb::MemberPromoteResponse, Status>> {
        async move {
            let members = self.member.promote_here(request.id).await?;
            Ok(pb::MemberPromoteResponse {
                members,
                ..Default::default()
            })
        }
        .boxed()
    }

    fn hash_kv(
        &self,
        request: pb::HashKvRequest,
    ) -> BoxFuture<'_, Result<pb::HashKvResponse, Status>> {
        async move {
            if !self.is_hashing.load(Ordering::Acquire) {
                let why = "the member has not compared its own data yet";
                return Err(Status::failed_precondition(why));
            }
            let hash = self.member.hash_kv(request.revision).await?;
            Ok(pb::HashKvResponse {
                header: self.member.header_now(),
                hash: hash.hash,
                compact_revision: hash.compact_revision,
                hash_revision: hash.hash_revision,
            })
        }
        .boxed()
    }

    fn members(&self) -> Result<MembersResponse, Status> {
        let state = self.member.state.read();
        Ok(MembersResponse {
            cluster_id: self.member.identity.cluster_id,
            member_id: self.member.identity.member_id,
            members: state.members.iter().map(pb::Member::from).collect(),
            removed: state.members.removed().collect(),
            founders: self.member.identity.members.clone(),
        })
    }

    fn cluster_version(&self) -> Option<String> {
        Some(self.member.state.read().versions.cluster.to_string())
    }
}
