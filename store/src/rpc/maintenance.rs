//! Maintenance: Alarm, Status, Defragment, Hash, HashKV, Snapshot, MoveLeader, Downgrade.

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::etcdserverpb as pb;
use proto::etcdserverpb::alarm_request::AlarmAction;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::{Member, mismatched, status};
use crate::apply::Reply;
use crate::command::{Alarm, Command};
use crate::mvcc::Hashing;
use crate::{snapshot, version};

/// Pieces of a snapshot that may wait for the client.
const PIECES_MAX: usize = 4;

/// How often it is looked at whether another member leads by now.
const LEADER_POLL: Duration = Duration::from_millis(5);

/// What an empty database occupies: clients take 0 for "unknown".
const DB_BYTES_MIN: u64 = 16 * 1024;

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl pb::maintenance_server::Maintenance for Service {
    async fn alarm(
        &self,
        request: Request<pb::AlarmRequest>,
    ) -> Result<Response<pb::AlarmResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        let action = AlarmAction::try_from(request.action);
        match action {
            Ok(AlarmAction::Get) => drop(self.0.require_user(&by).await?),
            _ => self.0.require_root(&by).await?,
        }
        self.0.refuse_learner()?;
        let mut response = match action {
            Ok(AlarmAction::Activate | AlarmAction::Deactivate) => {
                let command = Command::Alarm(Alarm {
                    request,
                    automatic: false,
                });
                match self.0.propose(&by, &command).await? {
                    Reply::Alarm(response) => response,
                    other => mismatched(&other),
                }
            }
            Ok(AlarmAction::Get) => {
                self.0.linearizable().await?;
                self.0.state.read().alarms.get(&request)
            }
            // etcd 3.7 ends with a nil dereference here.
            Err(_) => return Err(status::unknown_alarm_action()),
        };
        response.header = self.0.header_now();
        Ok(Response::new(response))
    }

    async fn status(
        &self,
        request: Request<pb::StatusRequest>,
    ) -> Result<Response<pb::StatusResponse>, Status> {
        self.0.require_user(&self.0.credentials(&request)).await?;
        let member = &self.0;
        let link = member.raft.link();
        let state = member.state.read();
        let own = state.members.get(member.identity.member_id);
        let mut errors: Vec<String> = state.alarms.iter().map(|(a, _)| describe(&a)).collect();
        if link.leader() == 0 {
            errors.insert(0, status::no_leader().message().to_owned());
        }
        Ok(Response::new(pb::StatusResponse {
            header: member.header(state.store.revision()),
            version: version::SERVER.into(),
            db_size: member.db_size(&state) as i64,
            leader: link.leader(),
            raft_index: link.committed_index(),
            raft_term: link.term(),
            raft_applied_index: link.applied_index(),
            errors,
            db_size_in_use: member.db_size_in_use(&state) as i64,
            is_learner: own.is_some_and(|m| m.is_learner),
            storage_version: state.versions.cluster.to_string(),
            db_size_quota: member.limits.quota_bytes.map_or(0, |bytes| bytes as i64),
            downgrade_info: Some(pb::DowngradeInfo {
                enabled: state.versions.target.is_some(),
                target_version: state
                    .versions
                    .target
                    .map_or_else(String::new, |t| t.to_string()),
            }),
        }))
    }

    async fn defragment(
        &self,
        request: Request<pb::DefragmentRequest>,
    ) -> Result<Response<pb::DefragmentResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        self.0.refuse_learner()?;
        // Space is given back as it becomes free: there is nothing to stop the world for.
        let _timer = self.0.metrics.disk.backend_defrag.start_timer();
        Ok(Response::new(pb::DefragmentResponse { header: None }))
    }

    async fn hash(
        &self,
        request: Request<pb::HashRequest>,
    ) -> Result<Response<pb::HashResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        self.0.refuse_learner()?;
        let hash = self.0.hash_kv(0).await?;
        Ok(Response::new(pb::HashResponse {
            header: self.0.header_now(),
            hash: hash.hash,
        }))
    }

    async fn hash_kv(
        &self,
        request: Request<pb::HashKvRequest>,
    ) -> Result<Response<pb::HashKvResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        self.0.refuse_learner()?;
        let hash = self.0.hash_kv(request.into_inner().revision).await?;
        Ok(Response::new(pb::HashKvResponse {
            header: self.0.header_now(),
            hash: hash.hash,
            compact_revision: hash.compact_revision,
            hash_revision: hash.hash_revision,
        }))
    }

    type SnapshotStream = ReceiverStream<Result<pb::SnapshotResponse, Status>>;

    async fn snapshot(
        &self,
        request: Request<pb::SnapshotRequest>,
    ) -> Result<Response<Self::SnapshotStream>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        let (sender, receiver) = mpsc::channel(PIECES_MAX);
        let member = self.0.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = member.send_snapshot(&sender) {
                // A client that has gone away needs no error.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn move_leader(
        &self,
        request: Request<pb::MoveLeaderRequest>,
    ) -> Result<Response<pb::MoveLeaderResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        self.0.refuse_learner()?;
        self.0.move_leader(request.into_inner().target_id).await?;
        Ok(Response::new(pb::MoveLeaderResponse { header: None }))
    }

    async fn downgrade(
        &self,
        request: Request<pb::DowngradeRequest>,
    ) -> Result<Response<pb::DowngradeResponse>, Status> {
        self.0.require_root(&self.0.credentials(&request)).await?;
        self.0.refuse_learner()?;
        let response = self.0.downgrade(&request.into_inner()).await?;
        Ok(Response::new(response))
    }
}

