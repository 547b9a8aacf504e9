//! The roles and bindings of a cluster, and what a user may do by them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use crate::authn::{SERVICE_ACCOUNT_PREFIX, User};
use crate::authz::quote::quoted;
use crate::authz::{Attributes, Authorizer, Decision, UserRules, joined};

use super::{GROUP, Rule};

/// The role that a binding gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleRef {
    /// The API group.
    pub group: String,
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// The name.
    pub name: String,
}

impl RoleRef {
    /// The role that a binding gives, as it stands in the object.
    #[must_use]
    pub fn of(binding: &Value) -> Self {
        let role = &binding["roleRef"];
        Self {
            group: text(role, "apiGroup"),
            kind: text(role, "kind"),
            name: text(role, "name"),
        }
    }
}

/// Namespace and name; the namespace is empty for what is of the whole cluster.
type Key = (String, String);

#[derive(Debug)]
struct Binding {
    role: RoleRef,
    subjects: Vec<Subject>,
}

/// To whom a role is given, and how that is said.
#[derive(Debug)]
struct Subject {
    who: Who,
    shown: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    User(String),
    Group(String),
}

impl Who {
    fn is(&self, user: &User) -> bool {
        match self {
            Self::User(name) => user.name == *name,
            Self::Group(name) => user.groups.contains(name),
        }
    }
}

/// The bindings of one namespace, or of the whole cluster.
#[derive(Debug, Default)]
struct Scope {
    /// By name.
    bindings: BTreeMap<String, Arc<Binding>>,
    /// The bindings of a user's name, in the order of their names.
    users: HashMap<String, BTreeSet<String>>,
    /// The bindings of a group, in the order of their names.
    groups: HashMap<String, BTreeSet<String>>,
}

impl Scope {
    fn index(&mut self, who: &Who) -> (&mut HashMap<String, BTreeSet<String>>, String) {
        match who {
            Who::User(name) => (&mut self.users, name.clone()),
            Who::Group(name) => (&mut self.groups, name.clone()),
        }
    }

    fn put(&mut self, name: &str, binding: Binding) {
        self.remove(name);
        for subject in &binding.subjects {
            let (index, who) = self.index(&subject.who);
            index.entry(who).or_default().insert(name.to_owned());
        }
        self.bindings.insert(name.to_owned(), Arc::new(binding));
    }

    fn remove(&mut self, name: &str) {
        let Some(binding) = self.bindings.remove(name) else {
            return;
        };
        for subject in &binding.subjects {
            let (index, who) = self.index(&subject.who);
            let Some(names) = index.get_mut(&who) else {
                continue;
            };
            names.remove(name);
            if names.is_empty() {
                index.remove(&who);
            }
        }
    }

    /// The bindings of a user: those of the name, then those of each group. One may come twice.
    fn of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = (&'a str, &'a Binding)> {
        let of_groups = user
            .groups
            .iter()
            .filter_map(|group| self.groups.get(group));
        let names = self.users.get(&user.name).into_iter().chain(of_groups);
        names.flatten().filter_map(|name| {
            let (name, binding) = self.bindings.get_key_value(name)?;
            Some((name.as_str(), binding.as_ref()))
        })
    }
}

/// The roles and bindings of a cluster.
///
/// A request costs in proportion to the bindings of its user and groups, not to all there are.
/// Bindings of the cluster are asked before those of the namespace.
#[derive(Debug, Default)]
pub struct Rules {
    roles: HashMap<Key, Arc<[Rule]>>,
    scopes: HashMap<String, Scope>,
}

impl Rules {
    /// No roles and no bindings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an object in, in place of what it was before. The kind is `Role`, `ClusterRole`,
    /// `RoleBinding` or `ClusterRoleBinding`; others are ignored. The namespace is ignored for those
    /// of the cluster, and what needs one but has none is passed over.
    pub fn put(&mut self, kind: &str, namespace: &str, name: &str, object: &Value) {
        let is_of_namespace = kind == "Role" || kind == "RoleBinding";
        if is_of_namespace && namespace.is_empty() {
            return;
        }
        match kind {
            "Role" | "ClusterRole" => {
                let rules = Rule::list_of(object).into();
                self.roles.insert(key(kind, namespace, name), rules);
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                let (namespace, name) = key(kind, namespace, name);
                let subjects = object["subjects"].as_array().into_iter().flatten();
                let binding = Binding {
                    role: RoleRef::of(object),
                    subjects: subjects
                        .filter_map(|subject| subject_of(subject, &namespace))
                        .collect(),
                };
                self.scopes
                    .entry(namespace)
                    .or_default()
                    .put(&name, binding);
            }
            _ => {}
        }
    }

