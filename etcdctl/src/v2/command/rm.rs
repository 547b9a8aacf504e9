//! `rm` and `rmdir`: a key or a directory goes.

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::keys::{self, Delete};
use crate::v2::flag::Flag;
use crate::v2::print;
use crate::v2::session::Session;

pub(super) const RM: Command = Command::new(
    "rm",
    "<key>",
    "removes a key or a directory",
    &[
        Flag::switch(&["dir"], "it may be an empty directory"),
        Flag::switch(
            &["recursive", "r"],
            "it may be a directory, which goes with all that is in it",
        ),
        Flag::text(&["with-value"], "only if this is the value it has"),
        Flag::int(
            &["with-index"],
            "only if this is the index of its last change",
        ),
    ],
    |session| {
        let flags = &session.flags;
        let delete = Delete {
            prev_value: flags.text("with-value"),
            prev_index: flags.int("with-index").cast_unsigned(),
            dir: flags.switch("dir"),
            recursive: flags.switch("recursive"),
        };
        run(session, &delete)
    },
);

pub(super) const RMDIR: Command = Command::new(
    "rmdir",
    "<key>",
    "removes a key or an empty directory",
    &[],
    |session| {
        let delete = Delete {
            dir: true,
            ..Delete::default()
        };
        run(session, &delete)
    },
);

fn run(session: &mut Session<'_>, delete: &Delete) -> Done {
    let mut client = session.connect()?;
    let key = session.key()?;
    let response = session.ask(&mut client, keys::delete(&key, delete))?;
    let format = session.format();
    if response.node.dir && format == "simple" {
        return Ok(());
    }
    print::response(session.io, &format, &response)
}
