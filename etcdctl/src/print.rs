//! Output formats. A printer writes a reply to a stream as it goes; it never builds the whole text
//! in memory.

use std::io::Write;

use proto::etcdserverpb as pb;

use crate::exit::{Done, Failure};

pub(crate) mod access;
mod fields;
mod json;
pub(crate) mod json_text;
mod protobuf;
mod rows;
mod simple;
mod table;

pub(crate) use table::draw;

pub(crate) use self::rows::{Hash, Health, Status};

#[cfg(test)]
mod tests;

/// Where output goes.
pub(crate) type Out<'a> = &'a mut dyn Write;

/// One output format. A reply that a format has no form for ends the command with exit code 4.
pub(crate) trait Printer {
    /// The format's name in `--write-out`.
    fn name(&self) -> &'static str;

    /// Whether lines for people may be added.
    fn is_simple(&self) -> bool {
        false
    }

    /// `get --count-only` needs a format that shows the count.
    fn shows_count(&self) -> bool {
        false
    }

    /// The answer to `get --print-value-only`: a printer without keys, if the format has one.
    fn value_only(&self) -> Option<Box<dyn Printer>> {
        None
    }

    fn put(&self, _: Out<'_>, _: &pb::PutResponse) -> Done {
        unsupported(self.name())
    }
    fn get(&self, _: Out<'_>, _: &pb::RangeResponse) -> Done {
        unsupported(self.name())
    }
    fn del(&self, _: Out<'_>, _: &pb::DeleteRangeResponse) -> Done {
        unsupported(self.name())
    }
    fn txn(&self, _: Out<'_>, _: &pb::TxnResponse) -> Done {
        unsupported(self.name())
    }
    fn watch(&self, _: Out<'_>, _: &pb::WatchResponse) -> Done {
        unsupported(self.name())
    }
    fn lease_grant(&self, _: Out<'_>, _: &pb::LeaseGrantResponse) -> Done {
        unsupported(self.name())
    }
    fn lease_revoke(&self, _: Out<'_>, _id: i64, _: &pb::LeaseRevokeResponse) -> Done {
        unsupported(self.name())
    }
    fn lease_keep_alive(&self, _: Out<'_>, _: &pb::LeaseKeepAliveResponse) -> Done {
        unsupported(self.name())
    }
    /// `keys`: the attached keys were asked for.
    fn lease_time_to_live(&self, _: Out<'_>, _: &pb::LeaseTimeToLiveResponse, _keys: bool) -> Done {
        unsupported(self.name())
    }
    fn leases(&self, _: Out<'_>, _: &pb::LeaseLeasesResponse) -> Done {
        unsupported(self.name())
    }
    fn member_list(&self, _: Out<'_>, _: &pb::MemberListResponse) -> Done {
        unsupported(self.name())
    }
    fn member_add(&self, _: Out<'_>, _: &pb::MemberAddResponse) -> Done {
        unsupported(self.name())
    }
    fn member_remove(&self, _: Out<'_>, _id: u64, _: &pb::MemberRemoveResponse) -> Done {
        unsupported(self.name())
    }
    fn member_update(&self, _: Out<'_>, _id: u64, _: &pb::MemberUpdateResponse) -> Done {
        unsupported(self.name())
    }
    fn member_promote(&self, _: Out<'_>, _id: u64, _: &pb::MemberPromoteResponse) -> Done {
        unsupported(self.name())
    }
    /// The leadership went `_from` one member `_to` another.
    fn move_leader(&self, _: Out<'_>, _from: u64, _to: u64, _: &pb::MoveLeaderResponse) -> Done {
        unsupported(self.name())
    }
    fn alarm(&self, _: Out<'_>, _: &pb::AlarmResponse) -> Done {
        unsupported(self.name())
    }
    /// `what` is the command's name.
    fn downgrade(&self, _: Out<'_>, _what: &str, _: &pb::DowngradeResponse) -> Done {
        unsupported(self.name())
    }
    fn access(&self, _: Out<'_>, _: &access::Reply<'_>) -> Done {
        unsupported(self.name())
    }
    /// Unhealthy endpoints go to `err` in the format for people.
    fn endpoint_health(&self, _: Out<'_>, _err: Out<'_>, _: &[Health]) -> Done {
        unsupported(self.name())
    }
    fn endpoint_status(&self, _: Out<'_>, _: &[Status]) -> Done {
        unsupported(self.name())
    }
    fn endpoint_hash_kv(&self, _: Out<'_>, _: &[Hash]) -> Done {
        unsupported(self.name())
    }
}

fn unsupported(format: &str) -> Done {
    Err(Failure::feature(format!(
        "{format} not supported as output format"
    )))
}

/// The printer of `--write-out`.
pub(crate) fn select(format: &str, hex: bool) -> Result<Box<dyn Printer>, Failure> {
    Ok(match format {
        "simple" => Box::new(simple::Simple {
            hex,
            value_only: false,
        }),
        "fields" => Box::new(fields::Fields { hex }),
        "json" => Box::new(json::Json { hex }),
        "protobuf" => Box::new(protobuf::Protobuf),
        "table" => Box::new(table::Table),
        _ => return Err(Failure::feature("unsupported output format")),
    })
}

/// `PUT`, `DELETE`, or an unknown kind's number.
pub(crate) fn event_type(event: &proto::mvccpb::Event) -> String {
    proto::mvccpb::event::EventType::try_from(event.r#type).map_or_else(
        |_| event.r#type.to_string(),
        |kind| kind.as_str_name().to_owned(),
    )
}

/// `NONE`, `NOSPACE`, `CORRUPT`, or an unknown kind's number.
fn alarm_type(alarm: i32) -> String {
    pb::AlarmType::try_from(alarm)
        .map_or_else(|_| alarm.to_string(), |kind| kind.as_str_name().to_owned())
}
