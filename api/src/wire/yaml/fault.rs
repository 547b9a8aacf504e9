//! Errors in go-yaml's words.

use libyaml_safer::{Error, ErrorKind};

use crate::wire::DecodeError;

/// An error of YAML.
pub(super) fn fault(text: impl AsRef<str>) -> DecodeError {
    DecodeError::Yaml(format!("yaml: {}", text.as_ref()))
}

/// An error of the parser, with the line that go-yaml would tell.
pub(super) fn parsing(error: &Error) -> DecodeError {
    let line =
        |mark: Option<libyaml_safer::Mark>| mark.map(|mark| mark.line).filter(|line| *line != 0);
    let line = match line(error.problem_mark()) {
        // Its scanner counts lines from zero there, its parser from one.
        Some(line) if error.kind() == ErrorKind::Scanner => Some(line + 1),
        Some(line) => Some(line),
        None => line(error.context_mark()),
    };
    match line {
        Some(line) => fault(format!("line {line}: {}", error.problem())),
        None => fault(error.problem()),
    }
}
