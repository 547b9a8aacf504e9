//! The format for people, and for most scripts: values as raw bytes, one line each.

use std::io;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::response_op::Response;
use proto::mvccpb::KeyValue;

use super::rows::{self, Hash, Health, Status};
use super::{Out, Printer, access, alarm_type, event_type};
use crate::exit::Done;

pub(super) struct Simple {
    /// Bytes as `\x..`.
    pub(super) hex: bool,
    /// Keys are left out.
    pub(super) value_only: bool,
}

impl Simple {
    fn bytes(&self, out: Out<'_>, bytes: &[u8]) -> io::Result<()> {
        if self.hex {
            for byte in bytes {
                write!(out, "\\x{byte:02x}")?;
            }
        } else {
            out.write_all(bytes)?;
        }
        out.write_all(b"\n")
    }

    fn pair(&self, out: Out<'_>, pair: &KeyValue) -> io::Result<()> {
        if !self.value_only {
            self.bytes(out, &pair.key)?;
        }
        self.bytes(out, &pair.value)
    }
}

fn cluster(header: Option<&pb::ResponseHeader>) -> u64 {
    header.map_or(0, |header| header.cluster_id)
}

fn lines(out: Out<'_>, rows: Vec<Vec<String>>) -> Done {
    for row in rows {
        writeln!(out, "{}", row.join(", "))?;
    }
    Ok(())
}

