//! From a backup to a data directory.
//!
//! The directory is made beside its place under a temporary name and moved there when it is whole
//! and durable; whatever fails before leaves nothing behind.
//!
//! ```text
//! <data-dir>/member/sled/   a checkpoint: every record, leases, alarms, the new membership
//! <data-dir>/member/wal/    a log that begins behind the checkpoint and names the new member
//! ```
//!
//! The restored member belongs to a new cluster: its ids come from the flags, the log begins anew
//! at index = number of members, term 1, as if the members had just been configured. Revisions,
//! leases, alarms, users and roles go on as they were.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use proto::etcdserverpb as pb;

use super::{Description, Digest, Error, Import, taken};
use crate::apply::{Identity, META_KEY, Meta};
use crate::backend::{Backend, SledBackend};
use crate::cluster::Initial;
use crate::disk::{Disk, Real};
use crate::lease::TTL_MAX;
use crate::mvcc;
use crate::wal::{self, Wal};

/// The term in which a restored log begins.
const FIRST_TERM: u64 = 1;

/// What is restored, and to where.
#[derive(Debug)]
pub struct Restore<'a> {
    /// The backup.
    pub file: &'a Path,
    /// Whether its checksum must be right.
    pub digest: Digest,
    /// The data directory to make; may exist if it is empty.
    pub data_dir: &'a Path,
    /// Where the log is to lie, if apart; must not exist.
    pub wal_dir: Option<&'a Path>,
    /// The new cluster and this member's place in it.
    pub initial: &'a Initial,
    /// How far the revision leaps beyond the last one in the backup; everything up to there counts
    /// as compacted then. 0 for no leap.
    pub bump_revision: u64,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The revision that the member starts at.
    pub revision: i64,
    /// What it counts as compacted, -1 for nothing.
    pub compact_revision: i64,
}

