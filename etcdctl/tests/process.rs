//! What only a process can show: raw arguments, a closed stdout, exit codes.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};

fn etcdctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_etcdctl"));
    command.env_clear();
    command
}

#[test]
fn a_closed_stdout_ends_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = etcdctl().arg("options").stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(141));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn arguments_that_are_not_utf8_are_read() {
    let key = OsString::from_vec(b"\xff\xfe".to_vec());
    let output = etcdctl()
        .args(["get", "--order"])
        .arg(key)
        .arg("k")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.starts_with("Error: bad sort order"), "{text}");
}

#[test]
fn without_a_server_the_command_timeout_counts() {
    let mut child = etcdctl()
        .args([
            "put",
            "k",
            "--endpoints=127.0.0.1:1",
            "--command-timeout=200ms",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"value").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.ends_with("Error: context deadline exceeded\n"),
        "{text}"
    );
}