impl Printer for Simple {
    fn name(&self) -> &'static str {
        "simple"
    }

    fn is_simple(&self) -> bool {
        true
    }

    fn value_only(&self) -> Option<Box<dyn Printer>> {
        Some(Box::new(Self {
            hex: self.hex,
            value_only: true,
        }))
    }

    fn put(&self, out: Out<'_>, reply: &pb::PutResponse) -> Done {
        writeln!(out, "OK")?;
        if let Some(pair) = &reply.prev_kv {
            self.pair(out, pair)?;
        }
        Ok(())
    }

    fn get(&self, out: Out<'_>, reply: &pb::RangeResponse) -> Done {
        for pair in &reply.kvs {
            self.pair(out, pair)?;
        }
        Ok(())
    }

    fn del(&self, out: Out<'_>, reply: &pb::DeleteRangeResponse) -> Done {
        writeln!(out, "{}", reply.deleted)?;
        for pair in &reply.prev_kvs {
            self.pair(out, pair)?;
        }
        Ok(())
    }

    fn txn(&self, out: Out<'_>, reply: &pb::TxnResponse) -> Done {
        let outcome = if reply.succeeded {
            "SUCCESS"
        } else {
            "FAILURE"
        };
        writeln!(out, "{outcome}")?;
        for op in &reply.responses {
            writeln!(out)?;
            match &op.response {
                Some(Response::ResponseRange(reply)) => self.get(out, reply)?,
                Some(Response::ResponsePut(reply)) => self.put(out, reply)?,
                Some(Response::ResponseDeleteRange(reply)) => self.del(out, reply)?,
                Some(Response::ResponseTxn(_)) | None => writeln!(out, "unexpected response")?,
            }
        }
        Ok(())
    }

    fn watch(&self, out: Out<'_>, reply: &pb::WatchResponse) -> Done {
        for event in &reply.events {
            writeln!(out, "{}", event_type(event))?;
            if let Some(pair) = &event.prev_kv {
                self.pair(out, pair)?;
            }
            self.pair(out, event.kv.as_ref().unwrap_or(&KeyValue::default()))?;
        }
        Ok(())
    }

    fn lease_grant(&self, out: Out<'_>, reply: &pb::LeaseGrantResponse) -> Done {
        let (id, ttl) = (reply.id, reply.ttl);
        Ok(writeln!(out, "lease {id:016x} granted with TTL({ttl}s)")?)
    }

    fn lease_revoke(&self, out: Out<'_>, id: i64, _: &pb::LeaseRevokeResponse) -> Done {
        Ok(writeln!(out, "lease {id:016x} revoked")?)
    }

    fn lease_keep_alive(&self, out: Out<'_>, reply: &pb::LeaseKeepAliveResponse) -> Done {
        let (id, ttl) = (reply.id, reply.ttl);
        Ok(writeln!(out, "lease {id:016x} keepalived with TTL({ttl})")?)
    }

    fn lease_time_to_live(
        &self,
        out: Out<'_>,
        reply: &pb::LeaseTimeToLiveResponse,
        keys: bool,
    ) -> Done {
        let (id, granted, left) = (reply.id, reply.granted_ttl, reply.ttl);
        if granted == 0 && left == -1 {
            return Ok(writeln!(out, "lease {id:016x} already expired")?);
        }
        write!(
            out,
            "lease {id:016x} granted with TTL({granted}s), remaining({left}s)"
        )?;
        if keys {
            out.write_all(b", attached keys([")?;
            out.write_all(&reply.keys.join(&b' '))?;
            out.write_all(b"])")?;
        }
        Ok(writeln!(out)?)
    }

    fn leases(&self, out: Out<'_>, reply: &pb::LeaseLeasesResponse) -> Done {
        writeln!(out, "found {} leases", reply.leases.len())?;
        for lease in &reply.leases {
            writeln!(out, "{:016x}", lease.id)?;
        }
        Ok(())
    }

    fn member_list(&self, out: Out<'_>, reply: &pb::MemberListResponse) -> Done {
        lines(out, rows::members(reply))
    }

    fn member_add(&self, out: Out<'_>, reply: &pb::MemberAddResponse) -> Done {
        let member = reply.member.clone().unwrap_or_default();
        let (id, cluster) = (member.id, cluster(reply.header.as_ref()));
        let how = if member.is_learner { " as learner" } else { "" };
        Ok(writeln!(
            out,
            "Member {id:16x} added{how} to cluster {cluster:16x}"
        )?)
    }

    fn member_remove(&self, out: Out<'_>, id: u64, reply: &pb::MemberRemoveResponse) -> Done {
        let cluster = cluster(reply.header.as_ref());
        Ok(writeln!(
            out,
            "Member {id:16x} removed from cluster {cluster:16x}"
        )?)
    }

    fn member_update(&self, out: Out<'_>, id: u64, reply: &pb::MemberUpdateResponse) -> Done {
        let cluster = cluster(reply.header.as_ref());
        Ok(writeln!(
            out,
            "Member {id:16x} updated in cluster {cluster:16x}"
        )?)
    }

    fn member_promote(&self, out: Out<'_>, id: u64, reply: &pb::MemberPromoteResponse) -> Done {
        let cluster = cluster(reply.header.as_ref());
        Ok(writeln!(
            out,
            "Member {id:16x} promoted in cluster {cluster:16x}"
        )?)
    }

    fn move_leader(&self, out: Out<'_>, from: u64, to: u64, _: &pb::MoveLeaderResponse) -> Done {
        Ok(writeln!(
            out,
            "Leadership transferred from {from:x} to {to:x}"
        )?)
    }

    fn alarm(&self, out: Out<'_>, reply: &pb::AlarmResponse) -> Done {
        for alarm in &reply.alarms {
            let kind = alarm_type(alarm.alarm);
            writeln!(out, "memberID:{} alarm:{kind}", alarm.member_id)?;
        }
        Ok(())
    }

    fn downgrade(&self, out: Out<'_>, what: &str, reply: &pb::DowngradeResponse) -> Done {
        let version = &reply.version;
        let said = format!("Downgrade {what} success, cluster version {version}");
        Ok(writeln!(out, "{said}")?)
    }

    fn access(&self, out: Out<'_>, reply: &access::Reply<'_>) -> Done {
        Ok(access::simple(out, reply)?)
    }

    fn endpoint_health(&self, out: Out<'_>, err: Out<'_>, list: &[Health]) -> Done {
        for health in list {
            let endpoint = &health.endpoint;
            match &health.error {
                None => writeln!(
                    out,
                    "{endpoint} is healthy: successfully committed proposal: took = {}",
                    health.took
                )?,
                Some(why) => writeln!(
                    err,
                    "{endpoint} is unhealthy: failed to commit proposal: {why}"
                )?,
            }
        }
        Ok(())
    }

    fn endpoint_status(&self, out: Out<'_>, list: &[Status]) -> Done {
        lines(out, rows::statuses(list))
    }

    fn endpoint_hash_kv(&self, out: Out<'_>, list: &[Hash]) -> Done {
        lines(out, rows::hashes(list))
    }
}
