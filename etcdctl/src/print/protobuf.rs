//! The reply as it was on the wire, without any frame around it.

use prost::Message;
use proto::etcdserverpb as pb;

use super::{Out, Printer, access};
use crate::exit::{Done, Failure};

pub(super) struct Protobuf;

fn raw(out: Out<'_>, message: &impl Message) -> Done {
    Ok(out.write_all(&message.encode_to_vec())?)
}

/// etcdctl's own types for lease replies have the wire form of the header inside them, and nothing
/// more.
fn header_only(out: Out<'_>, header: Option<&pb::ResponseHeader>) -> Done {
    header.map_or(Ok(()), |header| raw(out, header))
}

impl Printer for Protobuf {
    fn name(&self) -> &'static str {
        "protobuf"
    }

    fn put(&self, out: Out<'_>, reply: &pb::PutResponse) -> Done {
        raw(out, reply)
    }

    fn get(&self, out: Out<'_>, reply: &pb::RangeResponse) -> Done {
        raw(out, reply)
    }

    fn del(&self, out: Out<'_>, reply: &pb::DeleteRangeResponse) -> Done {
        raw(out, reply)
    }

    fn txn(&self, out: Out<'_>, reply: &pb::TxnResponse) -> Done {
        raw(out, reply)
    }

    /// Without the watcher's id and the reason, which etcdctl does not pass on.
    fn watch(&self, out: Out<'_>, reply: &pb::WatchResponse) -> Done {
        let passed_on = pb::WatchResponse {
            watch_id: 0,
            cancel_reason: String::new(),
            fragment: false,
            ..reply.clone()
        };
        raw(out, &passed_on)
    }

    fn lease_grant(&self, out: Out<'_>, reply: &pb::LeaseGrantResponse) -> Done {
        header_only(out, reply.header.as_ref())
    }

    fn lease_revoke(&self, _: Out<'_>, _: i64, _: &pb::LeaseRevokeResponse) -> Done {
        // The one lease reply whose type in etcdctl has no header inside.
        let text = "marshal unsupported for type *clientv3.LeaseRevokeResponse";
        Err(Failure::feature(text))
    }

    fn lease_keep_alive(&self, out: Out<'_>, reply: &pb::LeaseKeepAliveResponse) -> Done {
        header_only(out, reply.header.as_ref())
    }

    fn lease_time_to_live(
        &self,
        out: Out<'_>,
        reply: &pb::LeaseTimeToLiveResponse,
        _: bool,
    ) -> Done {
        header_only(out, reply.header.as_ref())
    }

    fn leases(&self, out: Out<'_>, reply: &pb::LeaseLeasesResponse) -> Done {
        header_only(out, reply.header.as_ref())
    }

    fn member_list(&self, out: Out<'_>, reply: &pb::MemberListResponse) -> Done {
        raw(out, reply)
    }

    fn member_add(&self, out: Out<'_>, reply: &pb::MemberAddResponse) -> Done {
        raw(out, reply)
    }

    fn member_remove(&self, out: Out<'_>, _: u64, reply: &pb::MemberRemoveResponse) -> Done {
        raw(out, reply)
    }

    fn member_update(&self, out: Out<'_>, _: u64, reply: &pb::MemberUpdateResponse) -> Done {
        raw(out, reply)
    }

    fn member_promote(&self, out: Out<'_>, _: u64, reply: &pb::MemberPromoteResponse) -> Done {
        raw(out, reply)
    }

    fn move_leader(&self, out: Out<'_>, _: u64, _: u64, reply: &pb::MoveLeaderResponse) -> Done {
        raw(out, reply)
    }

    fn alarm(&self, out: Out<'_>, reply: &pb::AlarmResponse) -> Done {
        raw(out, reply)
    }

    fn downgrade(&self, out: Out<'_>, _: &str, reply: &pb::DowngradeResponse) -> Done {
        raw(out, reply)
    }

    fn access(&self, out: Out<'_>, reply: &access::Reply<'_>) -> Done {
        Ok(out.write_all(&access::protobuf(reply))?)
    }
}
