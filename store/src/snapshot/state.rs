//! A backup of a running member.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{Auth, ConfState, Description, Downgrade, Error, Lease, Record, Spool};
use crate::apply::{Shared, State};
use crate::mvcc::ExportJob;
use crate::v2;

/// How often a view is asked for again while a checkpoint is under way.
const RETRY: Duration = Duration::from_millis(20);
/// A checkpoint writes some megabytes, another backup all data once: both end well within this.
const WAIT_MAX: Duration = Duration::from_secs(600);

/// Writes a backup of the member's state as it is now into `directory`, to be sent from there.
///
/// The state's lock is held for a moment only. While the backup is written no checkpoint can begin;
/// one that is under way is waited for, so call this where blocking is fine.
pub fn take(state: &Shared, directory: &Path) -> Result<Spool, Error> {
    let (description, job) = begin(state)?;
    Spool::fill(directory, &description, |records| {
        job.run(|rev, tombstone, pair| {
            records.put(&Record::new(rev.main, rev.sub, tombstone, &pair))
        })
    })
}

fn begin(state: &Shared) -> Result<(Description, ExportJob), Error> {
    let start = Instant::now();
    loop {
        {
            let mut state = state.write();
            if let Some(job) = state.store.begin_export() {
                return Ok((describe(&state, &job), job));
            }
        }
        if start.elapsed() > WAIT_MAX {
            return Err(Error::Busy(WAIT_MAX));
        }
        thread::sleep(RETRY);
    }
}

/// The state apart from its records.
fn describe(state: &State, job: &ExportJob) -> Description {
    let compacted = Some(job.compact_revision()).filter(|revision| *revision > 0);
    let ids_of = |learners: bool| {
        let members = state.members.iter();
        let ids = members.filter(|member| member.is_learner == learners);
        ids.map(|member| member.id).collect()
    };
    let leases = state.leases.iter().map(|(id, lease)| Lease {
        id,
        ttl: lease.ttl,
        remaining: lease.remaining,
    });
    Description {
        consistent_index: state.applied.0,
        term: state.applied.1,
        configuration: Some(ConfState {
            voters: ids_of(false),
            learners: ids_of(true),
            ..ConfState::default()
        }),
        storage_version: Some(state.versions.cluster.to_string()),
        scheduled_compaction: compacted,
        // Who restores a compaction that is not finished goes on with it.
        finished_compaction: compacted.filter(|_| !job.is_compacting()),
        cluster_version: Some(state.versions.cluster.to_string()),
        downgrade: state.versions.target.map(|target| Downgrade {
            target_version: target.to_string(),
            enabled: true,
        }),
        members: state.members.iter().cloned().collect(),
        removed_members: Vec::new(),
        leases: leases.collect(),
        alarms: state.alarms.iter().map(|(alarm, _)| alarm).collect(),
        auth: Auth {
            enabled: state.auth.is_enabled(),
            revision: state.auth.revision(),
            users: state.auth.users().cloned().collect(),
            roles: state.auth.roles().cloned().collect(),
        },
        v2: v2::Kept::of(&state.v2),
    }
}
