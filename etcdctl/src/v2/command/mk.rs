//! `mk`: a key that was not there before.

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::keys::{self, Set};
use crate::v2::flag::Flag;
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::new(
    "mk",
    "<key> <value>",
    "makes a new key",
    &[
        Flag::switch(
            &["in-order"],
            "name it by the order of making, in the directory <key>",
        ),
        super::set::TTL,
    ],
    run,
);

fn run(session: &mut Session<'_>) -> Done {
    let mut client = session.connect()?;
    let key = session.key()?;
    let value = session.value()?;
    let ttl = session.flags.int("ttl");
    let action = match session.flags.switch("in-order") {
        true => keys::create_in_order(&key, &value, ttl),
        false => {
            let set = Set {
                value: Some(value),
                ttl,
                prev_exist: Some(false),
                ..Set::default()
            };
            keys::set(&key, &set)
        }
    };
    session.ask_and_show(&mut client, action)
}
