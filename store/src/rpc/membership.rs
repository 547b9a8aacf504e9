//! Changes of the membership, as asked for by clients and by other members: what can be known
//! before they are ordered is checked here, and the outcome awaited.

use std::time::{Duration, Instant};

use proto::etcdserverpb as pb;
use tonic::{Code, Status};

use super::{Member, mismatched, status};
use crate::apply::Reply;
use crate::clock;
use crate::cluster::strict::{self, View};
use crate::cluster::{self, MemberChange, id};
use crate::command::{Command, Membership};
use crate::config::Url;

/// How long a member waits before it asks again who leads, or asks the leader again.
const FORWARD_PAUSE: Duration = Duration::from_millis(50);

impl Member {
    /// A new member at these URLs. Answers with its id, and with the members.
    pub(crate) async fn add_member(
        &self,
        peer_urls: &[String],
        is_learner: bool,
    ) -> Result<(u64, Vec<pb::Member>), Status> {
        let peer_urls = checked(peer_urls)?;
        let id = id::added_member_id(&peer_urls, clock::unix().as_secs() as i64);
        self.strictly(|view| view.may_add(is_learner))?;
        let member = cluster::Member {
            id,
            peer_urls,
            is_learner,
            ..cluster::Member::default()
        };
        let members = self.change_members(MemberChange::Add(member)).await?;
        Ok((id, members))
    }

    /// A member goes for good.
    pub(crate) async fn remove_member(&self, id: u64) -> Result<Vec<pb::Member>, Status> {
        self.strictly(|view| view.may_remove(id))?;
        self.change_members(MemberChange::Remove(id)).await
    }

    /// A member is reached elsewhere. etcd's server takes any text here, and its members do not
    /// survive one that is no URL.
    pub(crate) async fn update_member(
        &self,
        id: u64,
        peer_urls: &[String],
    ) -> Result<Vec<pb::Member>, Status> {
        checked(peer_urls)?;
        let change = MemberChange::UpdatePeerUrls {
            id,
            peer_urls: peer_urls.to_vec(),
        };
        self.change_members(change).await
    }

    /// A learner gets a vote; whoever does not lead has the leader see to it. Unlike etcd, which
    /// asks the leader again and again until the time is up, every refusal of the leader is passed
    /// on.
    pub(super) async fn promote_member(&self, id: u64) -> Result<Vec<pb::Member>, Status> {
        let deadline = Instant::now() + self.limits.request_timeout;
        loop {
            let leader = self.raft.link().leader();
            let outcome = match leader {
                0 => Err(status::no_leader()),
                own if own == self.identity.member_id => self.promote_here(id).await,
                other => self.promote_there(other, id, deadline).await,
            };
            let Err(error) = outcome else {
                return outcome;
            };
            // No leader, one that is not reached, or one that leads no longer.
            let not_leader = error.message() == status::not_leader().message();
            let again = error.code() == Code::Unavailable
                && error.message() != status::unhealthy().message()
                && error.message() != status::timeout().message();
            if !(again || not_leader) {
                return Err(error);
            }
            if Instant::now() + FORWARD_PAUSE >= deadline {
                return Err(status::timeout());
            }
            tokio::time::sleep(FORWARD_PAUSE).await;
        }
    }

    async fn promote_there(
        &self,
        leader: u64,
        id: u64,
        deadline: Instant,
    ) -> Result<Vec<pb::Member>, Status> {
        let asking = self.others.promote(leader, id);
        match tokio::time::timeout_at(deadline.into(), asking).await {
            Ok(outcome) => outcome,
            Err(_) => Err(status::timeout()),
        }
    }

    /// A learner gets a vote, if this member leads: other members ask for it by this.
    ///
    /// # Errors
    /// This member does not lead, or etcd would refuse it too.
    pub async fn promote_here(&self, id: u64) -> Result<Vec<pb::Member>, Status> {
        let own = self.identity.member_id;
        if self.raft.link().leader() != own {
            return Err(status::not_leader());
        }
        self.linearizable().await?;
        let progress = self.raft.progress().await;
        let Some(leader) = progress.get(&own) else {
            return Err(status::not_leader());
        };
        let learner = progress.get(&id).ok_or(cluster::Error::NotFound)?;
        strict::check_in_sync(learner.matched, leader.matched).inspect_err(|error| {
            tracing::error!(
                "learner" = %format_args!("{id:x}"),
                "learner-matched" = learner.matched,
                "leader-matched" = leader.matched,
                %error,
                "rejecting promote learner: learner is not ready"
            );
        })?;
        self.strictly(|view| view.may_promote())?;
        self.change_members(MemberChange::Promote(id)).await
    }

    /// Asks what `--strict-reconfig-check` asks, if it is on.
    fn strictly(
        &self,
        ask: impl FnOnce(&View<'_>) -> Result<(), cluster::Error>,
    ) -> Result<(), cluster::Error> {
        if !self.limits.strict_reconfig_check {
            return Ok(());
        }
        let now = Instant::now();
        let members = self.state.read().members.clone();
        let view = View {
            own: self.identity.member_id,
            members: &members,
            connected_for: &|id| {
                let since = self.others.active_since(id)?;
                Some(now.saturating_duration_since(since))
            },
        };
        ask(&view).inspect_err(|error| {
            tracing::warn!(
                "local-member-id" = %format_args!("{:x}", view.own),
                %error,
                "rejecting a change of the membership"
            );
        })
    }

    async fn change_members(&self, change: MemberChange) -> Result<Vec<pb::Member>, Status> {
        let raft = change.for_raft().into_iter().collect();
        let command = Command::Membership(Membership::new(&[change], self.limits.learners_max));
        match self.proposer.propose_change(&command, raft).await?? {
            Reply::Members(members) => Ok(members),
            other => mismatched(&other),
        }
    }
}

/// The URLs in order, if they are such.
fn checked(urls: &[String]) -> Result<Vec<String>, Status> {
    let parsed: Result<Vec<Url>, String> = urls.iter().map(|url| Url::parse(url)).collect();
    let parsed = parsed.map_err(|_| status::bad_member_urls())?;
    if parsed.is_empty() {
        return Err(status::bad_member_urls());
    }
    let mut urls: Vec<String> = parsed.iter().map(ToString::to_string).collect();
    urls.sort_unstable();
    Ok(urls)
}
