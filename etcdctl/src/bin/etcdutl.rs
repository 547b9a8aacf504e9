//! The `etcdutl` binary: [`etcdctl::utl::run`] on this process's arguments and streams.

use std::io;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    let code = etcdctl::utl::run(args, &mut io::stdout(), &mut io::stderr());
    ExitCode::from(code)
}
