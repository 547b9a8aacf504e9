//! What the tests of plugins share: a request, and a cluster that is a list.

use serde_json::{Value, json};

use super::plugin::{Lookup, Plugin};
use super::request::{Ask, Notes, Operation, Request};
use crate::authn::User;
use crate::fault::{Result, Status};
use crate::object;

/// A cluster with some objects, by group and resource.
#[derive(Default)]
pub(super) struct Cluster(Vec<(String, String, Value)>);

impl Cluster {
    pub(super) fn with(mut self, group: &str, resource: &str, object: Value) -> Self {
        self.0.push((group.to_owned(), resource.to_owned(), object));
        self
    }
}

impl Lookup for Cluster {
    fn get(&self, group: &str, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let all = self.list(group, resource, namespace);
        all.into_iter().find(|it| object::name(it) == name)
    }

    fn list(&self, group: &str, resource: &str, namespace: &str) -> Vec<Value> {
        let all = self.0.iter();
        let all = all.filter(|it| it.0 == group && it.1 == resource);
        let all = all.map(|it| it.2.clone());
        all.filter(|it| namespace.is_empty() || object::namespace(it) == namespace)
            .collect()
    }
}

/// A request to be told to plugins; by default it creates a pod `x` in the namespace `n`.
pub(super) struct Told {
    pub(super) operation: Operation,
    pub(super) group: &'static str,
    pub(super) resource: &'static str,
    pub(super) subresource: &'static str,
    pub(super) kind: &'static str,
    pub(super) namespace: &'static str,
    pub(super) name: &'static str,
    pub(super) user: User,
    pub(super) old: Option<Value>,
    pub(super) may: fn(&Ask<'_>) -> bool,
    pub(super) is_dry: bool,
    pub(super) notes: Notes,
}

pub(super) fn told(
    operation: Operation,
    group: &'static str,
    resource: &'static str,
    kind: &'static str,
) -> Told {
    Told {
        operation,
        group,
        resource,
        subresource: "",
        kind,
        namespace: "n",
        name: "x",
        user: User::default(),
        old: None,
        may: |_| false,
        is_dry: false,
        notes: Notes::default(),
    }
}

pub(super) fn creates_pod() -> Told {
    told(Operation::Create, "", "pods", "Pod")
}

impl Told {
    pub(super) fn part(mut self, subresource: &'static str) -> Self {
        self.subresource = subresource;
        self
    }

    pub(super) fn within(mut self, namespace: &'static str) -> Self {
        self.namespace = namespace;
        self
    }

    pub(super) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    pub(super) fn over(mut self, old: Value) -> Self {
        self.old = Some(old);
        self
    }

    pub(super) fn by(mut self, name: &str, groups: &[&str]) -> Self {
        self.user = User {
            name: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..User::default()
        };
        self
    }

    pub(super) fn may(mut self, may: fn(&Ask<'_>) -> bool) -> Self {
        self.may = may;
        self
    }

    pub(super) fn request(&self) -> Request<'_> {
        Request {
            operation: self.operation,
            group: self.group,
            version: "v1",
            resource: self.resource,
            subresource: self.subresource,
            kind: self.kind,
            namespace: self.namespace,
            name: self.name,
            user: &self.user,
            is_dry: self.is_dry,
            options: None,
            old: self.old.as_ref(),
            may: &self.may,
            notes: &self.notes,
        }
    }

    /// What becomes of an object.
    pub(super) fn admit(
        &self,
        plugin: &dyn Plugin,
        mut object: Value,
        look: &dyn Lookup,
    ) -> Result<Value> {
        if plugin.handles(self.operation) {
            plugin.admit(&self.request(), &mut object, look)?;
        }
        Ok(object)
    }

    pub(super) fn validate(
        &self,
        plugin: &dyn Plugin,
        object: &Value,
        look: &dyn Lookup,
    ) -> Result<()> {
        if plugin.handles(self.operation) {
            plugin.validate(&self.request(), Some(object), look)?;
        }
        Ok(())
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.notes.warnings.lock().clone()
    }

    pub(super) fn audited(&self, key: &str) -> Option<String> {
        self.notes.audit.lock().get(key).cloned()
    }
}

/// The code and the message of a refusal.
pub(super) fn refusal<T: std::fmt::Debug>(outcome: Result<T>) -> (u16, String) {
    let Status { code, message, .. } = outcome.unwrap_err();
    (code, message)
}

/// A namespace with labels.
pub(super) fn namespace(name: &str, labels: Value) -> Value {
    json!({"metadata": {"name": name, "labels": labels}, "status": {"phase": "Active"}})
}
