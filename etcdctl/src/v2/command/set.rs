//! `set`: a key gets a value, whether it was there or not.

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::keys::{self, Set};
use crate::v2::flag::Flag;
use crate::v2::session::Session;

/// Of every command that writes.
pub(super) const TTL: Flag = Flag::int(&["ttl"], "seconds after which it goes");

pub(super) const COMMAND: Command = Command::new(
    "set",
    "<key> <value>",
    "gives a key a value (behind `--` the value may begin with a dash)",
    &[
        TTL,
        Flag::text(&["swap-with-value"], "only if this is the value it has"),
        Flag::int(
            &["swap-with-index"],
            "only if this is the index of its last change",
        ),
    ],
    run,
);

fn run(session: &mut Session<'_>) -> Done {
    let mut client = session.connect()?;
    let key = session.key()?;
    let value = session.value()?;
    let set = Set {
        value: Some(value),
        ttl: session.flags.int("ttl"),
        prev_value: session.flags.text("swap-with-value"),
        prev_index: session.flags.int("swap-with-index").cast_unsigned(),
        prev_exist: None,
    };
    session.ask_and_show(&mut client, keys::set(&key, &set))
}
