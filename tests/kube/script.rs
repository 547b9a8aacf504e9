//! Scripts of command lines with what they print.
//!
//! ```text
//! # said of what follows
//! $ kubectl get ns          a command, run by the shell in the files' folder
//! NAME   STATUS   AGE       what it prints on stdout and stderr, line by line; `*` stands for anything
//! default * *
//! ...                       any number of lines
//! ! 1                       the exit code, if it is not 0
//! $-1.27 kubectl auth …     a command that this version cannot do
//! <<< name.yaml             a file for the commands that follow, up to
//! >>>
//! ```
//!
//! Blanks that follow one another are one, since columns are as wide as what stands in them.

use std::path::Path;
use std::process::Command;

/// A command and what comes of it.
#[derive(Debug, Default)]
struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
    code: i32,
    /// The version that cannot do it.
    except: Option<String>,
    /// Files that are written before it.
    files: Vec<(String, String)>,
}

fn parse(script: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut files = Vec::new();
    let mut file: Option<(String, String)> = None;
    for (number, line) in script.lines().enumerate() {
        if let Some((name, mut text)) = file.take() {
            if line == ">>>" {
                files.push((name, text));
            } else {
                text += line;
                text.push('\n');
                file = Some((name, text));
            }
        } else if let Some(name) = line.strip_prefix("<<< ") {
            file = Some((name.to_owned(), String::new()));
        } else if let Some(command) = line.strip_prefix('$') {
            let (except, command) = command.split_once(' ').unwrap();
            steps.push(Step {
                except: except.strip_prefix('-').map(str::to_owned),
                line: number + 1,
                command: command.to_owned(),
                files: std::mem::take(&mut files),
                ..Step::default()
            });
        } else if let Some(code) = line.strip_prefix("! ") {
            steps.last_mut().unwrap().code = code.parse().unwrap();
        } else if !line.is_empty() && !line.starts_with("# ") {
            let step = steps.last_mut().expect("output follows a command");
            step.expected.push(squeeze(line));
        }
    }
    steps
}

/// Runs of blanks as one.
fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line is as expected: `*` stands for anything.
fn fits(expected: &str, found: &str) -> bool {
    let mut parts = expected.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = found.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// Whether what was printed is as expected.
fn fit(expected: &[String], found: &[String]) -> bool {
    let Some((first, rest)) = expected.split_first() else {
        return found.is_empty();
    };
    if first == "..." {
        return (0..=found.len()).any(|skipped| fit(rest, &found[skipped..]));
    }
    found.first().is_some_and(|line| fits(first, line)) && fit(rest, &found[1..])
}

/// Runs a script, and tells every step that did not come out as expected.
///
/// `version` is kubectl's, `1.27` for example. Returns how many commands there were.
pub(crate) fn run(
    script: &str,
    folder: &Path,
    environment: &[(&str, &str)],
    version: &str,
) -> Result<usize, String> {
    let steps = parse(script);
    let mut wrong = String::new();
    let able = |step: &&Step| step.except.as_deref() != Some(version);
    for step in steps.iter().filter(able) {
        for (name, text) in &step.files {
            std::fs::write(folder.join(name), text).map_err(|error| error.to_string())?;
        }
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("{} 2>&1", step.command))
            .current_dir(folder)
            .envs(environment.iter().copied())
            .output()
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let found: Vec<String> = text
            .lines()
            .map(squeeze)
            .filter(|line| !line.is_empty())
            .collect();
        let code = output.status.code().unwrap_or(-1);
        if code != step.code || !fit(&step.expected, &found) {
            wrong += &format!(
                "line {}: {}\nexpected ({}):\n{}\nfound ({code}):\n{}\n\n",
                step.line,
                step.command,
                step.code,
                step.expected.join("\n"),
                found.join("\n"),
            );
        }
    }
    if wrong.is_empty() {
        Ok(steps.len())
    } else {
        Err(wrong)
    }
}

#[test]
fn stars_stand_for_anything() {
    for (expected, found, fit) in [
        ("a b", "a b", true),
        ("a *", "a b", true),
        ("*", "", true),
        ("a*c", "abc", true),
        ("a*c", "ab", false),
        ("a*b*c", "a1b2c", true),
        ("a*b", "ab b c", false),
        ("a", "ab", false),
    ] {
        assert_eq!(fits(expected, found), fit, "{expected} {found}");
    }
}
