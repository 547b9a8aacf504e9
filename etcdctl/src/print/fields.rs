//! One `"Name" : value` line per field.

use std::fmt::Display;
use std::io;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::response_op::Response;
use proto::mvccpb::KeyValue;

use super::rows::{Hash, Health, Status};
use super::{Out, Printer, access, alarm_type, event_type, unsupported};
use crate::exit::Done;
use crate::go::quote::quote;

pub(super) struct Fields {
    /// Ids in hexadecimal.
    pub(super) hex: bool,
}

fn field(out: Out<'_>, name: &str, value: impl Display) -> io::Result<()> {
    writeln!(out, "\"{name}\" : {value}")
}

fn text(out: Out<'_>, name: &str, value: &[u8]) -> io::Result<()> {
    field(out, name, quote(value))
}

impl Fields {
    fn id(&self, out: Out<'_>, name: &str, id: u64) -> io::Result<()> {
        if self.hex {
            field(out, name, format_args!("{id:x}"))
        } else {
            field(out, name, id)
        }
    }

    fn lease_id(&self, out: Out<'_>, name: &str, id: i64) -> io::Result<()> {
        if self.hex {
            field(out, name, format_args!("{id:016x}"))
        } else {
            field(out, name, id)
        }
    }

    fn header(&self, out: Out<'_>, header: Option<&pb::ResponseHeader>) -> io::Result<()> {
        let header = header.copied().unwrap_or_default();
        self.id(out, "ClusterID", header.cluster_id)?;
        self.id(out, "MemberID", header.member_id)?;
        if header.revision > 0 {
            field(out, "Revision", header.revision)?;
        }
        field(out, "RaftTerm", header.raft_term)
    }

    fn pair(&self, out: Out<'_>, prefix: &str, pair: &KeyValue) -> io::Result<()> {
        let named = |name| format!("{prefix}{name}");
        text(out, &named("Key"), &pair.key)?;
        field(out, &named("CreateRevision"), pair.create_revision)?;
        field(out, &named("ModRevision"), pair.mod_revision)?;
        field(out, &named("Version"), pair.version)?;
        text(out, &named("Value"), &pair.value)?;
        self.lease_id(out, &named("Lease"), pair.lease)
    }
}

