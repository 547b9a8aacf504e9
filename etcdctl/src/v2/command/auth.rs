//! `auth enable` and `auth disable`: whether users and roles count.

use std::io::Write as _;

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::auth;
use crate::v2::fault;
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::group(
    "auth",
    "makes users and roles count, or not any more",
    &[
        Command::new("enable", "", "makes them count", &[], |session| {
            switch(session, true)
        }),
        Command::new("disable", "", "makes them not count", &[], |session| {
            switch(session, false)
        }),
    ],
);

fn switch(session: &mut Session<'_>, on: bool) -> Done {
    if !session.flags.args.is_empty() {
        return fault::plain(session.io, "No arguments accepted");
    }
    let mut client = session.connect_for_auth()?;
    let deadline = session.deadline();
    let outcome = session.exchange(&mut client, deadline, Ok(auth::switch(on)), auth::done);
    session.accept(outcome)?;
    let state = if on { "Enabled" } else { "Disabled" };
    Ok(writeln!(session.io.stdout, "Authentication {state}")?)
}
