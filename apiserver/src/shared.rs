//! What all requests share.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::admission::Chain;
use crate::authn::User;
use crate::gate::Gate;
use crate::registry::Served;

/// See the module.
pub struct Shared {
    /// Who asks, and may they.
    pub gate: Arc<Gate>,
    /// What is done to objects, and what is refused.
    pub admission: Chain,
    served: RwLock<Arc<Served>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// With what is built in.
    #[must_use]
    pub fn new(gate: Arc<Gate>, admission: Chain) -> Self {
        Self {
            gate,
            admission,
            served: RwLock::new(Arc::new(Served::builtin())),
        }
    }

    /// What is served now.
    #[must_use]
    pub fn served(&self) -> Arc<Served> {
        self.served.read().clone()
    }

    /// The server itself.
    #[must_use]
    pub fn own_user() -> User {
        User {
            name: "system:apiserver".to_owned(),
            groups: vec!["system:masters".to_owned()],
            ..User::default()
        }
    }
}
