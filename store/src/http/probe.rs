//! What the HTTP paths ask the member.

use crate::cluster::Member;
use crate::metrics::Metrics;
use futures::future::BoxFuture;

/// An alarm that is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The quota is exceeded.
    NoSpace,
    /// The data of members differ.
    Corrupt,
    /// Anything else.
    Unknown,
}

impl Alarm {
    /// The name as `?exclude=` and the reasons have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Alarm::NoSpace => "NOSPACE",
            Alarm::Corrupt => "CORRUPT",
            Alarm::Unknown => "UNKNOWN",
        }
    }
}

/// The member, as health checks and metrics see it.
pub trait Probe: Send + Sync + 'static {
    /// The alarms that are raised.
    fn alarms(&self) -> Vec<Alarm>;

    /// Whether there is a leader.
    fn has_leader(&self) -> bool;

    /// Whether this member is a learner.
    fn is_learner(&self) -> bool;

    /// The version the cluster agreed on, as `3.7.0`; nothing before it did.
    fn cluster_version(&self) -> Option<String>;

    /// The version of the storage schema, as `3.7.0`; nothing before it is known.
    fn storage_version(&self) -> Option<String>;

    /// Whether the cluster is on its way to the version before.
    fn is_downgrading(&self) -> bool {
        false
    }

    /// The cluster's id.
    fn cluster_id(&self) -> u64;

    /// The members as this one knows them, in the order of their ids.
    fn members(&self) -> Vec<Member>;

    /// Reads one key the way a client would: from local state if `serializable`, else with the
    /// agreement of the cluster. Ends within the time a request may take.
    ///
    /// The error is the text a client would get, as `etcdserver: request timed out`.
    fn read(&self, serializable: bool) -> BoxFuture<'_, Result<(), String>>;

    /// What raft says of itself, for `/debug/vars`.
    fn raft_status(&self) -> serde_json::Value;

    /// Sets the gauges that are only worth setting when somebody looks.
    fn refresh(&self, metrics: &Metrics);
}
