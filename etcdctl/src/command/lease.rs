//! `lease grant`, `revoke`, `timetolive`, `list`, `keep-alive`.

use std::io::Write;
use std::time::Duration;

use proto::etcdserverpb as pb;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use super::group;
use crate::cli::{Action, Command, Group};
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
            &[],
            grant,
        ),
        sub(
            "revoke",
            "<leaseID>",
            "Ends a lease and deletes its keys",
            &[],
            revoke,
        ),
        sub(
            "timetolive",
            "[flags] <leaseID>",
            "Shows how long a lease still lasts",
            &[Flag::switch("keys", "show the attached keys as well")],
            time_to_live,
        ),
        sub("list", "", "Lists all leases", &[], list),
        sub(
            "keep-alive",
            "[flags] <leaseID>",
            "Renews a lease until it ends",
            &[Flag::switch("once", "renew it once and exit")],
            keep_alive,
        ),
    ],
);

const fn sub(
    name: &'static str,
    usage: &'static str,
    short: &'static str,
    flags: &'static [Flag],
    run: fn(&mut Session<'_>, Parsed) -> Done,
) -> Command {
    Command {
        name,
        usage,
        short,
        long: "",
        group: Group::Sub,
        flags,
        shared: &[],
        commands: &[],
        action: Action::Run(run),
    }
}

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
    // Without any answer the lease counts as lost after this time, later after its time to live.
    let first = context.globals.dial_timeout + Duration::from_secs(1);
    let mut deadline = Instant::now() + first;
    loop {
        match renew(&mut context, id, &mut deadline) {
            Ok(()) => break,
            Err(Ended::Failed(failure)) => return Err(failure),
            // The next stream finds another server, while the lease lasts.
            Err(Ended::Lost(why)) if why.code() == Code::Unavailable => {
                let end = deadline.min(Instant::now() + RECONNECT_PAUSE);
                context.runtime.block_on(async { sleep_until(end).await });
                if Instant::now() >= deadline {
                    break;
                }
            }
            Err(Ended::Lost(why)) => return Err(unreachable(&why)),
        }
    }
    if context.printer.is_simple() {
        writeln!(context.io.stdout, "lease {id:016x} expired or revoked.")?;
    }
    Ok(())
}

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

/// Pause before a broken stream is opened again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

enum Ended {
    /// The stream broke.
    Lost(Status),
    /// Output failed.
    Failed(Failure),
}

impl From<Status> for Ended {
    fn from(why: Status) -> Self {
        Self::Lost(why)
    }
}

/// Renews on one stream, each time a third of the time to live is over, until the lease is gone or its deadline is.
fn renew(context: &mut Context<'_>, id: i64, deadline: &mut Instant) -> Result<(), Ended> {
    // One request is under way at a time.
    let (sender, receiver) = mpsc::channel(1);
    let mut replies: Option<Streaming<pb::LeaseKeepAliveResponse>> = None;
    let mut receiver = Some(receiver);
    loop {
        let client = &mut context.client;
        let exchange = async {
            let closed = || Status::unavailable("the server closed the stream");
            let request = pb::LeaseKeepAliveRequest { id };
            sender.send(request).await.map_err(|_| closed())?;
            if let Some(receiver) = receiver.take() {
                let requests = ReceiverStream::new(receiver);
                replies = Some(
                    client
                        .bidi(&method::LEASE_KEEP_ALIVE, requests, true)
                        .await?,
                );
            }
            let stream = replies.as_mut().ok_or_else(closed)?;
            stream.message().await?.ok_or_else(closed)
        };
        // Timers are made inside the runtime.
        let limited = async { timeout_at(*deadline, exchange).await };
        let Ok(outcome) = context.runtime.block_on(limited) else {
            return Ok(());
        };
        let reply = outcome?;
        let Ok(ttl) = u64::try_from(reply.ttl) else {
            return Ok(());
        };
        if ttl == 0 {
            return Ok(());
        }
        let now = Instant::now();
        *deadline = now + Duration::from_secs(ttl);
        show(context, &reply).map_err(Ended::Failed)?;
        let next = now + Duration::from_secs(ttl) / 3;
        context.runtime.block_on(async { sleep_until(next).await });
    }
}

fn show(context: &mut Context<'_>, reply: &pb::LeaseKeepAliveResponse) -> Done {
    context.print(|printer, out| printer.lease_keep_alive(out, reply))?;
    Ok(context.io.stdout.flush()?)
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
