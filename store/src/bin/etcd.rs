//! The `etcd` command: the store alone, under etcd's name and with etcd's flags.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    store::etcd::main(store::member::serve)
}
