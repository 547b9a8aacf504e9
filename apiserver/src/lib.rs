//! The Kubernetes API server: who asks, may they, what they ask for, and where it is kept.
//!
//! A request meets, in the order of the folders: `serve` (TLS, HTTP), `chain` (every filter), `authn`,
//! `authz`, `verb` (and what it asks of `admission`), `cache` (reads), `storage` (writes).

pub mod admission;
pub mod answer;
pub mod authn;
pub mod authz;
pub mod cache;
pub mod call;
pub mod chain;
pub mod documents;
pub mod fault;
pub mod flags;
pub mod object;
pub mod registry;
pub mod run;
pub mod serve;
pub mod server;
pub mod storage;
pub mod verb;
