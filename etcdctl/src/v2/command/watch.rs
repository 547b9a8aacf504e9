//! `watch`: the next change of a key, or all from now on.

use std::io::Write as _;

use crate::exit::Done;
use crate::v2::cli::Command;
use crate::v2::client::keys::{self, Response};
use crate::v2::client::{Client, Error};
use crate::v2::fault::{self, SERVER};
use crate::v2::flag::Flag;
use crate::v2::print;
use crate::v2::session::Session;

/// Of `exec-watch`, too.
pub(super) const AFTER_INDEX: Flag = Flag::int(
    &["after-index"],
    "begin with the first change after that of this index",
);
/// Of `exec-watch`, too.
pub(super) const RECURSIVE: Flag =
    Flag::switch(&["recursive", "r"], "watch the keys below it, too");

pub(super) const COMMAND: Command = Command::new(
    "watch",
    "<key>",
    "waits for a change of a key and shows it",
    &[
        Flag::switch(&["forever", "f"], "show all changes until interrupted"),
        AFTER_INDEX,
        RECURSIVE,
    ],
    run,
);

/// Changes of a key, one after the other.
pub(super) struct Watch {
    client: Client,
    key: Vec<u8>,
    is_recursive: bool,
    /// The index of the next change, 0 for whichever comes.
    index: u64,
}

impl Watch {
    /// By the flags of a command.
    pub(super) fn new(session: &Session<'_>, client: Client, key: Vec<u8>) -> Self {
        let after = session.flags.int("after-index").cast_unsigned();
        Self {
            client,
            key,
            is_recursive: session.flags.switch("recursive"),
            index: match after {
                0 => 0,
                after => after.wrapping_add(1),
            },
        }
    }

    /// Waits for the next change.
    pub(super) async fn next(
        &mut self,
        stderr: &mut (dyn std::io::Write + Send),
    ) -> Result<Response, Error> {
        loop {
            let action = keys::wait(&self.key, self.is_recursive, self.index);
            let answer = self.client.request(&action, None, stderr).await?;
            match keys::response(&answer) {
                Err(Error::Empty) => {}
                Err(why) => return Err(why),
                Ok(response) => {
                    self.index = response.node.modified_index + 1;
                    return Ok(response);
                }
            }
        }
    }
}

fn run(session: &mut Session<'_>) -> Done {
    let client = session.connect()?;
    let key = session.key()?;
    let mut watch = Watch::new(session, client, key);
    let is_forever = session.flags.switch("forever");
    let format = session.format();
    loop {
        let next = async {
            tokio::select! {
                next = watch.next(&mut *session.io.stderr) => Some(next),
                _ = tokio::signal::ctrl_c() => None,
            }
        };
        let response = match session.runtime.block_on(next) {
            None => return Ok(()),
            Some(Err(why)) => return fault::refused(session.io, SERVER, &why),
            Some(Ok(response)) => response,
        };
        if response.node.dir {
            continue;
        }
        if watch.is_recursive {
            writeln!(
                session.io.stdout,
                "[{}] {}",
                response.action, response.node.key
            )?;
        }
        print::response(session.io, &format, &response)?;
        session.io.stdout.flush()?;
        if !is_forever {
            return Ok(());
        }
    }
}
