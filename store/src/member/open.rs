//! From a data directory to a member's state: the checkpoint first, then the log behind it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use prost::Message;

use super::Error;
use super::bootstrap::{self, Ask};
use super::checkpoints::{Checkpoints, read_meta};
use crate::apply::{Identity, Meta, State};
use crate::backend::{Backend, LazyBackend};
use crate::catchup::{self, Folder};
use crate::config::Config;
use crate::datadir;
use crate::disk::Disk;
use crate::raft::Boot;
use crate::wal::{self, Wal};

/// What a data directory holds.
pub struct Opened {
    /// Who the member is.
    pub identity: Identity,
    /// The state as of the checkpoint.
    pub state: State,
    /// Where raft goes on from.
    pub boot: Boot,
    /// The log, ready to be written.
    pub wal: Wal,
    /// `<data-dir>/member`.
    pub directory: PathBuf,
    /// How a checkpoint becomes the state.
    pub checkpoints: Checkpoints,
}

/// Opens the member in `config.data_dir`, or makes it if there is none: then others are asked about
/// the cluster.
///
/// # Errors
/// The directory cannot be used, or what it holds is damaged or not this member's; or the cluster
/// is not one for a new member with these flags.
pub fn open(config: &Config, disk: Arc<dyn Disk>, ask: Ask<'_>) -> Result<Opened, Error> {
    let directory = config.data_dir.join("member");
    disk.create_dir_all(&directory)
        .map_err(Error::io("create", &directory))?;
    let log_dir = config.wal_dir.clone();
    let log_dir = log_dir.unwrap_or_else(|| directory.join("wal"));
    let options = wal::Options {
        unsafe_no_fsync: config.unsafe_no_fsync,
        ..wal::Options::default()
    };
    let (mut wal, mut summary, mut entries) = match read_log(&disk, &log_dir, &options) {
        Err(wal::Error::Empty { .. }) => {
            let metadata = bootstrap::identity(config, ask)?.encode_to_vec();
            Wal::create(disk.clone(), &log_dir, &metadata, options.clone())?;
            read_log(&disk, &log_dir, &options)?
        }
        other => other?,
    };
    datadir::note_log(&directory, config.wal_dir.as_deref())
        .map_err(Error::io("note the place of the log in", &directory))?;
    let identity =
        Identity::decode(summary.metadata.clone()).map_err(|source| Error::Identity {
            path: log_dir.clone(),
            source,
        })?;
    let sled = checkpoint(&directory, summary.snapshot.as_ref())?;
    let backend: Arc<dyn Backend> = Arc::new(LazyBackend::open(&sled)?);
    let meta = read_meta(&*backend)?.unwrap_or_else(|| Meta::first(&identity));
    let applied = (meta.applied_index, meta.applied_term);
    if summary.last_index < applied.0 {
        return Err(Error::Ahead {
            applied: applied.0,
            last: summary.last_index,
            path: log_dir,
        });
    }
    let first = entries.first().map(|(entry, _)| entry.index);
    check_mark(summary.snapshot.as_ref(), applied.0, first, &sled)?;
    if config.force_new_cluster {
        let behind = entries.iter().map(|(entry, _)| entry);
        let behind = behind.filter(|entry| entry.index > applied.0);
        let forced = bootstrap::force(identity.member_id, &meta, behind, summary.hard_state)?;
        tracing::info!(
            "cluster-id" = %format_args!("{:x}", identity.cluster_id),
            "local-member-id" = %format_args!("{:x}", identity.member_id),
            "wal-commit-index" = summary.hard_state.commit,
            "commit-index" = forced.hard_state.commit,
            "forcing restart member"
        );
        summary.hard_state = forced.hard_state;
        entries.retain(|(entry, _)| entry.index <= forced.kept);
        let positions = wal.append(&wal::Batch {
            entries: forced.entries.clone(),
            hard_state: Some(forced.hard_state),
            snapshot: None,
        })?;
        entries.extend(forced.entries.into_iter().zip(positions));
    }
    let checkpoints = Checkpoints {
        values: Arc::new(wal.reader()),
        folder: Arc::new(Folder::new(&directory)),
        current: Mutex::new(sled.clone()),
    };
    let store = checkpoints.store(&sled, backend)?;
    let boot = Boot {
        term: summary.hard_state.term,
        vote: summary.hard_state.vote,
        commit: summary.hard_state.commit,
        applied,
        conf: meta.conf(),
        tail: entries
            .into_iter()
            .filter(|(entry, _)| entry.index > applied.0)
            .collect(),
    };
    let state = meta.restore(store)?;
    Ok(Opened {
        identity,
        state,
        boot,
        wal,
        directory,
        checkpoints,
    })
}

/// Where the checkpoint lies; other ones, and what was being received, are removed.
fn checkpoint(member: &Path, mark: Option<&wal::SnapshotMark>) -> Result<PathBuf, Error> {
    let applied = |path: &Path| {
        let backend = LazyBackend::open(path).ok()?;
        Some(read_meta(&backend).ok()??.applied_index)
    };
    let current = catchup::current(member, mark.map_or(0, |mark| mark.index), applied)?;
    catchup::remove_others(member, &current)?;
    Ok(current)
}

/// The log names a checkpoint only after that is durable, and lets go of what it covers: an older
/// checkpoint is a damaged one. Only where nothing is left of it, and the log still goes back to
/// its first entry, is there a way on: everything is carried out again.
fn check_mark(
    mark: Option<&wal::SnapshotMark>,
    applied: u64,
    first: Option<u64>,
    path: &Path,
) -> Result<(), Error> {
    let Some(mark) = mark.filter(|mark| mark.index > applied) else {
        return Ok(());
    };
    if applied > 0 || first != Some(1) {
        return Err(Error::Behind {
            applied,
            named: mark.index,
            path: path.to_owned(),
        });
    }
    tracing::warn!(
        path = %path.display(),
        "the checkpoint is lost; the log still holds everything, and is carried out again"
    );
    Ok(())
}

type Log = (Wal, wal::Summary, Vec<(wal::Entry, wal::Position)>);

fn read_log(disk: &Arc<dyn Disk>, dir: &Path, options: &wal::Options) -> Result<Log, wal::Error> {
    let mut entries: Vec<(wal::Entry, wal::Position)> = Vec::new();
    let (wal, summary) =
        Wal::open_with(disk.clone(), dir, options.clone(), &mut |step| match step {
            wal::Step::Entry(entry, position) => entries.push((entry.to_entry(), position)),
            wal::Step::Truncate { from } => entries.retain(|(entry, _)| entry.index < from),
        })?;
    if summary.torn_bytes > 0 {
        tracing::warn!(
            bytes = summary.torn_bytes,
            "removed the torn end of the log, which was never acknowledged"
        );
    }
    Ok((wal, summary, entries))
}

#[cfg(test)]
mod tests;
