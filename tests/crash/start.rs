//! Starts that are meant to fail: their exit code and what they wrote.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

/// How long a start that fails may take.
const LIMIT: Duration = Duration::from_secs(60);

/// How a start ended.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The exit code; none after a signal.
    pub(crate) code: Option<i32>,
    /// Everything written, line by line.
    pub(crate) lines: Vec<String>,
}

impl Refusal {
    /// The error of the one fatal line.
    ///
    /// # Panics
    /// When it did not end with code 1 and exactly one fatal line, or a line is no JSON.
    pub(crate) fn error(&self) -> String {
        assert_eq!(self.code, Some(1), "{self:#?}");
        let parse = |line: &String| -> Value {
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))
        };
        let mut fatal: Vec<Value> = self.lines.iter().map(parse).collect();
        fatal.retain(|line| line["level"] == "fatal");
        assert_eq!(fatal.len(), 1, "{self:#?}");
        let (message, error) = (&fatal[0]["msg"], &fatal[0]["error"]);
        format!("{}: {}", message.as_str().unwrap(), error.as_str().unwrap())
    }
}

/// Starts our server with these flags, and waits for its end.
///
/// # Panics
/// When it does not end by itself.
pub(crate) fn refusal(flags: &[&str]) -> Refusal {
    refusal_of(Command::new(harness::binary("etcd").unwrap()).args(flags))
}

/// The same for a command that starts it.
pub(crate) fn refusal_of(command: &mut Command) -> Refusal {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ETCD_") {
            command.env_remove(name);
        }
    }
    let output = harness::output(command, LIMIT).unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    Refusal {
        code: output.status.code(),
        lines: text.lines().map(str::to_owned).collect(),
    }
}

/// Flags that start a member on `data` with ports of the kernel's choice.
pub(crate) fn flags(data: &Path) -> Vec<String> {
    vec![
        format!("--data-dir={}", data.display()),
        "--name=m1".into(),
        "--listen-client-urls=http://127.0.0.1:0".into(),
        "--advertise-client-urls=http://127.0.0.1:2379".into(),
        "--listen-peer-urls=http://127.0.0.1:0".into(),
        "--initial-advertise-peer-urls=http://127.0.0.1:2380".into(),
        "--initial-cluster=m1=http://127.0.0.1:2380".into(),
    ]
}

/// Starts our server on `data` and waits for its end.
pub(crate) fn refusal_on(data: &Path) -> Refusal {
    let flags = flags(data);
    refusal(&flags.iter().map(String::as_str).collect::<Vec<_>>())
}
