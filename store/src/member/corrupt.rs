//! Compares this member's data with that of the others, and raises the CORRUPT alarm; what counts
//! as corrupt is settled in [`crate::corrupt`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::etcdserverpb as pb;
use proto::etcdserverpb::alarm_request::AlarmAction;
use tokio::task::JoinSet;
use tonic::Status;

use super::Error;
use crate::command::{Alarm, Command};
use crate::config::Config;
use crate::corrupt::{self, Answer, Fault, Peer, Verdict};
use crate::mvcc::{self, HashKv};
use crate::read;
use crate::rpc::Member;

/// How long a member that starts asks again those who are not connected yet, or not as far as it
/// is: the start is not to wait longer for one that is down.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long it waits before it asks again.
const PAUSE: Duration = Duration::from_millis(50);

/// Compares this member, which has caught up, with all others that answer.
///
/// # Errors
/// The data differs from that of another member, or cannot be read.
pub(super) async fn initial(member: &Arc<Member>) -> Result<(), Error> {
    let own = member.identity.member_id;
    let local = format!("{own:x}");
    let timeout = member.limits.request_timeout;
    tracing::info!(
        "local-member-id" = local,
        ?timeout,
        "starting initial corruption check"
    );
    if others(member).is_empty() {
        tracing::info!(
            "local-member-id" = local,
            "initial corruption checking passed; no corruption"
        );
        return Ok(());
    }
    let unreadable = |error: Status| Error::Unhashed(own, error.message().to_owned());
    let hash = member.hash_kv(0).await.map_err(unreadable)?;
    let peers = ask(member, hash.hash_revision, PATIENCE).await;
    for peer in &peers {
        if let Some(answer) = peer.answer
            && answer.compact_revision != hash.compact_revision
        {
            warn_of(
                &local,
                &hash,
                peer.id,
                &answer,
                "found different compact revision values from remote peer",
            );
        }
    }
    let differing = corrupt::initial(&hash, &peers);
    for (id, answer) in &differing {
        warn_of(
            &local,
            &hash,
            *id,
            answer,
            "found different hash values from remote peer",
        );
    }
    if !differing.is_empty() {
        return Err(Error::Inconsistent(own));
    }
    tracing::info!(
        "local-member-id" = local,
        "initial corruption checking passed; no corruption"
    );
    Ok(())
}

fn warn_of(local: &str, hash: &HashKv, id: u64, answer: &Answer, message: &str) {
    tracing::warn!(
        "local-member-id" = local,
        "local-member-revision" = hash.hash_revision,
        "local-member-compact-revision" = hash.compact_revision,
        "local-member-hash" = hash.hash,
        "remote-peer-id" = %format_args!("{id:x}"),
        "remote-peer-revision" = answer.revision,
        "remote-peer-compact-revision" = answer.compact_revision,
        "remote-peer-hash" = answer.hash,
        "{message}"
    );
}

/// Starts the comparisons that the flags ask for.
pub(super) fn watch(member: &Arc<Member>, config: &Config, tasks: &mut JoinSet<()>) {
    let (checker, interval) = (member.clone(), config.corrupt_check_time);
    if interval > Duration::ZERO {
        tasks.spawn(async move {
            tracing::info!(
                "local-member-id" = %format_args!("{:x}", checker.identity.member_id),
                ?interval,
                "enabled corruption checking"
            );
            loop {
                tokio::time::sleep(interval).await;
                if checker.raft.link().is_leader()
                    && let Err(error) = periodic(&checker).await
                {
                    tracing::warn!(error, "failed to check hash KV");
                }
            }
        });
    }
    let (checker, interval) = (member.clone(), config.compact_hash_check_time);
    if config.gates.enabled("CompactHashCheck") {
        tasks.spawn(async move {
            let mut checked = 0;
            loop {
                tokio::time::sleep(interval).await;
                if checker.raft.link().is_leader() {
                    compactions(&checker, &mut checked).await;
                }
            }
        });
    }
}

async fn periodic(member: &Member) -> Result<(), String> {
    let told = |error: Status| error.message().to_owned();
    let before = member.hash_kv(0).await.map_err(told)?;
    let peers = ask(member, before.hash_revision, Duration::ZERO).await;
    read::linearizable(&member.raft, member.limits.request_timeout)
        .await
        .map_err(|error| error.to_string())?;
    let after = member.hash_kv(0).await.map_err(told)?;
    let found = corrupt::periodic(member.identity.member_id, &before, &after, &peers);
    for (id, fault) in &found {
        tracing::warn!(
            "member-id" = %format_args!("{id:x}"),
            "leader-revision" = after.hash_revision,
            "leader-compact-revision" = after.compact_revision,
            "leader-hash" = before.hash,
            "{}",
            describe(*fault)
        );
    }
    // Others follow at the next comparison, as in etcd: the cluster has stopped by then anyway.
    if let Some((id, _)) = found.first() {
        raise(member, *id).await;
    }
    let answered = peers.iter().filter(|peer| peer.answer.is_some()).count();
    tracing::info!(
        "number-of-peers-checked" = answered,
        "finished peer corruption check"
    );
    Ok(())
}

fn describe(fault: Fault) -> &'static str {
    match fault {
        Fault::Unsteady => "found hash mismatch",
        Fault::Ahead => "revision from follower must be less than or equal to leader's",
        Fault::CompactedAhead => {
            "compact revision from follower must be less than or equal to leader's"
        }
        Fault::Differs => "same compact revision then hashes must match",
    }
}

