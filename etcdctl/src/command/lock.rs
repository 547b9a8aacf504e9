//! `lock`: holds a named lock until a signal comes or a command ends.
//!
//! The lock is a key `<name>/<lease>` of a lease that this process keeps alive: if the process
//! dies, the lock goes `--ttl` seconds later.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use proto::v3lockpb as lock;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tonic::Status;

use super::child;
use super::lease::FIRST_ANSWER;
use crate::cli::{Action, Command, Group};
use crate::client::keep_alive::KeepAlive;
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::{Flag, Kind, Parsed};
use crate::session::{Context, Session};

pub(super) const COMMAND: Command = Command {
    name: "lock",
    usage: "[flags] <lockname> [command arg1 arg2 ...]",
    short: "Holds a named lock",
    long: "\
Waits for a named lock, prints its key, and holds it until this command is interrupted.

With a command, holds the lock while that runs, and ends with its exit code. It finds the lock in
its environment: ETCD_LOCK_KEY and ETCD_LOCK_REV.

  etcdctl lock backup -- sh -c 'backup /var/lib'",
    group: Group::Concurrency,
    flags: &[Flag::new(
        "ttl",
        Kind::Int,
        "10",
        "seconds after which the lock goes when this process dies",
    )],
    shared: &[],
    commands: &[],
    action: Action::Run(run),
};

fn run(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [name, command @ ..] = flags.args.as_slice() else {
        let text = "lock takes a lock name argument and an optional command to execute";
        return Err(Failure::args(text));
    };
    let (name, command) = (Bytes::from(name.clone()), command.to_vec());
    let ttl = flags.int("ttl");
    let mut context = session.connect(&mut flags)?;
    let mut lease = Lease::grant(&mut context, ttl)?;
    let request = lock::LockRequest {
        name,
        lease: lease.id,
    };
    let held = lease.during(&mut context, &method::LOCK, request)?;
    let revision = held.header.as_ref().map_or(0, |h| h.revision);
    if command.is_empty() {
        show(&mut context, &held.key, "lock lost on init")?;
        let kept = lease.until_signal(&context);
        if !kept {
            return Err(Failure::new(exit::ERROR, "session expired"));
        }
        return unlock(&mut context, held.key);
    }
    let key = OsStr::from_bytes(&held.key).to_owned();
    let variables = [
        ("ETCD_LOCK_KEY", key),
        ("ETCD_LOCK_REV", revision.to_string().into()),
    ];
    let outcome = child::run(&mut context, &command, &variables);
    let unlocked = unlock(&mut context, held.key);
    let ended = outcome?.map_err(|why| Failure::new(exit::ERROR, why))?;
    exit_code(ended)?;
    unlocked
}

/// A command that fails gives its own exit code.
fn exit_code(ended: ExitStatus) -> Done {
    let Some(why) = child::failed(ended) else {
        return Ok(());
    };
    let code = ended.code().and_then(|code| u8::try_from(code).ok());
    Err(Failure::new(code.unwrap_or(u8::MAX), why))
}

fn unlock(context: &mut Context<'_>, key: Bytes) -> Done {
    let request = lock::UnlockRequest { key };
    context.ask(&method::UNLOCK, request)?;
    Ok(())
}

/// Prints the key that was won; `lost` is the error when it is gone already.
pub(super) fn show(context: &mut Context<'_>, key: &Bytes, lost: &str) -> Done {
    let request = pb::RangeRequest {
        key: key.clone(),
        ..Default::default()
    };
    let reply = context.ask(&method::RANGE, request)?;
    if reply.kvs.is_empty() && !lost.is_empty() {
        return Err(Failure::new(exit::ERROR, lost));
    }
    context.print(|printer, out| printer.get(out, &reply))?;
    Ok(context.io.stdout.flush()?)
}

/// A lease of this process, kept alive while something is awaited, and the signals that end the
/// wait.
pub(super) struct Lease {
    pub(super) id: i64,
    /// Runs beside everything else until the lease is lost.
    lost: tokio::task::JoinHandle<()>,
    interrupt: Signal,
    terminate: Signal,
}

impl Lease {
    /// A new lease of `ttl` seconds.
    pub(super) fn grant(context: &mut Context<'_>, ttl: i64) -> Result<Self, Failure> {
        let request = pb::LeaseGrantRequest { ttl, id: 0 };
        let id = context.ask(&method::LEASE_GRANT, request)?.id;
        let _guard = context.runtime.enter();
        let patience = Duration::from_secs(u64::try_from(ttl).unwrap_or(0)) + FIRST_ANSWER;
        let lease = KeepAlive::new(context.client.clone(), id, patience);
        Ok(Self {
            id,
            lost: context.runtime.spawn(lease.lost()),
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// A call that may wait long, given up on a signal.
    pub(super) fn during<Q, R>(
        &mut self,
        context: &mut Context<'_>,
        method: &method::Method<Q, R>,
        request: Q,
    ) -> Result<R, Failure>
    where
        Q: prost::Message + Clone + 'static,
        R: prost::Message + Default + 'static,
    {
        let client = &mut context.client;
        let stderr = &mut *context.io.stderr;
        let outcome = context.runtime.block_on(async {
            tokio::select! {
                reply = client.unary(method, request, None, stderr) => reply,
                _ = self.interrupt.recv() => Err(Status::cancelled("")),
                _ = self.terminate.recv() => Err(Status::cancelled("")),
            }
        });
        outcome.map_err(|why| {
            let canceled = why.code() == tonic::Code::Cancelled && why.message().is_empty();
            let text = if canceled {
                "context canceled".to_owned()
            } else {
                status::text(&why)
            };
            Failure::new(exit::ERROR, text)
        })
    }

    /// Waits for a signal (true) or for the loss of the lease (false).
    pub(super) fn until_signal(&mut self, context: &Context<'_>) -> bool {
        context.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => true,
                _ = self.terminate.recv() => true,
                _ = &mut self.lost => false,
            }
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.lost.abort();
    }
}
