//! `etcdutl`: works on files while no server is running on them.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let code = etcdctl::utl::run(&arguments, &mut std::io::stdout(), &mut std::io::stderr());
    ExitCode::from(code)
}