    /// Forgets an object.
    pub fn remove(&mut self, kind: &str, namespace: &str, name: &str) {
        let is_of_namespace = kind == "Role" || kind == "RoleBinding";
        if is_of_namespace && namespace.is_empty() {
            return;
        }
        let (namespace, name) = key(kind, namespace, name);
        match kind {
            "Role" | "ClusterRole" => {
                self.roles.remove(&(namespace, name));
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                let Some(scope) = self.scopes.get_mut(&namespace) else {
                    return;
                };
                scope.remove(&name);
                if scope.bindings.is_empty() {
                    self.scopes.remove(&namespace);
                }
            }
            _ => {}
        }
    }

    /// The rules of the role that a binding in this namespace gives.
    ///
    /// # Errors
    /// There is no such role, in upstream's words.
    pub fn of_role(&self, role: &RoleRef, namespace: &str) -> Result<&[Rule], String> {
        let (namespace, resource) = match role.kind.as_str() {
            "Role" => (namespace, "role"),
            "ClusterRole" => ("", "clusterrole"),
            kind => return Err(format!("unsupported role reference kind: {}", quoted(kind))),
        };
        // A role without a namespace is none; cluster roles stand in its place.
        let is_role = role.kind == "ClusterRole" || !namespace.is_empty();
        let found = self.roles.get(&(namespace.to_owned(), role.name.clone()));
        found.filter(|_| is_role).map(AsRef::as_ref).ok_or_else(|| {
            let name = quoted(&role.name);
            format!("{resource}.{GROUP} {name} not found")
        })
    }

    /// The rules of a user for a namespace, those of the cluster first; and what could not be found.
    #[must_use]
    pub fn of_user(&self, user: &User, namespace: &str) -> (Vec<Rule>, Vec<String>) {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        for (namespace, scope) in self.scopes(namespace) {
            let bindings: BTreeMap<&str, &Binding> = scope.of(user).collect();
            for binding in bindings.values() {
                match self.of_role(&binding.role, namespace) {
                    Ok(found) => rules.extend_from_slice(found),
                    Err(why) => errors.push(why),
                }
            }
        }
        (rules, errors)
    }

    #[cfg(test)]
    pub(super) fn scopes_are_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The bindings of the cluster, then those of the namespace if there is one.
    fn scopes<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = (&'a str, &'a Scope)> {
        let names = ["", namespace];
        let count = if namespace.is_empty() { 1 } else { 2 };
        let names = names.into_iter().take(count);
        names.filter_map(|name| Some((name, self.scopes.get(name)?)))
    }
}

impl Authorizer for Rules {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let user = attributes.user;
        let mut errors = Vec::new();
        for (namespace, scope) in self.scopes(attributes.namespace) {
            for (name, binding) in scope.of(user) {
                match self.of_role(&binding.role, namespace) {
                    Ok(rules) if rules.iter().any(|rule| rule.allows(attributes)) => {
                        return Decision::Allow(allowed(namespace, name, binding, user));
                    }
                    Ok(_) => {}
                    Err(why) => errors.push(why),
                }
            }
        }
        match errors.is_empty() {
            true => Decision::NoOpinion(String::new()),
            false => Decision::NoOpinion(format!("RBAC: {}", joined(errors))),
        }
    }

    fn rules(&self, user: &User, namespace: &str) -> UserRules {
        let (rules, errors) = self.of_user(user, namespace);
        UserRules {
            rules,
            is_incomplete: false,
            error: joined(errors),
        }
    }
}

/// By which binding it was allowed, and to whom that is given: the first of its subjects that fits.
fn allowed(namespace: &str, name: &str, binding: &Binding, user: &User) -> String {
    let subject = binding.subjects.iter().find(|one| one.who.is(user));
    let subject = subject.map_or("", |one| one.shown.as_str());
    let role = format!("{} {}", binding.role.kind, quoted(&binding.role.name));
    let binding = match namespace {
        "" => format!("ClusterRoleBinding {}", quoted(name)),
        namespace => format!("RoleBinding {}", quoted(&format!("{name}/{namespace}"))),
    };
    format!("RBAC: allowed by {binding} of {role} to {subject}")
}

fn subject_of(subject: &Value, of_binding: &str) -> Option<Subject> {
    let name = text(subject, "name");
    let kind = text(subject, "kind");
    let (who, shown) = match kind.as_str() {
        "User" => (Who::User(name.clone()), quoted(&name)),
        "Group" => (Who::Group(name.clone()), quoted(&name)),
        "ServiceAccount" => {
            let namespace = match text(subject, "namespace") {
                own if own.is_empty() => of_binding.to_owned(),
                own => own,
            };
            // Without a namespace it is nobody.
            if namespace.is_empty() {
                return None;
            }
            (
                Who::User(format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}")),
                quoted(&format!("{name}/{namespace}")),
            )
        }
        _ => return None,
    };
    let shown = format!("{kind} {shown}");
    Some(Subject { who, shown })
}

fn key(kind: &str, namespace: &str, name: &str) -> Key {
    let namespace = if kind.starts_with("Cluster") {
        ""
    } else {
        namespace
    };
    (namespace.to_owned(), name.to_owned())
}

fn text(value: &Value, key: &str) -> String {
    let found = value.get(key).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}
