//! JSON with the field names of etcdctl, which come from its Go structs: not all replies follow one
//! style.

use std::io;

use proto::etcdserverpb as pb;
use proto::etcdserverpb::response_op::Response;
use proto::mvccpb::{Event, KeyValue};

use super::json_text::{Object, array, array_or_null, bytes, string};
use super::rows::{Hash, Health, Status};
use super::{Out, Printer, access};
use crate::exit::Done;

pub(super) struct Json {
    /// Ids of members and clusters as strings in hexadecimal, in replies about members.
    pub(super) hex: bool,
}

/// The reply's object on a line of its own.
fn line(out: Out<'_>, write: impl FnOnce(&mut Object<'_>) -> io::Result<()>) -> Done {
    let mut object = Object::begin(out)?;
    write(&mut object)?;
    object.end()?;
    Ok(out.write_all(b"\n")?)
}

fn nested(
    object: &mut Object<'_>,
    key: &str,
    write: impl FnOnce(&mut Object<'_>) -> io::Result<()>,
) -> io::Result<()> {
    item(object.key(key)?, write)
}

fn item(out: Out<'_>, write: impl FnOnce(&mut Object<'_>) -> io::Result<()>) -> io::Result<()> {
    let mut inner = Object::begin(out)?;
    write(&mut inner)?;
    inner.end()
}

fn header_fields(object: &mut Object<'_>, header: Option<&pb::ResponseHeader>) -> io::Result<()> {
    let Some(header) = header else {
        return Ok(());
    };
    object.non_zero("cluster_id", header.cluster_id)?;
    object.non_zero("member_id", header.member_id)?;
    object.non_zero("revision", header.revision)?;
    object.non_zero("raft_term", header.raft_term)
}

fn header(
    object: &mut Object<'_>,
    key: &str,
    header: Option<&pb::ResponseHeader>,
) -> io::Result<()> {
    match header {
        Some(_) => nested(object, key, |inner| header_fields(inner, header)),
        None => Ok(()),
    }
}

fn pair(out: Out<'_>, pair: &KeyValue) -> io::Result<()> {
    item(out, |object| {
        object.bytes("key", &pair.key)?;
        object.non_zero("create_revision", pair.create_revision)?;
        object.non_zero("mod_revision", pair.mod_revision)?;
        object.non_zero("version", pair.version)?;
        object.bytes("value", &pair.value)?;
        object.non_zero("lease", pair.lease)
    })
}

