//! Who depends on whom, without I/O: informers tell what they see, the graph answers what is to be done.
//!
//! An owner that is named but has not been seen is a virtual node, under the identity by which the first
//! dependent names it. It becomes real when it is seen, and goes when a read of the server shows that it is
//! absent. Dependents may name an owner wrongly, by a kind, a name or a namespace that is not its own, so
//! that the absence of one identity says nothing of the others with the same UID.
//!
//! Source of the rules: Kubernetes, `pkg/controller/garbagecollector/graph_builder.go`.

mod partition;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};

use super::identity::{Identity, Owner, Seen, Uid};
use partition::{alternate, partition};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Look whether the object is to be deleted.
    Examine(Uid),
    /// The same, after the pause of a failure.
    ExamineLater(Uid),
    /// Take the references to the object out of its dependents.
    Orphan(Uid),
    /// Remember that this does not exist.
    Absent(Identity),
    /// Tell that the dependent names an owner that is not in its namespace.
    Misplaced { dependent: Identity, owner: Owner },
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) identity: Identity,
    pub(crate) owners: Vec<Owner>,
    pub(crate) dependents: BTreeSet<Uid>,
    pub(crate) deleting: bool,
    /// It waits for its dependents to be deleted.
    pub(crate) deletes_dependents: bool,
    /// It has been named, not seen.
    pub(crate) is_virtual: bool,
    /// As last seen: it is being deleted with the finalizer of orphaning, or of foreground deletion.
    orphans: bool,
    foreground: bool,
}

impl Node {
    fn named(identity: Identity) -> Self {
        Self {
            identity,
            owners: Vec::new(),
            dependents: BTreeSet::new(),
            deleting: false,
            deletes_dependents: false,
            is_virtual: true,
            orphans: false,
            foreground: false,
        }
    }
}

/// The graph.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: HashMap<Uid, Node>,
}

impl Graph {
    /// The node of a UID.
    pub(crate) fn node(&self, uid: &str) -> Option<&Node> {
        self.nodes.get(uid)
    }

