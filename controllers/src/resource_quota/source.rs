//! Which objects a name in a quota's `hard` is about.

/// A resource whose objects use something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Its group.
    pub group: String,
    /// Its name in paths.
    pub plural: String,
}

impl Source {
    fn core(plural: &str) -> Self {
        Self {
            group: String::new(),
            plural: plural.to_owned(),
        }
    }

    /// Whether this is a resource of the core group.
    #[must_use]
    pub fn is_core(&self, plural: &str) -> bool {
        self.group.is_empty() && self.plural == plural
    }

    /// The name that counts its objects, such as `count/deployments.apps`.
    #[must_use]
    pub fn count(&self) -> String {
        if self.group.is_empty() {
            format!("count/{}", self.plural)
        } else {
            format!("count/{}.{}", self.plural, self.group)
        }
    }
}

/// The objects that use what `name` limits; `None` if that is not known. Source: Kubernetes,
/// `pkg/quota/v1/evaluator/core`.
#[must_use]
pub fn source(name: &str) -> Option<Source> {
    if let Some(counted) = name.strip_prefix("count/") {
        let (plural, group) = counted.split_once('.').unwrap_or((counted, ""));
        return Some(Source {
            group: group.to_owned(),
            plural: plural.to_owned(),
        });
    }
    match name {
        "configmaps"
        | "persistentvolumeclaims"
        | "pods"
        | "replicationcontrollers"
        | "resourcequotas"
        | "secrets"
        | "services" => return Some(Source::core(name)),
        "services.loadbalancers" | "services.nodeports" => return Some(Source::core("services")),
        "requests.storage" => return Some(Source::core("persistentvolumeclaims")),
        "cpu" | "memory" | "ephemeral-storage" => return Some(Source::core("pods")),
        _ => {}
    }
    if name.contains(super::storage::CLASS_SUFFIX) {
        return Some(Source::core("persistentvolumeclaims"));
    }
    let of_pods = match name.split_once('.') {
        Some(("requests", rest)) => {
            matches!(rest, "cpu" | "memory" | "ephemeral-storage")
                || rest.starts_with("hugepages-")
                || is_extended(rest)
        }
        Some(("limits", rest)) => matches!(rest, "cpu" | "memory" | "ephemeral-storage"),
        _ => name.starts_with("hugepages-"),
    };
    of_pods.then(|| Source::core("pods"))
}

/// Whether a resource of containers is one that others than Kubernetes define.
#[must_use]
pub fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_their_objects() {
        let plural =
            |name: &str| source(name).map(|source| format!("{}.{}", source.plural, source.group));
        for (name, expected) in [
            ("count/deployments.apps", "deployments.apps"),
            ("count/pods", "pods."),
            ("cpu", "pods."),
            ("limits.memory", "pods."),
            ("requests.hugepages-2Mi", "pods."),
            ("hugepages-2Mi", "pods."),
            ("requests.example.com/gpu", "pods."),
            ("services.nodeports", "services."),
            ("requests.storage", "persistentvolumeclaims."),
            (
                "gold.storageclass.storage.k8s.io/requests.storage",
                "persistentvolumeclaims.",
            ),
            ("secrets", "secrets."),
        ] {
            assert_eq!(plural(name).as_deref(), Some(expected), "{name}");
        }
        for name in [
            "limits.example.com/gpu",
            "requests.kubernetes.io/x",
            "nodes",
            "",
        ] {
            assert_eq!(source(name), None, "{name}");
        }
        assert_eq!(
            source("count/jobs.batch").unwrap().count(),
            "count/jobs.batch"
        );
    }
}
