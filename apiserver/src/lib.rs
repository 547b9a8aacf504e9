//! The Kubernetes API server: who asks, may they, what they ask for, and where it is kept.
//!
//! A request meets, in the order of the folders: `serve` (TLS, HTTP), `chain` (every filter), `authn`,
//! `authz`, `verb`, `cache` (reads), `storage` (writes).

pub mod admission;
pub mod answer;
pub mod authn;
pub mod authz;
pub mod cache;
pub mod call;
pub mod chain;
pub mod compaction;
pub mod documents;
pub mod fault;
pub mod flags;
pub mod gate;
pub mod go;
pub mod kind;
pub mod local;
pub mod object;
pub mod openapi;
pub mod registry;
pub mod run;
pub mod serve;
pub mod server;
pub mod shared;
pub mod start;
pub mod storage;
pub mod tokens;
pub mod verb;
