//! Authorisers without rules.

use crate::authn::User;

use super::rbac::Rule;
use super::{Attributes, Authorizer, Decision, UserRules};

/// Those in this group may do everything.
pub const MASTERS: &str = "system:masters";

/// Allows everything (`--authorization-mode=AlwaysAllow`).
#[derive(Debug, Clone, Copy)]
pub struct AlwaysAllow;

impl Authorizer for AlwaysAllow {
    fn authorize(&self, _: &Attributes<'_>) -> Decision {
        Decision::Allow(String::new())
    }

    fn rules(&self, _: &User, _: &str) -> UserRules {
        UserRules {
            rules: Rule::all().into(),
            ..UserRules::default()
        }
    }
}

/// Allows nothing (`--authorization-mode=AlwaysDeny`); others may still, as upstream has it.
#[derive(Debug, Clone, Copy)]
pub struct AlwaysDeny;

impl Authorizer for AlwaysDeny {
    fn authorize(&self, _: &Attributes<'_>) -> Decision {
        Decision::NoOpinion("Everything is forbidden.".into())
    }
}

/// Allows those in certain groups everything.
#[derive(Debug, Clone)]
pub struct Superusers {
    groups: Vec<String>,
}

impl Superusers {
    /// With these groups.
    #[must_use]
    pub fn new(groups: Vec<String>) -> Self {
        Self { groups }
    }
}

impl Default for Superusers {
    /// [`MASTERS`].
    fn default() -> Self {
        Self::new(vec![MASTERS.into()])
    }
}

impl Authorizer for Superusers {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let groups = &attributes.user.groups;
        match groups.iter().any(|group| self.groups.contains(group)) {
            true => Decision::Allow(String::new()),
            false => Decision::NoOpinion(String::new()),
        }
    }
}
