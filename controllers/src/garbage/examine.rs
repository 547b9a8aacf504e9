//! Whether an object is to be deleted, by what the server says of it and its owners.

use serde_json::Value;

use super::Collector;
use super::graph::Node;
use super::identity::{FOREGROUND, Identity, ORPHAN, Owner, Uid, has_finalizer, owners_of};
use crate::Error;
use crate::call::{self, Propagation, delete_options, is_deleting, text};
use crate::discovery::Resource;
use crate::queue::Next;

/// What came of an examination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Examined {
    /// All is as it should be.
    Settled,
    /// The object is not there; the graph has been told.
    Absent,
    /// It lies in no namespace, but names an owner of a kind that does. Nothing can be said of that owner.
    Undecidable,
}

/// The owners of an object by how they are.
#[derive(Debug, Default)]
struct Owners {
    /// They are there.
    solid: Vec<Uid>,
    /// They are not.
    dangling: Vec<Uid>,
    /// They wait for their dependents to be deleted.
    waiting: Vec<Uid>,
}

impl Collector {
    /// Examines the object of a node.
    pub(super) async fn examine_one(&self, uid: Uid) -> Next {
        let Some(node) = self.graph.lock().node(&uid).cloned() else {
            return Next::Done;
        };
        match self.examine(&node).await {
            Ok(Examined::Absent | Examined::Undecidable) => Next::Done,
            // What is there, but has not been seen by an informer yet, is asked for again.
            Ok(Examined::Settled) if self.is_virtual(&uid) => Next::Retry,
            Ok(Examined::Settled) => Next::Done,
            Err(error @ Error::NoMapping { .. }) => {
                tracing::debug!(object = %node.identity, %error, "an object cannot be examined");
                Next::Retry
            }
            Err(error) => {
                tracing::warn!(object = %node.identity, %error, "an object could not be examined");
                Next::Retry
            }
        }
    }

    fn is_virtual(&self, uid: &str) -> bool {
        let graph = self.graph.lock();
        graph.node(uid).is_some_and(|node| node.is_virtual)
    }

    async fn examine(&self, node: &Node) -> Result<Examined, Error> {
        let identity = &node.identity;
        if node.deleting && !node.deletes_dependents {
            return Ok(Examined::Settled);
        }
        let resource = self.resource(&identity.api_version, &identity.kind)?;
        if resource.namespaced && identity.namespace.is_empty() {
            return Ok(Examined::Undecidable);
        }
        let path = resource.object(&identity.namespace, &identity.name);
        let latest = match call::get_metadata(&self.client, &path).await {
            Ok(latest) if text(&latest, "/metadata/uid") == &*identity.uid => latest,
            Ok(_) => return Ok(self.gone(identity)),
            Err(error) if error.is_not_found() => return Ok(self.gone(identity)),
            Err(error) => return Err(error),
        };
        if node.deletes_dependents {
            self.await_dependents(&identity.uid, &path).await?;
            return Ok(Examined::Settled);
        }
        let references = owners_of(&latest);
        if references.is_empty() {
            return Ok(Examined::Settled);
        }
        let Some(owners) = self.classify(identity, &references).await? else {
            return Ok(Examined::Undecidable);
        };
        if !owners.solid.is_empty() {
            let mut gone = owners.dangling;
            gone.extend(owners.waiting);
            if !gone.is_empty() {
                self.remove_owners(&path, &identity.uid, &gone).await?;
            }
            return Ok(Examined::Settled);
        }
        let propagation = if !owners.waiting.is_empty() && !node.dependents.is_empty() {
            if self.closes_cycle(node) {
                self.unblock_owners(&path, &identity.uid).await?;
            }
            Propagation::Foreground
        } else if has_finalizer(&latest, ORPHAN) {
            Propagation::Orphan
        } else if has_finalizer(&latest, FOREGROUND) {
            Propagation::Foreground
        } else {
            Propagation::Background
        };
        match self.delete(&path, &latest, propagation).await {
            Ok(()) => Ok(Examined::Settled),
            Err(error) if error.is_not_found() => Ok(self.gone(identity)),
            Err(error) => Err(error),
        }
    }

