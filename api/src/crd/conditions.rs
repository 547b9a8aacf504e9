//! The status of definitions: which names they get, and whether their resources are served (upstream's
//! controllers of names, of structural schemas, and of establishing).

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::definition::structural;
use super::get::{items, text};
use crate::status::field::{Error, Path, aggregate};
use crate::status::text::quote;

/// The finalizer that keeps a definition until its objects are gone.
pub const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The status that a definition should have, given all definitions (its own may be among them) and the
/// present moment in RFC 3339. Names that another definition of the group was given before are refused.
/// Once all are accepted, it is established, and stays so. Equal to the present status if nothing changes.
#[must_use]
pub fn conditions(definition: &Value, others: &[&Value], now: &str) -> Value {
    let mut status = definition["status"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    let (names, conflict) = names(definition, others);
    status.insert("acceptedNames".into(), names);
    let mut list = Conditions {
        list: items(&definition["status"]["conditions"]).to_vec(),
        now,
    };
    let accepted = conflict.is_none();
    match &conflict {
        None => list.set("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
        Some((reason, message)) => list.set("NamesAccepted", "False", reason, message),
    }
    if !list.holds("Established") {
        if accepted {
            let message = "the initial names have been accepted";
            list.set("Established", "True", "InitialNamesAccepted", message);
        } else if list.find("Established").is_none() {
            let message = "not all names are accepted";
            list.set("Established", "False", "NotAccepted", message);
        }
    }
    match violations(definition) {
        Some(message) => list.set("NonStructuralSchema", "True", "Violations", &message),
        None => list.list.retain(|it| it["type"] != "NonStructuralSchema"),
    }
    status.insert("conditions".into(), Value::Array(list.list));
    Value::Object(status)
}

/// What the finalizer of a definition is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termination {
    /// The definition was deleted; its objects are still there.
    Pending,
    /// Its objects are being deleted.
    InProgress,
    /// All are gone.
    Completed,
    /// There never were any.
    NeverEstablished,
}

/// The status with the condition `Terminating` as it should be.
#[must_use]
pub fn terminating(status: &Value, at: Termination, now: &str) -> Value {
    let mut list = Conditions {
        list: items(&status["conditions"]).to_vec(),
        now,
    };
    let (holds, reason, message) = match at {
        Termination::Pending => (
            "True",
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        ),
        Termination::InProgress => (
            "True",
            "InstanceDeletionInProgress",
            "CustomResource deletion is in progress",
        ),
        Termination::Completed => (
            "False",
            "InstanceDeletionCompleted",
            "removed all instances",
        ),
        Termination::NeverEstablished => (
            "False",
            "NeverEstablished",
            "resource was never established",
        ),
    };
    list.set("Terminating", holds, reason, message);
    let mut status = status.as_object().cloned().unwrap_or_default();
    status.insert("conditions".into(), Value::Array(list.list));
    Value::Object(status)
}

struct Conditions<'a> {
    list: Vec<Value>,
    now: &'a str,
}

impl Conditions<'_> {
    fn find(&self, of: &str) -> Option<usize> {
        self.list.iter().position(|it| it["type"] == of)
    }

    fn holds(&self, of: &str) -> bool {
        self.find(of)
            .is_some_and(|at| self.list[at]["status"] == "True")
    }

    /// The moment changes only with the status.
    fn set(&mut self, of: &str, status: &str, reason: &str, message: &str) {
        let mut since = self.now.to_owned();
        let at = self.find(of);
        if let Some(before) = at.map(|at| &self.list[at])
            && before["status"] == status
            && let Some(time) = before["lastTransitionTime"].as_str()
        {
            time.clone_into(&mut since);
        }
        let made = json!({
            "type": of, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": since,
        });
        match at {
            // Other fields of the condition stay.
            Some(at) => match (&mut self.list[at], made) {
                (Value::Object(old), Value::Object(made)) => old.extend(made),
                (old, made) => *old = made,
            },
            None => self.list.push(made),
        }
    }
}

