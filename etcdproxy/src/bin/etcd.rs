//! The `etcd` command under etcd's name.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let text = |text: OsString| text.to_string_lossy().into_owned();
    let arguments: Vec<String> = std::env::args_os().map(text).collect();
    let environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    etcdproxy::etcd(&arguments, &environment)
}
