//! The program `chaos`, which loads a cluster and judges it: building it, and talking to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest a build may take when every dependency must be downloaded first.
const BUILD_LIMIT: Duration = Duration::from_secs(600);

/// Where the program's sources are.
pub(crate) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/chaos")
}

/// Runs `go` in the program's folder.
pub(crate) fn go(arguments: &[&str]) -> std::process::Output {
    let go = harness::tool("go", "install Go 1.26 or newer").unwrap_or_else(|e| panic!("{e}"));
    let mut command = Command::new(go);
    command.current_dir(sources()).args(arguments);
    let output = harness::output(&mut command, BUILD_LIMIT).unwrap_or_else(|e| panic!("{e}"));
    assert!(
        output.status.success(),
        "{command:?} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    output
}

/// The program, built once by the test that needs it first.
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = harness::target_dir().unwrap().join("e2e");
        std::fs::create_dir_all(&folder).unwrap();
        let program = folder.join("chaos");
        let path = program.to_str().unwrap();
        go(&["build", "-mod=readonly", "-buildvcs=false", "-o", path, "."]);
        program
    })
}

/// Traffic under way. Dropping it kills the program.
pub(crate) struct Traffic {
    child: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<Vec<u8>>>,
}

impl Traffic {
    /// Starts it and waits until the first write was acknowledged.
    pub(crate) fn start(flags: &[String], endpoints: &[String]) -> Traffic {
        let mut child = Command::new(program())
            .arg("run")
            .args(flags)
            .args(endpoints)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
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
            // What was read before an error is still worth showing.
            drop(stderr.read_to_end(&mut text));
            text
        });
        let mut traffic = Traffic {
            child,
            lines,
            errors: Some(errors),
        };
        let line = traffic.line(Instant::now() + Duration::from_secs(120));
        assert_eq!(line.as_deref(), Some("begun"), "{}", traffic.errors());
        traffic
    }

    /// Writes a note into the history, such as which fault begins.
    pub(crate) fn mark(&mut self, text: &str) {
        // When the program has ended, its verdict is missing, which is told at the end.
        drop(writeln!(self.child.stdin.as_mut().unwrap(), "{text}"));
    }

    /// Ends the traffic and gives the verdict: what was found, and whether all promises were kept.
    pub(crate) fn end(mut self, limit: Duration) -> (String, bool) {
        self.mark("end");
        drop(self.child.stdin.take());
        let deadline = Instant::now() + limit;
        let mut report = String::new();
        while let Some(line) = self.line(deadline) {
            report += &line;
            report.push('\n');
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let mut status = None;
        let _ended = harness::eventually(left, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        report += &self.errors();
        (report, status.is_some_and(|status| status.success()))
    }

    /// The next line that the program prints; none after its end or the deadline.
    fn line(&mut self, deadline: Instant) -> Option<String> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.lines.recv_timeout(left).ok()
    }

    /// Ends the program and gives what it wrote to its error stream.
    fn errors(&mut self) -> String {
        drop(self.child.kill());
        let reader = self.errors.take();
        let text = reader.and_then(|reader| reader.join().ok());
        String::from_utf8_lossy(&text.unwrap_or_default()).into_owned()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        // Both fail only for a program that has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
