//! `get`: the value of a key.

use std::io::Write as _;

use crate::exit::{Done, Failure};
use crate::v2::cli::Command;
use crate::v2::client::keys;
use crate::v2::fault::BAD_ARGS;
use crate::v2::flag::Flag;
use crate::v2::print;
use crate::v2::session::Session;

/// Of every command that reads.
pub(super) const SORT: Flag = Flag::switch(&["sort"], "sort what is found");
pub(super) const QUORUM: Flag = Flag::switch(
    &["quorum", "q"],
    "read what most members agree on, not what one of them has",
);

pub(super) const COMMAND: Command = Command::new(
    "get",
    "<key>",
    "shows the value of a key",
    &[SORT, QUORUM],
    run,
);

fn run(session: &mut Session<'_>) -> Done {
    let mut client = session.connect()?;
    let key = session.key()?;
    let flags = &session.flags;
    let action = keys::get(&key, false, flags.switch("sort"), flags.switch("quorum"));
    let response = session.ask(&mut client, action)?;
    if response.node.dir {
        writeln!(session.io.stderr, "{}: is a directory", response.node.key)?;
        return Err(Failure::Silent(BAD_ARGS));
    }
    let format = session.format();
    print::response(session.io, &format, &response)
}