/// Compares compactions, from the newest back to the first that all members can be compared by, or
/// to the last that was found equal everywhere (`checked`).
async fn compactions(member: &Member, checked: &mut i64) {
    let own = member.identity.member_id;
    let local = format!("{own:x}");
    tracing::info!(
        "local-member-id" = local,
        timeout = ?member.limits.request_timeout,
        "starting compact hash check"
    );
    let hashes = corrupt::unchecked(member.state.read().store.compaction_hashes(), *checked);
    let mut looked_at = 0;
    for hash in hashes {
        looked_at += 1;
        let peers = ask(member, hash.hash_revision, Duration::ZERO).await;
        if peers.is_empty() {
            continue;
        }
        for peer in &peers {
            if corrupt::comparable(&hash, peer).is_none() {
                let reason = match peer.answer {
                    None => "no response",
                    Some(_) => "the peer's compact revision doesn't match the leader's",
                };
                tracing::warn!(
                    "leader-id" = local,
                    "peer-id" = %format_args!("{:x}", peer.id),
                    reason,
                    "Skipped peer's hash"
                );
            }
        }
        match corrupt::compaction(own, &hash, &peers) {
            Verdict::Agreed => {
                tracing::info!(
                    "number-of-peers-checked" = peers.len(),
                    revision = hash.hash_revision,
                    "compactRevision" = hash.compact_revision,
                    "successfully checked hash on whole cluster"
                );
                *checked = (*checked).max(hash.hash_revision);
                break;
            }
            Verdict::Incomplete { checked } => tracing::warn!(
                "number-of-peers-checked" = checked,
                "number-of-peers" = peers.len(),
                revision = hash.hash_revision,
                "compactRevision" = hash.compact_revision,
                "skipped revision in compaction hash check; was not able to check all peers"
            ),
            Verdict::Corrupt { members, hashes } => {
                for (other, ids) in hashes {
                    let ids: Vec<String> = ids.iter().map(|id| format!("{id:x}")).collect();
                    tracing::error!(
                        "leader-id" = local,
                        "leader-revision" = hash.hash_revision,
                        "leader-compact-revision" = hash.compact_revision,
                        "leader-hash" = hash.hash,
                        "peer-hash" = other,
                        "peer-ids" = ids.join(","),
                        "quorum-exist" = members != [0],
                        "Detected compaction hash mismatch"
                    );
                }
                for id in members {
                    raise(member, id).await;
                }
                break;
            }
        }
    }
    tracing::info!(
        "number-of-hashes-checked" = looked_at,
        "finished compaction hash check"
    );
}

/// Puts the alarm on for a member; 0 stands for the whole cluster.
async fn raise(member: &Member, id: u64) {
    let request = pb::AlarmRequest {
        action: AlarmAction::Activate as i32,
        member_id: id,
        alarm: pb::AlarmType::Corrupt as i32,
    };
    let command = Command::Alarm(Alarm {
        request,
        automatic: false,
    });
    let id = format_args!("{id:x}").to_string();
    match member.proposer.propose(&command).await {
        Ok(Ok(_)) => tracing::warn!("member-id" = id, "alarm CORRUPT raised"),
        Ok(Err(error)) => tracing::warn!("member-id" = id, %error, "alarm CORRUPT was not raised"),
        Err(error) => tracing::warn!("member-id" = id, %error, "alarm CORRUPT was not raised"),
    }
}

/// All members but this one.
fn others(member: &Member) -> Vec<u64> {
    let own = member.identity.member_id;
    let members = member.members.borrow();
    let ids = members.iter().map(|other| other.id);
    ids.filter(|id| *id != own).collect()
}

/// Asks all others at once for their hash of `revision`; those who are not connected or not so far
/// again and again for as long as the patience lasts.
async fn ask(member: &Member, revision: i64, patience: Duration) -> Vec<Peer> {
    let until = Instant::now() + patience;
    let asking = others(member).into_iter().map(|id| async move {
        loop {
            let failed = match ask_one(member, id, revision).await {
                Ok(answer) => {
                    let answer = Some(answer);
                    return Peer { id, answer };
                }
                Err(status) => status,
            };
            let is_early = failed.code() == tonic::Code::Unavailable || is_slow(&failed);
            if is_early && Instant::now() + PAUSE < until {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            tracing::warn!(
                "local-member-id" = %format_args!("{:x}", member.identity.member_id),
                "requested-revision" = revision,
                "remote-peer-id" = %format_args!("{id:x}"),
                error = failed.message(),
                "{}",
                excuse(&failed)
            );
            return Peer { id, answer: None };
        }
    });
    futures::future::join_all(asking).await
}

async fn ask_one(member: &Member, id: u64, revision: i64) -> Result<Answer, Status> {
    let asking = member.others.hash_kv(id, revision);
    let answer = tokio::time::timeout(member.limits.request_timeout, asking).await;
    let answer = answer.map_err(|_| Status::deadline_exceeded("no answer in time"))??;
    Ok(Answer {
        revision: answer.header.map_or(0, |header| header.revision),
        hash: answer.hash,
        compact_revision: answer.compact_revision,
    })
}

fn is_slow(status: &Status) -> bool {
    status.message() == Status::from(mvcc::Error::Future).message()
}

fn excuse(status: &Status) -> &'static str {
    if is_slow(status) {
        "cannot fetch hash from slow remote peer"
    } else if status.message() == Status::from(mvcc::Error::Compacted).message() {
        "cannot fetch hash from remote peer; local member is behind"
    } else {
        "failed hash kv request"
    }
}
