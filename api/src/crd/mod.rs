//! Custom resource definitions (`apiextensions.k8s.io/v1`) and the objects they define, without I/O.
//!
//! ```text
//! definition ─ prepare, validate_definition ─► stored ─ conditions ─► status: accepted names, conditions
//!      │
//!      ├─ schema ──► Schema ── wire reads objects ── defaults ── Validator, duplicates ─► stored
//!      └─ open_api ─► /openapi/v2, /openapi/v3
//! ```
//!
//! Rules in CEL (`x-kubernetes-validations`) are kept and published, but not run: objects are not checked
//! against them, and neither are the rules themselves.
//!
//! Source of the rules: k8s.io/apiextensions-apiserver, k8s.io/kube-openapi's validation.

mod columns;
mod conditions;
mod convert;
mod defaults;
mod definition;
mod get;
mod lists;
mod object;
mod open_api;
mod prepare;
mod scale;
mod schema;
mod values;

pub use columns::{columns, selectable};
pub use conditions::{FINALIZER, Termination, conditions, terminating};
pub use convert::convert;
pub use defaults::defaults;
pub use definition::validate_definition;
pub use lists::duplicates;
pub use object::{validate_embedded, validate_kind, validate_scale};
pub use open_api::{Dialect, open_api, open_api_list};
pub use prepare::{default_definition, prepare};
pub use scale::{ScaleError, ScalePaths};
pub use schema::{SchemaError, schema, type_name, version};
pub use values::{Validator, validate_value};
