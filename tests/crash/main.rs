//! What must hold on bad days: kills under load, damaged files, full disks, hostile clients.
//!
//! Everything here runs the real binary as a process and looks at it from the outside.

mod client;
mod copy;
mod images;
mod rounds;
