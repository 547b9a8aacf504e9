//! Which dependents mean an identity by their references, and which another of the same UID.

use std::collections::HashSet;

use super::Node;
use crate::garbage::identity::Identity;

/// Those that name an owner by `identity`, and those that name its UID otherwise. A dependent with two
/// references may be both.
pub(super) fn partition<'a>(
    dependents: impl Iterator<Item = &'a Node>,
    identity: &Identity,
) -> (Vec<&'a Node>, Vec<&'a Node>) {
    let (mut matching, mut others) = (Vec::new(), Vec::new());
    for dependent in dependents {
        let elsewhere =
            !identity.namespace.is_empty() && identity.namespace != dependent.identity.namespace;
        if elsewhere {
            others.push(dependent);
            continue;
        }
        let mut owners = dependent
            .owners
            .iter()
            .filter(|owner| owner.uid == identity.uid);
        if owners.clone().any(|owner| owner.names(identity)) {
            matching.push(dependent);
        }
        if owners.any(|owner| !owner.names(identity)) {
            others.push(dependent);
        }
    }
    (matching, others)
}

/// By which other identity an absent owner may be there: the next in order after the absent one, or the
/// first one, so that all are tried in turn.
pub(super) fn alternate(dependents: &[&Node], absent: &Identity) -> Option<Identity> {
    let of_cluster = absent.namespace.is_empty();
    let mut known = HashSet::from([absent.clone()]);
    let mut first: Option<Identity> = None;
    let mut following: Option<Identity> = None;
    for dependent in dependents {
        let namespace = &dependent.identity.namespace;
        let owners = dependent.owners.iter();
        for owner in owners.filter(|owner| owner.uid == absent.uid) {
            if owner.names(absent) && (of_cluster || absent.namespace == *namespace) {
                continue;
            }
            let mut identity = owner.within(namespace);
            let same_kind =
                identity.api_version == absent.api_version && identity.kind == absent.kind;
            if of_cluster && same_kind {
                identity.namespace.clear();
            }
            if !known.insert(identity.clone()) {
                continue;
            }
            let precedes = |than: &Option<Identity>| {
                than.as_ref()
                    .is_none_or(|than| identity.order() < than.order())
            };
            if absent.order() < identity.order() && precedes(&following) {
                following = Some(identity.clone());
            }
            if precedes(&first) {
                first = Some(identity);
            }
        }
    }
    following.or(first)
}