impl Member {
    /// Hands the leadership to another voter, and waits until it leads.
    async fn move_leader(&self, target: u64) -> Result<(), Status> {
        let link = self.raft.link();
        if !link.is_leader() {
            return Err(status::not_leader());
        }
        let member = self.members.borrow().get(target).cloned();
        if member.is_none_or(|member| member.is_learner) {
            return Err(status::bad_leader_transferee());
        }
        let (from, began) = (link.leader(), Instant::now());
        if target != from {
            self.raft.transfer_leader(target);
        }
        while link.leader() != target {
            if began.elapsed() > self.limits.request_timeout {
                return Err(status::leader_transfer_timeout());
            }
            tokio::time::sleep(LEADER_POLL).await;
        }
        tracing::info!(
            "local-member-id" = %format_args!("{from:x}"),
            "current-leader-member-id" = %format_args!("{from:x}"),
            "transferee-member-id" = %format_args!("{target:x}"),
            took = ?began.elapsed(),
            "leadership transfer finished"
        );
        Ok(())
    }

    /// Bytes that the data occupies on disk, never less than what is in use.
    pub(crate) fn db_size(&self, state: &crate::apply::State) -> u64 {
        let bytes = state.store.bytes_on_disk();
        bytes.max(self.db_size_in_use(state))
    }

    /// Bytes of keys and values, history included.
    pub(crate) fn db_size_in_use(&self, state: &crate::apply::State) -> u64 {
        state.store.live_bytes().max(DB_BYTES_MIN)
    }

    /// The hash of this member's keys, as etcd reckons it.
    ///
    /// # Errors
    /// The revision is compacted or not there yet, or a value cannot be read.
    pub async fn hash_kv(&self, revision: i64) -> Result<crate::mvcc::HashKv, Status> {
        let (state, metrics) = (self.state.clone(), self.metrics.clone());
        // It reads every value: not a thing for a thread that serves others, nor one to hold the
        // state for, unless a checkpoint is under way.
        let hashing = tokio::task::spawn_blocking(move || {
            let timers = &metrics.mvcc;
            let _timer = match revision {
                0 => timers.hash_duration.start_timer(),
                _ => timers.hash_rev_duration.start_timer(),
            };
            let begun = state.write().store.begin_hash(revision)?;
            Ok(match begun {
                Hashing::Known(hash) => hash,
                Hashing::Begun(job) => job.run()?,
                Hashing::Busy => state.read().store.hash_kv(revision)?,
            })
        });
        hashing
            .await
            .map_err(|error| Status::internal(error.to_string()))?
    }

    /// Blocks: on the disk, and on the client.
    fn send_snapshot(
        &self,
        sender: &mpsc::Sender<Result<pb::SnapshotResponse, Status>>,
    ) -> Result<(), Status> {
        let failed = |error: &dyn std::error::Error| {
            tracing::warn!(%error, "a snapshot could not be sent");
            Status::internal(error.to_string())
        };
        let mut spool =
            snapshot::take(&self.state, &self.directory).map_err(|error| failed(&error))?;
        let storage = self.state.read().versions.cluster.to_string();
        tracing::info!(bytes = spool.size(), "sending database snapshot to client");
        while let Some(chunk) = spool.next_chunk().map_err(|error| failed(&error))? {
            let piece = pb::SnapshotResponse {
                header: None,
                remaining_bytes: chunk.remaining,
                blob: chunk.blob,
                version: storage.clone(),
            };
            if sender.blocking_send(Ok(piece)).is_err() {
                tracing::info!("the client left before it had the whole snapshot");
                return Ok(());
            }
        }
        tracing::info!("successfully sent database snapshot to client");
        Ok(())
    }
}

/// An alarm as etcd's status names it: protobuf's text form, which leaves out what is zero.
fn describe(alarm: &pb::AlarmMember) -> String {
    let mut text = String::new();
    if alarm.member_id != 0 {
        text += &format!("memberID:{} ", alarm.member_id);
    }
    match pb::AlarmType::try_from(alarm.alarm) {
        Ok(pb::AlarmType::None) => {}
        Ok(kind) => text += &format!("alarm:{} ", kind.as_str_name()),
        Err(_) => text += &format!("alarm:{} ", alarm.alarm),
    }
    text
}