/// The names that are accepted, and the last conflict.
fn names(definition: &Value, others: &[&Value]) -> (Value, Option<(&'static str, String)>) {
    let group = &definition["spec"]["group"];
    let same = others.iter().filter(|it| it["spec"]["group"] == *group);
    let (mut resources, mut kinds) = (HashSet::new(), HashSet::new());
    for accepted in same.map(|it| &it["status"]["acceptedNames"]) {
        resources.insert(text(&accepted["plural"]));
        resources.insert(text(&accepted["singular"]));
        resources.extend(items(&accepted["shortNames"]).iter().map(text));
        kinds.insert(text(&accepted["kind"]));
        kinds.insert(text(&accepted["listKind"]));
    }
    let wanted = &definition["spec"]["names"];
    let own = &definition["status"]["acceptedNames"];
    let mut names = own.as_object().cloned().unwrap_or_default();
    let mut conflict = None;
    let used = |name: &str| format!("{} is already in use", quote(name));
    let mut one = |key: &str, reason, taken: &HashSet<&str>, names: &mut Map<String, Value>| {
        let name = text(&wanted[key]);
        if name != text(&own[key]) && taken.contains(name) {
            conflict = Some((reason, used(name)));
        } else if name.is_empty() {
            names.remove(key);
        } else {
            names.insert(key.into(), name.into());
        }
    };
    one("plural", "PluralConflict", &resources, &mut names);
    one("singular", "SingularConflict", &resources, &mut names);
    one("kind", "KindConflict", &kinds, &mut names);
    one("listKind", "ListKindConflict", &kinds, &mut names);
    let short = items(&wanted["shortNames"]);
    let fresh = short
        .iter()
        .filter(|it| !items(&own["shortNames"]).contains(it));
    let clashes = fresh.map(text).filter(|name| resources.contains(name));
    let clashes: Vec<_> = clashes.map(used).collect();
    match crate::status::aggregate(clashes) {
        // A conflict of kinds is told before that of short names, as those are looked at later.
        Some(message) if conflict.as_ref().is_none_or(|(it, _)| !it.contains("Kind")) => {
            conflict = Some(("ShortNamesConflict", message));
        }
        Some(_) => {}
        None => copy(wanted, "shortNames", &mut names),
    }
    copy(wanted, "categories", &mut names);
    (Value::Object(names), conflict)
}

fn copy(from: &Value, key: &str, to: &mut Map<String, Value>) {
    match from.get(key).filter(|it| !items(it).is_empty()) {
        Some(value) => {
            to.insert(key.into(), value.clone());
        }
        None => {
            to.remove(key);
        }
    }
}

fn violations(definition: &Value) -> Option<String> {
    let mut errors = Vec::new();
    let spec = Path::new("spec");
    if definition["spec"]["preserveUnknownFields"] == true {
        let path = spec.child("preserveUnknownFields");
        errors.push(Error::invalid(&path, true, "must be false"));
    }
    let versions = spec.child("versions");
    for (at, version) in items(&definition["spec"]["versions"]).iter().enumerate() {
        let schema = &version["schema"]["openAPIV3Schema"];
        if schema.is_object() {
            let (version, schemas) = (versions.index(at), schema);
            let path = version.child("schema");
            errors.extend(structural::check(schemas, &path.child("openAPIV3Schema")));
        }
    }
    aggregate(&errors)
}

#[cfg(test)]
mod tests {
    use super::super::schema::tests::cron_tab;
    use super::*;

    fn status_of<'s>(status: &'s Value, condition: &str) -> (&'s str, &'s str, &'s str) {
        let all = items(&status["conditions"]).iter();
        let found = all.clone().find(|it| it["type"] == condition).unwrap();
        (
            text(&found["status"]),
            text(&found["reason"]),
            text(&found["message"]),
        )
    }

    #[test]
    fn free_names_are_accepted_and_the_definition_established() {
        let mut definition = cron_tab();
        let status = conditions(&definition, &[], "2024-01-01T00:00:00Z");
        assert_eq!(
            status["acceptedNames"],
            json!({"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "shortNames": ["ct"]})
        );
        assert_eq!(
            status_of(&status, "NamesAccepted"),
            ("True", "NoConflicts", "no conflicts found")
        );
        assert_eq!(
            status_of(&status, "Established"),
            (
                "True",
                "InitialNamesAccepted",
                "the initial names have been accepted"
            )
        );
        definition["status"] = status.clone();
        let again = conditions(&definition, &[&definition], "2025-01-01T00:00:00Z");
        assert_eq!(again, status);
        let ending = terminating(&status, Termination::InProgress, "2025-01-01T00:00:00Z");
        assert_eq!(
            status_of(&ending, "Terminating").1,
            "InstanceDeletionInProgress"
        );
    }

    #[test]
    fn names_in_use_are_refused() {
        let mut other = cron_tab();
        other["status"] = conditions(&other, &[], "2024-01-01T00:00:00Z");
        let mut definition = cron_tab();
        definition["spec"]["names"] = json!({"plural": "others", "singular": "ct", "kind": "Other", "shortNames": ["ct", "o"]});
        let status = conditions(&definition, &[&other], "2024-01-01T00:00:00Z");
        assert_eq!(
            status_of(&status, "NamesAccepted"),
            ("False", "ShortNamesConflict", r#""ct" is already in use"#)
        );
        assert_eq!(
            status_of(&status, "Established"),
            ("False", "NotAccepted", "not all names are accepted")
        );
        assert_eq!(
            status["acceptedNames"],
            json!({"plural": "others", "kind": "Other"})
        );
    }
}