    fn gone(&self, identity: &Identity) -> Examined {
        self.is_absent(identity);
        Examined::Absent
    }

    /// Whether a dependent waits for its own dependents already, so that waiting for it may never end.
    fn closes_cycle(&self, node: &Node) -> bool {
        let graph = self.graph.lock();
        let mut dependents = graph.dependents(node);
        dependents.any(|dependent| dependent.deletes_dependents)
    }

    /// Lets an object go that waits for its dependents, if none is left that it waits for.
    async fn await_dependents(&self, uid: &str, path: &str) -> Result<(), Error> {
        let blocking: Vec<(Uid, bool)> = {
            let graph = self.graph.lock();
            let Some(node) = graph.node(uid) else {
                return Ok(());
            };
            graph
                .blocking(node)
                .map(|node| (node.identity.uid.clone(), node.deletes_dependents))
                .collect()
        };
        if blocking.is_empty() {
            return self.remove_finalizer(path, uid, FOREGROUND).await;
        }
        for (dependent, waits_itself) in blocking {
            if !waits_itself {
                self.examine.add(dependent);
            }
        }
        Ok(())
    }

    /// How the owners are; `None` if an object of the cluster names one of a kind that lies in namespaces.
    async fn classify(
        &self,
        dependent: &Identity,
        references: &[Owner],
    ) -> Result<Option<Owners>, Error> {
        let mut owners = Owners::default();
        for reference in references {
            let anywhere = reference.within("");
            let beside = reference.within(&dependent.namespace);
            if self.absent.has(&anywhere) || self.absent.has(&beside) {
                owners.dangling.push(reference.uid.clone());
                continue;
            }
            let resource = self.resource(&reference.api_version, &reference.kind)?;
            if resource.namespaced && dependent.namespace.is_empty() {
                return Ok(None);
            }
            match self.owner(&resource, dependent, reference).await? {
                None => {
                    let absent = if resource.namespaced {
                        beside
                    } else {
                        anywhere
                    };
                    self.absent.add(absent);
                    owners.dangling.push(reference.uid.clone());
                }
                Some(owner) if is_deleting(&owner) && has_finalizer(&owner, FOREGROUND) => {
                    owners.waiting.push(reference.uid.clone());
                }
                Some(_) => owners.solid.push(reference.uid.clone()),
            }
        }
        Ok(Some(owners))
    }

    async fn owner(
        &self,
        resource: &Resource,
        dependent: &Identity,
        reference: &Owner,
    ) -> Result<Option<Value>, Error> {
        let path = resource.object(&dependent.namespace, &reference.name);
        match call::get_metadata(&self.client, &path).await {
            Ok(owner) if text(&owner, "/metadata/uid") == &*reference.uid => Ok(Some(owner)),
            Ok(_) => Ok(None),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object as it was read. If it has changed since, but not its owners, it is deleted as it is.
    async fn delete(
        &self,
        path: &str,
        latest: &Value,
        propagation: Propagation,
    ) -> Result<(), Error> {
        let uid = text(latest, "/metadata/uid");
        let version = text(latest, "/metadata/resourceVersion");
        let options = delete_options(propagation, uid, version);
        let refused = match call::delete(&self.client, path, &options).await {
            Ok(_) => return Ok(()),
            Err(error) if error.is_conflict() && !version.is_empty() => error,
            Err(error) => return Err(error),
        };
        let live = match call::get_metadata(&self.client, path).await {
            Err(error) if error.is_not_found() => return Err(error),
            Err(_) => return Err(refused),
            Ok(live) => live,
        };
        let references = "/metadata/ownerReferences";
        let only_the_rest_changed = text(&live, "/metadata/uid") == uid
            && text(&live, "/metadata/resourceVersion") != version
            && call::array(&live, references) == call::array(latest, references);
        if !only_the_rest_changed {
            return Err(refused);
        }
        let options = delete_options(propagation, uid, "");
        call::delete(&self.client, path, &options).await?;
        Ok(())
    }
}
