//! A real Kubernetes API server on the store: `tests/apiserver`, a Go program which loads it as a
//! cluster would and checks that nothing is lost. Here is the other half: this kills the store and
//! starts it again when the program asks for it, and reads the store's log at the end.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use harness::Server;

use crate::program::{QUIET, build, build_folder, sources};

/// The longest the whole run may take; it takes about a minute on two cores.
const LIMIT: Duration = Duration::from_secs(540);

/// Steps of the program.
const STEPS: usize = 14;

#[test]
fn kubernetes_api_server() {
    let go = harness::tool("go", "install Go 1.26 or newer").unwrap_or_else(|e| panic!("{e}"));
    let program = build_folder("go").join("apiserver");
    build(
        Command::new(go)
            .current_dir(sources("../apiserver"))
            .args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
            .arg(&program)
            .arg("."),
    );
    let _alone = QUIET
        .write()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let binary = harness::binary("etcd").unwrap_or_else(|error| panic!("{error}"));
    // As kubeadm sets it.
    let mut server = Server::start(binary, &["--watch-progress-notify-interval=5s"])
        .unwrap_or_else(|error| panic!("{error}"));
    let child = Command::new(program)
        .arg(server.endpoint())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was just built");
    let mut run = Run::new(child);
    let mut passed = 0;
    while let Some(line) = run.line() {
        if line == "outage" {
            server.kill();
            server.restart().unwrap_or_else(|error| panic!("{error}"));
            run.answer("restarted");
        }
        passed += usize::from(line.starts_with("ok "));
        println!("{line}");
    }
    let errors = server.error_lines().join("\n");
    assert_eq!(
        passed,
        STEPS,
        "{}\nthe store's errors:\n{errors}",
        run.errors()
    );
    assert!(errors.is_empty(), "the store's errors:\n{errors}");
    assert!(server.is_running(), "the store ended:\n{}", server.log());
}

/// The running program. Dropping it kills it.
struct Run {
    child: Child,
    lines: Receiver<String>,
    errors: Option<thread::JoinHandle<Vec<u8>>>,
    deadline: Instant,
}

impl Run {
    fn new(mut child: Child) -> Run {
        let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            drop(BufReader::new(stderr).read_to_end(&mut text));
            text
        });
        Run {
            child,
            lines,
            errors: Some(errors),
            deadline: Instant::now() + LIMIT,
        }
    }

    /// The next line that the program prints; none after its end.
    fn line(&mut self) -> Option<String> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("no end within {LIMIT:?}:\n{}", self.errors())
            }
        }
    }

    fn answer(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").expect("the program reads its input");
    }

    /// Ends the program and gives the end of what it wrote to its error stream, where the API
    /// server's log is.
    fn errors(&mut self) -> String {
        drop(self.child.kill());
        let text = self
            .errors
            .take()
            .and_then(|reader| reader.join().ok())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // Both fail only for a program that has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
