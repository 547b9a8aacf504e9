//! A plain client of the generated kind, blocking, with the few calls these tests make.

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::kv_client::KvClient;
use proto::etcdserverpb::lease_client::LeaseClient;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::{
    CompactionRequest, DeleteRangeRequest, HashKvRequest, LeaseGrantRequest, LeaseLeasesRequest,
    LeaseTimeToLiveRequest, MemberListRequest, PutRequest, RangeRequest, RequestOp, TxnRequest,
    request_op,
};
use proto::mvccpb::KeyValue;
use store::cluster::Member;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// The revision that [`Client::exercise`] compacts at.
pub(super) const COMPACTED: i64 = 40;
/// A large message limit: a full range of these tests is a few MiB.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// All that a client can see of a store.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Everything {
    pub(super) revision: i64,
    pub(super) pairs: Vec<KeyValue>,
    /// By id: granted seconds, and keys.
    pub(super) leases: BTreeMap<i64, (i64, Vec<Bytes>)>,
}

pub(super) struct Client {
    runtime: Runtime,
    kv: KvClient<Channel>,
    lease: LeaseClient<Channel>,
    cluster: ClusterClient<Channel>,
    maintenance: MaintenanceClient<Channel>,
}

impl Client {
    pub(super) fn connect(url: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let endpoint = Channel::from_shared(url.to_owned()).unwrap();
        let channel = runtime.block_on(endpoint.connect()).unwrap();
        Self {
            runtime,
            kv: KvClient::new(channel.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX),
            lease: LeaseClient::new(channel.clone()),
            cluster: ClusterClient::new(channel.clone()),
            maintenance: MaintenanceClient::new(channel),
        }
    }

    /// All pairs, and all leases with their keys.
    pub(super) fn everything(&mut self) -> Everything {
        let (revision, pairs) = self.range(0);
        let list = self
            .runtime
            .block_on(self.lease.lease_leases(LeaseLeasesRequest {}));
        let ids: Vec<i64> = list
            .unwrap()
            .into_inner()
            .leases
            .iter()
            .map(|one| one.id)
            .collect();
        let mut leases = BTreeMap::new();
        for id in ids {
            let request = LeaseTimeToLiveRequest { id, keys: true };
            let reply = self
                .runtime
                .block_on(self.lease.lease_time_to_live(request));
            let reply = reply.unwrap().into_inner();
            let mut keys = reply.keys;
            keys.sort();
            leases.insert(id, (reply.granted_ttl, keys));
        }
        Everything {
            revision,
            pairs,
            leases,
        }
    }

    pub(super) fn pairs_at(&mut self, revision: i64) -> Vec<KeyValue> {
        self.range(revision).1
    }

    fn range(&mut self, revision: i64) -> (i64, Vec<KeyValue>) {
        let request = RangeRequest {
            key: b"\0".as_slice().into(),
            range_end: b"\0".as_slice().into(),
            revision,
            ..RangeRequest::default()
        };
        let reply = self
            .runtime
            .block_on(self.kv.range(request))
            .unwrap()
            .into_inner();
        (reply.header.unwrap().revision, reply.kvs)
    }

    /// Why the pairs at a revision cannot be had.
    pub(super) fn pairs_before(&mut self, revision: i64) -> String {
        let request = RangeRequest {
            key: "x".into(),
            revision,
            ..RangeRequest::default()
        };
        let reply = self.runtime.block_on(self.kv.range(request));
        reply.unwrap_err().message().to_owned()
    }

    /// The hash of all records, with the compact revision and the revision it was made at.
    pub(super) fn hash(&mut self) -> (u32, i64, i64) {
        let request = HashKvRequest { revision: 0 };
        let reply = self.runtime.block_on(self.maintenance.hash_kv(request));
        let reply = reply.unwrap().into_inner();
        (reply.hash, reply.compact_revision, reply.hash_revision)
    }

    /// Puts two keys to the same value in one transaction.
    pub(super) fn put_pair(&mut self, left: &str, right: &str, value: &[u8]) {
        let success = [left, right].map(|key| RequestOp {
            request: Some(request_op::Request::RequestPut(PutRequest {
                key: key.to_owned().into(),
                value: value.to_vec().into(),
                ..PutRequest::default()
            })),
        });
        let txn = TxnRequest {
            success: success.into(),
            ..TxnRequest::default()
        };
        self.runtime.block_on(self.kv.txn(txn)).unwrap();
    }

    /// Puts a key; returns the revision.
    pub(super) fn put(&mut self, key: &str, value: &[u8]) -> i64 {
        self.put_request(PutRequest {
            key: key.to_owned().into(),
            value: value.to_vec().into(),
            ..PutRequest::default()
        })
    }

    fn put_request(&mut self, request: PutRequest) -> i64 {
        let reply = self
            .runtime
            .block_on(self.kv.put(request))
            .unwrap()
            .into_inner();
        reply.header.unwrap().revision
    }

    /// The one member, as MemberList tells.
    pub(super) fn member(&mut self) -> Member {
        let request = MemberListRequest { linearizable: true };
        let reply = self.runtime.block_on(self.cluster.member_list(request));
        let member = reply.unwrap().into_inner().members.remove(0);
        Member {
            id: member.id,
            name: member.name,
            peer_urls: member.peer_ur_ls,
            client_urls: member.client_ur_ls,
            is_learner: member.is_learner,
        }
    }

    pub(super) fn cluster_id(&mut self) -> u64 {
        let request = MemberListRequest { linearizable: true };
        let reply = self.runtime.block_on(self.cluster.member_list(request));
        reply.unwrap().into_inner().header.unwrap().cluster_id
    }

    /// Writes of every kind: values of many sizes, deletions, transactions of several changes,
    /// leases with and without keys, and a compaction at [`COMPACTED`].
    pub(super) fn exercise(&mut self, puts: usize) {
        for id in [7, 8, -9] {
            let request = LeaseGrantRequest { id, ttl: 3600 + id };
            self.runtime
                .block_on(self.lease.lease_grant(request))
                .unwrap();
        }
        for number in 0..puts {
            let length = if number % 200 == 0 {
                50_000
            } else {
                number % 300
            };
            self.put_request(PutRequest {
                key: format!("key/{}", number % 500).into(),
                value: vec![number as u8; length].into(),
                lease: if number % 11 == 0 { 7 } else { 0 },
                ..PutRequest::default()
            });
        }
        let delete = DeleteRangeRequest {
            key: "key/1".into(),
            range_end: "key/2".into(),
            ..DeleteRangeRequest::default()
        };
        self.runtime.block_on(self.kv.delete_range(delete)).unwrap();
        let success = ["x", "y", "z"].map(|key| RequestOp {
            request: Some(request_op::Request::RequestPut(PutRequest {
                key: key.into(),
                value: "together".into(),
                lease: -9,
                ..PutRequest::default()
            })),
        });
        let txn = TxnRequest {
            success: success.into(),
            ..TxnRequest::default()
        };
        self.runtime.block_on(self.kv.txn(txn)).unwrap();
        let compaction = CompactionRequest {
            revision: COMPACTED,
            physical: true,
        };
        self.runtime.block_on(self.kv.compact(compaction)).unwrap();
    }
}