impl Restore<'_> {
    /// Checks that the target is free; etcdutl does so before it looks at the backup.
    pub fn check_target(&self) -> Result<(), Error> {
        let taken = match fs::read_dir(self.data_dir) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        };
        if taken {
            return Err(Error::NotEmpty(self.data_dir.to_owned()));
        }
        Ok(())
    }

    /// Makes the data directory. The backup is only read.
    pub fn run(&self) -> Result<Restored, Error> {
        self.check_target()?;
        let import = Import::open(self.file, self.digest)?;
        let place = existing_ancestor(self.data_dir);
        let staging = tempfile::Builder::new()
            .prefix(".restore-")
            .tempdir_in(&place)
            .map_err(Error::io("create a directory in", &place))?;
        let log = match self.wal_dir {
            Some(wal) => {
                let place = existing_ancestor(wal);
                let log = tempfile::Builder::new()
                    .prefix(".restore-")
                    .tempdir_in(&place);
                Some((
                    log.map_err(Error::io("create a directory in", &place))?,
                    wal,
                ))
            }
            None => None,
        };
        let inside = staging.path().join("member").join("wal");
        let log_path = log
            .as_ref()
            .map_or(inside, |(log, _)| log.path().join("wal"));
        let (revision, compact_revision) = self.fill(&import, staging.path(), &log_path)?;
        if let Some((log, wal)) = &log {
            let parent = parent_of(wal);
            fs::create_dir_all(&parent).map_err(Error::io("create", &parent))?;
            fs::rename(log.path().join("wal"), wal)
                .map_err(Error::io("move the restored log to", *wal))?;
            sync(&parent)?;
        }
        if let Err(error) = self.move_in_place(staging) {
            if let Some((_, wal)) = log {
                // A failure leaves nothing behind; this one is told.
                let _ = fs::remove_dir_all(wal);
            }
            return Err(error);
        }
        Ok(Restored {
            revision,
            compact_revision,
        })
    }

    fn fill(&self, import: &Import, data_dir: &Path, log: &Path) -> Result<(i64, i64), Error> {
        let member = data_dir.join("member");
        let sled = member.join("sled");
        fs::create_dir_all(&sled).map_err(Error::io("create", &sled))?;
        let revisions = {
            let backend = SledBackend::open(&sled).map_err(mvcc::Error::from)?;
            self.fill_checkpoint(import, &backend)?
        };
        self.fill_log(log)?;
        for directory in [&sled, &member, data_dir] {
            sync(directory)?;
        }
        Ok(revisions)
    }

    fn fill_checkpoint(&self, import: &Import, backend: &dyn Backend) -> Result<(i64, i64), Error> {
        let chunk_bytes = mvcc::Options::default().chunk_bytes;
        let mut target = mvcc::Import::new(backend, chunk_bytes);
        let last = taken::records(import, self.file, &mut target)?;
        let (revision, compacted) = self.revisions(import.description(), last)?;
        let meta = self.meta(import.description())?.encode_to_vec();
        let extra = vec![(Bytes::from(META_KEY), Bytes::from(meta))];
        target.finish(revision, compacted, extra)?;
        Ok((revision, compacted))
    }

    /// Revision and compact revision to start with, by etcd's rules.
    fn revisions(&self, description: &Description, last: i64) -> Result<(i64, i64), Error> {
        if self.bump_revision == 0 {
            return Ok(taken::revisions(description, last));
        }
        let compacted = taken::compacted(description);
        let leap = i64::try_from(self.bump_revision).ok();
        let bumped = leap.and_then(|leap| last.max(compacted.unwrap_or(1)).checked_add(leap));
        let bumped = bumped.ok_or(Error::BumpTooLarge(self.bump_revision))?;
        Ok((bumped, bumped))
    }

    /// The state besides the records, with the new membership.
    fn meta(&self, description: &Description) -> Result<Meta, Error> {
        for lease in &description.leases {
            if lease.id == 0 || lease.ttl > TTL_MAX {
                let key = lease.id.to_be_bytes().to_vec();
                let what = "id or TTL is not valid";
                return Err(taken::content(self.file, "lease", key, what));
            }
        }
        let Meta {
            leases,
            alarms,
            auth,
            v2,
            ..
        } = taken::meta(description);
        Ok(Meta {
            applied_index: self.first_index(),
            applied_term: FIRST_TERM,
            leases,
            alarms,
            auth,
            v2,
            ..Meta::first(&self.identity())
        })
    }

    fn fill_log(&self, directory: &Path) -> Result<(), Error> {
        let disk: Arc<dyn Disk> = Arc::new(Real::new());
        let metadata = self.identity().encode_to_vec();
        let mut log = Wal::create(disk, directory, &metadata, wal::Options::default())?;
        log.append(&wal::Batch {
            entries: Vec::new(),
            hard_state: Some(wal::HardState {
                term: FIRST_TERM,
                vote: self.initial.member_id,
                commit: self.first_index(),
            }),
            snapshot: Some(wal::SnapshotMark {
                index: self.first_index(),
                term: FIRST_TERM,
                conf: Bytes::new(),
            }),
        })?;
        Ok(())
    }

    fn identity(&self) -> Identity {
        Identity {
            cluster_id: self.initial.cluster_id,
            member_id: self.initial.member_id,
            members: self.initial.members.iter().map(pb::Member::from).collect(),
        }
    }

    fn first_index(&self) -> u64 {
        self.initial.members.len() as u64
    }

    /// Gives the finished directory its name.
    fn move_in_place(&self, staging: tempfile::TempDir) -> Result<(), Error> {
        let parent = parent_of(self.data_dir);
        fs::create_dir_all(&parent).map_err(Error::io("create", &parent))?;
        fs::rename(staging.path(), self.data_dir)
            .map_err(Error::io("move the restored directory to", self.data_dir))?;
        // It is no longer where the guard would remove it.
        let _ = staging.keep();
        sync(&parent)
    }
}

/// The nearest directory at or above the parent of `path` that exists: on the same file system as
/// `path` will be.
fn existing_ancestor(path: &Path) -> PathBuf {
    let mut place = parent_of(path);
    while !place.is_dir() && place.parent().is_some() {
        place = parent_of(&place);
    }
    place
}

fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        Some(parent) => parent.to_owned(),
        None => path.to_owned(),
    }
}

fn sync(directory: &Path) -> Result<(), Error> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(Error::io("sync", directory))
}

#[cfg(test)]
mod tests;
