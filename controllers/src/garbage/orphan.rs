//! Changes of objects that are let go of: references and finalizers that are taken out.

use futures::StreamExt;
use serde_json::{Value, json};

use super::Collector;
use super::graph::Node;
use super::identity::{ORPHAN, Uid};
use crate::Error;
use crate::call::{self, text};
use crate::queue::Next;

/// Dependents of one owner that are changed at the same time.
const AT_ONCE: usize = 10;

impl Collector {
    /// Takes the references to an object out of its dependents, then its finalizer.
    pub(super) async fn orphan_one(&self, uid: Uid) -> Next {
        let (node, dependents): (Node, Vec<Node>) = {
            let graph = self.graph.lock();
            let Some(node) = graph.node(&uid) else {
                return Next::Done;
            };
            (node.clone(), graph.dependents(node).cloned().collect())
        };
        match self.orphan(&node, &dependents).await {
            Ok(()) => Next::Done,
            Err(error) => {
                tracing::warn!(owner = %node.identity, %error, "dependents could not be let go of");
                Next::Retry
            }
        }
    }

    async fn orphan(&self, owner: &Node, dependents: &[Node]) -> Result<(), Error> {
        let gone = std::slice::from_ref(&owner.identity.uid);
        let changes: Vec<_> = dependents
            .iter()
            .map(|dependent| async move {
                let identity = &dependent.identity;
                let path = self.path(dependent)?;
                self.remove_owners(&path, &identity.uid, gone).await
            })
            .collect();
        let changed: Vec<Result<(), Error>> = futures::stream::iter(changes)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let failed = changed.into_iter().filter_map(Result::err);
        let errors: Vec<String> = failed.map(|error| error.to_string()).collect();
        if !errors.is_empty() {
            return Err(Error::Several(errors.join(", ")));
        }
        let path = self.path(owner)?;
        self.remove_finalizer(&path, &owner.identity.uid, ORPHAN)
            .await
    }

    fn path(&self, node: &Node) -> Result<String, Error> {
        let identity = &node.identity;
        let resource = self.resource(&identity.api_version, &identity.kind)?;
        Ok(resource.object(&identity.namespace, &identity.name))
    }

    /// Takes references out of an object; nothing is done if another object is there by now.
    pub(super) async fn remove_owners(
        &self,
        path: &str,
        uid: &str,
        gone: &[Uid],
    ) -> Result<(), Error> {
        call::edit(&self.client, path, |object| {
            Ok(is(object, uid) && without_owners(object, gone))
        })
        .await?;
        Ok(())
    }

    /// Makes all owners of an object no longer wait for it.
    pub(super) async fn unblock_owners(&self, path: &str, uid: &str) -> Result<(), Error> {
        call::edit(&self.client, path, |object| {
            Ok(is(object, uid) && unblocked(object))
        })
        .await?;
        Ok(())
    }

    /// Takes a finalizer out of an object.
    pub(super) async fn remove_finalizer(
        &self,
        path: &str,
        uid: &str,
        finalizer: &str,
    ) -> Result<(), Error> {
        call::edit(&self.client, path, |object| {
            Ok(is(object, uid) && without_finalizer(object, finalizer))
        })
        .await?;
        Ok(())
    }
}

fn is(object: &Value, uid: &str) -> bool {
    text(object, "/metadata/uid") == uid
}

/// Takes out what `gone` says of the items of a list; tells whether there was any.
fn take_out(object: &mut Value, pointer: &str, gone: impl Fn(&Value) -> bool) -> bool {
    let Some(Value::Array(items)) = object.pointer_mut(pointer) else {
        return false;
    };
    let before = items.len();
    items.retain(|item| !gone(item));
    items.len() != before
}

fn without_owners(object: &mut Value, gone: &[Uid]) -> bool {
    take_out(object, "/metadata/ownerReferences", |owner| {
        gone.iter().any(|uid| text(owner, "/uid") == &**uid)
    })
}

fn without_finalizer(object: &mut Value, finalizer: &str) -> bool {
    take_out(object, "/metadata/finalizers", |one| one == finalizer)
}

fn unblocked(object: &mut Value) -> bool {
    let Some(Value::Array(owners)) = object.pointer_mut("/metadata/ownerReferences") else {
        return false;
    };
    let mut changed = false;
    for owner in owners.iter_mut() {
        if owner.get("blockOwnerDeletion") == Some(&json!(true)) {
            owner["blockOwnerDeletion"] = json!(false);
            changed = true;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_out_by_uid() {
        let mut object = json!({"metadata": {"ownerReferences": [
            {"uid": "a", "name": "x"}, {"uid": "b", "name": "x"}, {"uid": "a", "name": "y"},
        ]}});
        assert!(without_owners(&mut object, &["a".into()]));
        assert_eq!(
            object["metadata"]["ownerReferences"],
            json!([{"uid": "b", "name": "x"}])
        );
        assert!(!without_owners(&mut object, &["a".into()]));
        assert!(!without_owners(&mut json!({"metadata": {}}), &["a".into()]));
    }

    #[test]
    fn only_the_named_finalizer_goes() {
        let mut object = json!({"metadata": {"finalizers": ["mine", "orphan"]}});
        assert!(without_finalizer(&mut object, ORPHAN));
        assert_eq!(object["metadata"]["finalizers"], json!(["mine"]));
        assert!(!without_finalizer(&mut object, ORPHAN));
    }

    #[test]
    fn owners_no_longer_wait() {
        let mut object = json!({"metadata": {"ownerReferences": [
            {"uid": "a", "blockOwnerDeletion": true}, {"uid": "b"},
        ]}});
        assert!(unblocked(&mut object));
        assert_eq!(
            object["metadata"]["ownerReferences"],
            json!([{"uid": "a", "blockOwnerDeletion": false}, {"uid": "b"}])
        );
        assert!(!unblocked(&mut object));
    }
}
