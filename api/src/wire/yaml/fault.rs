//! Errors in go-yaml's words.

use saphyr_parser::ScanError;

use crate::wire::DecodeError;

/// An error of YAML.
pub(super) fn fault(text: impl AsRef<str>) -> DecodeError {
    DecodeError::Yaml(format!("yaml: {}", text.as_ref()))
}

/// An error of the parser in a text, as go-yaml would tell it, as far as the two parsers agree.
pub(super) fn parsing(error: &ScanError, text: &str) -> DecodeError {
    let mark = error.marker();
    let (context, problem) = match error.info().rsplit_once(", ") {
        Some((context, problem)) if context.starts_with("while ") => (context, problem),
        _ => ("", error.info()),
    };
    if problem == "found unknown anchor" {
        let name = text
            .chars()
            .skip(mark.index())
            .skip_while(|char| *char == '*');
        let name: String = name.take_while(|char| !char.is_whitespace()).collect();
        return fault(format!("unknown anchor '{name}' referenced"));
    }
    if problem == "recursion limit exceeded" {
        return fault("exceeded max depth");
    }
    if problem == "found a tab" {
        let problem = "found a tab character that violates indentation";
        return fault(format!("line {}: {problem}", mark.line() + 1));
    }
    let problem = if problem.starts_with("unexpected character") || problem.starts_with("tabs ") {
        "found character that cannot start any token"
    } else {
        problem
    };
    // go-yaml counts lines from 0 where it has all tokens but does not like them.
    let line = match context.starts_with("while parsing") {
        true => mark.line().saturating_sub(1),
        false if mark.line() == 1 => 0,
        false => mark.line(),
    };
    match line {
        0 => fault(problem),
        line => fault(format!("line {line}: {problem}")),
    }
}

/// The error of an alias at this character of a text, whose anchor is not there.
pub(super) fn unknown_anchor(text: &str, at: usize) -> DecodeError {
    fault(format!("unknown anchor '{}' referenced", name(text, at)))
}

/// The error of an alias at this character of a text, whose anchor holds it.
pub(super) fn endless(text: &str, at: usize) -> DecodeError {
    fault(format!("anchor '{}' value contains itself", name(text, at)))
}

/// The name of an alias, which the parser does not tell.
fn name(text: &str, at: usize) -> String {
    let name = text.chars().skip(at).skip_while(|char| *char == '*');
    name.take_while(|char| char.is_alphanumeric() || matches!(char, '-' | '_'))
        .collect()
}
