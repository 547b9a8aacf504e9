//! `compaction`.

use std::io::Write;

use proto::etcdserverpb as pb;

use crate::cli::{Action, Command, Group};
use crate::client::method;
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Parsed};
use crate::go::number;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "compaction",
    usage: "[flags] <revision>",
    short: "Forgets the history of keys before a revision",
    long: "",
    group: Group::KeyValue,
    flags: &[Flag::switch(
        "physical",
        "wait until old revisions are gone from the disk",
    )],
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [revision] = flags.args.as_slice() else {
        return Err(Failure::args("compaction command needs 1 argument"));
    };
    let revision = number::parse_int(revision, 10).map_err(|why| Failure::new(exit::ERROR, why))?;
    let request = pb::CompactionRequest {
        revision,
        physical: flags.switch("physical"),
    };
    let mut context = session.connect(&mut flags)?;
    context.ask(&method::COMPACT, request)?;
    Ok(writeln!(
        context.io.stdout,
        "compacted revision {revision}"
    )?)
}
