//! Renewals of leases on their way to the leader.
//!
//! Clients keep leases alive at whichever member they are connected to, but only the leader knows
//! the deadlines. What comes in while calls are under way waits and then goes in one call.

use std::sync::Arc;

use parking_lot::Mutex;
use proto::peer::LeaseRenewRequest;
use tokio::sync::oneshot;
use tonic::Status;

use super::dial::Client;

/// Calls under way at once. More than one, since a lease that just ends is answered late.
const CALLS_MAX: usize = 8;
/// Leases in one call.
const LEASES_MAX: usize = 4096;

/// See the module.
#[derive(Default)]
pub(super) struct Renewals {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Who waits for which lease of which leader.
    waiting: Vec<Waiting>,
    calls: usize,
}

struct Waiting {
    leader: u64,
    client: Client,
    id: i64,
    answer: oneshot::Sender<Result<i64, Status>>,
}

impl Renewals {
    /// Asks the leader and waits.
    ///
    /// # Errors
    /// The leader's answer, or that the call failed.
    pub(super) async fn renew(
        self: &Arc<Self>,
        leader: u64,
        client: Client,
        id: i64,
    ) -> Result<i64, Status> {
        let (answer, answered) = oneshot::channel();
        let may_call = {
            let mut inner = self.inner.lock();
            inner.waiting.push(Waiting {
                leader,
                client,
                id,
                answer,
            });
            let may_call = inner.calls < CALLS_MAX;
            inner.calls += usize::from(may_call);
            may_call
        };
        if may_call {
            let renewals = self.clone();
            tokio::spawn(async move { renewals.call().await });
        }
        let lost = || Status::unavailable("etcdserver: server stopped");
        answered.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Calls until nobody waits.
    async fn call(&self) {
        while let Some(batch) = self.take() {
            let ids = batch.iter().map(|waiting| waiting.id).collect();
            let Some(first) = batch.first() else { continue };
            let mut client = first.client.clone();
            let answer = client.lease_renew(LeaseRenewRequest { ids }).await;
            let ttls = answer.map(|answer| answer.into_inner().ttls);
            for (at, waiting) in batch.into_iter().enumerate() {
                let ttl = match &ttls {
                    Ok(ttls) => ttls
                        .get(at)
                        .copied()
                        .ok_or_else(|| Status::internal("the leader left out a lease")),
                    Err(status) => Err(status.clone()),
                };
                // Who no longer waits needs no answer.
                let _ = waiting.answer.send(ttl);
            }
        }
    }

    /// All that wait for the same leader as the first; the call is over when there are none.
    fn take(&self) -> Option<Vec<Waiting>> {
        let mut inner = self.inner.lock();
        inner.waiting.retain(|waiting| !waiting.answer.is_closed());
        let Some(leader) = inner.waiting.first().map(|waiting| waiting.leader) else {
            inner.calls -= 1;
            return None;
        };
        let mut count = 0;
        let batch = inner.waiting.extract_if(.., |waiting| {
            let is_taken = waiting.leader == leader && count < LEASES_MAX;
            count += usize::from(is_taken);
            is_taken
        });
        Some(batch.collect())
    }
}
