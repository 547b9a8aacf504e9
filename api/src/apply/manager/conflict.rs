//! What refuses an apply.

use std::collections::BTreeMap;
use std::fmt;

use super::owners::Owner;
use crate::apply::element::show;
use crate::apply::fields::FieldSet;
use crate::go;

/// Why an apply is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Others own fields that it changes: HTTP status 409, reason `Conflict`, with a cause for each field.
    #[error("{0}")]
    Conflicts(Conflicts),
    /// What the request may not hold: HTTP status 400.
    #[error("{0}")]
    Malformed(String),
    /// An object that does not follow the schema, and what else upstream answers with HTTP status 500.
    #[error("{0}")]
    Failed(String),
}

/// Fields that others own, which an apply without force would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflicts(Vec<Conflict>);

/// A field that another manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What upstream orders managers by.
    id: String,
    /// The manager as texts name it: `"kubectl" with subresource "status" using apps/v1`.
    pub manager: String,
    /// The field: `.spec.replicas`.
    pub field: String,
}

impl Conflict {
    /// The text of the cause (`type` is `FieldManagerConflict`).
    #[must_use]
    pub fn message(&self) -> String {
        format!("conflict with {}", self.manager)
    }
}

impl Conflicts {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Conflict> {
        self.0.iter()
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [Conflict { manager, field, .. }] = self.0.as_slice() {
            return write!(
                f,
                "Apply failed with 1 conflict: conflict with {manager}: {field}"
            );
        }
        let mut managers: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for Conflict { id, manager, field } in &self.0 {
            managers.entry((id, manager)).or_default().push(field);
        }
        let mut lines = Vec::new();
        for ((_, manager), fields) in managers {
            lines.push(format!("conflicts with {manager}:"));
            lines.extend(fields.into_iter().map(|field| format!("- {field}")));
        }
        write!(
            f,
            "Apply failed with {} conflicts: {}",
            self.0.len(),
            lines.join("\n")
        )
    }
}

/// What an owner would lose.
#[derive(Clone, Debug)]
pub(super) struct Clash {
    pub(super) id: String,
    pub(super) owner: Owner,
    pub(super) lost: FieldSet,
}

/// Why the owners of fields could not be settled.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    Clashes(Vec<Clash>),
    Other(String),
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clashes(clashes) => Conflicts::from(clashes.as_slice()).fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl From<Failure> for ApplyError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Clashes(clashes) => Self::Conflicts(clashes.as_slice().into()),
            Failure::Other(text) => Self::Failed(text),
        }
    }
}

impl From<&[Clash]> for Conflicts {
    fn from(clashes: &[Clash]) -> Self {
        let conflicts = clashes.iter().flat_map(|clash| {
            let manager = name(&clash.owner);
            clash.lost.paths().into_iter().map(move |path| Conflict {
                id: clash.id.clone(),
                manager: manager.clone(),
                field: show(&path),
            })
        });
        Self(conflicts.collect())
    }
}

/// An owner as texts name it.
fn name(owner: &Owner) -> String {
    let mut name = go::quote(&owner.manager);
    if !owner.subresource.is_empty() {
        name = format!("{name} with subresource {}", go::quote(&owner.subresource));
    }
    if owner.operation == "Update" {
        name = format!("{name} using {}", owner.api_version);
    }
    name
}
