//! The command as a process: exit codes, streams, signals, locks.
//!
//! The process is the example `front`, which has all of the command but the key space.

#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

/// The example, which cargo builds beside the tests.
fn program() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    let path = path.join("examples").join("front");
    assert!(
        path.exists(),
        "{} is missing: cargo build -p store --examples",
        path.display()
    );
    path
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env_clear().stdin(Stdio::null());
    command
}

fn output(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The log lines of a stream; fails on a line that is no JSON object with etcd's keys.
fn lines(text: &str) -> Vec<Value> {
    let parse = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        for key in ["level", "ts", "caller", "msg"] {
            assert!(value[key].is_string(), "{key} is missing: {line}");
        }
        value
    };
    text.lines().map(parse).collect()
}

/// A member that runs, and ends with the test.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    seen: Vec<Value>,
}

impl Running {
    fn start(dir: &Path, extra: &[&str], environment: &[(&str, &Path)]) -> Self {
        let mut args = vec![
            "--listen-client-urls=http://127.0.0.1:0",
            "--listen-peer-urls=http://127.0.0.1:0",
        ];
        args.push("--advertise-client-urls=http://127.0.0.1:2379");
        args.extend(extra);
        let mut command = command(&args);
        command
            .arg("--data-dir")
            .arg(dir)
            .envs(environment.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            log,
            seen: Vec::new(),
        }
    }

    /// Reads the log until a message comes; fails if the member ends first.
    fn wait_for(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            let count = self.log.read_line(&mut line).unwrap();
            assert!(
                count > 0,
                "the member ended before {message:?}: {:?}",
                self.seen
            );
            let line = lines(&line).remove(0);
            self.seen.push(line.clone());
            if line["msg"] == message {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Waits for the end; gives the status and the rest of the log.
    ///
    /// A member that does not end is killed after a while, so that the test fails and not hangs.
    fn end(mut self) -> (ExitStatus, Vec<Value>) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        let (ended, watched) = std::sync::mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if watched.recv_timeout(Duration::from_secs(30)) == Err(RecvTimeoutError::Timeout) {
                let _ = kill_process(id, Signal::KILL);
            }
        });
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        drop(ended);
        watchdog.join().unwrap();
        (self.child.wait().unwrap(), lines(&rest))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn version_and_help_go_to_stdout_and_end_well() {
    let version = output(&["--version"]);
    assert_eq!(version.status.code(), Some(0));
    assert!(
        version
            .stdout
            .starts_with(b"etcd Version: 3.7.1\nGit SHA: ")
    );
    for flag in ["--help", "-h"] {
        let help = output(&[flag]);
        assert_eq!(help.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&help.stdout).contains("--listen-client-urls"));
        assert!(stderr(&help).starts_with("Usage:\n\n  etcd [flags]\n"));
    }
}

#[test]
fn a_flag_that_cannot_be_read_ends_with_two_and_the_usage() {
    let refused = output(&["--foo"]);
    assert_eq!(refused.status.code(), Some(2));
    let text = stderr(&refused);
    assert!(
        text.starts_with("flag provided but not defined: -foo\nUsage:\n"),
        "{text}"
    );
}

#[test]
fn settings_that_do_not_fit_end_with_one_and_a_log_line() {
    let refused = output(&["foo"]);
    assert_eq!(refused.status.code(), Some(1));
    let log = lines(&stderr(&refused));
    let last = log.last().unwrap();
    assert_eq!(last["level"], "warn");
    assert_eq!(last["msg"], "failed to verify flags");
    assert_eq!(last["error"], "\"foo\" is not a valid flag");
    let apart = output(&["--auto-compaction-mode=x", "--log-outputs=stdout"]);
    let log = lines(std::str::from_utf8(&apart.stdout).unwrap());
    assert_eq!(
        log.last().unwrap()["error"],
        "unknown auto-compaction-mode \"x\""
    );
}

#[test]
fn a_setting_by_flag_and_variable_ends_with_a_fatal_line() {
    let refused = command(&["--name=x"])
        .env("ETCD_NAME", "y")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let log = lines(&stderr(&refused));
    let last = log.last().unwrap();
    assert_eq!(
        (&last["level"], &last["environment-variable"]),
        (&"fatal".into(), &"ETCD_NAME".into())
    );
}

