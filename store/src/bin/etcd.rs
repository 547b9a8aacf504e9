//! The `etcd` command.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The member is put here once raft, log and key space are joined.
    store::etcd::main(async |_| Err("this build has no member to run".into()))
}
