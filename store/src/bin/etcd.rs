//! The `etcd` command: the store alone, under etcd's name and with etcd's flags.

use std::process::ExitCode;

fn main() -> ExitCode {
    store::etcd::main(store::member::serve)
}
