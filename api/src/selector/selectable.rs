//! By which fields the objects of a kind can be selected.
//!
//! Source: the field label conversions of upstream's `pkg/apis/*/*/conversion.go` and the
//! `ToSelectableFields` functions of its `pkg/registry/*/*/strategy.go`.

use serde_json::Value;

use super::SelectorError;
use crate::status::text::quote;

/// The fields that objects of a kind can be selected by, and how each is read.
#[derive(Clone, Debug)]
pub struct Selectable {
    fields: Vec<Field>,
    refusal: Refusal,
}

#[derive(Clone, Debug)]
struct Field {
    label: Box<str>,
    /// Where its value lies; of several the first that is not empty counts.
    paths: Vec<Box<[Box<str>]>>,
    /// What it reads as where the object does not have it.
    zero: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum Refusal {
    Known,
    Plain,
    Job,
    Slice,
}

const NAME: Row = ("metadata.name", "metadata.name", "");
const NAMESPACE: Row = ("metadata.namespace", "metadata.namespace", "");

/// Label, paths parted by `|`, zero value.
type Row = (&'static str, &'static str, &'static str);

const POD: [Row; 11] = [
    ("spec.nodeName", "spec.nodeName", ""),
    ("spec.restartPolicy", "spec.restartPolicy", ""),
    ("spec.schedulerName", "spec.schedulerName", ""),
    ("spec.serviceAccountName", "spec.serviceAccountName", ""),
    ("spec.hostNetwork", "spec.hostNetwork", "false"),
    ("status.phase", "status.phase", ""),
    ("status.podIP", "status.podIP|status.podIPs.0.ip", ""),
    // Upstream takes the label, but gives it no value.
    ("status.podIPs", "", ""),
    ("status.nominatedNodeName", "status.nominatedNodeName", ""),
    // What the first clients of v1 sent.
    ("spec.host", "spec.nodeName", ""),
    NAMESPACE,
];

/// Both versions of an event show the same object under other names, and either may be at hand.
const EVENT: [Row; 12] = [
    (
        "involvedObject.kind",
        "involvedObject.kind|regarding.kind",
        "",
    ),
    (
        "involvedObject.namespace",
        "involvedObject.namespace|regarding.namespace",
        "",
    ),
    (
        "involvedObject.name",
        "involvedObject.name|regarding.name",
        "",
    ),
    ("involvedObject.uid", "involvedObject.uid|regarding.uid", ""),
    (
        "involvedObject.apiVersion",
        "involvedObject.apiVersion|regarding.apiVersion",
        "",
    ),
    (
        "involvedObject.resourceVersion",
        "involvedObject.resourceVersion|regarding.resourceVersion",
        "",
    ),
    (
        "involvedObject.fieldPath",
        "involvedObject.fieldPath|regarding.fieldPath",
        "",
    ),
    ("reason", "reason", ""),
    (
        "reportingComponent",
        "reportingComponent|reportingController",
        "",
    ),
    (
        "source",
        "source.component|deprecatedSource.component|reportingComponent|reportingController",
        "",
    ),
    ("type", "type", ""),
    NAMESPACE,
];

impl Selectable {
    /// Those of a built-in kind.
    #[must_use]
    pub fn builtin(group: &str, kind: &str) -> Self {
        match (group, kind) {
            ("", "Pod") => Self::of(&POD, Refusal::Plain),
            ("", "Event") => Self::of(&EVENT, Refusal::Plain),
            ("events.k8s.io", "Event") => Self::regarding(),
            ("", "Node") => Self::of(
                &[("spec.unschedulable", "spec.unschedulable", "false")],
                Refusal::Plain,
            ),
            ("", "ReplicationController") => Self::of(
                &[NAMESPACE, ("status.replicas", "status.replicas", "0")],
                Refusal::Plain,
            ),
            ("", "Namespace") => Self::of(&[("status.phase", "status.phase", "")], Refusal::Plain),
            ("", "Secret") => Self::of(&[NAMESPACE, ("type", "type", "")], Refusal::Plain),
            ("", "Service") => Self::of(
                &[
                    NAMESPACE,
                    ("spec.clusterIP", "spec.clusterIP", ""),
                    ("spec.type", "spec.type", ""),
                ],
                Refusal::Plain,
            ),
            ("batch", "Job") => Self::of(
                &[NAMESPACE, ("status.successful", "status.succeeded", "0")],
                Refusal::Job,
            ),
            ("certificates.k8s.io", "CertificateSigningRequest" | "ClusterTrustBundle") => {
                Self::of(
                    &[("spec.signerName", "spec.signerName", "")],
                    Refusal::Plain,
                )
            }
            ("certificates.k8s.io", "PodCertificateRequest") => Self::of(
                &[
                    ("spec.signerName", "spec.signerName", ""),
                    ("spec.podName", "spec.podName", ""),
                    ("spec.nodeName", "spec.nodeName", ""),
                ],
                Refusal::Plain,
            ),
            ("resource.k8s.io", "ResourceSlice") => Self::of(
                &[
                    ("spec.nodeName", "spec.nodeName", ""),
                    ("spec.driver", "spec.driver", ""),
                    ("spec.pool.name", "spec.pool.name", ""),
                ],
                Refusal::Slice,
            ),
            _ => Self::of(&[NAMESPACE], Refusal::Known),
        }
    }

    /// Those of a custom resource: the `jsonPath`s of its version's `selectableFields` (`.spec.color`).
    #[must_use]
    pub fn custom<'a>(namespaced: bool, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let mut made = if namespaced {
            Self::of(&[NAMESPACE], Refusal::Plain)
        } else {
            Self::of(&[], Refusal::Plain)
        };
        for path in paths {
            let path = path.strip_prefix('.').unwrap_or(path);
            made.fields.push(Field::of(path, path, ""));
        }
        made
    }

