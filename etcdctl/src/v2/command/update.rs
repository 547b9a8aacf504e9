//! `update`: a key that is there gets another value.

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::keys::{self, Set};
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::new(
    "update",
    "<key> <value>",
    "changes the value of a key that is there",
    &[super::set::TTL],
    run,
);

fn run(session: &mut Session<'_>) -> Done {
    let mut client = session.connect()?;
    let key = session.key()?;
    let value = session.value()?;
    let set = Set {
        value: Some(value),
        ttl: session.flags.int("ttl"),
        prev_exist: Some(true),
        ..Set::default()
    };
    session.ask_and_show(&mut client, keys::set(&key, &set))
}
