//! Nobody gives away what they do not have: the checks on writing roles and bindings.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::authn::User;
use crate::authz::builtin::MASTERS;
use crate::authz::quote::{quoted, quoted_list};
use crate::authz::{Attributes, Authorizer};

use super::covers::{compacted, effort, uncovered};
use super::{GROUP, RoleRef, Rule, Rules};

/// How many combinations of verb, group, resource and name are compared. Upstream knows no bound, and
/// spends memory in proportion to what a client multiplies.
const MOST_PIECES: usize = 100_000;

/// Why a role or binding may not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A 403 on the role or binding for this reason.
    #[error("{0}")]
    Forbidden(String),
    /// The role that is to be given is not there: a 404, or an unknown kind.
    #[error("{0}")]
    NoRole(String),
}

/// Refuses what goes beyond what a user may do in a namespace (upstream's `ConfirmNoEscalation`).
///
/// # Errors
/// The text of upstream, with what is missing; or that the rules multiply to too many.
pub fn confirm(rules: &Rules, user: &User, namespace: &str, wanted: &[Rule]) -> Result<(), String> {
    let (held, errors) = rules.of_user(user, namespace);
    let pieces = effort(&held, wanted);
    if pieces > MOST_PIECES {
        return Err(format!(
            "the rules are too many to compare: {pieces} combinations, at most {MOST_PIECES} are allowed"
        ));
    }
    let missing = uncovered(&held, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let lines: BTreeSet<String> = compacted(&missing).iter().map(Rule::compact).collect();
    let lines: Vec<String> = lines.into_iter().collect();
    let mut text = format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quoted(&user.name),
        quoted_list(&user.groups),
        lines.join("\n")
    );
    if !errors.is_empty() {
        let errors = crate::authz::joined(errors);
        text.push_str(&format!("; resolution errors: [{errors}]"));
    }
    Err(text)
}

/// Who writes a role or binding, and what decides whether they may. An update that
/// [`is_for_collection`] needs no check.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    /// What there is.
    pub rules: &'a Rules,
    /// Decides on the verbs `escalate` and `bind`.
    pub authorizer: &'a dyn Authorizer,
    /// Who writes.
    pub user: &'a User,
}

impl Writer<'_> {
    /// Checks the writing of a role in a namespace, or of a cluster role if that is empty. `name` is
    /// that of the request's path, empty for a new object; `old` is what is replaced.
    ///
    /// # Errors
    /// [`Refused::Forbidden`].
    pub fn role(
        &self,
        namespace: &str,
        name: &str,
        new: &Value,
        old: Option<&Value>,
    ) -> Result<(), Refused> {
        let is_cluster = namespace.is_empty();
        let resource = if is_cluster { "clusterroles" } else { "roles" };
        let escalates = Attributes {
            namespace,
            name,
            ..Attributes::of_resource(self.user, "escalate", GROUP, resource)
        };
        if self.is_master() || self.authorizer.authorize(&escalates).is_allowed() {
            return Ok(());
        }
        self.confirm(namespace, &Rule::list_of(new))?;
        let is_aggregated = is_cluster && (aggregates(new) || old.is_some_and(aggregates));
        if is_aggregated && self.confirm(namespace, &Rule::all()).is_err() {
            let why = "must have cluster-admin privileges to use the aggregationRule";
            return Err(Refused::Forbidden(why.into()));
        }
        Ok(())
    }

    /// Checks the writing of a binding; its namespace is empty for one of the cluster.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn binding(&self, namespace: &str, binding: &Value) -> Result<(), Refused> {
        let role = RoleRef::of(binding);
        let resource = match role.kind.as_str() {
            "ClusterRole" => Some("clusterroles"),
            "Role" => Some("roles"),
            _ => None,
        };
        let may_bind = resource.is_some_and(|resource| {
            let binds = Attributes {
                namespace,
                name: &role.name,
                ..Attributes::of_resource(self.user, "bind", &role.group, resource)
            };
            self.authorizer.authorize(&binds).is_allowed()
        });
        if self.is_master() || may_bind {
            return Ok(());
        }
        let wanted = self.rules.of_role(&role, namespace);
        self.confirm(namespace, wanted.map_err(Refused::NoRole)?)
    }

    fn confirm(&self, namespace: &str, wanted: &[Rule]) -> Result<(), Refused> {
        confirm(self.rules, self.user, namespace, wanted).map_err(Refused::Forbidden)
    }

    fn is_master(&self) -> bool {
        self.user.groups.iter().any(|group| group == MASTERS)
    }
}

/// Whether an update changes only what garbage collection needs: owners and finalizers (and who
/// manages which field). It needs no check then.
#[must_use]
pub fn is_for_collection(new: &Value, old: &Value) -> bool {
    let mut new = new.clone();
    for key in ["ownerReferences", "finalizers", "selfLink", "managedFields"] {
        let Some(metadata) = new.get_mut("metadata").and_then(Value::as_object_mut) else {
            return false;
        };
        match old["metadata"].get(key) {
            Some(value) => metadata.insert(key.into(), value.clone()),
            None => metadata.remove(key),
        };
    }
    new == *old
}

/// Whether a cluster role is made of others.
fn aggregates(role: &Value) -> bool {
    let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array();
    selectors.is_some_and(|selectors| !selectors.is_empty())
}
