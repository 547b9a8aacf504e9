//! Several authorisers, one after the other.

use std::sync::Arc;

use crate::authn::User;

use super::builtin::Superusers;
use super::{Attributes, Authorizer, Decision, UserRules, joined};

/// Asks one authoriser after the other until one has an opinion. The reasons of those that have none
/// are kept under their names.
#[derive(Clone, Default)]
pub struct Union {
    chain: Vec<(String, Arc<dyn Authorizer>)>,
}

impl Union {
    /// Nobody to ask.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The superusers of `system:masters`, who come before all others.
    #[must_use]
    pub fn with_superusers() -> Self {
        Self::new().with(
            "kubernetes.io/system-privileged-group",
            Arc::new(Superusers::default()),
        )
    }

    /// Another one to ask, after those that are there. Upstream's names for what
    /// `--authorization-mode` lists are the modes in lower case: `node`, `rbac`.
    #[must_use]
    pub fn with(mut self, name: &str, authorizer: Arc<dyn Authorizer>) -> Self {
        self.chain.push((name.to_owned(), authorizer));
        self
    }
}

impl std::fmt::Debug for Union {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.chain.iter().map(|(name, _)| name);
        f.debug_list().entries(names).finish()
    }
}

impl Authorizer for Union {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let mut reasons = Vec::new();
        for (name, authorizer) in &self.chain {
            match authorizer.authorize(attributes) {
                Decision::NoOpinion(why) if why.is_empty() => {}
                Decision::NoOpinion(why) => reasons.push(format!("{name}: {why}")),
                decided => return decided,
            }
        }
        Decision::NoOpinion(reasons.join("\n"))
    }

    fn rules(&self, user: &User, namespace: &str) -> UserRules {
        let mut all = UserRules::default();
        let mut errors = Vec::new();
        for (_, authorizer) in &self.chain {
            let found = authorizer.rules(user, namespace);
            all.rules.extend(found.rules);
            all.is_incomplete |= found.is_incomplete;
            errors.extend((!found.error.is_empty()).then_some(found.error));
        }
        all.error = joined(errors);
        all
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::authn::User;
    use crate::authz::builtin::{AlwaysAllow, AlwaysDeny};
    use crate::authz::{Attributes, Authorizer, Decision, Union};

    struct Denies;

    impl Authorizer for Denies {
        fn authorize(&self, _: &Attributes<'_>) -> Decision {
            Decision::Deny("never".into())
        }
    }

    fn decided(union: &Union, groups: &[&str]) -> Decision {
        let user = User {
            groups: groups.iter().map(ToString::to_string).collect(),
            ..User::default()
        };
        union.authorize(&Attributes::of_path(&user, "get", "/"))
    }

    #[test]
    fn the_first_opinion_counts() {
        let union = Union::with_superusers().with("a", Arc::new(AlwaysDeny));
        assert_eq!(
            decided(&union, &[]),
            Decision::NoOpinion("a: Everything is forbidden.".into())
        );
        let union = union.with("b", Arc::new(AlwaysDeny));
        let both = "a: Everything is forbidden.\nb: Everything is forbidden.";
        assert_eq!(decided(&union, &[]), Decision::NoOpinion(both.into()));
        let union = union
            .with("c", Arc::new(Denies))
            .with("d", Arc::new(AlwaysAllow));
        assert_eq!(decided(&union, &["x"]), Decision::Deny("never".into()));
        assert!(decided(&union, &["x", "system:masters"]).is_allowed());
    }

    #[test]
    fn rules_add_up() {
        let union = Union::new()
            .with("a", Arc::new(AlwaysDeny))
            .with("b", Arc::new(AlwaysAllow));
        let rules = union.rules(&User::default(), "default");
        assert_eq!(rules.rules.len(), 2);
        assert!(!rules.is_incomplete && rules.error.is_empty());
    }
}
