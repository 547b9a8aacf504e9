//! Not too many owners that update.

use std::collections::BTreeMap;

use super::owners::{Managed, Owned, Owner};

/// The most owners that update.
const MOST: usize = 10;

/// The manager whose entries take up the oldest ones.
const ANCIENT: &str = "ancient-changes";

/// Merges the oldest entries of updates, those of each version into one, until there are no more than ten, or no
/// two of a version are left to be merged.
pub(super) fn cap(managed: &mut Managed) {
    let mut ids: Vec<String> = managed
        .owners
        .iter()
        .filter(|(_, owned)| !owned.applied)
        .map(|(id, _)| id.clone())
        .collect();
    let mut count = ids.len();
    if count <= MOST {
        return;
    }
    ids.sort_by_cached_key(|id| (managed.seconds(id), id.clone()));
    let mut first_of: BTreeMap<String, String> = BTreeMap::new();
    for id in ids {
        if count <= MOST {
            return;
        }
        // A bucket may be among the entries itself, and be taken up by another one before it is its turn.
        let Some(owned) = managed.owners.get(&id).cloned() else {
            continue;
        };
        let Some(first) = first_of.get(&owned.version) else {
            first_of.insert(owned.version, id);
            continue;
        };
        let bucket = Owner {
            manager: ANCIENT.into(),
            operation: "Update".into(),
            api_version: owned.version.clone(),
            subresource: String::new(),
        };
        let bucket_id = bucket.id();
        if !managed.owners.contains_key(&bucket_id)
            && let Some(taken) = managed.owners.remove(first)
        {
            managed.owners.insert(
                bucket_id.clone(),
                Owned {
                    owner: bucket,
                    ..taken
                },
            );
        }
        if let Some(all) = managed.owners.get_mut(&bucket_id) {
            all.set = owned.set.union(&all.set);
            all.version.clone_from(&owned.version);
            all.applied = false;
        }
        managed.owners.remove(&id);
        count -= 1;
        let time = managed.times.get(&id).cloned().flatten();
        managed.times.insert(bucket_id, time);
    }
}
