//! How a member comes into being: as one of the first of a new cluster, as a new one of a running
//! cluster, or as all that is left of one (`--force-new-cluster`).

use std::ops::ControlFlow;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use proto::etcdserverpb as pb;
use tokio::runtime::Handle;

use super::Error;
use crate::apply::{Identity, Meta};
use crate::cluster::{self, Conf, Initial, JoinError, Member, MemberChange, Members, Remote};
use crate::command::{Command, Membership};
use crate::config::{ClusterState, Config, Url};
use crate::raft::{self, Kind};
use crate::{peer, wal};

/// How long a member of a new cluster waits for each of the others to say that it is not new.
const NEW_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a new member of a running cluster waits for each of the others; etcd's figures both.
const JOIN_TIMEOUT: Duration = Duration::from_secs(10);

/// The request id of what nobody waits for.
const NOBODY: u64 = 0;

/// Asks all that are reached at these URLs about their cluster, and waits so long for their answers;
/// each is handed on as it comes, until one is enough. May block.
pub type Ask<'a> = &'a dyn Fn(&[String], Duration, &mut dyn FnMut(Remote) -> ControlFlow<()>);

/// Who a member without data is.
///
/// # Errors
/// The flags do not fit together, or not to what others say.
pub(super) fn identity(config: &Config, ask: Ask<'_>) -> Result<Identity, Error> {
    let initial = Initial::of(config)?;
    match config.initial_cluster_state {
        ClusterState::New => {
            let mut outcome = Ok(());
            ask(&initial.others(), NEW_TIMEOUT, &mut |remote| {
                outcome = cluster::check_new(&initial, &remote);
                ControlFlow::Break(())
            });
            outcome?;
            Ok(Identity {
                cluster_id: initial.cluster_id,
                member_id: initial.member_id,
                members: initial.members.iter().map(pb::Member::from).collect(),
            })
        }
        ClusterState::Existing => {
            let mut outcome = Err(JoinError::NoAnswer);
            ask(&initial.others(), JOIN_TIMEOUT, &mut |remote| {
                outcome = cluster::join(&initial, &remote, config.max_learners);
                // A member that lags behind has not heard of the new one; another one may have.
                match outcome.is_ok() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
            let joined = outcome?;
            Ok(Identity {
                cluster_id: joined.cluster_id,
                member_id: joined.member_id,
                members: joined.founders.iter().map(pb::Member::from).collect(),
            })
        }
    }
}

/// [`Ask`] over the transport between members. Must not be called on a thread of the runtime.
pub(super) fn ask(
    runtime: &Handle,
    dialer: &peer::Dialer,
    urls: &[String],
    timeout: Duration,
    heard: &mut dyn FnMut(Remote) -> ControlFlow<()>,
) {
    let asking = urls.iter().filter_map(|url| {
        let parsed = Url::parse(url).ok()?;
        Some(async move { (url, peer::members(dialer, &parsed, timeout).await) })
    });
    let mut asking: FuturesUnordered<_> = asking.collect();
    runtime.block_on(async {
        while let Some((url, answer)) = asking.next().await {
            match answer {
                Ok(answer) => {
                    if heard(Remote::from(answer)).is_break() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::debug!(address = url, %error, "failed to get cluster response");
                }
            }
        }
    });
}

/// What `--force-new-cluster` makes of a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forced {
    /// Entries up to here stay.
    pub(super) kept: u64,
    /// Entries that follow them: they take all other members out of the cluster.
    pub(super) entries: Vec<wal::Entry>,
    /// All of it counts as committed.
    pub(super) hard_state: wal::HardState,
}

/// Lets a member go on alone, with the same cluster id and its data. As in etcd the other members
/// are removed by entries of the log like any others, so that a member that joins later comes by
/// the same way to the same state.
///
/// Unlike etcd, which drops what is not known to be committed, the whole log is kept: a follower
/// learns of a commit after it, and notes it in its log only with the next entry, so that the end of
/// the log may well have been acknowledged. What was not is in doubt for whoever asked for it, and
/// may take effect. Only a removal of this very member that is not known to be committed is dropped,
/// with all behind it.
///
/// `meta` is what the checkpoint says; `tail` are the log's entries behind it.
///
/// # Errors
/// The member itself was removed.
pub(super) fn force<'a>(
    own: u64,
    meta: &Meta,
    tail: impl IntoIterator<Item = &'a wal::Entry>,
    hard_state: wal::HardState,
) -> Result<Forced, Error> {
    let members = meta.members.iter().cloned().map(Member::from);
    let mut cluster = Cluster {
        members: Members::new(members, meta.removed.iter().copied()),
        conf: meta.conf(),
    };
    let mut kept = meta.applied_index;
    for entry in tail {
        let before = (entry.index > hard_state.commit).then(|| cluster.clone());
        cluster.replay(entry)?;
        match before {
            Some(before) if cluster.members.get(own).is_none() => {
                cluster = before;
                break;
            }
            _ => kept = entry.index,
        }
    }
    let mut entries = Vec::new();
    let mut append = |changes: &[MemberChange]| {
        let raft: Vec<raft::Change> = changes.iter().filter_map(MemberChange::for_raft).collect();
        let command = match changes {
            [] => bytes::Bytes::new(),
            changes => Command::Membership(Membership::new(changes, i64::MAX)).encode(NOBODY),
        };
        let index = kept + 1 + entries.len() as u64;
        entries.push(raft::change_entry(index, hard_state.term, &raft, command));
    };
    if cluster.conf.is_joint() {
        append(&[]);
    }
    match cluster.members.get(own) {
        None => return Err(Error::Removed(own)),
        Some(member) if member.is_learner => append(&[MemberChange::Promote(own)]),
        Some(_) => {}
    }
    for other in cluster.members.iter().filter(|member| member.id != own) {
        append(&[MemberChange::Remove(other.id)]);
    }
    Ok(Forced {
        kept,
        hard_state: wal::HardState {
            commit: kept + entries.len() as u64,
            ..hard_state
        },
        entries,
    })
}

#[derive(Clone)]
struct Cluster {
    members: Members,
    conf: Conf,
}

impl Cluster {
    /// Takes the part of an entry that is about the membership.
    fn replay(&mut self, entry: &wal::Entry) -> Result<(), Error> {
        let (kind, data) = raft::read_entry(entry);
        if kind == Kind::Leave {
            // What cannot be left is left alone by the state machine too.
            self.conf = self.conf.leave().unwrap_or_else(|_| self.conf.clone());
        }
        if data.is_empty() {
            return Ok(());
        }
        let (_, command) = Command::decode(&data).map_err(|source| Error::Entry {
            index: entry.index,
            source,
        })?;
        let Command::Membership(change) = command else {
            return Ok(());
        };
        let (changes, max) = (change.changes(), change.learners_max);
        // What was refused then is refused again.
        if let Ok(changed) = cluster::change(&self.members, &self.conf, &changes, max) {
            self.members = changed.members;
            self.conf = changed.conf;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
