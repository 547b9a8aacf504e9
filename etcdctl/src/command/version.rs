//! `version`.

use std::io::Write;

use crate::cli::{Action, Command, Group};
use crate::exit::Done;
use crate::flag::Parsed;
use crate::session::Session;
use crate::{API_VERSION, VERSION};

pub(super) const COMMAND: Command = Command {
    name: "version",
    usage: "",
    short: "Prints the version of etcdctl",
    long: "",
    group: Group::Utility,
    flags: &[],
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

fn run(session: &mut Session<'_>, _: Parsed) -> Done {
    writeln!(session.io.stdout, "etcdctl version: {VERSION}")?;
    Ok(writeln!(session.io.stdout, "API version: {API_VERSION}")?)
}
