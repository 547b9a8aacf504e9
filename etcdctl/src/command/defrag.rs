//! `defrag`.

use std::io::Write;

use proto::etcdserverpb as pb;

use super::endpoint;
use crate::cli::{Action, Command, Group};
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::go::duration;
use crate::progress;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "defrag",
    usage: "[flags]",
    short: "Gives unused disk space of the endpoints back",
    long: "",
    group: Group::Maintenance,
    flags: &[],
    shared: CLUSTER,
    commands: &[],
    action: Action::Run(run),
};

/// `--cluster`.
pub(super) const CLUSTER: &[Flag] = &[Flag::switch(
    "cluster",
    "ask every member of the cluster, not only --endpoints",
)];

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let mut context = session.open(&mut flags)?;
    let mut failures = 0;
    for endpoint in endpoint::endpoints(&mut context, &flags)? {
        context.switch_to(&endpoint)?;
        let start = (context.io.clock.monotonic)();
        let request = pb::DefragmentRequest {};
        let shown = progress::of_unknown(format!("defragmenting {endpoint}"));
        let outcome = context.call(&method::DEFRAGMENT, request, context.timeout());
        shown.finish_and_clear();
        let took = duration::format(context.since(start));
        match outcome {
            Ok(_) => writeln!(
                context.io.stdout,
                "Finished defragmenting etcd member[{endpoint}]. took {took}"
            )?,
            Err(why) => {
                let why = status::text(&why);
                failures += 1;
                writeln!(
                    context.io.stderr,
                    "Failed to defragment etcd member[{endpoint}]. took {took}. ({why})"
                )?;
            }
        }
    }
    if failures > 0 {
        return Err(Failure::Silent(exit::ERROR));
    }
    Ok(())
}