    fn of(rows: &[Row], refusal: Refusal) -> Self {
        let rows = [NAME].into_iter().chain(rows.iter().copied());
        Self {
            fields: rows
                .map(|(label, paths, zero)| Field::of(label, paths, zero))
                .collect(),
            refusal,
        }
    }

    fn regarding() -> Self {
        let mut made = Self::of(&EVENT, Refusal::Plain);
        made.fields.retain(|field| &*field.label != "source");
        for field in &mut made.fields {
            if let Some(rest) = field.label.strip_prefix("involvedObject") {
                field.label = format!("regarding{rest}").into();
            } else if &*field.label == "reportingComponent" {
                field.label = "reportingController".into();
            }
        }
        made
    }

    /// The labels, in the order of [`Self::values`].
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| &*field.label)
    }

    /// The number of a label in [`Self::labels`].
    ///
    /// # Errors
    ///
    /// If the kind cannot be selected by it, in upstream's words.
    pub fn find(&self, label: &str) -> Result<usize, SelectorError> {
        let mut labels = self.labels();
        labels
            .position(|it| it == label)
            .ok_or_else(|| self.refuse(label))
    }

    fn refuse(&self, label: &str) -> SelectorError {
        SelectorError(match self.refusal {
            Refusal::Known => format!(
                "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                quote(label)
            ),
            Refusal::Plain => format!("field label not supported: {label}"),
            Refusal::Job => format!("field label {} not supported for Job", quote(label)),
            Refusal::Slice => format!(
                "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {label}"
            ),
        })
    }

    /// What the fields of an object read as. A field it does not have reads as its zero value.
    #[must_use]
    pub fn values(&self, object: &Value) -> Vec<String> {
        let values = self.fields.iter().map(|field| field.read(object));
        values.collect()
    }
}

impl Field {
    fn of(label: &str, paths: &str, zero: &'static str) -> Self {
        let paths = paths.split('|').filter(|path| !path.is_empty());
        let steps = |path: &str| path.split('.').map(Into::into).collect();
        Self {
            label: label.into(),
            paths: paths.map(steps).collect(),
            zero,
        }
    }

    fn read(&self, object: &Value) -> String {
        for path in &self.paths {
            let found = path.iter().try_fold(object, |at, step| match at {
                Value::Array(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
                at => at.get(&**step),
            });
            let text = match found {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Bool(it)) => it.to_string(),
                Some(Value::Number(it)) => it.to_string(),
                _ => continue,
            };
            if !text.is_empty() {
                return text;
            }
        }
        self.zero.to_owned()
    }
}
