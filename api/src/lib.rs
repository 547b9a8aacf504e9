//! Kubernetes' kinds as tables, and all that is decided from them without I/O.
//!
//! An object is a tree ([`serde_json::Value`]); what its fields are, how they are encoded, merged and
//! defaulted stands in one table per type ([`schema`]), for built-in kinds and custom resources alike.

pub mod apply;
pub mod columns;
pub mod crd;
pub mod defaults;
pub mod discovery;

mod go;
pub mod openapi;
pub mod patch;
pub mod quantity;
pub mod resources;
pub mod schema;
pub mod selector;
pub mod status;
pub mod wire;
