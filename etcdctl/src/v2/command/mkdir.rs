//! `mkdir`, `setdir` and `updatedir`: a directory that must be new, may be there, or has to be there.

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::keys::{self, Set};
use crate::v2::print;
use crate::v2::session::Session;

pub(super) const MKDIR: Command = Command::new(
    "mkdir",
    "<key>",
    "makes a new directory",
    &[super::set::TTL],
    |session| run(session, Some(false)),
);

pub(super) const SETDIR: Command = Command::new(
    "setdir",
    "<key>",
    "makes a directory, or changes how long it lives",
    &[super::set::TTL],
    |session| run(session, None),
);

pub(super) const UPDATEDIR: Command = Command::new(
    "updatedir",
    "<key>",
    "changes how long a directory that is there lives",
    &[super::set::TTL],
    |session| run(session, Some(true)),
);

fn run(session: &mut Session<'_>, prev_exist: Option<bool>) -> Done {
    let mut client = session.connect()?;
    let key = session.key()?;
    let set = Set {
        value: None,
        ttl: session.flags.int("ttl"),
        prev_exist,
        ..Set::default()
    };
    let response = session.ask(&mut client, keys::set(&key, &set))?;
    let format = session.format();
    match format.as_str() {
        "simple" => Ok(()),
        _ => print::response(session.io, &format, &response),
    }
}