    /// The dependents of a node.
    pub(crate) fn dependents<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        node.dependents.iter().filter_map(|uid| self.nodes.get(uid))
    }

    /// The dependents that a node waits for.
    pub(crate) fn blocking<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        self.dependents(node).filter(|dependent| {
            let mut owners = dependent.owners.iter();
            owners.any(|owner| owner.uid == node.identity.uid && owner.blocks)
        })
    }

    /// An object is there, or is other than before.
    pub(crate) fn observe(&mut self, seen: &Seen) -> Vec<Effect> {
        let mut effects = Vec::new();
        let uid = seen.identity.uid.clone();
        if self.nodes.contains_key(&uid) {
            self.unveil(&seen.identity, &mut effects);
            self.update_owners(seen, &mut effects);
        } else {
            self.nodes.insert(
                uid.clone(),
                Node {
                    owners: seen.owners.clone(),
                    is_virtual: false,
                    ..Node::named(seen.identity.clone())
                },
            );
            self.add_to_owners(&seen.identity, &seen.owners, &mut effects);
        }
        self.note_transitions(seen, &mut effects);
        effects
    }

    /// An informer has seen an object go.
    pub(crate) fn vanish(&mut self, identity: &Identity) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.nodes.contains_key(&identity.uid) {
            self.unveil(identity, &mut effects);
            self.remove(identity, &mut effects);
        }
        effects
    }

    /// A read of the server has shown that nothing is there by this identity.
    pub(crate) fn absent(&mut self, identity: &Identity) -> Vec<Effect> {
        let mut effects = Vec::new();
        let Some(node) = self.nodes.get(&identity.uid) else {
            return effects;
        };
        let (matching, others) = partition(self.dependents(node), identity);
        let matching: Vec<Uid> = matching
            .iter()
            .map(|node| node.identity.uid.clone())
            .collect();
        if node.is_virtual && others.is_empty() || !node.is_virtual && node.identity == *identity {
            self.remove(identity, &mut effects);
            return effects;
        }
        let replacement = if node.is_virtual && node.identity == *identity {
            alternate(&others, identity)
        } else {
            None
        };
        if !matching.is_empty() {
            effects.push(Effect::Absent(identity.clone()));
            effects.extend(matching.into_iter().map(Effect::Examine));
        }
        if let Some(replacement) = replacement
            && let Some(node) = self.nodes.get_mut(&identity.uid)
        {
            node.identity = replacement;
            effects.push(Effect::ExamineLater(identity.uid.clone()));
        }
        effects
    }

    /// A virtual node has been seen, perhaps under another identity than it was named by.
    fn unveil(&mut self, identity: &Identity, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get(&identity.uid) else {
            return;
        };
        if !node.is_virtual {
            return;
        }
        if node.identity != *identity {
            let (_, others) = partition(self.dependents(node), identity);
            for dependent in others {
                let misplaced = !identity.namespace.is_empty()
                    && dependent.identity.namespace != identity.namespace;
                if misplaced {
                    effects.extend(misplacement(dependent, &identity.uid));
                }
                effects.push(Effect::Examine(dependent.identity.uid.clone()));
            }
        }
        if let Some(node) = self.nodes.get_mut(&identity.uid) {
            node.identity = identity.clone();
            node.is_virtual = false;
        }
    }

    fn update_owners(&mut self, seen: &Seen, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(&seen.identity.uid) else {
            return;
        };
        if node.owners == seen.owners {
            return;
        }
        let old = std::mem::replace(&mut node.owners, seen.owners.clone());
        // By UID, of which the last reference counts, as upstream's maps have it.
        let before: HashMap<&str, &Owner> = old.iter().map(|owner| (&*owner.uid, owner)).collect();
        let after: HashMap<&str, &Owner> = seen
            .owners
            .iter()
            .map(|owner| (&*owner.uid, owner))
            .collect();
        for owner in &old {
            let unblocked = after.get(&*owner.uid).is_none_or(|new| !new.blocks);
            if owner.blocks && unblocked && self.nodes.contains_key(&owner.uid) {
                effects.push(Effect::Examine(owner.uid.clone()));
            }
        }
        let added: Vec<Owner> = seen
            .owners
            .iter()
            .filter(|owner| !before.contains_key(&*owner.uid))
            .cloned()
            .collect();
        self.add_to_owners(&seen.identity, &added, effects);
        for owner in old.iter().filter(|owner| !after.contains_key(&*owner.uid)) {
            self.forget_dependent(&owner.uid, &seen.identity.uid);
        }
    }

    fn add_to_owners(&mut self, dependent: &Identity, owners: &[Owner], effects: &mut Vec<Effect>) {
        let mut doubtful = false;
        for owner in owners {
            let is_new = !self.nodes.contains_key(&owner.uid);
            let node = self
                .nodes
                .entry(owner.uid.clone())
                .or_insert_with(|| Node::named(owner.within(&dependent.namespace)));
            node.dependents.insert(dependent.uid.clone());
            if is_new {
                effects.push(Effect::Examine(owner.uid.clone()));
                continue;
            }
            if doubtful {
                continue;
            }
            let namespace = &node.identity.namespace;
            let elsewhere = *namespace != dependent.namespace;
            if !namespace.is_empty() && elsewhere {
                if !node.is_virtual {
                    effects.push(Effect::Misplaced {
                        dependent: dependent.clone(),
                        owner: owner.clone(),
                    });
                }
                doubtful = true;
            } else if !owner.names(&node.identity) {
                doubtful = true;
            } else if elsewhere && node.is_virtual {
                // Named by an object of the cluster first: whether it lies in a namespace is not known.
                doubtful = true;
            }
        }
        if doubtful {
            effects.push(Effect::Examine(dependent.uid.clone()));
        }
    }

    fn note_transitions(&mut self, seen: &Seen, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.get_mut(&seen.identity.uid) else {
            return;
        };
        node.deleting |= seen.deleting;
        let orphans = seen.deleting && seen.orphan;
        let foreground = seen.deleting && seen.foreground;
        let starts_orphaning = orphans && !node.orphans;
        let starts_foreground = foreground && !node.foreground;
        node.orphans = orphans;
        node.foreground = foreground;
        if starts_orphaning {
            effects.push(Effect::Orphan(seen.identity.uid.clone()));
        } else if starts_foreground {
            node.deletes_dependents = true;
            effects.extend(node.dependents.iter().cloned().map(Effect::Examine));
            effects.push(Effect::Examine(seen.identity.uid.clone()));
        }
    }

    fn remove(&mut self, identity: &Identity, effects: &mut Vec<Effect>) {
        let Some(node) = self.nodes.remove(&identity.uid) else {
            return;
        };
        for owner in &node.owners {
            self.forget_dependent(&owner.uid, &identity.uid);
        }
        if !node.dependents.is_empty() {
            effects.push(Effect::Absent(identity.clone()));
        }
        effects.extend(node.dependents.iter().cloned().map(Effect::Examine));
        for owner in &node.owners {
            let waits = |owner: &Node| owner.deletes_dependents;
            if self.nodes.get(&owner.uid).is_some_and(waits) {
                effects.push(Effect::Examine(owner.uid.clone()));
            }
        }
    }

    fn forget_dependent(&mut self, owner: &str, dependent: &str) {
        if let Some(owner) = self.nodes.get_mut(owner) {
            owner.dependents.remove(dependent);
        }
    }
}

fn misplacement(dependent: &Node, owner: &str) -> Option<Effect> {
    let owner = dependent.owners.iter().find(|one| &*one.uid == owner)?;
    Some(Effect::Misplaced {
        dependent: dependent.identity.clone(),
        owner: owner.clone(),
    })
}
