//! The way to other members, as raft sees it.

use bytes::Bytes;

/// What carries raft's messages. Messages are opaque, may be lost, repeated and overtaken; none
/// may be changed.
pub trait Outbox: Send + Sync {
    /// Sends messages to a member, in order. Never waits: what finds no room is dropped, since
    /// raft repeats itself, and [`super::Handle::unreachable`] tells raft so.
    fn send(&self, to: u64, messages: Vec<Bytes>);

    /// Brings a snapshot of the state to a member, in the background. `message` is what raft wants
    /// to say along with it. [`super::Handle::snapshot_sent`] tells how it ended.
    fn send_snapshot(&self, to: u64, message: Bytes);
}

/// The way of a cluster of one: there is nobody to write to.
#[derive(Debug)]
pub struct Nowhere;

impl Outbox for Nowhere {
    fn send(&self, _to: u64, _messages: Vec<Bytes>) {}

    fn send_snapshot(&self, _to: u64, _message: Bytes) {}
}
