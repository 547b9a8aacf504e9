//! `elect`: stands for an election until a signal comes, or follows its leaders.

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::v3electionpb as election;
use tokio::signal::unix::{SignalKind, signal};
use tonic::Status;

use super::lock::{Lease, show};
use crate::cli::{Action, Command, Group};
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::session::{Context, Session};

pub(super) const COMMAND: Command = Command {
    name: "elect",
    usage: "[flags] <election-name> [proposal]",
    short: "Stands for an election, or follows it",
    long: "\
With a proposal, waits to be elected, prints the key and the proposal, and stays the leader until
this command is interrupted. With -l, prints each leader as it comes.",
    group: Group::Concurrency,
    flags: &[Flag::switch("listen", "only follow the election").short('l')],
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

/// Seconds after which the leadership goes when this process dies.
const TTL: i64 = 60;

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let listen = flags.switch("listen");
    match flags.args.clone().as_slice() {
        [_] if !listen => Err(Failure::args("no proposal argument but -l not set")),
        [_, _] if listen => Err(Failure::args("proposal given but -l is set")),
        [name] => observe(&mut session.connect(&mut flags)?, name.clone().into()),
        [name, proposal] => {
            let mut context = session.connect(&mut flags)?;
            campaign(&mut context, name.clone().into(), proposal.clone().into())
        }
        _ => Err(Failure::args(
            "elect takes one election name argument and an optional proposal argument",
        )),
    }
}

fn campaign(context: &mut Context<'_>, name: Bytes, value: Bytes) -> Done {
    let mut lease = Lease::grant(context, TTL)?;
    let request = election::CampaignRequest {
        name,
        lease: lease.id,
        value,
    };
    let won = lease.during(context, &method::CAMPAIGN, request)?;
    let leader = won.leader.unwrap_or_default();
    show(context, &leader.key, "")?;
    if !lease.until_signal(context) {
        return Err(Failure::new(exit::ERROR, "elect: session expired"));
    }
    let request = election::ResignRequest {
        leader: Some(leader),
    };
    context.ask(&method::RESIGN, request)?;
    Ok(())
}

/// Prints leaders until a signal comes; a stream that ends by itself is an error.
fn observe(context: &mut Context<'_>, name: Bytes) -> Done {
    let request = election::LeaderRequest { name };
    let mut stream = {
        let open = context
            .client
            .server_stream(&method::OBSERVE, request, None);
        context.runtime.block_on(open).map_err(|why| failed(&why))?
    };
    let _guard = context.runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    drop(_guard);
    loop {
        let next = context.runtime.block_on(async {
            tokio::select! {
                next = stream.message() => Some(next),
                _ = interrupt.recv() => None,
                _ = terminate.recv() => None,
            }
        });
        let leader = match next {
            None => return Ok(()),
            Some(Err(why)) => return Err(failed(&why)),
            Some(Ok(None)) => return Err(Failure::new(exit::ERROR, "elect: observer lost")),
            Some(Ok(Some(leader))) => leader,
        };
        let reply = pb::RangeResponse {
            header: leader.header,
            kvs: leader.kv.into_iter().collect(),
            ..Default::default()
        };
        context.print(|printer, out| printer.get(out, &reply))?;
        context.io.stdout.flush()?;
    }
}

fn failed(why: &Status) -> Failure {
    Failure::new(exit::ERROR, status::text(why))
}
