//! Tests of the store from the outside: our processes and files next to those of the real etcd.
//!
//! The real binaries are built by `cargo xtask peers`, ours by `cargo build`.
#![allow(
    clippy::unwrap_used,
    reason = "in a test an unwrap is an assertion, also outside of the test function"
)]

mod snapshot;
