//! Custom resource definitions (`apiextensions.k8s.io/v1`) and the objects they define, without I/O.
//!
//! ```text
//! definition ─ prepare, validate_definition ─► stored ─ conditions ─► status: accepted names, conditions
//!      │
//!      ├─ schema ──► Schema ── wire reads objects ── defaults ── Validator ── lists ─► stored
//!      └─ open_api ─► /openapi/v2, /openapi/v3
//! ```
//!
//! Rules in CEL (`x-kubernetes-validations`) are kept and published, but not run: objects are not checked
//! against them, and neither are the rules themselves.
//!
//! Source of the rules: k8s.io/apiextensions-apiserver, k8s.io/kube-openapi's validation.

mod defaults;
mod lists;
mod schema;
mod values;

pub use defaults::defaults;
pub use lists::duplicates;
pub use schema::{SchemaError, schema, type_name, version};
pub use values::{Validator, validate_value};
