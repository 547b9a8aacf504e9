//! What a Lease says and what follows from it, without I/O.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::integer;
use crate::call::text;

/// A Lease as it was seen to change last.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    spec: Value,
    at: Option<Instant>,
}

impl Observed {
    /// Notes when what a Lease says is other than before.
    pub(super) fn see(&mut self, lease: &Value, now: Instant) {
        let spec = lease.get("spec").cloned().unwrap_or_default();
        if self.at.is_none() || self.spec != spec {
            self.spec = spec;
            self.at = Some(now);
        }
    }

    /// Whether this is who was last seen to hold it.
    pub(super) fn is_held_by(&self, identity: &str) -> bool {
        text(&self.spec, "/holderIdentity") == identity
    }

    /// Whether the holder has not been seen to renew it for as long as it holds.
    fn has_expired(&self, now: Instant) -> bool {
        let seconds = u64::try_from(integer(&self.spec, "/leaseDurationSeconds")).unwrap_or(0);
        self.at
            .is_none_or(|at| now.saturating_duration_since(at) >= Duration::from_secs(seconds))
    }
}

/// Who asks for which Lease.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) name: &'a str,
    pub(super) namespace: &'a str,
    pub(super) identity: &'a str,
    pub(super) lease_duration: Duration,
}

/// What is to be done to have the Lease.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    /// Nothing: it is another's.
    Wait,
    /// Create it.
    Create(Value),
    /// Replace it; the server refuses that if another was quicker.
    Update(Value),
}

/// Decides by the Lease as it was read and as it was observed; `time` is now, as a Lease has it.
pub(super) fn decide(
    terms: &Terms<'_>,
    live: Option<Value>,
    observed: &Observed,
    now: Instant,
    time: &str,
) -> Decision {
    let seconds = terms.lease_duration.as_secs();
    let Some(mut lease) = live else {
        return Decision::Create(json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": terms.name, "namespace": terms.namespace},
            "spec": {
                "holderIdentity": terms.identity,
                "leaseDurationSeconds": seconds,
                "acquireTime": time,
                "renewTime": time,
                "leaseTransitions": 0,
            },
        }));
    };
    let holder = text(&lease, "/spec/holderIdentity");
    let is_own = holder == terms.identity;
    if !is_own && !holder.is_empty() && !observed.has_expired(now) {
        return Decision::Wait;
    }
    if !lease["spec"].is_object() {
        lease["spec"] = json!({});
    }
    if !is_own {
        let transitions = integer(&lease, "/spec/leaseTransitions");
        lease["spec"]["leaseTransitions"] = transitions.saturating_add(1).into();
        lease["spec"]["acquireTime"] = time.into();
    }
    lease["spec"]["holderIdentity"] = terms.identity.into();
    lease["spec"]["leaseDurationSeconds"] = seconds.into();
    lease["spec"]["renewTime"] = time.into();
    Decision::Update(lease)
}

/// Makes a Lease nobody's, as upstream leaves it: it expires after a second.
pub(super) fn give_up(lease: &mut Value, time: &str) {
    lease["spec"]["holderIdentity"] = "".into();
    lease["spec"]["leaseDurationSeconds"] = 1.into();
    lease["spec"]["renewTime"] = time.into();
    lease["spec"]["acquireTime"] = time.into();
}
