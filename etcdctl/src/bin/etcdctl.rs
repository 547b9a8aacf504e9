//! The `etcdctl` binary: [`etcdctl::run`] on this process's arguments, environment and streams.

use std::process::ExitCode;

use etcdctl::{Env, Io, run};

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    ExitCode::from(run(args, &Env::process(), &mut Io::process()))
}