impl Printer for Fields {
    fn name(&self) -> &'static str {
        "fields"
    }

    fn shows_count(&self) -> bool {
        true
    }

    fn put(&self, out: Out<'_>, reply: &pb::PutResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        if let Some(pair) = &reply.prev_kv {
            self.pair(out, "Prev", pair)?;
        }
        Ok(())
    }

    fn get(&self, out: Out<'_>, reply: &pb::RangeResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        for pair in &reply.kvs {
            self.pair(out, "", pair)?;
        }
        field(out, "More", reply.more)?;
        Ok(field(out, "Count", reply.count)?)
    }

    fn del(&self, out: Out<'_>, reply: &pb::DeleteRangeResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        field(out, "Deleted", reply.deleted)?;
        for pair in &reply.prev_kvs {
            self.pair(out, "Prev", pair)?;
        }
        Ok(())
    }

    fn txn(&self, out: Out<'_>, reply: &pb::TxnResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        field(out, "Succeeded", reply.succeeded)?;
        for op in &reply.responses {
            match &op.response {
                Some(Response::ResponseRange(reply)) => self.get(out, reply)?,
                Some(Response::ResponsePut(reply)) => self.put(out, reply)?,
                Some(Response::ResponseDeleteRange(reply)) => self.del(out, reply)?,
                Some(Response::ResponseTxn(_)) | None => field(out, "Unknown", "\"\"")?,
            }
        }
        Ok(())
    }

    fn watch(&self, out: Out<'_>, reply: &pb::WatchResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        for event in &reply.events {
            field(out, "Type", event_type(event))?;
            if let Some(pair) = &event.prev_kv {
                self.pair(out, "Prev", pair)?;
            }
            self.pair(out, "", event.kv.as_ref().unwrap_or(&KeyValue::default()))?;
        }
        Ok(())
    }

    fn lease_grant(&self, out: Out<'_>, reply: &pb::LeaseGrantResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        self.lease_id(out, "ID", reply.id)?;
        Ok(field(out, "TTL", reply.ttl)?)
    }

    fn lease_revoke(&self, out: Out<'_>, _: i64, reply: &pb::LeaseRevokeResponse) -> Done {
        Ok(self.header(out, reply.header.as_ref())?)
    }

    fn lease_keep_alive(&self, out: Out<'_>, reply: &pb::LeaseKeepAliveResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        self.lease_id(out, "ID", reply.id)?;
        Ok(field(out, "TTL", reply.ttl)?)
    }

    fn lease_time_to_live(
        &self,
        out: Out<'_>,
        reply: &pb::LeaseTimeToLiveResponse,
        _: bool,
    ) -> Done {
        self.header(out, reply.header.as_ref())?;
        self.lease_id(out, "ID", reply.id)?;
        field(out, "TTL", reply.ttl)?;
        field(out, "GrantedTTL", reply.granted_ttl)?;
        for key in &reply.keys {
            text(out, "Key", key)?;
        }
        Ok(())
    }

    fn leases(&self, out: Out<'_>, reply: &pb::LeaseLeasesResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        for lease in &reply.leases {
            self.lease_id(out, "ID", lease.id)?;
        }
        Ok(())
    }

    fn member_list(&self, out: Out<'_>, reply: &pb::MemberListResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        for member in &reply.members {
            self.id(out, "ID", member.id)?;
            text(out, "Name", member.name.as_bytes())?;
            for url in &member.peer_ur_ls {
                text(out, "PeerURL", url.as_bytes())?;
            }
            for url in &member.client_ur_ls {
                text(out, "ClientURL", url.as_bytes())?;
            }
            field(out, "IsLearner", member.is_learner)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn alarm(&self, out: Out<'_>, reply: &pb::AlarmResponse) -> Done {
        self.header(out, reply.header.as_ref())?;
        for alarm in &reply.alarms {
            self.id(out, "MemberID", alarm.member_id)?;
            field(out, "AlarmType", alarm_type(alarm.alarm))?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn access(&self, out: Out<'_>, reply: &access::Reply<'_>) -> Done {
        if !access::has_fields(reply) {
            return unsupported(self.name());
        }
        self.header(out, reply.header())?;
        Ok(access::fields(out, reply)?)
    }

    fn endpoint_health(&self, out: Out<'_>, _: Out<'_>, list: &[Health]) -> Done {
        for health in list {
            text(out, "Endpoint", health.endpoint.as_bytes())?;
            field(out, "Health", health.healthy)?;
            field(out, "Took", &health.took)?;
            field(out, "Error", health.error.as_deref().unwrap_or_default())?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn endpoint_status(&self, out: Out<'_>, list: &[Status]) -> Done {
        for status in list {
            let reply = &status.reply;
            self.header(out, reply.header.as_ref())?;
            text(out, "Version", reply.version.as_bytes())?;
            text(out, "StorageVersion", reply.storage_version.as_bytes())?;
            field(out, "DBSize", reply.db_size)?;
            field(out, "DBSizeInUse", reply.db_size_in_use)?;
            field(out, "DBSizeQuota", reply.db_size_quota)?;
            field(out, "Leader", reply.leader)?;
            field(out, "IsLearner", reply.is_learner)?;
            field(out, "RaftIndex", reply.raft_index)?;
            field(out, "RaftTerm", reply.raft_term)?;
            field(out, "RaftAppliedIndex", reply.raft_applied_index)?;
            field(out, "Errors", format_args!("[{}]", reply.errors.join(" ")))?;
            text(out, "Endpoint", status.endpoint.as_bytes())?;
            let downgrade = reply.downgrade_info.clone().unwrap_or_default();
            let target = downgrade.target_version.as_bytes();
            text(out, "DowngradeTargetVersion", target)?;
            field(out, "DowngradeEnabled", downgrade.enabled)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn endpoint_hash_kv(&self, out: Out<'_>, list: &[Hash]) -> Done {
        for hash in list {
            self.header(out, hash.reply.header.as_ref())?;
            text(out, "Endpoint", hash.endpoint.as_bytes())?;
            field(out, "Hash", hash.reply.hash)?;
            field(out, "HashRevision", hash.reply.hash_revision)?;
            writeln!(out)?;
        }
        Ok(())
    }
}