fn event(out: Out<'_>, event: &Event) -> io::Result<()> {
    item(out, |object| {
        object.non_zero("type", event.r#type)?;
        if let Some(kv) = &event.kv {
            pair(object.key("kv")?, kv)?;
        }
        match &event.prev_kv {
            Some(kv) => pair(object.key("prev_kv")?, kv),
            None => Ok(()),
        }
    })
}

fn put(object: &mut Object<'_>, reply: &pb::PutResponse) -> io::Result<()> {
    header(object, "header", reply.header.as_ref())?;
    match &reply.prev_kv {
        Some(kv) => pair(object.key("prev_kv")?, kv),
        None => Ok(()),
    }
}

fn range(object: &mut Object<'_>, reply: &pb::RangeResponse) -> io::Result<()> {
    header(object, "header", reply.header.as_ref())?;
    object.list("kvs", &reply.kvs, pair)?;
    object.non_zero("more", reply.more)?;
    object.non_zero("count", reply.count)
}

fn delete_range(object: &mut Object<'_>, reply: &pb::DeleteRangeResponse) -> io::Result<()> {
    header(object, "header", reply.header.as_ref())?;
    object.non_zero("deleted", reply.deleted)?;
    object.list("prev_kvs", &reply.prev_kvs, pair)
}

fn txn(object: &mut Object<'_>, reply: &pb::TxnResponse) -> io::Result<()> {
    header(object, "header", reply.header.as_ref())?;
    object.non_zero("succeeded", reply.succeeded)?;
    object.list("responses", &reply.responses, |out, op| {
        item(out, |outer| {
            nested(outer, "Response", |inner| match &op.response {
                Some(Response::ResponseRange(reply)) => {
                    nested(inner, "response_range", |o| range(o, reply))
                }
                Some(Response::ResponsePut(reply)) => {
                    nested(inner, "response_put", |o| put(o, reply))
                }
                Some(Response::ResponseDeleteRange(reply)) => {
                    nested(inner, "response_delete_range", |o| delete_range(o, reply))
                }
                Some(Response::ResponseTxn(reply)) => {
                    nested(inner, "response_txn", |o| txn(o, reply))
                }
                None => Ok(()),
            })
        })
    })
}

fn member(out: Out<'_>, member: &pb::Member, hex: bool) -> io::Result<()> {
    item(out, |object| {
        if hex {
            object.text("ID", &format!("{:x}", member.id))?;
        } else {
            object.non_zero("ID", member.id)?;
        }
        object.non_empty_text("name", &member.name)?;
        object.list("peerURLs", &member.peer_ur_ls, |out, url| string(out, url))?;
        object.list("clientURLs", &member.client_ur_ls, |out, url| {
            string(out, url)
        })?;
        object.non_zero("isLearner", member.is_learner)
    })
}

fn status(object: &mut Object<'_>, reply: &pb::StatusResponse) -> io::Result<()> {
    header(object, "header", reply.header.as_ref())?;
    object.non_empty_text("version", &reply.version)?;
    object.non_zero("dbSize", reply.db_size)?;
    object.non_zero("leader", reply.leader)?;
    object.non_zero("raftIndex", reply.raft_index)?;
    object.non_zero("raftTerm", reply.raft_term)?;
    object.non_zero("raftAppliedIndex", reply.raft_applied_index)?;
    object.list("errors", &reply.errors, |out, text| string(out, text))?;
    object.non_zero("dbSizeInUse", reply.db_size_in_use)?;
    object.non_zero("isLearner", reply.is_learner)?;
    object.non_empty_text("storageVersion", &reply.storage_version)?;
    object.non_zero("dbSizeQuota", reply.db_size_quota)?;
    let Some(downgrade) = &reply.downgrade_info else {
        return Ok(());
    };
    nested(object, "downgradeInfo", |inner| {
        inner.non_zero("enabled", downgrade.enabled)?;
        inner.non_empty_text("targetVersion", &downgrade.target_version)
    })
}

impl Json {
    /// A reply that ends with the members.
    fn membership(
        &self,
        out: Out<'_>,
        head: Option<&pb::ResponseHeader>,
        added: Option<&pb::Member>,
        members: &[pb::Member],
    ) -> Done {
        line(out, |object| {
            if !self.hex {
                header(object, "header", head)?;
                if let Some(added) = added {
                    member(object.key("member")?, added, false)?;
                }
                return object.list("members", members, |out, m| member(out, m, false));
            }
            nested(object, "header", |inner| {
                let header = head.copied().unwrap_or_default();
                inner.text("cluster_id", &format!("{:x}", header.cluster_id))?;
                inner.text("member_id", &format!("{:x}", header.member_id))?;
                inner.non_zero("revision", header.revision)?;
                inner.non_zero("raft_term", header.raft_term)
            })?;
            if let Some(added) = added {
                member(object.key("member")?, added, true)?;
            }
            let list = object.key("members")?;
            array(list, members, |out, m| member(out, m, true))
        })
    }
}

impl Printer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn put(&self, out: Out<'_>, reply: &pb::PutResponse) -> Done {
        line(out, |object| put(object, reply))
    }

    fn get(&self, out: Out<'_>, reply: &pb::RangeResponse) -> Done {
        line(out, |object| range(object, reply))
    }

    fn del(&self, out: Out<'_>, reply: &pb::DeleteRangeResponse) -> Done {
        line(out, |object| delete_range(object, reply))
    }

    fn txn(&self, out: Out<'_>, reply: &pb::TxnResponse) -> Done {
        line(out, |object| txn(object, reply))
    }

    fn watch(&self, out: Out<'_>, reply: &pb::WatchResponse) -> Done {
        line(out, |object| {
            nested(object, "Header", |inner| {
                header_fields(inner, reply.header.as_ref())
            })?;
            object.list_or_null("Events", &reply.events, event)?;
            object.plain("CompactRevision", reply.compact_revision)?;
            object.plain("Canceled", reply.canceled)?;
            object.plain("Created", reply.created)?;
            object.text("CancelReason", &reply.cancel_reason)
        })
    }

    fn lease_grant(&self, out: Out<'_>, reply: &pb::LeaseGrantResponse) -> Done {
        line(out, |object| {
            header_fields(object, reply.header.as_ref())?;
            object.plain("ID", reply.id)?;
            object.plain("TTL", reply.ttl)?;
            object.text("Error", &reply.error)
        })
    }

    fn lease_revoke(&self, out: Out<'_>, _: i64, reply: &pb::LeaseRevokeResponse) -> Done {
        line(out, |object| {
            header(object, "header", reply.header.as_ref())
        })
    }

    fn lease_keep_alive(&self, out: Out<'_>, reply: &pb::LeaseKeepAliveResponse) -> Done {
        line(out, |object| {
            header_fields(object, reply.header.as_ref())?;
            object.plain("ID", reply.id)?;
            object.plain("TTL", reply.ttl)
        })
    }

    fn lease_time_to_live(
        &self,
        out: Out<'_>,
        reply: &pb::LeaseTimeToLiveResponse,
        _: bool,
    ) -> Done {
        line(out, |object| {
            header_fields(object, reply.header.as_ref())?;
            object.plain("id", reply.id)?;
            object.plain("ttl", reply.ttl)?;
            object.plain("granted-ttl", reply.granted_ttl)?;
            object.list_or_null("keys", &reply.keys, |out, key| bytes(out, key))
        })
    }

    fn leases(&self, out: Out<'_>, reply: &pb::LeaseLeasesResponse) -> Done {
        line(out, |object| {
            header_fields(object, reply.header.as_ref())?;
            let leases = object.key("leases")?;
            array(leases, &reply.leases, |out, lease| {
                item(out, |inner| inner.plain("id", lease.id))
            })
        })
    }

    fn member_list(&self, out: Out<'_>, reply: &pb::MemberListResponse) -> Done {
        self.membership(out, reply.header.as_ref(), None, &reply.members)
    }

    fn member_add(&self, out: Out<'_>, reply: &pb::MemberAddResponse) -> Done {
        let added = reply.member.as_ref();
        self.membership(out, reply.header.as_ref(), added, &reply.members)
    }

    fn member_remove(&self, out: Out<'_>, _: u64, reply: &pb::MemberRemoveResponse) -> Done {
        self.membership(out, reply.header.as_ref(), None, &reply.members)
    }

    fn member_update(&self, out: Out<'_>, _: u64, reply: &pb::MemberUpdateResponse) -> Done {
        self.membership(out, reply.header.as_ref(), None, &reply.members)
    }

    fn member_promote(&self, out: Out<'_>, _: u64, reply: &pb::MemberPromoteResponse) -> Done {
        self.membership(out, reply.header.as_ref(), None, &reply.members)
    }

    fn move_leader(&self, out: Out<'_>, _: u64, _: u64, reply: &pb::MoveLeaderResponse) -> Done {
        line(out, |object| {
            header(object, "header", reply.header.as_ref())
        })
    }

    fn alarm(&self, out: Out<'_>, reply: &pb::AlarmResponse) -> Done {
        line(out, |object| {
            header(object, "header", reply.header.as_ref())?;
            object.list("alarms", &reply.alarms, |out, alarm| {
                item(out, |inner| {
                    inner.non_zero("memberID", alarm.member_id)?;
                    inner.non_zero("alarm", alarm.alarm)
                })
            })
        })
    }

    fn downgrade(&self, out: Out<'_>, _: &str, reply: &pb::DowngradeResponse) -> Done {
        line(out, |object| {
            header(object, "header", reply.header.as_ref())?;
            object.non_empty_text("version", &reply.version)
        })
    }

    fn access(&self, out: Out<'_>, reply: &access::Reply<'_>) -> Done {
        line(out, |object| {
            header(object, "header", reply.header())?;
            access::json(object, reply)
        })
    }

    fn endpoint_health(&self, out: Out<'_>, _: Out<'_>, list: &[Health]) -> Done {
        array_or_null(out, list, |out, health| {
            item(out, |object| {
                object.text("endpoint", &health.endpoint)?;
                object.plain("health", health.healthy)?;
                object.text("took", &health.took)?;
                object.non_empty_text("error", health.error.as_deref().unwrap_or_default())
            })
        })?;
        Ok(writeln!(out)?)
    }

    fn endpoint_status(&self, out: Out<'_>, list: &[Status]) -> Done {
        array_or_null(out, list, |out, one| {
            item(out, |object| {
                object.text("Endpoint", &one.endpoint)?;
                nested(object, "Status", |inner| status(inner, &one.reply))
            })
        })?;
        Ok(writeln!(out)?)
    }

    fn endpoint_hash_kv(&self, out: Out<'_>, list: &[Hash]) -> Done {
        array_or_null(out, list, |out, one| {
            item(out, |object| {
                object.text("Endpoint", &one.endpoint)?;
                nested(object, "HashKV", |inner| {
                    header(inner, "header", one.reply.header.as_ref())?;
                    inner.non_zero("hash", one.reply.hash)?;
                    inner.non_zero("compact_revision", one.reply.compact_revision)?;
                    inner.non_zero("hash_revision", one.reply.hash_revision)
                })
            })
        })?;
        Ok(writeln!(out)?)
    }
}
