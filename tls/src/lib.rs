//! TLS by the rules and in the words of etcd, on rustls.
//!
//! ```text
//! Settings ─┬─▶ Server: accept ─ handshake ─ names (SAN) ─ revoked (CRL) ─▶ stream
//!           └─▶ Client: connect ─ handshake ─▶ stream
//! ```
//!
//! - Certificates and keys are read again when their files change ([`keys`]), as are lists of
//!   revoked certificates ([`revoked`]); the authorities are read once, as in etcd.
//! - Who the other end is, is checked in [`verify`]: chain, allowed names. A server of members also
//!   checks that a client's certificate names the address it calls from ([`names`]).
//! - Cipher suites have Go's names ([`suites`]).
//! - [`self_signed`] makes what `--auto-tls` asks for.

mod asked;
mod client;
mod error;
mod files;
mod keys;
mod names;
mod p521;
mod revoked;
pub mod self_signed;
mod server;
mod settings;
mod suites;
mod verify;

pub use client::{Client, ClientStream, Trust};
pub use error::{Error, Rejected, told};
pub use names::common_name_in;
pub use server::{Server, ServerStream};
pub use settings::{Allowed, Settings, Version};
pub use suites::{Suite, parse_suites};

#[cfg(test)]
mod tests;
