//! The state of a cluster at some moment, made again from its archive.
//!
//! ```text
//! nothing, or a backup ─▶ state ─ commands of the archive ─▶ state of that moment ─▶ backup
//! ```
//!
//! Commands are carried out as they were when they were new, by the same code, so that nothing else
//! comes of them. What is made is a backup like any other, to be restored like any other.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use proto::etcdserverpb as pb;

use super::{Description, Digest, Error, Import, take, taken};
use crate::apply::machine::carry_out;
use crate::apply::{Effects, Meta, State};
use crate::archive::{self, Reader};
use crate::backend::MemoryBackend;
use crate::cluster::{Conf, Members};
use crate::command::Command;
use crate::mvcc::{self, Store};
use crate::raft::Committed;

/// Which moment is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The last one of the archive.
    Last,
    /// When the store reached this revision.
    Revision(i64),
    /// This time, in milliseconds of Unix time.
    Time(i64),
}

/// What was made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// The revision of the store.
    pub revision: i64,
    /// The last command that was carried out.
    pub index: u64,
}

/// Makes the state of a moment again, and writes it as a backup into `target`.
///
/// `base` is a backup that was taken before the moment; without one the archive has to begin with the
/// cluster. All of the data is held in memory.
///
/// # Errors
/// The archive or the backup cannot be read, entries are missing, or the moment is not in it.
pub fn rebuild(
    base: Option<&Path>,
    directories: &[PathBuf],
    moment: Moment,
    target: &Path,
) -> Result<Rebuilt, Error> {
    let (meta, store) = match base {
        Some(file) => from_backup(file)?,
        None => {
            let reader = Reader::open(directories, 0)?;
            let backend = Arc::new(MemoryBackend::default());
            (
                Meta::first(reader.identity()),
                Store::open(backend, mvcc::Options::default())?,
            )
        }
    };
    let mut state = meta
        .restore(store)
        .map_err(|why| Error::State(why.to_string()))?;
    let mut reader = Reader::open(directories, state.applied.0)?;
    advance(&mut state, &mut reader, moment)?;
    let rebuilt = Rebuilt {
        revision: state.store.revision(),
        index: state.applied.0,
    };
    write(state, target)?;
    Ok(rebuilt)
}

/// Carries out commands until the moment has come.
fn advance(state: &mut State, reader: &mut Reader, moment: Moment) -> Result<(), Error> {
    let base = state.applied.0;
    let mut effects = Effects::new();
    loop {
        let revision = state.store.revision();
        if let Moment::Revision(wanted) = moment {
            if revision == wanted {
                return Ok(());
            }
            if revision > wanted {
                return Err(Error::Moment(format!(
                    "revision {wanted} lies before the backup, which is of revision {revision}"
                )));
            }
        }
        let Some(entry) = reader.next_entry()? else {
            return match moment {
                Moment::Revision(wanted) => Err(Error::Moment(format!(
                    "the archive ends at revision {revision}, before revision {wanted}"
                ))),
                Moment::Last | Moment::Time(_) => Ok(()),
            };
        };
        if matches!(moment, Moment::Time(end) if entry.time > end) {
            return Ok(());
        }
        let index = entry.index;
        let unknown = || Error::Moment(format!("entry {index} is of a later release"));
        let committed = entry.committed().ok_or_else(unknown)?;
        know_lease(state, &committed, base);
        carry_out(state, &committed, &mut effects);
        effects.clear();
        while !state.store.compact_step(usize::MAX) {}
    }
}

/// A backup does not tell which entry granted a lease. The leader's word that it ran out does, and means
/// the lease of the backup if that entry came before it.
fn know_lease(state: &mut State, committed: &Committed, base: u64) {
    if let Ok((_, Command::LeaseExpire(expiry))) = Command::decode(&committed.data)
        && expiry.granted <= base
    {
        state.leases.know(expiry.id, expiry.granted);
    }
}

/// The state that a backup holds.
fn from_backup(file: &Path) -> Result<(Meta, Store), Error> {
    let import = Import::open(file, Digest::Ignored)?;
    let store = taken::store(&import, file)?;
    Ok((meta(import.description()), store))
}

fn meta(description: &Description) -> Meta {
    let members = description.members.iter();
    let conf = Conf::of(&Members::new(members.clone().cloned(), []));
    Meta {
        applied_index: description.consistent_index,
        applied_term: description.term,
        members: members.map(pb::Member::from).collect(),
        voters: conf.voters,
        learners: conf.learners,
        ..taken::meta(description)
    }
}

/// Writes a state as a backup.
fn write(state: State, target: &Path) -> Result<(), Error> {
    let place = target.parent().unwrap_or(Path::new("."));
    let shared = Arc::new(RwLock::new(state));
    let mut spool = take(&shared, place)?;
    let mut file = File::create(target).map_err(Error::io("create", target))?;
    while let Some(chunk) = spool.next_chunk().map_err(Error::io("read", target))? {
        file.write_all(&chunk.blob)
            .map_err(Error::io("write", target))?;
    }
    fs::File::sync_all(&file).map_err(Error::io("sync", target))
}

impl From<archive::Error> for Error {
    fn from(why: archive::Error) -> Self {
        Self::Moment(why.to_string())
    }
}
