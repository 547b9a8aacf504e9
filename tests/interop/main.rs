//! etcd's official clients against the store: each must find an etcd.
//!
//! One module per language. A client is a small program in that language which runs its scenarios
//! against one endpoint and prints `ok <scenario>` for each; here a fresh server is started for
//! each program, and the program is built, run and judged. The server is ours, or any binary that
//! takes etcd's flags, named by `PINTLE_TEST_ETCD`: every test here passes against the real etcd.
//!
//! A missing toolchain fails the test that needs it, saying what to install.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod apiserver;
mod go;
mod java;
mod node;
mod program;
mod python;
mod rust;
