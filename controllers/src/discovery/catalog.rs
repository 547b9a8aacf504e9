//! The kinds as a table, made of the discovery documents.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::string;

/// A resource in one version of its group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// Its group; empty for the core.
    pub group: String,
    /// Its version.
    pub version: String,
    /// Its name in paths, such as `pods`.
    pub plural: String,
    /// Its kind, such as `Pod`.
    pub kind: String,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
    /// What can be done with it.
    pub verbs: BTreeSet<String>,
}

impl Resource {
    /// A resource of the core group, version 1, without verbs.
    #[must_use]
    pub fn core(plural: &str, kind: &str, namespaced: bool) -> Self {
        Self {
            group: String::new(),
            version: "v1".to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
            namespaced,
            verbs: BTreeSet::new(),
        }
    }

    /// `v1` or `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether all these can be done with it.
    #[must_use]
    pub fn has_verbs(&self, verbs: &[&str]) -> bool {
        verbs.iter().all(|verb| self.verbs.contains(*verb))
    }
}

/// A group and its versions, as `v1` or `apps/v1`, the preferred one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name; empty for the core.
    pub name: String,
    /// Its versions.
    pub versions: Vec<String>,
}

/// All resources of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// One version of each resource: the preferred one of its group where that has it.
    pub preferred: Vec<Resource>,
    /// Versions of groups that could not be read, with the reasons.
    pub failures: BTreeMap<String, String>,
    by_kind: HashMap<(String, String), Resource>,
}

impl Catalog {
    /// Puts the documents of group versions together. Subresources are left out.
    #[must_use]
    pub fn assemble(groups: &[Group], mut lists: BTreeMap<String, Result<Value, String>>) -> Self {
        let mut catalog = Self::default();
        for group in groups {
            let mut known = BTreeSet::new();
            for version in &group.versions {
                let list = match lists.remove(version) {
                    Some(Ok(list)) => list,
                    Some(Err(reason)) => {
                        catalog.failures.insert(version.clone(), reason);
                        continue;
                    }
                    None => continue,
                };
                for resource in resources(version, &list) {
                    if known.insert(resource.plural.clone()) {
                        catalog.preferred.push(resource.clone());
                    }
                    let key = (version.clone(), resource.kind.clone());
                    catalog.by_kind.entry(key).or_insert(resource);
                }
            }
        }
        catalog
    }

    /// The resource of a kind in a version, as references name it.
    #[must_use]
    pub fn by_kind(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.by_kind.get(&(api_version.to_owned(), kind.to_owned()))
    }

    /// A resource in its preferred version.
    #[must_use]
    pub fn by_plural(&self, group: &str, plural: &str) -> Option<&Resource> {
        self.preferred
            .iter()
            .find(|resource| resource.group == group && resource.plural == plural)
    }

    /// What could not be read in the words of client-go; `None` if all could.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if self.failures.is_empty() {
            return None;
        }
        let each: Vec<String> = self
            .failures
            .iter()
            .map(|(version, reason)| format!("{version}: {reason}"))
            .collect();
        Some(format!(
            "unable to retrieve the complete list of server APIs: {}",
            each.join(", ")
        ))
    }
}

/// The groups of the documents `/api` and `/apis`.
#[must_use]
pub fn groups(core: &Value, others: &Value) -> Vec<Group> {
    let mut groups = vec![Group {
        name: String::new(),
        versions: array(core, "versions")
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    }];
    for group in array(others, "groups") {
        let preferred = group
            .get("preferredVersion")
            .map_or_else(String::new, |version| string(version, "groupVersion"));
        let mut versions: Vec<String> = array(group, "versions")
            .iter()
            .map(|version| string(version, "groupVersion"))
            .filter(|version| !version.is_empty())
            .collect();
        versions.sort_by_key(|version| *version != preferred);
        groups.push(Group {
            name: string(group, "name"),
            versions,
        });
    }
    groups
}

fn resources(api_version: &str, list: &Value) -> Vec<Resource> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    array(list, "resources")
        .iter()
        .map(|entry| Resource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: string(entry, "name"),
            kind: string(entry, "kind"),
            namespaced: entry
                .get("namespaced")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
            verbs: array(entry, "verbs")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        })
        .filter(|resource| !resource.plural.is_empty() && !resource.plural.contains('/'))
        .collect()
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
