//! Everything that commands change, in one place behind one lock.

use std::sync::Arc;

use parking_lot::RwLock;

use super::Alarms;
use crate::auth::Tables;
use crate::cluster::{Conf, Members, Versions};
use crate::lease::Table;
use crate::{mvcc, v2};

/// The replicated state of a member.
pub struct State {
    /// Keys and their history.
    pub store: mvcc::Store,
    /// Leases.
    pub leases: Table,
    /// Members.
    pub members: Members,
    /// Who of them votes.
    pub conf: Conf,
    /// Alarms.
    pub alarms: Alarms,
    /// Users and roles.
    pub auth: Tables,
    /// The version of the cluster.
    pub versions: Versions,
    /// The key space of API 2.
    pub v2: v2::Store,
    /// Index and term of the last command carried out.
    pub applied: (u64, u64),
}

/// The state as the parts of a member share it. Only the apply thread writes.
pub type Shared = Arc<RwLock<State>>;
