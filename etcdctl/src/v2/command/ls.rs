//! `ls`: the keys in a directory.

use std::io::{self, Write};

use super::get::{QUORUM, SORT};
use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::keys::{self, Node};
use crate::v2::flag::Flag;
use crate::v2::print;
use crate::v2::session::Session;

pub(super) const COMMAND: Command = Command::new(
    "ls",
    "[key]",
    "lists the keys in a directory",
    &[
        SORT,
        Flag::switch(
            &["recursive", "r"],
            "list what is in the directories there, too",
        ),
        Flag::switch(&["p"], "show directories with a slash at the end"),
        QUORUM,
    ],
    run,
);

fn run(session: &mut Session<'_>) -> Done {
    let mut client = session.connect()?;
    let key = session.flags.args.first().cloned();
    let key = key.unwrap_or_else(|| b"/".to_vec());
    let flags = &session.flags;
    let action = keys::get(
        &key,
        flags.switch("recursive"),
        flags.switch("sort"),
        flags.switch("quorum"),
    );
    let response = session.ask(&mut client, action)?;
    let format = session.format();
    if format != "simple" {
        return print::response(session.io, &format, &response);
    }
    let node = &response.node;
    let has_slash = session.flags.switch("p");
    let out = &mut *session.io.stdout;
    if !node.dir {
        writeln!(out, "{}", node.key)?;
    }
    Ok(list(out, node, has_slash)?)
}

/// What is in a directory, each one followed by what is in it.
fn list(out: &mut dyn Write, node: &Node, has_slash: bool) -> io::Result<()> {
    for below in node.nodes.iter().flatten() {
        let slash = if below.dir && has_slash { "/" } else { "" };
        writeln!(out, "{}{slash}", below.key)?;
        list(out, below, has_slash)?;
    }
    Ok(())
}
