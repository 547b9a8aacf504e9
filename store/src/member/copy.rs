//! A copy of a member's data directory, as one of a cluster of its own: what `etcdctl backup` of API 2
//! makes.
//!
//! The files are copied first, and the copy is opened as a member opens its own: what it holds is
//! whole whether or not the member runs. What comes of it is restored like a backup that a member sent.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use super::{Error, Opened, open};
use crate::apply::{AuthMeta, Effects, Meta, Shared, machine};
use crate::backend::MemoryBackend;
use crate::cluster::{Initial, InitialError};
use crate::config::{self, Config};
use crate::datadir::DataDir;
use crate::disk::Real;
use crate::mvcc::{self, Store};
use crate::raft::Committed;
use crate::snapshot::{self, Digest, Restore, Spool};

/// How often files are copied again that changed while they were copied: a member that takes a
/// checkpoint lets go of parts of its log.
const ATTEMPTS: usize = 5;

/// What is copied, and to where.
#[derive(Debug)]
pub struct Copy<'a> {
    /// The data directory of a member.
    pub data_dir: &'a Path,
    /// Where its log lies, if apart.
    pub wal_dir: Option<&'a Path>,
    /// The data directory to make; may exist if it is empty.
    pub backup_dir: &'a Path,
    /// Where the log of the copy is to lie, if apart.
    pub backup_wal_dir: Option<&'a Path>,
    /// Whether the keys, leases and users of API 3 are copied, too.
    pub with_v3: bool,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// There is nothing of a member to copy.
    #[error("{} is no data directory of this etcd", .0.display())]
    NoMember(PathBuf),
    /// Files cannot be read or written.
    #[error("cannot copy {}: {why}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        why: io::Error,
    },
    /// What was copied is damaged.
    #[error(transparent)]
    Open(#[from] Error),
    /// What was copied cannot be made a state again.
    #[error(transparent)]
    State(#[from] crate::apply::MetaError),
    /// The store cannot be read.
    #[error(transparent)]
    Mvcc(#[from] mvcc::Error),
    /// The copy cannot be put in its place.
    #[error(transparent)]
    Snapshot(#[from] snapshot::Error),
    /// The member's name or URLs are none.
    #[error("{0}")]
    Initial(#[from] InitialError),
    /// Settings do not fit; a random number could not be had.
    #[error("{0}")]
    Settings(String),
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> CopyError {
    let path = path.to_owned();
    move |why| CopyError::Io { path, why }
}

impl Copy<'_> {
    /// Makes the copy. What is copied is only read; what fails leaves nothing behind.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn run(&self) -> Result<(), CopyError> {
        let parent = self.backup_dir.parent().filter(|dir| dir.is_dir());
        let place = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let staging = tempfile::Builder::new()
            .prefix(".backup-")
            .tempdir_in(&place)
            .map_err(failed(&place))?;
        let opened = self.open_copy(staging.path())?;
        let own = opened.identity.member_id;
        let state = self.state(opened)?;
        let member = state.read().members.get(own).cloned().unwrap_or_default();
        let name = if member.name.is_empty() {
            "default"
        } else {
            &member.name
        };
        let initial = initial(name, &member.peer_urls)?;
        let file = staging.path().join("backup.db");
        write(snapshot::take(&state, staging.path())?, &file)?;
        let restore = Restore {
            file: &file,
            digest: Digest::Ignored,
            data_dir: self.backup_dir,
            wal_dir: self.backup_wal_dir,
            initial: &initial,
            bump_revision: 0,
        };
        restore.run()?;
        Ok(())
    }

    /// Copies the files and opens what came of it.
    fn open_copy(&self, staging: &Path) -> Result<Opened, CopyError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let target = staging.join(format!("attempt-{attempt}"));
            let outcome = self.copy_files(&target).and_then(|()| open_member(&target));
            match outcome {
                Err(error @ CopyError::NoMember(_)) => return Err(error),
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Err(error) => tracing::debug!(%error, attempt, "the files are copied again"),
                Ok(opened) => return Ok(opened),
            }
        }
    }

    fn copy_files(&self, target: &Path) -> Result<(), CopyError> {
        let member = self.data_dir.join("member");
        let inside = member.join("wal");
        let log = self.wal_dir.unwrap_or(&inside);
        let is_log = fs::read_dir(log).is_ok_and(|mut files| files.next().is_some());
        let is_foreign = member.join("snap").join("db").exists();
        if !is_log || is_foreign {
            return Err(CopyError::NoMember(self.data_dir.to_owned()));
        }
        // The log last: it may go further than the checkpoint, but not the other way round.
        let is_rest = |name: &str| name != "wal" && name != "wal-dir" && name != "lock";
        copy_tree(&member, &target.join("member"), &is_rest)?;
        copy_tree(log, &target.join("member").join("wal"), &|name| {
            name != "lock"
        })
    }

    /// The state at the end of the log, without what is not wanted. How much of it is committed a
    /// member knows later than the clients that were told so: all of it counts.
    fn state(&self, opened: Opened) -> Result<Shared, CopyError> {
        let Opened {
            mut state, boot, ..
        } = opened;
        let mut effects = Effects::new();
        for (entry, _) in boot.tail {
            machine::carry_out(&mut state, &Committed::read(&entry), &mut effects);
            effects.clear();
        }
        if !self.with_v3 {
            let backend = Arc::new(MemoryBackend::default());
            let store = Store::open(backend, mvcc::Options::default())?;
            let meta = Meta {
                leases: Vec::new(),
                alarms: Vec::new(),
                auth: None::<AuthMeta>,
                ..Meta::of(&state)
            };
            state = meta.restore(store)?;
        }
        Ok(Arc::new(RwLock::new(state)))
    }
}

fn copy_tree(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<(), CopyError> {
    fs::create_dir_all(to).map_err(failed(to))?;
    for entry in fs::read_dir(from).map_err(failed(from))? {
        let entry = entry.map_err(failed(from))?;
        let name = entry.file_name();
        if !wanted(&name.to_string_lossy()) {
            continue;
        }
        let (path, target) = (entry.path(), to.join(&name));
        if entry.file_type().map_err(failed(&path))?.is_dir() {
            copy_tree(&path, &target, &|_| true)?;
        } else {
            fs::copy(&path, &target).map_err(failed(&path))?;
        }
    }
    Ok(())
}

/// The settings of a command line.
fn settings(flags: &[String]) -> Result<Config, CopyError> {
    let parsed = config::parse(flags, &[]).result;
    parsed.map_err(|error| CopyError::Settings(error.to_string()))
}

fn open_member(data_dir: &Path) -> Result<Opened, CopyError> {
    if !DataDir::is_ours(data_dir) {
        return Err(CopyError::NoMember(data_dir.to_owned()));
    }
    let config = settings(&[format!("--data-dir={}", data_dir.display())])?;
    // A member that has data asks nobody.
    Ok(open(&config, Arc::new(Real::new()), &|_, _, _| {})?)
}

/// A cluster of this member alone, with ids that no other has.
fn initial(name: &str, peer_urls: &[String]) -> Result<Initial, CopyError> {
    let token = getrandom::u64().map_err(|error| CopyError::Settings(error.to_string()))?;
    let cluster: Vec<String> = peer_urls
        .iter()
        .map(|url| format!("{name}={url}"))
        .collect();
    let config = settings(&[
        format!("--name={name}"),
        format!("--initial-cluster={}", cluster.join(",")),
        format!("--initial-advertise-peer-urls={}", peer_urls.join(",")),
        format!("--initial-cluster-token={token:x}"),
    ])?;
    Ok(Initial::of(&config)?)
}

fn write(mut spool: Spool, file: &Path) -> Result<(), CopyError> {
    let mut out = File::create(file).map_err(failed(file))?;
    while let Some(chunk) = spool.next_chunk().map_err(failed(file))? {
        out.write_all(&chunk.blob).map_err(failed(file))?;
    }
    Ok(())
}
