//! Admission: what is done to an object, and what is refused, after the sender is known and may do what is
//! asked for, and before it is stored.
//!
//! A [`Chain`] holds [`Plugin`]s in upstream's fixed order. A verb calls [`Chain::admit`] before the rules
//! of the kind fill and check the object, [`Chain::validate`] after them, and last [`quota::charge`] if
//! [`Chain::counts`]; for DELETE it calls [`Chain::delete`] alone. The charges are written to the quotas
//! before the object is stored, and are asked for again if one of the quotas has changed meanwhile. All of
//! it is pure: what else there is in the cluster comes from a [`Lookup`].
//!
//! Texts are upstream's to the letter: the sources are `plugin/pkg/admission` of kubernetes and
//! `pkg/admission/plugin` of its API server library, 1.37.2.

pub mod certificates;
pub mod chain;
pub mod ingress_class;
pub mod lifecycle;
pub mod limit_ranger;
pub mod node_features;
pub mod node_restriction;
pub mod node_taint;
pub mod optional;
pub mod plugin;
pub mod pod_resize;
pub mod pod_security;
pub mod pod_topology;
pub mod priority;
pub mod quota;
pub mod request;
pub mod resources;
pub mod runtime_class;
pub mod service_account;
pub mod storage_class;
pub mod storage_protection;
pub mod tolerations;
pub mod tree;
pub mod volume_resize;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod upstream;

pub use chain::{Chain, ChainError};
pub use plugin::{Lookup, Plugin};
pub use request::{Ask, Notes, Operation, Request};
