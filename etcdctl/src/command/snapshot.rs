//! `snapshot save`.
//!
//! The file holds the database as the member sent it, then its SHA-256 (32 bytes). It is written as
//! `FILE.part`, synced, and renamed once it is whole, so that `FILE` is never a torn snapshot.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use proto::etcdserverpb as pb;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::group;
use crate::cli::{Action, Command, Group};
use crate::client::{method, status};
use crate::exit::{self, Done, Failure};
use crate::flag::Parsed;
use crate::go::{bytes, duration};
use crate::log::{Level, Value};
use crate::progress;
use crate::session::{Context, Session};

pub(super) const COMMAND: Command = group(
    "snapshot",
    "Saves the whole store to a file",
    Group::Maintenance,
    &[Command {
        name: "save",
        usage: "<filename>",
        short: "Saves one member's store to a file",
        long: "\
Saves one member's store to a file, which `etcdutl snapshot restore` reads. There is no time limit
unless --command-timeout is given.

  etcdctl --endpoints=10.0.0.1:2379 snapshot save backup.db",
        group: Group::Sub,
        flags: &[],
        shared: &[],
        commands: &[],
        action: Action::Run(save),
    }],
);

/// Length of the trailing SHA-256, and the size that the database before it is a multiple of.
const SUM_LEN: usize = 32;
const SECTOR_LEN: u64 = 512;

fn save(session: &mut Session<'_>, mut flags: Parsed) -> Done {
    let [path] = flags.args.as_slice() else {
        let text = "snapshot save expects one argument <filename>";
        return Err(Failure::args(text));
    };
    let path = PathBuf::from(OsString::from_vec(path.clone()));
    let mut context = session.open(&mut flags)?;
    let endpoints = &context.globals.endpoints;
    if endpoints.len() != 1 {
        let all = endpoints.join(" ");
        return Err(interrupted(format!(
            "snapshot must be requested to one selected node, not multiple [{all}]"
        )));
    }
    context.log_in()?;
    let part = part_of(&path);
    let outcome = fetch(&mut context, &part).and_then(|version| {
        fs::rename(&part, &path).map_err(|why| {
            let (part, path) = (part.display(), path.display());
            let why = dial::os_error(&why);
            interrupted(format!("could not rename {part} to {path} ({why})"))
        })?;
        Ok(version)
    });
    let version = match outcome {
        Ok(version) => version,
        Err(failure) => {
            // There is none if it could not be made.
            let _ = fs::remove_file(&part);
            return Err(failure);
        }
    };
    info(&mut context, "", "saved", &[("path", shown(&path))])?;
    let out = &mut context.io.stdout;
    out.write_all(b"Snapshot saved at ")?;
    out.write_all(path.as_os_str().as_bytes())?;
    writeln!(out)?;
    if !version.is_empty() {
        writeln!(out, "Server version {version}")?;
    }
    Ok(())
}

fn part_of(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(OsStr::new(".part"));
    part.into()
}

/// Downloads to `part`, checks and syncs it; gives the version the server names.
fn fetch(context: &mut Context<'_>, part: &Path) -> Result<String, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(part).map_err(|why| {
        let (part, why) = (part.display(), dial::os_error(&why));
        interrupted(format!("could not open {part} (open {part}: {why})"))
    })?;
    info(
        context,
        "",
        "created temporary db file",
        &[("path", shown(part))],
    )?;
    let start = (context.io.clock.monotonic)();
    let (size, version) = download(context, &mut file)?;
    file.sync_all().map_err(|why| {
        let why = dial::os_error(&why);
        interrupted(format!("could not fsync snapshot: {why}"))
    })?;
    let took = duration::format(context.since(start));
    let endpoint = context.globals.endpoints.concat();
    let fields = [
        ("endpoint", endpoint.into()),
        ("size", bytes::human(size).into()),
        ("took", took.into()),
        ("etcd-version", version.as_str().into()),
    ];
    info(context, "", "fetched snapshot", &fields)?;
    Ok(version)
}

fn download(context: &mut Context<'_>, file: &mut File) -> Result<(u64, String), Failure> {
    let globals = &context.globals;
    let limit = globals
        .command_timeout_set
        .then_some(globals.command_timeout);
    let deadline = limit.map(|limit| Instant::now() + limit);
    let open = context
        .client
        .server_stream(&method::SNAPSHOT, pb::SnapshotRequest {}, deadline);
    let mut stream = context.runtime.block_on(open).map_err(|why| rpc(&why))?;
    info(
        context,
        "client",
        "opened snapshot stream; downloading",
        &[],
    )?;
    let endpoint = context.globals.endpoints.concat();
    info(
        context,
        "",
        "fetching snapshot",
        &[("endpoint", endpoint.into())],
    )?;
    let mut sum = Checksum::default();
    let mut bar = None;
    let mut version = String::new();
    let receive = async {
        while let Some(piece) = stream.message().await.map_err(|why| rpc(&why))? {
            let len = piece.blob.len() as u64;
            bar.get_or_insert_with(|| progress::of_bytes(len + piece.remaining_bytes))
                .inc(len);
            sum.update(&piece.blob);
            file.write_all(&piece.blob).map_err(|why| {
                let why = dial::os_error(&why);
                interrupted(format!("could not write snapshot: {why}"))
            })?;
            if version.is_empty() {
                version = piece.version;
            }
        }
        Ok(())
    };
    let limited = async {
        match deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, receive)
                .await
                .unwrap_or_else(|_| Err(rpc(&status::deadline()))),
            None => receive.await,
        }
    };
    let outcome = context.runtime.block_on(limited);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    outcome?;
    info(context, "client", "completed snapshot read; closing", &[])?;
    sum.check()?;
    Ok((sum.size, version))
}

/// SHA-256 of everything but the last 32 bytes, which must be that sum.
#[derive(Default)]
struct Checksum {
    size: u64,
    hasher: Sha256,
    /// The newest bytes, at most [`SUM_LEN`]: not hashed yet.
    tail: Vec<u8>,
}

impl Checksum {
    fn update(&mut self, blob: &[u8]) {
        self.size += blob.len() as u64;
        let surplus = (self.tail.len() + blob.len()).saturating_sub(SUM_LEN);
        let of_tail = surplus.min(self.tail.len());
        let of_blob = surplus - of_tail;
        self.hasher.update(&self.tail[..of_tail]);
        self.hasher.update(&blob[..of_blob]);
        self.tail.drain(..of_tail);
        self.tail.extend_from_slice(&blob[of_blob..]);
    }

    fn check(&self) -> Done {
        let size = self.size;
        if size % SECTOR_LEN != SUM_LEN as u64 {
            return Err(interrupted(format!(
                "sha256 checksum not found [bytes: {size}]"
            )));
        }
        if self.hasher.clone().finalize().as_slice() != self.tail {
            return Err(interrupted(format!(
                "sha256 checksum does not match [bytes: {size}]"
            )));
        }
        Ok(())
    }
}

fn shown(path: &Path) -> Value {
    path.display().to_string().into()
}

fn info(context: &mut Context<'_>, logger: &str, text: &str, fields: &[(&str, Value)]) -> Done {
    Ok(context.io.log(Level::Info, logger, text, fields)?)
}

fn interrupted(text: String) -> Failure {
    Failure::new(exit::INTERRUPTED, text)
}

fn rpc(why: &tonic::Status) -> Failure {
    interrupted(status::text(why))
}
