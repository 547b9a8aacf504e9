//! The transport between members: raft's messages, snapshots, and the few calls that members make
//! of each other.
//!
//! ```text
//!  raft ── Outbox ──▶ peers ─▶ link ─┬─ queue ─▶ lane ══ control ══╗
//!                                    └─ queue ─▶ lane ══ append ═══╣ one connection each
//!                                                 snapshot ════════╝
//!  raft ◀── Local ─── service ◀─ listeners of --listen-peer-urls
//! ```
//!
//! - Each member opens its streams to each other one ([`lane`]); answers of raft come on the
//!   streams that the other member opens.
//! - Everything queued for a member goes in one message, one frame and one write ([`queue`]).
//!   Messages are [`bytes::Bytes`] that nobody looks into, except to tell log entries from the rest
//!   ([`kind`]), which never waits behind them.
//! - Nothing here blocks raft: queues are bounded, and what finds no room is dropped and reported.
//! - A snapshot has a connection of its own, and threads of the two members at its ends
//!   ([`snapshot`]); single calls take the connection of small messages.
//! - Who calls is checked before anything is read ([`greeting`]).
//!
//! The wire contract is `proto/proto/pintle/peer.proto`.

mod ask;
mod dial;
mod greeting;
mod kind;
mod lane;
mod link;
mod local;
mod peers;
mod queue;
mod renew;
mod service;
mod snapshot;
mod status;

pub use ask::{AskError, members};
pub use dial::{Caller, Client, DialError, Dialer};
pub use greeting::Refusal;
pub use local::{Frames, Local};
pub use peers::{Peers, Settings};

#[cfg(test)]
mod tests;
