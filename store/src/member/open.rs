//! From a data directory to a member's state: the checkpoint first, then the log behind it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use prost::Message;
use proto::etcdserverpb as pb;

use super::Error;
use crate::apply::{Identity, META_KEY, Meta, State};
use crate::backend::{Backend, LazyBackend};
use crate::cluster::Initial;
use crate::config::Config;
use crate::disk::Disk;
use crate::mvcc::{Options, Store};
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
}

/// Opens the member in `config.data_dir`, or makes it if there is none.
///
/// # Errors
/// The directory cannot be used, or what it holds is damaged or not this member's.
pub fn open(config: &Config, disk: Arc<dyn Disk>) -> Result<Opened, Error> {
    let directory = config.data_dir.join("member");
    disk.create_dir_all(&directory)
        .map_err(Error::io("create", &directory))?;
    let log_dir = directory.join("wal");
    let options = wal::Options {
        unsafe_no_fsync: config.unsafe_no_fsync,
        ..wal::Options::default()
    };
    let (wal, summary, entries) = match read_log(&disk, &log_dir, &options) {
        Err(wal::Error::Empty { .. }) => {
            let metadata = first_identity(config)?.encode_to_vec();
            Wal::create(disk.clone(), &log_dir, &metadata, options.clone())?;
            read_log(&disk, &log_dir, &options)?
        }
        other => other?,
    };
    let identity =
        Identity::decode(summary.metadata.clone()).map_err(|source| Error::Identity {
            path: log_dir.clone(),
            source,
        })?;
    let sled = directory.join("sled");
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
    let store = Store::open(
        backend,
        Options {
            values: Some(Arc::new(wal.reader())),
            ..Options::default()
        },
    )
    .map_err(|source| Error::Mvcc { path: sled, source })?;
    let boot = Boot {
        term: summary.hard_state.term,
        vote: summary.hard_state.vote,
        commit: summary.hard_state.commit,
        applied,
        voters: meta.voters.clone(),
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
    })
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

fn first_identity(config: &Config) -> Result<Identity, Error> {
    let initial = Initial::new(
        &config.name,
        &config.initial_cluster,
        &config.initial_cluster_token,
        &config.initial_advertise_peer_urls,
    )?;
    Ok(Identity {
        cluster_id: initial.cluster_id,
        member_id: initial.member_id,
        members: initial.members.iter().map(pb::Member::from).collect(),
    })
}

fn read_meta(backend: &dyn Backend) -> Result<Option<Meta>, Error> {
    let Some(bytes) = backend.get(META_KEY)? else {
        return Ok(None);
    };
    Ok(Some(
        Meta::decode(bytes).map_err(crate::apply::MetaError::from)?,
    ))
}
