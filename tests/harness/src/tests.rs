//! The harness against small shell scripts that stand in for a server, so that its own tests need
//! nothing built.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Error, Options, Server, eventually, get, output, tool};

/// Writes an executable script and gives its path.
fn script(dir: &TempDir, body: &str) -> PathBuf {
    let path = dir.path().join("server");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn process_runs(pid: u32) -> bool {
    PathBuf::from(format!("/proc/{pid}")).exists()
}

#[test]
fn eventually_looks_at_least_once_and_stops_at_the_deadline() {
    assert!(eventually(Duration::ZERO, || true));
    let start = Instant::now();
    assert!(!eventually(Duration::from_millis(50), || false));
    assert!(start.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_server_that_ends_at_once_is_reported_with_its_log() {
    let dir = TempDir::new().unwrap();
    let binary = script(&dir, "echo 'cannot open the moon' >&2; exit 7");
    let error = Server::start(binary, &["--phase=full"]).unwrap_err();
    let Error::Exited {
        command,
        status,
        log,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(status.code(), Some(7));
    assert!(command.ends_with("--phase=full"), "{command}");
    assert_eq!(log, "cannot open the moon");
}

#[test]
fn a_server_that_never_gets_ready_is_killed() {
    let dir = TempDir::new().unwrap();
    let pid_file = dir.path().join("pid");
    let binary = script(
        &dir,
        &format!("echo $$ > {}; exec sleep 600", pid_file.display()),
    );
    let mut options = Options::new(binary);
    options.ready_limit = Duration::from_millis(300);
    let error = Server::start_with(options).unwrap_err();
    assert!(matches!(error, Error::NotReady { .. }), "{error}");
    let pid: u32 = fs::read_to_string(pid_file)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert!(!process_runs(pid));
}

#[test]
fn a_taken_port_is_tried_again_with_others() {
    let dir = TempDir::new().unwrap();
    let binary = script(
        &dir,
        &format!(
            "echo \"$@\" >> {}/starts; echo 'bind: address already in use'; exit 1",
            dir.path().display()
        ),
    );
    let error = Server::start(binary, &[]).unwrap_err();
    assert!(matches!(error, Error::Exited { .. }), "{error}");
    let starts = fs::read_to_string(dir.path().join("starts")).unwrap();
    let mut lines: Vec<&str> = starts.lines().collect();
    assert_eq!(lines.len(), super::server::PORT_TRIES);
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(
        lines.len(),
        super::server::PORT_TRIES,
        "each start has ports of its own"
    );
}

#[test]
fn http_replies_are_parsed_and_others_refused() {
    let answer = |bytes: &'static [u8]| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let read = stream.read(&mut request).unwrap();
            assert!(request[..read].starts_with(b"GET /health HTTP/1.0\r\n"));
            stream.write_all(bytes).unwrap();
        });
        let reply = get(&address, "/health");
        server.join().unwrap();
        reply
    };
    let (status, body) = answer(b"HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nno\r\n").unwrap();
    assert_eq!((status, body.as_str()), (503, "no\r\n"));
    assert!(matches!(
        answer(b"SSH-2.0-x\r\n\r\n"),
        Err(Error::Http { .. })
    ));
}

#[test]
fn output_gives_both_streams_and_enforces_the_deadline() {
    let mut command = Command::new("sh");
    // More than a pipe holds, on both streams.
    let result = output(
        command.args([
            "-c",
            "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3",
        ]),
        Duration::from_secs(30),
    )
    .unwrap();
    assert_eq!(result.status.code(), Some(3));
    assert_eq!(
        (result.stdout.len(), result.stderr.len()),
        (300_000, 300_000)
    );

    let mut command = Command::new("sh");
    let error = output(
        command.args(["-c", "echo begun; exec sleep 600"]),
        Duration::from_millis(300),
    );
    let Err(Error::Deadline { output, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(output, "begun\n");
}

#[test]
fn a_missing_tool_says_what_to_install() {
    assert!(tool("sh", "install a shell").is_ok());
    let error = tool("no-such-tool", "install the moon").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`no-such-tool` is not installed: install the moon"
    );
}
