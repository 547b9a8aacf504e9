//! Where a decoder is, for its messages.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write;

use super::quote::quote;
use crate::schema::{Schema, TypeId};
use crate::wire::names::{self, Step};

/// More problems than these are not told (upstream's bound).
const MOST_PROBLEMS: usize = 100;

/// The way from the root, and what was found on it.
#[derive(Default)]
pub(super) struct Path<'s, 'a> {
    steps: Vec<Step<'s, 'a>>,
    problems: Vec<String>,
    seen: HashSet<String>,
    /// Above zero within values whose own decoders are not strict.
    pub(super) quiet: usize,
}

impl<'s, 'a> Path<'s, 'a> {
    pub(super) fn push(&mut self, step: Step<'s, 'a>) {
        self.steps.push(step);
    }

    /// Leaves a step, and gives back its key if it was one.
    pub(super) fn pop(&mut self) -> Option<Cow<'a, str>> {
        match self.steps.pop() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    pub(super) fn unknown(&mut self, key: &str) {
        self.problem("unknown", key);
    }

    pub(super) fn duplicate(&mut self, key: &str) {
        self.problem("duplicate", key);
    }

    fn problem(&mut self, what: &str, key: &str) {
        if self.quiet > 0 || self.problems.len() >= MOST_PROBLEMS {
            return;
        }
        let mut path = String::new();
        for step in &self.steps {
            let name = match step {
                Step::Field(_, field) => &*field.json,
                Step::Key(key) => key,
                Step::Index(at) => {
                    // Writing to a string does not fail.
                    let _ = write!(path, "[{at}]");
                    continue;
                }
            };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
        }
        if !self.steps.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        let text = format!("{what} field {}", quote(&path));
        if self.seen.insert(text.clone()) {
            self.problems.push(text);
        }
    }

    pub(super) fn into_problems(self) -> Vec<String> {
        self.problems
    }

    /// Go's error of a value that is not of its place's type.
    pub(super) fn misplaced(&self, schema: &Schema, root: TypeId, found: &str) -> String {
        self.mismatch(found, &names::place(schema, root, &self.steps))
    }

    /// Go's error of a value that is not of the type that its own decoder wants.
    pub(super) fn mismatch(&self, found: &str, wanted: &str) -> String {
        names::mismatch(&self.steps, found, wanted)
    }
}
