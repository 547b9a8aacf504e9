//! `endpoint health`, `status`, `hashkv`.

use std::io::Write;

use proto::etcdserverpb as pb;
use tokio::task::JoinSet;
use tonic::Code;

use super::defrag::CLUSTER;
use crate::cli::{Action, Command, Group};
use crate::client::{Client, method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::go::duration;
use crate::io::Clock;
use crate::print::{Hash, Health, Status};
use crate::session::{Context, Session};

pub(super) const COMMAND: Command = Command {
    name: "endpoint",
    usage: "",
    short: "Asks single members how they are",
    long: "",
    group: Group::Maintenance,
    flags: &[],
    shared: CLUSTER,
    commands: &[
        Command {
            name: "health",
            usage: "[flags]",
            short: "Tells whether the endpoints answer a linearizable read, and have no alarm",
            long: "",
            group: Group::Sub,
            flags: &[],
            shared: &[],
            commands: &[],
            action: Action::Run(health),
        },
        Command {
            name: "status",
            usage: "[flags]",
            short: "Shows version, size, raft state and alarms of the endpoints",
            long: "\
Shows version, size, raft state and alarms of the endpoints. The simple format has one line each,
with these columns: endpoint, ID, version, storage version, db size, in use, percentage not in use,
quota, is leader, is learner, raft term, raft index, raft applied index, errors,
downgrade target version, downgrade enabled.",
            group: Group::Sub,
            flags: &[],
            shared: &[],
            commands: &[],
            action: Action::Run(status),
        },
        Command {
            name: "hashkv",
            usage: "[flags]",
            short: "Shows the hash of all keys and their history, per endpoint",
            long: "",
            group: Group::Sub,
            flags: &[Flag::int(
                "rev",
                "hash up to this revision (0 = the newest)",
            )],
            shared: &[],
            commands: &[],
            action: Action::Run(hash_kv),
        },
    ],
    action: Action::Subcommands,
};

/// The endpoints to ask: those of `--endpoints`, or with `--cluster` the client addresses of all
/// members.
pub(super) fn endpoints(context: &mut Context<'_>, flags: &Parsed) -> Result<Vec<String>, Failure> {
    if !flags.switch("cluster") {
        return Ok(context.globals.endpoints.clone());
    }
    context.log_in()?;
    let request = pb::MemberListRequest { linearizable: true };
    let outcome = context.call(&method::MEMBER_LIST, request, context.timeout());
    let members = outcome.map_err(|why| {
        let why = status::text(&why);
        let text = format!("failed to fetch endpoints from etcd cluster member list: {why}");
        Failure::new(exit::ERROR, text)
    })?;
    let urls = members.members.into_iter().flat_map(|m| m.client_ur_ls);
    Ok(urls.collect())
}

/// All endpoints are asked at once, and shown in the order they answer.
fn health(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let mut context = session.open(&mut flags)?;
    let endpoints = endpoints(&mut context, &flags)?;
    let (clock, timeout) = (context.io.clock, context.globals.command_timeout);
    let mut checks = JoinSet::new();
    let _guard = context.runtime.enter();
    for endpoint in endpoints {
        let mut client = context.client.at(&endpoint);
        client.logger = "client";
        checks.spawn(async move {
            let mut log = Vec::new();
            let health = check(client, endpoint, clock, timeout, &mut log).await;
            (health, log)
        });
    }
    drop(_guard);
    let mut list = Vec::new();
    while let Some(answer) = context.runtime.block_on(checks.join_next()) {
        let (health, log) = answer.map_err(|why| Failure::new(exit::ERROR, why.to_string()))?;
        context.io.stderr.write_all(&log)?;
        list.push(health);
    }
    let io = &mut *context.io;
    context
        .printer
        .endpoint_health(&mut io.stdout, &mut io.stderr, &list)?;
    if list.iter().any(|health| health.error.is_some()) {
        return Err(Failure::new(exit::ERROR, "unhealthy cluster"));
    }
    Ok(())
}

async fn check(
    mut client: Client,
    endpoint: String,
    clock: Clock,
    timeout: std::time::Duration,
    log: &mut Vec<u8>,
) -> Health {
    let start = (clock.monotonic)();
    let unhealthy = |took: String, error: String| Health {
        endpoint: endpoint.clone(),
        healthy: false,
        took,
        error: Some(error),
    };
    if let Err(why) = client.log_in(log).await {
        return unhealthy(String::new(), status::text(&why));
    }
    let request = pb::RangeRequest {
        key: bytes::Bytes::from_static(b"health"),
        ..Default::default()
    };
    let timeout = Some(timeout);
    let read = client.unary(&method::RANGE, request, timeout, log).await;
    let took = (clock.monotonic)()
        .saturating_duration_since(start)
        .as_nanos();
    let took = duration::format(i64::try_from(took).unwrap_or(i64::MAX));
    match read {
        Ok(_) => {}
        // The read went through the cluster before it was refused.
        Err(why) if why.code() == Code::PermissionDenied => {}
        Err(why) => return unhealthy(took, status::text(&why)),
    }
    let request = pb::AlarmRequest::default();
    match client.unary(&method::ALARM, request, timeout, log).await {
        Err(_) => unhealthy(took, "Unable to fetch the alarm list".to_owned()),
        Ok(reply) if !reply.alarms.is_empty() => {
            let names = reply.alarms.iter().map(|a| match a.alarm() {
                pb::AlarmType::Nospace => "NOSPACE ",
                pb::AlarmType::Corrupt => "CORRUPT ",
                pb::AlarmType::None => "UNKNOWN ",
            });
            unhealthy(
                took,
                format!("Active Alarm(s): {}", names.collect::<String>()),
            )
        }
        Ok(_) => Health {
            endpoint: endpoint.clone(),
            healthy: true,
            took,
            error: None,
        },
    }
}

fn status(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let mut context = session.open(&mut flags)?;
    let mut list = Vec::new();
    let mut failed = false;
    for endpoint in endpoints(&mut context, &flags)? {
        context.switch_to(&endpoint)?;
        match context.call(&method::STATUS, pb::StatusRequest {}, context.timeout()) {
            Ok(reply) => list.push(Status { endpoint, reply }),
            Err(why) => {
                failed = true;
                let why = status::text(&why);
                writeln!(
                    context.io.stderr,
                    "Failed to get the status of endpoint {endpoint} ({why})"
                )?;
            }
        }
    }
    context.print(|printer, out| printer.endpoint_status(out, &list))?;
    if failed {
        return Err(Failure::Silent(exit::ERROR));
    }
    Ok(())
}

fn hash_kv(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let revision = flags.int("rev");
    let mut context = session.open(&mut flags)?;
    let mut list = Vec::new();
    let mut failure = None;
    for endpoint in endpoints(&mut context, &flags)? {
        context.switch_to(&endpoint)?;
        let request = pb::HashKvRequest { revision };
        match context.call(&method::HASH_KV, request, context.timeout()) {
            Ok(reply) => list.push(Hash { endpoint, reply }),
            Err(why) => {
                let why = status::text(&why);
                writeln!(
                    context.io.stderr,
                    "Failed to get the hash of endpoint {endpoint} ({why})"
                )?;
                failure = Some(Failure::new(exit::ERROR, why));
            }
        }
    }
    context.print(|printer, out| printer.endpoint_hash_kv(out, &list))?;
    failure.map_or(Ok(()), Err)
}
