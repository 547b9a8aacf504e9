//! Known facts, one case each: the steps go to both sides, which must agree, and the last outcome
//! must be what the case says, so that a wrong fact is found out too. Where ours is another server
//! by design, the case says what each of them brings.
//!
//! Every case starts on a store without keys, leases, alarms and watches; its steps get the
//! revision the store has then. Only compactions outlast a case.
//!
//! `PINTLE_COMPAT_SHOW=1` tells every outcome.

mod build;
mod compaction;
mod expiry;
mod leases;
mod limits;
mod locks;
mod maintenance;
mod range;
mod txn;
mod txn_checks;
mod watch;
mod watch_history;
mod wire;
mod write;

use std::fmt::Write as _;
use std::io::Write as _;

use proto::etcdserverpb::alarm_request::AlarmAction;
use proto::etcdserverpb::{AlarmRequest, LeaseRevokeRequest};
use tonic::Code;

use crate::difference::cut;
use crate::pair::{Pair, Servers};
use crate::reply::{Outcome, Reply};
use crate::step::{Step, WatchStep};

/// A fact and how to see it.
struct Case {
    name: &'static str,
    steps: fn(i64) -> Vec<Step>,
    expect: Expect,
    /// What ours brings instead, where it is another server by design.
    ours: Option<Ours>,
}

/// How the server under test differs.
enum Ours {
    /// The last step brings this; the steps before it may differ as well.
    Brings(Expect),
    /// Etcd is not asked, since it does not survive the last step; the expectation is ours.
    Alone,
}

/// What the last step must bring.
#[derive(Clone, Copy)]
enum Expect {
    /// This status.
    Refused(Code, &'static str),
    /// A reply for which this is true; the number is the revision at the start of the case.
    Holds(fn(&Reply, i64) -> bool),
    /// Nothing, for as long as one waits.
    Blocks,
    /// The connection is lost, because the server ends.
    Ends,
}

/// Cases that share a pair of servers with these flags.
pub(crate) struct Group {
    flags: &'static [&'static str],
    cases: Vec<Case>,
}

fn case(name: &'static str, steps: fn(i64) -> Vec<Step>, expect: Expect) -> Case {
    Case {
        name,
        steps,
        expect,
        ours: None,
    }
}

/// A fact of two servers that differ by design.
fn apart(name: &'static str, steps: fn(i64) -> Vec<Step>, ours: Expect, etcd: Expect) -> Case {
    Case {
        ours: Some(Ours::Brings(ours)),
        ..case(name, steps, etcd)
    }
}

/// A fact of our server alone, at what etcd ends with a crash.
fn alone(name: &'static str, steps: fn(i64) -> Vec<Step>, ours: Expect) -> Case {
    Case {
        ours: Some(Ours::Alone),
        ..case(name, steps, ours)
    }
}

fn refused(
    name: &'static str,
    steps: fn(i64) -> Vec<Step>,
    code: Code,
    message: &'static str,
) -> Case {
    let expect = Expect::Refused(code, message);
    case(name, steps, expect)
}

fn holds(name: &'static str, steps: fn(i64) -> Vec<Step>, check: fn(&Reply, i64) -> bool) -> Case {
    let expect = Expect::Holds(check);
    case(name, steps, expect)
}

fn blocks(name: &'static str, steps: fn(i64) -> Vec<Step>) -> Case {
    let expect = Expect::Blocks;
    case(name, steps, expect)
}

/// Range, Put and DeleteRange.
pub(crate) fn kv() -> Group {
    group(&[], [range::cases(), write::cases()])
}

/// Txn.
pub(crate) fn txn() -> Group {
    group(&[], [txn::cases(), txn_checks::cases()])
}

/// Compact, and what it does to reads and watches.
pub(crate) fn compaction() -> Group {
    group(&[], [compaction::cases(), watch_history::cases()])
}

/// Leases.
pub(crate) fn leases() -> Group {
    group(&[], [leases::cases(), expiry::cases()])
}

/// Watches.
pub(crate) fn watch() -> Group {
    let flags = &["--watch-progress-notify-interval=300ms"];
    group(flags, [watch::cases()])
}

/// Maintenance, Cluster, AuthStatus and health.
pub(crate) fn maintenance() -> Group {
    group(&[], [maintenance::cases()])
}

/// Limits that flags set.
pub(crate) fn limits() -> Group {
    let flags = &[
        "--quota-backend-bytes=1048576",
        "--max-txn-ops=4",
        "--max-request-bytes=2000000",
    ];
    group(flags, [limits::cases()])
}

/// Lock and Election.
pub(crate) fn locks() -> Group {
    group(&[], [locks::cases()])
}

/// What is below the messages.
pub(crate) fn wire() -> Group {
    group(&[], [wire::cases()])
}

fn group<const N: usize>(flags: &'static [&'static str], cases: [Vec<Case>; N]) -> Group {
    Group {
        flags,
        cases: cases.into_iter().flatten().collect(),
    }
}

