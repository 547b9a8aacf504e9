//! What becomes of owners when fields change: the rules of structured-merge-diff.

use std::collections::BTreeMap;

use super::Request;
use super::conflict::{Clash, Failure};
use super::owners::{Managed, Owned, Owner};
use super::versions::Versioned;
use crate::apply::fields::FieldSet;
use crate::apply::typed::{Comparison, Typed};
use crate::apply::value::equal;

type Owners = BTreeMap<String, Owned>;

/// The rules, for one request.
pub(super) struct Updater<'a> {
    request: &'a Request<'a>,
}

impl<'a> Updater<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Self { request }
    }

    /// The object in another version; none if there is no such version.
    fn convert<'s>(
        &'s self,
        object: &'s Versioned<'_>,
        version: &str,
    ) -> Result<Option<Versioned<'s>>, String> {
        object.convert(self.request.schema, self.request.versions, version)
    }

    /// A write that is no apply: what the new object changes is taken from all owners and given to the one of
    /// this id.
    pub(super) fn update(
        &self,
        live: &Typed<'_>,
        new: &Typed<'_>,
        managed: &mut Managed,
        id: &str,
        owner: Owner,
    ) -> Result<(), Failure> {
        let live = Versioned {
            typed: live.clone(),
            version: self.request.api_version.into(),
        };
        let new = Versioned {
            typed: new.clone(),
            version: self.request.api_version.into(),
        };
        let mut owners = self.reconcile(&live, &managed.owners)?;
        let changes = self.take(&live, &new, &mut owners, id, true)?;
        let before = owners
            .get(id)
            .map(|owned| owned.set.clone())
            .unwrap_or_default();
        let set = before
            .difference(&changes.removed)
            .union(&changes.modified)
            .union(&changes.added)
            .recursive_difference(self.request.reset);
        if set.is_empty() {
            owners.remove(id);
        } else {
            let version = self.request.api_version.into();
            owners.insert(
                id.into(),
                Owned {
                    owner,
                    set,
                    version,
                    applied: false,
                },
            );
        }
        managed.owners = owners;
        Ok(())
    }

    /// An apply: the live object with the applied one merged into it, and without what the owner of this id applied
    /// before, applies no more, and no one else owns. None if nothing changes.
    pub(super) fn apply(
        &self,
        live: &Typed<'_>,
        applied: &Typed<'_>,
        managed: &mut Managed,
        id: &str,
        owner: Owner,
        force: bool,
    ) -> Result<Option<serde_json::Value>, Failure> {
        let version = || self.request.api_version.to_owned();
        let live = Versioned {
            typed: live.clone(),
            version: version(),
        };
        let mut owners = self.reconcile(&live, &managed.owners)?;
        let merged = live
            .typed
            .merge(applied)
            .map_err(|errors| format!("failed to merge config: {errors}"))?;
        let set = applied
            .to_set()
            .map_err(|errors| format!("failed to get field set: {errors}"))?
            .recursive_difference(self.request.reset);
        let last = owners.insert(
            id.into(),
            Owned {
                owner,
                set,
                version: version(),
                applied: true,
            },
        );
        let merged = Versioned {
            typed: merged,
            version: version(),
        };
        let new = self
            .prune(&merged, &owners, last.as_ref())
            .map_err(|error| format!("failed to prune fields: {error}"))?;
        self.take(&live, &new, &mut owners, id, force)?;
        managed.owners = owners;
        let same = equal(&live.typed.value, &new.typed.value);
        Ok((!same).then(|| new.typed.value.into_owned()))
    }

    /// Takes what changed from all owners but one. Without force, what they would lose by being added or
    /// modified is a conflict.
    fn take(
        &self,
        live: &Versioned<'_>,
        new: &Versioned<'_>,
        owners: &mut Owners,
        id: &str,
        force: bool,
    ) -> Result<Comparison, Failure> {
        let failed = |error: String| format!("failed to compare objects: {error}");
        let compare = |live: &Typed<'_>, new: &Typed<'_>| {
            let comparison = live
                .compare(new)
                .map_err(|errors| failed(errors.to_string()))?;
            Ok::<_, String>(comparison.without(self.request.reset))
        };
        let changes = compare(&live.typed, &new.typed)?;
        let mut by_version =
            BTreeMap::from([(self.request.api_version.to_owned(), changes.clone())]);
        let mut clashes = Vec::new();
        let mut left = Owners::new();
        for (other, mut owned) in std::mem::take(owners) {
            if other == id {
                left.insert(other, owned);
                continue;
            }
            if !by_version.contains_key(&owned.version) {
                let old = self
                    .convert(live, &owned.version)
                    .map_err(|error| format!("failed to convert old object: {error}"))?;
                let new = self
                    .convert(new, &owned.version)
                    .map_err(|error| format!("failed to convert new object: {error}"))?;
                let (Some(old), Some(new)) = (old, new) else {
                    continue;
                };
                by_version.insert(owned.version.clone(), compare(&old.typed, &new.typed)?);
            }
            let Some(changes) = by_version.get(&owned.version) else {
                continue;
            };
            let lost = owned
                .set
                .intersection(&changes.modified.union(&changes.added));
            if !lost.is_empty() {
                clashes.push(Clash {
                    owner: owned.owner.clone(),
                    id: other.clone(),
                    lost: lost.clone(),
                });
            }
            owned.set = owned.set.difference(&lost).difference(&changes.removed);
            left.insert(other, owned);
        }
        if !force && !clashes.is_empty() {
            return Err(Failure::Clashes(clashes));
        }
        left.retain(|_, owned| !owned.set.is_empty());
        *owners = left;
        Ok(changes)
    }

    /// Takes out what was applied last time and is not wanted any more.
    fn prune<'s>(
        &'s self,
        merged: &'s Versioned<'s>,
        owners: &Owners,
        last: Option<&Owned>,
    ) -> Result<Versioned<'s>, String> {
        let Some(last) = last.filter(|last| !last.set.is_empty()) else {
            return Ok(merged.clone());
        };
        let converted = self.convert(merged, &last.version).map_err(|error| {
            format!("failed to convert merged object to last applied version: {error}")
        })?;
        let Some(converted) = converted else {
            return Ok(merged.clone());
        };
        let typed = converted
            .typed
            .remove(&converted.typed.with_named_fields(&last.set));
        let pruned = Versioned {
            typed,
            version: converted.version.clone(),
        };
        let pruned = self
            .add_back_owned(&converted, pruned, owners)
            .map_err(|error| format!("failed add back owned items: {error}"))?;
        let pruned = self
            .add_back_dangling(&converted, &pruned, last)
            .map_err(|error| format!("failed add back dangling items: {error}"))?;
        let back = self.convert(&pruned, self.request.api_version)?;
        // It came from this version.
        let back = back.ok_or_else(|| format!("no version {}", self.request.api_version))?;
        Ok(back.into_owned(self.request.schema))
    }

    /// Adds back what others own, or the owner itself by its new set.
    fn add_back_owned<'s>(
        &'s self,
        merged: &'s Versioned<'_>,
        pruned: Versioned<'s>,
        owners: &Owners,
    ) -> Result<Versioned<'s>, String> {
        let mut by_version: BTreeMap<&str, FieldSet> = BTreeMap::new();
        for owned in owners.values() {
            let set = by_version.entry(&owned.version).or_default();
            *set = set.union(&owned.set);
        }
        // The version of the pruned object comes first.
        let first = by_version.remove_entry(&*merged.version);
        let mut pruned = pruned;
        for (version, set) in first.into_iter().chain(by_version) {
            let failed = |what: &str, error: String| {
                format!("failed to convert {what} object at version {version}: {error}")
            };
            let all = self
                .convert(merged, version)
                .map_err(|error| failed("merged", error))?;
            let some = self
                .convert(&pruned, version)
                .map_err(|error| failed("pruned", error))?;
            let (Some(all), Some(some)) = (all, some) else {
                continue;
            };
            let set_of = |what: &str, typed: &Typed<'_>| {
                typed.to_set().map_err(|errors| {
                    format!(
                        "failed to create field set from {what} object at version {version}: {errors}"
                    )
                })
            };
            let named = |set: &FieldSet| all.typed.with_named_fields(set);
            let all_set = named(&set_of("merged", &all.typed)?);
            let kept = named(&set_of("pruned", &some.typed)?).union(&named(&set));
            let typed = all.typed.remove(&all_set.difference(&kept));
            let made = Versioned {
                typed,
                version: version.into(),
            };
            pruned = made.into_owned(self.request.schema);
        }
        Ok(pruned)
    }

    /// Adds back what the owner did not own: it was there all the time.
    fn add_back_dangling<'s>(
        &'s self,
        merged: &'s Versioned<'_>,
        pruned: &Versioned<'_>,
        last: &Owned,
    ) -> Result<Versioned<'s>, String> {
        let converted = self.convert(pruned, &last.version).map_err(|error| {
            format!("failed to convert pruned object to last applied version: {error}")
        })?;
        let Some(converted) = converted else {
            return Ok(merged.clone().into_owned(self.request.schema));
        };
        let set_of = |what: &str, typed: &Typed<'_>| {
            typed.to_set().map_err(|errors| {
                format!(
                    "failed to create field set from {what} object in last applied version: {errors}"
                )
            })
        };
        let named = |set: &FieldSet| merged.typed.with_named_fields(set);
        let left = named(&set_of("pruned", &converted.typed)?);
        let all = named(&set_of("merged", &merged.typed)?);
        let gone = all.difference(&left).intersection(&named(&last.set));
        let typed = merged.typed.remove(&gone);
        let made = Versioned {
            typed,
            version: merged.version.clone(),
        };
        Ok(made.into_owned(self.request.schema))
    }

    /// The owners by today's schema; those of versions that are no more are left out.
    fn reconcile(&self, live: &Versioned<'_>, owners: &Owners) -> Result<Owners, String> {
        let mut reconciled = Owners::new();
        for (id, old) in owners {
            let Some(live) = self.convert(live, &old.version)? else {
                continue;
            };
            let set = live
                .typed
                .reconcile(&old.set)
                .map_err(|errors| format!("errors reconciling field set with schema: {errors}"))?;
            let set = set.unwrap_or_else(|| old.set.clone());
            reconciled.insert(id.clone(), Owned { set, ..old.clone() });
        }
        Ok(reconciled)
    }
}
