//! The control loops that an API server without nodes needs to be whole.
//!
//! Each loop is a [`Loop`]: it is handed a [`kube::Client`] and does not know what is behind it. All are
//! level-triggered: an event only names what to look at, the decision is made from the current state, and
//! what failed is looked at again after a growing pause. Nothing is asked for while nothing changes.
//!
//! | Loop | Keeps |
//! |---|---|
//! | [`namespace`] | terminating namespaces emptied and finalised |
//! | [`garbage`] | dependents collected when their owners are gone |
//! | [`service_account`] | the account `default` in every active namespace |
//! | [`root_ca`] | the ConfigMap `kube-root-ca.crt` in every namespace |
//! | [`cluster_role_aggregation`] | the rules of aggregated ClusterRoles |
//! | [`resource_quota`] | `status` of ResourceQuotas |
//! | [`ttl_after_finished`] | finished Jobs deleted after their time |
//!
//! Below them: [`run`] starts and restarts, [`queue`] and [`limiter`] order the work, [`informer`] follows
//! changes, [`discovery`] knows the kinds, [`call`] speaks to the server; [`election`] chooses among several.

pub mod call;
pub mod cluster_role_aggregation;
pub mod discovery;
pub mod election;
mod error;
pub mod garbage;
pub mod informer;
pub mod limiter;
pub mod namespace;
pub mod queue;
pub mod resource_quota;
pub mod root_ca;
pub mod run;
pub mod service_account;
pub mod ttl_after_finished;

pub use error::Error;
pub use run::{Loop, supervise};