#[test]
fn a_signal_stops_the_member_and_is_its_status() {
    for (signal, number, name) in [
        (Signal::TERM, 15, "terminated"),
        (Signal::INT, 2, "interrupt"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut running = Running::start(dir.path(), &["--log-level=debug"], &[]);
        running.wait_for("ready to serve client requests");
        running.wait_for("successfully notified init daemon");
        running.signal(signal);
        assert_eq!(
            running.wait_for("received signal; shutting down")["signal"],
            name
        );
        let (status, _) = running.end();
        assert_eq!(status.signal(), Some(number), "{status}");
    }
}

#[test]
fn the_port_answers_once_the_member_is_ready() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = "--listen-metrics-urls=http://127.0.0.1:0";
    let mut running = Running::start(dir.path(), &[metrics], &[]);
    let line = running.wait_for("serving client traffic insecurely; this is strongly discouraged!");
    assert_eq!(line["traffic"], "grpc+http");
    assert!(
        get(line["address"].as_str().unwrap(), "/health")
            .ends_with("{\"health\":\"true\",\"reason\":\"\"}")
    );
    let line = running.wait_for("serving metrics");
    assert!(get(line["address"].as_str().unwrap(), "/readyz").ends_with("ok\n"));
}

fn get(address: &str, path: &str) -> String {
    use std::io::Write as _;
    let mut socket = std::net::TcpStream::connect(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(
        socket,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// The error of a start that fails, which is its last line.
fn failure(dir: &Path, extra: &[&str]) -> (Option<i32>, String) {
    let (status, log) = Running::start(dir, extra, &[]).end();
    let last = log.last().unwrap();
    assert_eq!(last["level"], "fatal", "{last}");
    (status.code(), last["error"].as_str().unwrap().to_owned())
}

#[test]
fn a_port_in_use_ends_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let flag = format!("--listen-metrics-urls=http://{address}");
    let text = format!("listen tcp {address}: bind: address already in use");
    assert_eq!(failure(dir.path(), &[&flag]), (Some(1), text));
}

#[test]
fn a_second_instance_on_a_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Running::start(dir.path(), &[], &[]);
    first.wait_for("ready to serve client requests");
    let (code, text) = failure(dir.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("is in use by another process"), "{text}");
    first.signal(Signal::TERM);
    first.end();
    Running::start(dir.path(), &[], &[]).wait_for("ready to serve client requests");
}

#[test]
fn the_data_of_gos_etcd_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("member/snap")).unwrap();
    std::fs::write(dir.path().join("member/snap/db"), b"bolt").unwrap();
    let (code, text) = failure(dir.path(), &[]);
    assert_eq!(code, Some(1));
    assert!(
        text.contains("member/snap/db") && text.contains("etcdutl snapshot restore"),
        "{text}"
    );
}

#[test]
fn a_member_outside_its_cluster_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    let (code, text) = failure(dir.path(), &["--initial-cluster=foo=http://127.0.0.1:1"]);
    let expected = r#"couldn't find local name "default" in the initial cluster configuration"#;
    assert_eq!((code, text.as_str()), (Some(1), expected));
}

#[test]
fn systemd_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let data = dir.path().join("data");
    let mut running = Running::start(&data, &[], &[("NOTIFY_SOCKET", &path)]);
    let mut message = [0; 64];
    let count = socket.recv(&mut message).unwrap();
    assert_eq!(&message[..count], b"READY=1\n");
    running.wait_for("successfully notified init daemon");
}

#[test]
fn a_broken_invariant_is_one_line_and_ends_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = "--initial-cluster=broken=http://localhost:2380";
    let (status, log) = Running::start(dir.path(), &["--name=broken", cluster], &[]).end();
    assert_eq!(status.signal(), Some(6), "{status}");
    let last = log.last().unwrap();
    assert_eq!(last["level"], "fatal");
    assert!(
        last["error"]
            .as_str()
            .unwrap()
            .contains("the test of broken invariants"),
        "{last}"
    );
    assert!(
        last["place"].as_str().unwrap().contains("front.rs:"),
        "{last}"
    );
}

#[test]
fn a_member_that_fails_ends_with_one() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        failure(dir.path(), &["--name=failing"]),
        (Some(1), "as asked".into())
    );
}
