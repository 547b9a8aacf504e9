//! Election: whoever created the oldest key under a name leads; the key's value is what the
//! leader proclaims.

use std::sync::Arc;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::etcdserverpb::request_op::Request as Op;
use proto::mvccpb::KeyValue;
use proto::mvccpb::event::EventType;
use proto::v3electionpb as election;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::credentials::Credentials;
use super::session::{Waiting, created_at, found, key, op, prefix, prefix_end, without_code};
use super::{Member, status};
use crate::watch::{Spec, Stream, Update};

/// Answers of an observation that may wait for the client.
const ANSWERS_MAX: usize = 4;

pub(super) struct Service(pub(super) Arc<Member>);

#[tonic::async_trait]
impl election::election_server::Election for Service {
    async fn campaign(
        &self,
        request: Request<election::CampaignRequest>,
    ) -> Result<Response<election::CampaignResponse>, Status> {
        let by = self.0.credentials(&request);
        let response = self
            .stand(&by, request.into_inner())
            .await
            .map_err(without_code)?;
        Ok(Response::new(response))
    }

    async fn proclaim(
        &self,
        request: Request<election::ProclaimRequest>,
    ) -> Result<Response<election::ProclaimResponse>, Status> {
        let by = self.0.credentials(&request);
        let request = request.into_inner();
        let leader = request.leader.ok_or_else(status::no_leader_key)?;
        let lease = self
            .0
            .session(&by, leader.lease)
            .await
            .map_err(without_code)?;
        let header = self
            .announce(&by, leader.key, leader.rev, lease, request.value)
            .await
            .map_err(without_code)?;
        Ok(Response::new(election::ProclaimResponse { header }))
    }

    async fn leader(
        &self,
        request: Request<election::LeaderRequest>,
    ) -> Result<Response<election::LeaderResponse>, Status> {
        let by = self.0.credentials(&request);
        let prefix = prefix(&request.into_inner().name);
        let (kv, revision) = self.0.oldest(&by, &prefix).await.map_err(without_code)?;
        if kv.is_none() {
            return Err(status::election_no_leader());
        }
        Ok(Response::new(election::LeaderResponse {
            header: self.0.header(revision),
            kv,
        }))
    }

    type ObserveStream = ReceiverStream<Result<election::LeaderResponse, Status>>;

