//! What must hold on bad days: kills under load, damaged files, full disks, hostile clients.
//!
//! Everything here runs the real binary as a process and looks at it from the outside. Disks are made
//! full in mount namespaces of their own, for which the test runs as root or where users may make
//! namespaces.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

mod client;
mod copy;
mod days;
mod images;
mod rounds;
mod start;
