//! Renewals and what leases have left: only the leader knows deadlines, so whoever does not lead
//! asks it.

use std::time::{Duration, Instant};

use proto::etcdserverpb as pb;
use tonic::{Code, Status};

use super::credentials::Credentials;
use super::{Member, status};
use crate::apply::permit;
use crate::lease::RenewError;

/// How long a member waits before it asks again who leads, or asks the leader again.
const FORWARD_PAUSE: Duration = Duration::from_millis(50);

impl Member {
    /// As [`Member::renew`], for who may write all that hangs on the lease.
    pub(super) async fn renew_by(&self, by: &Credentials, id: i64) -> Result<i64, Status> {
        if self.tokens.is_enabled() {
            let caller = self.require_user(by).await?;
            permit::may_write_keys(&self.state.read(), &caller, id)?;
        }
        self.renew(id).await
    }

    /// Gives a lease its whole time again, wherever the leader is. 0 for a lease that does not
    /// exist.
    async fn renew(&self, id: i64) -> Result<i64, Status> {
        self.at_the_leader(
            || self.renew_here(id),
            |leader| self.others.renew(leader, id),
        )
        .await
    }

    /// What a lease has left, wherever the leader is.
    pub(super) async fn time_to_live(
        &self,
        request: &pb::LeaseTimeToLiveRequest,
    ) -> Result<pb::LeaseTimeToLiveResponse, Status> {
        self.at_the_leader(
            || self.time_to_live_here(request),
            |leader| self.others.time_to_live(leader, *request),
        )
        .await
    }

    /// Gives a lease its whole time again, if this member leads.
    ///
    /// # Errors
    /// It does not lead, or is not known to.
    pub async fn renew_here(&self, id: i64) -> Result<i64, Status> {
        let term = self.lead().await?;
        match self.leases.renew(id, &self.proposer).await {
            Ok(ttl) => {
                // Another leader may have begun to reckon while a checkpoint was taken back.
                self.still_leads(term)?;
                Ok(ttl)
            }
            Err(RenewError::NotFound) => Ok(0),
            Err(RenewError::LeaderChanged) => Err(status::not_leader()),
            Err(RenewError::Propose(error)) => Err(error.into()),
        }
    }

    /// What a lease has left, if this member leads.
    ///
    /// # Errors
    /// It does not lead, or is not known to.
    pub async fn time_to_live_here(
        &self,
        request: &pb::LeaseTimeToLiveRequest,
    ) -> Result<pb::LeaseTimeToLiveResponse, Status> {
        self.lead().await?;
        let state = self.state.read();
        let header = self.header(state.store.revision());
        let lease = state.leases.get(request.id);
        let left = self.leases.seconds_left(request.id);
        let Some((lease, left)) = lease.zip(left) else {
            return Ok(pb::LeaseTimeToLiveResponse {
                header,
                id: request.id,
                ttl: -1,
                ..Default::default()
            });
        };
        let keys = match request.keys {
            true => lease.keys().cloned().collect(),
            false => Vec::new(),
        };
        Ok(pb::LeaseTimeToLiveResponse {
            header,
            id: request.id,
            ttl: left,
            granted_ttl: lease.ttl,
            keys,
        })
    }

    /// Makes sure that this member leads and that it reckons with all leases; the term.
    async fn lead(&self) -> Result<u64, Status> {
        let term = self.raft.link().term();
        if !self.raft.link().is_leader() {
            return Err(status::not_leader());
        }
        // A quorum confirms it: a leader that was cut off must not promise a lease its time.
        self.linearizable().await?;
        self.still_leads(term)?;
        self.leases.take_over(&self.state, term);
        Ok(term)
    }

    fn still_leads(&self, term: u64) -> Result<(), Status> {
        let link = self.raft.link();
        match link.is_leader() && link.term() == term {
            true => Ok(()),
            false => Err(status::not_leader()),
        }
    }

    /// Has the leader do it; for as long as a request may take another one is asked when it is not
    /// reached or leads no longer.
    async fn at_the_leader<T, Here, There>(
        &self,
        here: impl Fn() -> Here,
        there: impl Fn(u64) -> There,
    ) -> Result<T, Status>
    where
        Here: Future<Output = Result<T, Status>>,
        There: Future<Output = Result<T, Status>>,
    {
        let deadline = Instant::now() + self.limits.request_timeout;
        loop {
            let outcome = match self.raft.link().leader() {
                0 => Err(status::no_leader()),
                own if own == self.identity.member_id => here().await,
                other => match tokio::time::timeout_at(deadline.into(), there(other)).await {
                    Ok(outcome) => outcome.map_err(of_another),
                    Err(_) => Err(status::timeout()),
                },
            };
            let Err(error) = outcome else { return outcome };
            let not_leader = error.message() == status::not_leader().message();
            let again = error.code() == Code::Unavailable
                && error.message() != status::timeout().message()
                && error.message() != status::stopped().message();
            if !(again || not_leader) {
                return Err(error);
            }
            if Instant::now() + FORWARD_PAUSE >= deadline {
                return Err(status::timeout());
            }
            tokio::time::sleep(FORWARD_PAUSE).await;
        }
    }
}

/// What the failure of a call to the leader means to a member that can ask again. That the
/// connection broke, under whatever code, or that the leader is stopping, says only that another
/// will lead soon; clients would take either for a verdict on the lease.
fn of_another(error: Status) -> Status {
    let is_stopping = error.message() == status::stopped().message();
    // All that members themselves tell each other begins so.
    let is_answer = error.message().starts_with("etcdserver: ");
    match is_answer && !is_stopping {
        true => error,
        false => status::not_leader(),
    }
}
