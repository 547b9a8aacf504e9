//! The etcd-compatible store: one member of a Raft cluster that speaks etcd 3.7's API.
//!
//! A write walks the modules in this order: `rpc` checks it, `propose` admits it, `raft` orders
//! it, `wal` makes it durable, `apply` carries it out on `mvcc`, `lease` and the other tables,
//! `backend` keeps the checkpoints, and `watch` tells who asked to know.

pub mod clock;
pub mod config;
pub mod datadir;
pub mod discovery;
pub mod etcd;
pub mod gateway;
pub mod http;
pub mod logging;
pub mod metrics;
pub mod serve;
pub mod spans;
pub mod together;
pub mod v2;
pub mod version;

pub mod alarm;
pub mod answers;
pub mod command;
pub mod peer;
pub mod propose;
pub mod quota;
pub mod raft;
pub mod read;
pub mod rpc;

pub mod member;

pub mod disk;
pub mod wal;

pub mod apply;
pub mod archive;
pub mod auth;
pub mod backend;
pub mod catchup;
pub mod cluster;
pub mod corrupt;
pub mod lease;
pub mod mvcc;
pub mod watch;

pub mod bolt;
pub mod snapshot;

#[cfg(test)]
mod fuzz;
