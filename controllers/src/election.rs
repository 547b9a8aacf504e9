//! One among several processes works: who holds a Lease, renews it, and stops when it cannot.
//!
//! The rules are client-go's, `tools/leaderelection`: a Lease that nobody was seen to renew for its duration
//! may be taken, by the local clock from the moment the last renewal was seen, so that clocks need not agree.

mod record;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::Duration;

use kube::Client;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::call::{self, text};
use crate::discovery::Resource;
use record::{Decision, Observed};

/// Who stands for election and how long terms are.
#[derive(Clone, Debug)]
pub struct Election {
    /// The namespace of the Lease, `kube-system` for upstream's components.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// Who this is; different for each process.
    pub identity: String,
    /// How long a Lease holds without being renewed: 15 s.
    pub lease_duration: Duration,
    /// How long renewals may fail before the leader gives up: 10 s.
    pub renew_deadline: Duration,
    /// The pause between tries: 2 s. Candidates wait up to 1.2 times longer by chance.
    pub retry_period: Duration,
}

impl Election {
    /// With upstream's times.
    #[must_use]
    pub fn new(
        namespace: impl Into<String>,
        name: impl Into<String>,
        identity: impl Into<String>,
    ) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity.into(),
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }

    /// Waits until this process leads, then runs `lead`. It is given a token that is cancelled with `stop`, and
    /// then has the time of `renew_deadline` to end; if the Lease is lost, it is dropped at once, for another
    /// may lead. A Lease that was not lost is released at the end. Returns whether it was lost.
    pub async fn run<F, Fut>(&self, client: &Client, stop: &CancellationToken, lead: F) -> bool
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = ()>,
    {
        let mut observed = Observed::default();
        let acquired = tokio::select! {
            () = stop.cancelled() => false,
            () = self.acquire(client, &mut observed) => true,
        };
        if !acquired {
            return false;
        }
        tracing::info!(lease = self.name, identity = self.identity, "leads now");
        let term = stop.child_token();
        let leading = std::pin::pin!(lead(term.clone()));
        let lost = tokio::select! {
            () = leading => false,
            () = stopped(stop, self.renew_deadline) => false,
            () = self.renew(client, &mut observed) => true,
        };
        term.cancel();
        if lost {
            tracing::warn!(
                lease = self.name,
                identity = self.identity,
                "lost the lease"
            );
        } else if let Err(error) = self.release(client).await {
            tracing::debug!(%error, "a lease could not be released");
        }
        lost
    }

    async fn acquire(&self, client: &Client, observed: &mut Observed) {
        while !self.attempt(client, observed).await {
            let jitter = rand::random_range(1.0..2.2);
            tokio::time::sleep(self.retry_period.mul_f64(jitter)).await;
        }
    }

    /// Renews for as long as that succeeds.
    async fn renew(&self, client: &Client, observed: &mut Observed) {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(self.retry_period).await;
            let deadline = renewed + self.renew_deadline;
            let attempt = self.attempt(client, observed);
            match tokio::time::timeout_at(deadline, attempt).await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) if Instant::now() < deadline && observed.is_held_by(&self.identity) => {}
                Ok(false) | Err(_) => return,
            }
        }
    }

    async fn attempt(&self, client: &Client, observed: &mut Observed) -> bool {
        match self.try_acquire_or_renew(client, observed).await {
            Ok(held) => held,
            Err(error) => {
                tracing::debug!(lease = self.name, %error, "a lease could not be had");
                false
            }
        }
    }

    async fn try_acquire_or_renew(
        &self,
        client: &Client,
        observed: &mut Observed,
    ) -> Result<bool, Error> {
        let resource = resource();
        let path = resource.object(&self.namespace, &self.name);
        let live = match call::get(client, &path).await {
            Ok(live) => Some(live),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        if let Some(live) = &live {
            observed.see(live, Instant::now());
        }
        let terms = record::Terms {
            name: &self.name,
            namespace: &self.namespace,
            identity: &self.identity,
            lease_duration: self.lease_duration,
        };
        match record::decide(&terms, live, observed, Instant::now(), &micro_now()) {
            Decision::Wait => Ok(false),
            Decision::Create(lease) => {
                let path = resource.collection(&self.namespace);
                let lease = call::create(client, &path, &lease).await?;
                observed.see(&lease, Instant::now());
                Ok(true)
            }
            Decision::Update(lease) => {
                let lease = call::replace(client, &path, &lease).await?;
                observed.see(&lease, Instant::now());
                Ok(true)
            }
        }
    }

    /// Lets the next one have the Lease at once.
    async fn release(&self, client: &Client) -> Result<(), Error> {
        let path = resource().object(&self.namespace, &self.name);
        call::edit(client, &path, |lease| {
            if text(lease, "/spec/holderIdentity") != self.identity {
                return Ok(false);
            }
            record::give_up(lease, &micro_now());
            Ok(true)
        })
        .await?;
        Ok(())
    }
}

/// Waits for `stop`, and then a while for what is being stopped to end by itself.
async fn stopped(stop: &CancellationToken, patience: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(patience).await;
}

fn resource() -> Resource {
    Resource {
        group: "coordination.k8s.io".to_owned(),
        ..Resource::core("leases", "Lease", true)
    }
}

/// The time in the form of Leases: microseconds, UTC.
fn micro_now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

fn integer(value: &Value, pointer: &str) -> i64 {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}
