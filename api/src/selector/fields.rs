//! Field selectors: `metadata.name=x,spec.nodeName!=y`, over the few fields that each kind offers.

use serde_json::Value;

use super::SelectorError;
use crate::schema::Gvk;

/// A field selector; all of its terms have to be met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    value: String,
    is_equal: bool,
}

impl Fields {
    /// Reads a selector.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let mut terms = Vec::new();
        for term in split(text) {
            if term.is_empty() {
                continue;
            }
            let invalid = || SelectorError(format!("invalid selector: '{text}'; can't understand '{term}'"));
            let at = term.find(['=', '!']).ok_or_else(invalid)?;
            let (field, rest) = term.split_at(at);
            let (is_equal, value) = if let Some(value) = rest.strip_prefix("!=") {
                (false, value)
            } else if let Some(value) = rest.strip_prefix("==") {
                (true, value)
            } else if let Some(value) = rest.strip_prefix('=') {
                (true, value)
            } else {
                return Err(invalid());
            };
            terms.push(Term {
                field: field.to_owned(),
                value: unescape(value)?,
                is_equal,
            });
        }
        Ok(Self { terms })
    }

    /// Whether every object is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The fields it asks for.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().map(|term| term.field.as_str())
    }

    /// The value that a field has to have, if it has to have a certain one.
    #[must_use]
    pub fn requires(&self, field: &str) -> Option<&str> {
        let mut found = self.terms.iter().filter(|term| term.is_equal && term.field == field);
        found.next().map(|term| term.value.as_str())
    }

    /// Whether an object is meant whose fields `value` gives; a field that it does not have is empty.
    pub fn matches<'a>(&self, value: impl Fn(&str) -> &'a str) -> bool {
        let met = |term: &Term| (value(&term.field) == term.value) == term.is_equal;
        self.terms.iter().all(met)
    }
}

/// The terms, apart at commas that are not escaped.
fn split(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut is_escaped) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            ',' => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

fn unescape(value: &str) -> Result<String, SelectorError> {
    let mut plain = String::with_capacity(value.len());
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(SelectorError(format!("invalid field selector: invalid escape sequence: \\{other}")));
                }
            },
            ',' | '=' => {
                return Err(SelectorError(format!(
                    "invalid field selector: unescaped character in value: {letter}"
                )));
            }
            letter => plain.push(letter),
        }
    }
    Ok(plain)
}

/// The fields that a kind offers beside `metadata.name` and `metadata.namespace`.
#[must_use]
pub fn field_names(kind: &Gvk) -> &'static [&'static str] {
    match (&*kind.group, &*kind.kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "Node") => &["spec.unschedulable"],
        ("", "Namespace") => &["status.phase"],
        ("", "Secret") => &["type"],
        ("", "ReplicationController") | ("apps", "ReplicaSet") => &["status.replicas"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("events.k8s.io", "Event") => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reason",
            "reportingController",
            "type",
        ],
        ("batch", "Job") => &["status.successful"],
        ("certificates.k8s.io", "CertificateSigningRequest") => &["spec.signerName"],
        _ => &[],
    }
}

/// The values of the fields that the kind of an object offers, in the order of [`field_names`].
#[must_use]
pub fn field_values(object: &Value) -> Box<[Box<str>]> {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let kind = Gvk::parse(text("apiVersion"), text("kind"));
    let values = field_names(&kind).iter().map(|name| value(object, name));
    values.collect()
}

fn value(object: &Value, name: &str) -> Box<str> {
    if name == "source" {
        let component = object["source"]["component"].as_str().unwrap_or_default();
        let reporting = object["reportingComponent"].as_str().unwrap_or_default();
        return if component.is_empty() { reporting } else { component }.into();
    }
    let name = match name {
        "status.successful" => "status.succeeded",
        other => other,
    };
    let mut found = object;
    for step in name.split('.') {
        found = &found[step];
    }
    match found {
        Value::String(text) => text.as_str().into(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::Number(number) => number.to_string().into(),
        Value::Array(items) if name == "status.podIPs" => {
            let each = items.iter().filter_map(|item| item["ip"].as_str());
            each.collect::<Vec<_>>().join(",").into()
        }
        // What is not there has its zero value.
        _ => match name {
            "spec.unschedulable" | "spec.hostNetwork" => "false".into(),
            "status.replicas" | "status.succeeded" => "0".into(),
            _ => "".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn terms_are_read_and_met() {
        let fields = Fields::parse(r"metadata.name=a\,b,status.phase!=Failed,").unwrap();
        assert_eq!(fields.requires("metadata.name"), Some("a,b"));
        let of = |name: &str| if name == "metadata.name" { "a,b" } else { "" };
        assert!(fields.matches(of));
        assert!(!fields.matches(|_| "Failed"));
        for text in ["a", "a=b=c", "a!b", r"a=\x"] {
            assert!(Fields::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_has_its_zero_value() {
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}});
        assert_eq!(&*field_values(&node), &["false".into()]);
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"nodeName": "n"}});
        assert_eq!(&*field_values(&pod)[0], "n");
    }
}
