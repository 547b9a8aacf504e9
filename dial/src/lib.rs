//! Connections to servers that speak etcd's API.
//!
//! ```text
//! endpoint ─▶ Target ─ dial ─ TLS ─ greeting ─▶ Connection (a channel for calls)
//! ```
//!
//! An endpoint is `host:port`, `http://host:port`, `https://host:port`, `unix:path`, `unix://path` or
//! the same with `unixs`. Whether TLS is spoken is not for the endpoint to say: etcd's client goes by
//! the first of them for all. What fails is told in the words of Go's library.

mod connection;
mod greeting;
pub mod http;
pub mod srv;
mod target;

pub use connection::{Connection, Pings, peer};
pub use target::{ReadWrite, Stream, Target};

use std::io;

/// An operating system error as Go words it: `connection refused`.
#[must_use]
pub fn os_error(why: &io::Error) -> String {
    let text = why.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
