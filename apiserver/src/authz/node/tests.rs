use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::authn::User;
use crate::authz::builtin::AlwaysDeny;
use crate::authz::rbac::Rules;
use crate::authz::{Attributes, Authorizer, Decision, FieldRequirement};

use super::restriction::{Objects, Request, Restricted, check};
use super::{Graph, NodeAuthorizer, node_of};

fn node(name: &str) -> User {
    User {
        name: format!("system:node:{name}"),
        groups: vec!["system:nodes".into()],
        ..User::default()
    }
}

#[derive(Default)]
struct Store(BTreeMap<String, Value>);

impl Store {
    fn with(mut self, key: &str, object: Value) -> Self {
        self.0.insert(key.into(), object);
        self
    }
}

impl Objects for Store {
    fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        let found = self.0.get(&format!("{resource}/{namespace}/{name}"));
        found.cloned().map(Arc::new)
    }
}

struct Write<'a> {
    operation: &'a str,
    resource: (&'a str, &'a str),
    part: &'a str,
    namespace: &'a str,
    name: &'a str,
    new: Value,
    old: Value,
}

impl Write<'_> {
    fn check(&self, store: &Store, authorizer: &dyn Authorizer) -> Result<(), Restricted> {
        let user = node("n1");
        let request = Request {
            user: &user,
            operation: self.operation,
            group: self.resource.0,
            version: "v1",
            resource: self.resource.1,
            subresource: self.part,
            namespace: self.namespace,
            name: self.name,
            object: &self.new,
            old: &self.old,
        };
        check(&request, store, authorizer)
    }

    fn why(&self, store: &Store) -> String {
        match self.check(store, &AlwaysDeny) {
            Ok(()) => "allowed".into(),
            Err(why) => why.to_string(),
        }
    }
}

fn write<'a>(operation: &'a str, resource: (&'a str, &'a str), name: &'a str) -> Write<'a> {
    Write {
        operation,
        resource,
        part: "",
        namespace: "dev",
        name,
        new: Value::Null,
        old: Value::Null,
    }
}

const PODS: (&str, &str) = ("", "pods");
const NODES: (&str, &str) = ("", "nodes");

fn mirror() -> Value {
    json!({
        "metadata": {
            "name": "static",
            "annotations": {"kubernetes.io/config.mirror": "x"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u", "controller": true}],
        },
        "spec": {"nodeName": "n1", "volumes": [{"name": "h", "hostPath": {}}]},
    })
}

mod pods;
mod reads;
mod refusals;
mod writes;