    async fn observe(
        &self,
        request: Request<election::LeaderRequest>,
    ) -> Result<Response<Self::ObserveStream>, Status> {
        let by = self.0.credentials(&request);
        let prefix = prefix(&request.into_inner().name);
        let (sender, receiver) = mpsc::channel(ANSWERS_MAX);
        let observer = Observer {
            by,
            member: self.0.clone(),
            prefix,
            sender,
        };
        tokio::spawn(async move {
            tokio::select! {
                // It ends when something fails, as etcd's does: the stream is closed.
                _ = observer.run() => {}
                () = observer.sender.closed() => {}
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn resign(
        &self,
        request: Request<election::ResignRequest>,
    ) -> Result<Response<election::ResignResponse>, Status> {
        let by = self.0.credentials(&request);
        let leader = request
            .into_inner()
            .leader
            .ok_or_else(status::no_leader_key)?;
        self.0
            .session(&by, leader.lease)
            .await
            .map_err(without_code)?;
        let header = self
            .withdraw(&by, leader.key, leader.rev)
            .await
            .map_err(without_code)?;
        Ok(Response::new(election::ResignResponse { header }))
    }
}

impl Service {
    async fn stand(
        &self,
        by: &Credentials,
        request: election::CampaignRequest,
    ) -> Result<election::CampaignResponse, Status> {
        let member = &self.0;
        let lease = member.session(by, request.lease).await?;
        let prefix = prefix(&request.name);
        let own = key(&prefix, lease);
        let value = request.value;
        let put = pb::PutRequest {
            key: own.clone(),
            value: value.clone(),
            lease,
            ..Default::default()
        };
        let get = pb::RangeRequest {
            key: own.clone(),
            ..Default::default()
        };
        let response = member
            .write(
                by,
                pb::TxnRequest {
                    compare: vec![created_at(own.clone(), 0)],
                    success: vec![op(Op::RequestPut(put))],
                    failure: vec![op(Op::RequestRange(get))],
                },
            )
            .await?;
        let mut rev = response.header.as_ref().map_or(0, |header| header.revision);
        if !response.succeeded
            && let Some(kv) = found(&response, 0)
        {
            rev = kv.create_revision;
            if kv.value != value
                && let Err(error) = self.announce(by, own.clone(), rev, lease, value).await
            {
                self.withdraw(by, own, rev).await?;
                return Err(error);
            }
        }
        let waiting = Waiting::new(member, by, own.clone(), rev);
        member.older_are_gone(by, &prefix, rev - 1).await?;
        waiting.end();
        let leader = election::LeaderKey {
            name: request.name,
            key: own,
            rev,
            lease,
        };
        Ok(election::CampaignResponse {
            header: response.header,
            leader: Some(leader),
        })
    }

    async fn announce(
        &self,
        by: &Credentials,
        key: Bytes,
        rev: i64,
        lease: i64,
        value: Bytes,
    ) -> Result<Option<pb::ResponseHeader>, Status> {
        let put = pb::PutRequest {
            key: key.clone(),
            value,
            lease,
            ..Default::default()
        };
        let request = pb::TxnRequest {
            compare: vec![created_at(key, rev)],
            success: vec![op(Op::RequestPut(put))],
            failure: Vec::new(),
        };
        super::check::txn(&request, self.0.limits.txn_ops_max)?;
        let response = self.0.write(by, request).await?;
        if !response.succeeded {
            return Err(Status::unknown("election: not leader"));
        }
        Ok(response.header)
    }

    async fn withdraw(
        &self,
        by: &Credentials,
        key: Bytes,
        rev: i64,
    ) -> Result<Option<pb::ResponseHeader>, Status> {
        let delete = pb::DeleteRangeRequest {
            key: key.clone(),
            ..Default::default()
        };
        let request = pb::TxnRequest {
            compare: vec![created_at(key, rev)],
            success: vec![op(Op::RequestDeleteRange(delete))],
            failure: Vec::new(),
        };
        super::check::txn(&request, self.0.limits.txn_ops_max)?;
        Ok(self.0.write(by, request).await?.header)
    }
}

struct Observer {
    by: Credentials,
    member: Arc<Member>,
    prefix: Bytes,
    sender: mpsc::Sender<Result<election::LeaderResponse, Status>>,
}

impl Observer {
    /// Follows one leader after the other. `None` when the client is gone or something failed.
    async fn run(&self) -> Option<()> {
        loop {
            let (kv, mut revision) = self.member.oldest(&self.by, &self.prefix).await.ok()?;
            let kv = match kv {
                Some(kv) => kv,
                None => {
                    let kv = self.first_put(revision).await?;
                    revision = kv.mod_revision;
                    kv
                }
            };
            let key = kv.key.clone();
            self.tell(revision, kv).await?;
            self.follow(key, revision + 1).await?;
        }
    }

    /// Waits until somebody stands.
    async fn first_put(&self, from: i64) -> Option<KeyValue> {
        let spec = Spec {
            key: self.prefix.clone(),
            range_end: prefix_end(&self.prefix),
            start_revision: from,
            no_delete: true,
            ..Default::default()
        };
        let mut stream = self.watch(spec)?;
        match stream.next().await.ok()? {
            Update::Events { events, .. } => events.into_iter().next()?.kv,
            Update::Compacted { .. } => None,
        }
    }

    /// Tells what a leader proclaims, until its key is deleted.
    async fn follow(&self, key: Bytes, from: i64) -> Option<()> {
        let mut stream = self.watch(Spec {
            key,
            start_revision: from,
            ..Default::default()
        })?;
        loop {
            match stream.next().await.ok()? {
                Update::Compacted { .. } => return None,
                Update::Events {
                    revision, events, ..
                } => {
                    for event in events {
                        if event.r#type() == EventType::Delete {
                            return Some(());
                        }
                        self.tell(revision, event.kv?).await?;
                    }
                }
            }
        }
    }

    fn watch(&self, spec: Spec) -> Option<Stream> {
        let mut stream = Stream::new(self.member.hub.clone());
        stream.create(0, spec).ok()?;
        Some(stream)
    }

    async fn tell(&self, revision: i64, kv: KeyValue) -> Option<()> {
        let header = self.member.header(revision);
        let response = election::LeaderResponse {
            header,
            kv: Some(kv),
        };
        self.sender.send(Ok(response)).await.ok()
    }
}
