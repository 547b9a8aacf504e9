//! How a member that has missed too much catches up: it is sent all records, in the order of their
//! revisions, from a view of another member's state.
//!
//! ```text
//! sender (leader)                                        receiver
//! hello: cluster, raft's message            ---->
//!                                           <----        position: all up to here I have
//! view: index, revision, compact revision   ---->
//! roll ...: of those up to there, these live ---->       removes the others
//! piece ...: the records behind it          ---->        writes them
//!     (the view got in the way: view, roll, piece ... once more, from there)
//! end: the other state, count, hash         ---->        checks, flushes, gives it its name
//!                                           <----        verdict
//! ```
//!
//! **Resumable.** Committed records never change and have their place, so what has arrived is of
//! use whoever goes on, and from whichever later view. What was compacted in between is told by a
//! roll call (why that must be: `mvcc/pieces.rs`); it is left out where both views stand at the same
//! compaction and the first had finished it. Each view must be at least as new as the one before.
//!
//! **Bounded.** A view keeps the sender's state from being saved, so its log grows meanwhile: when
//! that has grown by [`Options::view_bytes_max`] the view is given up, a checkpoint happens, and the
//! transfer goes on from a new view, on the same stream. When all has been sent and the log went on
//! a good deal, the difference is sent from another view, so that what follows by the log is little.
//! Nothing but the frames under way is in memory, on both sides: few, as the channels are bounded,
//! and each a chunk of the checkpoint or a single larger record.
//!
//! **Checked.** Each frame has a checksum and a number, each chunk the checksums it has on disk; the
//! end has the count of all records and a hash over everything from the first byte on, whichever
//! streams it came by.
//!
//! ```text
//! frame:  | crc32c of the rest, 4 LE | protobuf: number within the stream and direction, one of the above |
//! piece:  the two entries of a chunk, as drawn in mvcc/chunk.rs; a roll as in mvcc/pieces.rs
//! hash:   SHA-256 over | hash so far | 1 | length of the headers, 8 LE | headers | values |  for a piece
//!                      | hash so far | 2 | main, 8 LE | sub, 8 LE | present |               for a roll
//! ```
//!
//! [`outgoing`] and [`incoming`] are the two ends without clock, threads and network, for whoever
//! wants to drive them; [`send()`] and [`receive()`] drive them over channels of frames, which a
//! transport has to carry in order and need not understand. Where received state is kept is up to
//! a [`Site`]: [`Folder`] on a disk, [`MemorySite`] for tests and the simulation.

mod background;
mod error;
mod folder;
mod frame;
mod inbox;
mod memory;
mod options;
mod receive;
mod send;
mod site;
mod tally;
mod view;

pub mod incoming;
pub mod outgoing;

pub use error::Error;
pub use folder::{Folder, current, remove_others};
pub use inbox::Inbox;
pub use incoming::Received;
pub use memory::MemorySite;
pub use options::Options;
pub use outgoing::{Greeting, Sent};
pub use receive::receive;
pub use send::send;
pub use site::Site;
pub use view::{View, ViewSource};

#[cfg(test)]
mod tests;
