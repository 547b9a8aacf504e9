//! Tests of the store from the outside: our processes and files next to those of the real etcd.
//!
//! The real binaries are built by `cargo xtask peers`.

mod snapshot;
