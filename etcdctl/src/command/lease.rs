//! `lease grant`, `revoke`, `timetolive`, `list`, `keep-alive`.

use std::io::Write;
use std::time::Duration;

use proto::etcdserverpb as pb;
use tonic::Status;

use super::{group, sub, sub_with};
use crate::cli::{Command, Group};
use crate::client::keep_alive::KeepAlive;
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::go::number;
use crate::session::{Context, Session};

pub(super) const COMMAND: Command = group(
    "lease",
    "Manages leases: keys attached to one vanish with it",
    Group::KeyValue,
    &[
        sub(
            "grant",
            "<ttl>",
            "Makes a lease that lasts <ttl> seconds",
            grant,
        ),
        sub(
            "revoke",
            "<leaseID>",
            "Ends a lease and deletes its keys",
            revoke,
        ),
        sub_with(
            "timetolive",
            "[flags] <leaseID>",
            "Shows how long a lease still lasts",
            &[Flag::switch("keys", "show the attached keys as well")],
            time_to_live,
        ),
        sub("list", "", "Lists all leases", list),
        sub_with(
            "keep-alive",
            "[flags] <leaseID>",
            "Renews a lease until it ends",
            &[Flag::switch("once", "renew it once and exit")],
            keep_alive,
        ),
    ],
);

fn grant(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [ttl] = flags.args.as_slice() else {
        return Err(Failure::args("lease grant command needs TTL argument"));
    };
    let ttl =
        number::parse_int(ttl, 10).map_err(|why| Failure::args(format!("bad TTL ({why})")))?;
    let mut context = session.connect(&mut flags)?;
    let request = pb::LeaseGrantRequest { ttl, id: 0 };
    let outcome = context.call(&method::LEASE_GRANT, request, context.timeout());
    let reply = outcome.map_err(|why| wrapped("failed to grant lease", &why))?;
    context.print(|printer, out| printer.lease_grant(out, &reply))
}

fn revoke(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [id] = flags.args.as_slice() else {
        return Err(Failure::args("lease revoke command needs 1 argument"));
    };
    let id = lease_id(id)?;
    let mut context = session.connect(&mut flags)?;
    let request = pb::LeaseRevokeRequest { id };
    let outcome = context.call(&method::LEASE_REVOKE, request, context.timeout());
    let reply = outcome.map_err(|why| wrapped("failed to revoke lease", &why))?;
    context.print(|printer, out| printer.lease_revoke(out, id, &reply))
}

fn time_to_live(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [id] = flags.args.as_slice() else {
        let text = "lease timetolive command needs lease ID as argument";
        return Err(Failure::args(text));
    };
    let id = id.clone();
    let keys = flags.switch("keys");
    let mut context = session.connect(&mut flags)?;
    let request = pb::LeaseTimeToLiveRequest {
        id: lease_id(&id)?,
        keys,
    };
    let reply = context
        .call(&method::LEASE_TIME_TO_LIVE, request, None)
        .map_err(|why| unreachable(&why))?;
    context.print(|printer, out| printer.lease_time_to_live(out, &reply, keys))
}

fn list(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let mut context = session.connect(&mut flags)?;
    let reply = context
        .call(&method::LEASE_LEASES, pb::LeaseLeasesRequest {}, None)
        .map_err(|why| unreachable(&why))?;
    context.print(|printer, out| printer.leases(out, &reply))
}

fn keep_alive(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [id] = flags.args.as_slice() else {
        let text = "lease keep-alive command needs lease ID as argument";
        return Err(Failure::args(text));
    };
    let id = lease_id(id)?;
    if flags.switch("once") {
        return keep_alive_once(&mut session.connect(&mut flags)?, id);
    }
    let mut context = session.connect(&mut flags)?;
    let patience = context.globals.dial_timeout + FIRST_ANSWER;
    let mut lease = KeepAlive::new(context.client.clone(), id, patience);
    loop {
        let renewal = context.runtime.block_on(lease.next());
        let Some(reply) = renewal.map_err(|why| unreachable(&why))? else {
            break;
        };
        context.print(|printer, out| printer.lease_keep_alive(out, &reply))?;
        context.io.stdout.flush()?;
    }
    if context.printer.is_simple() {
        writeln!(context.io.stdout, "lease {id:016x} expired or revoked.")?;
    }
    Ok(())
}

/// Without any answer the lease counts as lost after the time to dial and this.
pub(super) const FIRST_ANSWER: Duration = Duration::from_secs(1);

fn keep_alive_once(context: &mut Context<'_>, id: i64) -> Done {
    let client = &mut context.client;
    let exchange = async {
        let requests = tokio_stream::once(pb::LeaseKeepAliveRequest { id });
        let mut replies = client
            .bidi(&method::LEASE_KEEP_ALIVE, requests, false)
            .await?;
        let closed = || Status::unavailable("the server closed the stream");
        replies.message().await?.ok_or_else(closed)
    };
    let reply = context
        .runtime
        .block_on(exchange)
        .map_err(|why| unreachable(&why))?;
    if reply.ttl <= 0 {
        let text = "etcdserver: requested lease not found";
        return Err(Failure::new(exit::BAD_CONNECTION, text));
    }
    context.print(|printer, out| printer.lease_keep_alive(out, &reply))
}

fn lease_id(text: &[u8]) -> Result<i64, Failure> {
    number::parse_int(text, 16)
        .map_err(|why| Failure::args(format!("bad lease ID arg ({why}), expecting ID in Hex")))
}

fn wrapped(step: &str, why: &Status) -> Failure {
    Failure::new(exit::ERROR, format!("{step} ({})", status::text(why)))
}

fn unreachable(why: &Status) -> Failure {
    Failure::new(exit::BAD_CONNECTION, status::text(why))
}
