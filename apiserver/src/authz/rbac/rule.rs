//! One rule of a role.

use serde_json::{Map, Value};

use crate::authz::Attributes;
use crate::authz::quote::quoted_list;

/// What a rule allows: verbs on resources or on paths (`rbac/v1` PolicyRule).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rule {
    /// The verbs; `*` is each.
    pub verbs: Vec<String>,
    /// The API groups; `*` is each.
    pub groups: Vec<String>,
    /// The resources: `pods`, `pods/log`, `*/scale`, `*`.
    pub resources: Vec<String>,
    /// The names of objects; none is each.
    pub names: Vec<String>,
    /// The paths; `*` at the end is all that begin so.
    pub urls: Vec<String>,
}

impl Rule {
    /// The rules that allow everything.
    #[must_use]
    pub fn all() -> [Self; 2] {
        let every = || vec!["*".to_owned()];
        [
            Self {
                verbs: every(),
                groups: every(),
                resources: every(),
                ..Self::default()
            },
            Self {
                verbs: every(),
                urls: every(),
                ..Self::default()
            },
        ]
    }

    /// A rule as it stands in an object. What is no list of strings counts as none.
    #[must_use]
    pub fn of(rule: &Value) -> Self {
        let list = |key: &str| -> Vec<String> {
            let found = rule.get(key).and_then(Value::as_array);
            let texts = found.into_iter().flatten().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        };
        Self {
            verbs: list("verbs"),
            groups: list("apiGroups"),
            resources: list("resources"),
            names: list("resourceNames"),
            urls: list("nonResourceURLs"),
        }
    }

    /// The rules of a role, in its order.
    #[must_use]
    pub fn list_of(role: &Value) -> Vec<Self> {
        let rules = role.get("rules").and_then(Value::as_array);
        rules.into_iter().flatten().map(Self::of).collect()
    }

    /// The rule as it stands in an object; lists that are empty are left out, except verbs.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut rule = Map::new();
        for (key, list) in [
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.urls),
        ] {
            if !list.is_empty() {
                rule.insert(key.into(), list.clone().into());
            }
        }
        rule.insert("verbs".into(), self.verbs.clone().into());
        Value::Object(rule)
    }

    /// Whether the rule allows a request.
    #[must_use]
    pub fn allows(&self, attributes: &Attributes<'_>) -> bool {
        if !has(&self.verbs, attributes.verb) {
            return false;
        }
        match attributes.is_resource {
            true => {
                has(&self.groups, attributes.group)
                    && self.has_resource(attributes.resource, attributes.subresource)
                    && (self.names.is_empty()
                        || self.names.iter().any(|name| name == attributes.name))
            }
            false => self.urls.iter().any(|url| has_url(url, attributes.path)),
        }
    }

    fn has_resource(&self, resource: &str, part: &str) -> bool {
        self.resources.iter().any(|rule| {
            if rule == "*" {
                return true;
            }
            if part.is_empty() {
                return rule == resource;
            }
            rule.strip_prefix("*/") == Some(part)
                || rule
                    .strip_prefix(resource)
                    .and_then(|rest| rest.strip_prefix('/'))
                    == Some(part)
        })
    }

    /// The rule in one line, as it stands in the text about escalation.
    #[must_use]
    pub fn compact(&self) -> String {
        let parts = [
            ("APIGroups", &self.groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.names),
            ("Verbs", &self.verbs),
        ];
        let parts = parts.into_iter().filter(|(_, list)| !list.is_empty());
        let parts: Vec<String> = parts
            .map(|(name, list)| format!("{name}:{}", quoted_list(list)))
            .collect();
        format!("{{{}}}", parts.join(", "))
    }
}

/// Whether a list has a text, or the star that is each.
fn has(list: &[String], text: &str) -> bool {
    list.iter().any(|one| one == "*" || one == text)
}

/// Whether a rule's path is a path, or begins it.
pub(super) fn has_url(rule: &str, path: &str) -> bool {
    rule == path || rule.ends_with('*') && path.starts_with(rule.trim_end_matches('*'))
}