/// Goes through a group; fails with all cases that do not hold.
pub(crate) async fn check(group: Group) -> anyhow::Result<()> {
    let servers = Servers::find()?.flags(group.flags);
    let mut pair = Pair::start(&servers).await?;
    let mut report = String::new();
    let mut failed = 0;
    let total = group.cases.len();
    for case in group.cases {
        let result = match &case.ours {
            None => alike(&mut pair, &case).await,
            Some(Ours::Brings(_)) if servers.a == servers.b => alike(&mut pair, &case).await,
            Some(Ours::Alone) if servers.a == servers.b => continue,
            Some(Ours::Brings(ours)) => each(&mut pair, &case, ours).await,
            Some(Ours::Alone) => ours_alone(&mut pair, &case).await,
        };
        if let Err(text) = &result {
            failed += 1;
            let _ = writeln!(report, "=== {}\n{text}", case.name);
        }
        if result.is_err() || matches!(case.ours, Some(Ours::Brings(_))) {
            pair = Pair::start(&servers).await?;
        }
    }
    anyhow::ensure!(failed == 0, "{failed} of {total} cases\n{report}");
    Ok(())
}

/// Both sides bring the same.
async fn alike(pair: &mut Pair, case: &Case) -> Result<(), String> {
    let revision = clean(pair).await?;
    let mut last = Outcome::Blocked;
    for step in (case.steps)(revision) {
        last = pair
            .run(&step)
            .await
            .map_err(|difference| format!("{}\n{}", difference.kind, difference.tell()))?;
    }
    show(case, &last);
    judge(&case.expect, &last, revision).map_err(|shown| format!("on both sides: {shown}"))
}

/// Each side brings its own.
async fn each(pair: &mut Pair, case: &Case, ours: &Expect) -> Result<(), String> {
    let revision = clean(pair).await?;
    let mut last = (Outcome::Blocked, Outcome::Blocked);
    for step in (case.steps)(revision) {
        last = pair.run_apart(&step).await;
    }
    show(case, &last.0);
    judge(ours, &last.0, revision).map_err(|shown| format!("on our side: {shown}"))?;
    show(case, &last.1);
    judge(&case.expect, &last.1, revision).map_err(|shown| format!("on etcd's side: {shown}"))
}

/// Our side alone brings it, and changes nothing.
async fn ours_alone(pair: &mut Pair, case: &Case) -> Result<(), String> {
    let revision = clean(pair).await?;
    let mut last = Outcome::Blocked;
    for step in (case.steps)(revision) {
        last = pair.run_ours(&step).await;
    }
    show(case, &last);
    judge(&case.expect, &last, revision).map_err(|shown| format!("on our side: {shown}"))
}

fn show(case: &Case, last: &Outcome) {
    if std::env::var_os("PINTLE_COMPAT_SHOW").is_some() {
        let shown = cut(&format!("{last:?}"), 1500);
        let _ = writeln!(std::io::stderr(), "{}: {shown}", case.name);
    }
}

fn judge(expect: &Expect, last: &Outcome, revision: i64) -> Result<(), String> {
    let good = match (expect, last) {
        (Expect::Refused(code, text), Outcome::Error { code: c, message }) => {
            code == c && text == message
        }
        (Expect::Holds(check), Outcome::Reply(reply)) => check(reply, revision),
        (Expect::Blocks, Outcome::Blocked) => true,
        // As in `Side::is_gone`.
        (Expect::Ends, Outcome::Error { message, .. }) => message.contains("error"),
        _ => false,
    };
    if good {
        return Ok(());
    }
    let shown = cut(&format!("{last:#?}"), 4000);
    Err(format!("not as expected: {shown}"))
}

/// Takes everything away; gives the revision.
async fn clean(pair: &mut Pair) -> Result<i64, String> {
    for stream in 0..4 {
        run(pair, Step::Watch(WatchStep::Close { stream })).await?;
    }
    let alarms = AlarmRequest {
        action: AlarmAction::Get as i32,
        ..AlarmRequest::default()
    };
    if let Reply::Alarm(reply) = run(pair, Step::Alarm(alarms)).await? {
        for alarm in reply.alarms {
            let disarm = AlarmRequest {
                action: AlarmAction::Deactivate as i32,
                member_id: alarm.member_id,
                alarm: alarm.alarm,
            };
            run(pair, Step::Alarm(disarm)).await?;
        }
    }
    if let Reply::Leases(reply) = run(pair, Step::Leases).await? {
        for lease in reply.leases {
            run(pair, Step::Revoke(LeaseRevokeRequest { id: lease.id })).await?;
        }
    }
    let reply = run(pair, build::delete("\0", "\0")).await?;
    Ok(build::revision(&reply))
}

async fn run(pair: &mut Pair, step: Step) -> Result<Reply, String> {
    match pair.run(&step).await {
        Ok(Outcome::Reply(reply)) => Ok(*reply),
        Ok(other) => Err(format!("cannot clean up: {step:?}: {other:?}")),
        Err(difference) => Err(format!("while cleaning up: {}", difference.tell())),
    }
}
