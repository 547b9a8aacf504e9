//! JSON patch (RFC 6902) as upstream's library does it.
//!
//! evanphx/json-patch 4 is laxer than the RFC, and clients may rely on it: `replace` makes a field that is
//! not there, indexes may be negative, a missing `value` is `null`, all before a path's first `/` is ignored.

mod container;
mod operation;

use serde_json::Value;

use self::container::{Path, add, get, remove, replace};
use self::operation::Operation;
use super::{MAX_DEPTH, PatchError, is_deep};
use crate::go;

/// The most operations of one patch.
pub const MAX_OPERATIONS: usize = 10_000;

/// The most bytes of JSON that the `copy` operations of one patch may add together.
pub const MAX_COPIED: usize = 3 * 1024 * 1024;

/// The document after all operations of the patch.
///
/// # Errors
/// - [`PatchError::Malformed`] for bytes that are no list of operations;
/// - [`PatchError::TooLarge`] for more than [`MAX_OPERATIONS`];
/// - [`PatchError::Unfit`] for an operation that fails: a path that is not there, a `test` that does not
///   hold, an unknown operation, more than [`MAX_COPIED`].
pub fn apply(doc: &Value, patch: &[u8]) -> Result<Value, PatchError> {
    let operations = operation::parse(patch)?;
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::TooLarge(format!(
            "The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    if is_deep(doc, MAX_DEPTH) {
        return Err(PatchError::too_deep());
    }
    let mut state = State {
        doc: doc.clone(),
        copied: 0,
    };
    for operation in &operations {
        state.run(operation).map_err(PatchError::Unfit)?;
    }
    Ok(state.doc)
}

const MISSING: &str = "missing value";
const FAILED: &str = "test failed";

struct State {
    doc: Value,
    /// Bytes of JSON copied so far.
    copied: usize,
}

impl State {
    fn run(&mut self, operation: &Operation) -> Result<(), String> {
        match operation.kind() {
            "add" => self.add(operation),
            "remove" => self.remove(operation),
            "replace" => self.replace(operation),
            "move" => self.shift(operation),
            "test" => self.test(operation),
            "copy" => self.copy(operation),
            other => Err(format!("Unexpected kind: {other}")),
        }
    }

    fn add(&mut self, operation: &Operation) -> Result<(), String> {
        let path = operation
            .path()
            .map_err(|_| format!("add operation failed to decode path: {MISSING}"))?;
        let value = operation.value();
        let path = shallow(path, &value)?;
        let Some((parent, key)) = path.find(&mut self.doc) else {
            return Err(format!(
                "add operation does not apply: doc is missing path: \"{path}\": {MISSING}"
            ));
        };
        add(parent, &key, value)
            .map_err(|error| format!("error in add for path: '{path}': {error}"))
    }

    fn remove(&mut self, operation: &Operation) -> Result<(), String> {
        let path = operation
            .path()
            .map_err(|_| format!("remove operation failed to decode path: {MISSING}"))?;
        let Some((parent, key)) = Path(path).find(&mut self.doc) else {
            return Err(format!(
                "remove operation does not apply: doc is missing path: \"{path}\": {MISSING}"
            ));
        };
        remove(parent, &key)
            .map(drop)
            .map_err(|error| format!("error in remove for path: '{path}': {error}"))
    }

    fn replace(&mut self, operation: &Operation) -> Result<(), String> {
        let path = operation
            .path()
            .map_err(|error| format!("replace operation failed to decode path: {error}"))?;
        let value = operation.value();
        if path.is_empty() {
            if !value.is_object() && !value.is_array() {
                // The last words are Go's, for an error that is not there.
                return Err("replace operation value must be object or array: %!w(<nil>)".into());
            }
            self.doc = value;
            return Ok(());
        }
        let path = shallow(path, &value)?;
        let Some((parent, key)) = path.find(&mut self.doc) else {
            return Err(format!(
                "replace operation does not apply: doc is missing path: {path}: {MISSING}"
            ));
        };
        replace(parent, &key, value).map_err(|_| {
            format!("replace operation does not apply: doc is missing key: {path}: {MISSING}")
        })
    }

    /// The operation `move`.
    fn shift(&mut self, operation: &Operation) -> Result<(), String> {
        let from = operation
            .from()
            .map_err(|error| format!("move operation failed to decode from: {error}"))?;
        let Some((parent, key)) = Path(from).find(&mut self.doc) else {
            return Err(format!(
                "move operation does not apply: doc is missing from path: {from}: {MISSING}"
            ));
        };
        let value = remove(parent, &key)
            .map_err(|error| format!("error in move for path: '{key}': {error}"))?;
        let path = operation
            .path()
            .map_err(|error| format!("move operation failed to decode path: {error}"))?;
        let path = shallow(path, &value)?;
        let Some((parent, key)) = path.find(&mut self.doc) else {
            return Err(format!(
                "move operation does not apply: doc is missing destination path: {path}: {MISSING}"
            ));
        };
        add(parent, &key, value)
            .map_err(|error| format!("error in move for path: '{path}': {error}"))
    }

    fn test(&mut self, operation: &Operation) -> Result<(), String> {
        let path = operation
            .path()
            .map_err(|error| format!("test operation failed to decode path: {error}"))?;
        let value = operation.value();
        let failed = || Err(format!("testing value {path} failed: {FAILED}"));
        if path.is_empty() {
            return if self.doc == value { Ok(()) } else { failed() };
        }
        let Some((parent, key)) = Path(path).find(&mut self.doc) else {
            return Err(format!(
                "test operation does not apply: is missing path: {path}: {MISSING}"
            ));
        };
        let found = get(parent, &key)
            .map_err(|error| format!("error in test for path: '{path}': {error}"))?;
        if *found.unwrap_or(&Value::Null) == value {
            Ok(())
        } else {
            failed()
        }
    }

    fn copy(&mut self, operation: &Operation) -> Result<(), String> {
        let from = operation
            .from()
            .map_err(|error| format!("copy operation failed to decode from: {error}"))?;
        let Some((parent, key)) = Path(from).find(&mut self.doc) else {
            return Err(format!(
                "copy operation does not apply: doc is missing from path: {from}: {MISSING}"
            ));
        };
        let value = get(parent, &key)
            .map_err(|error| format!("error in copy for from: '{from}': {error}"))?
            .cloned();
        let path = operation
            .path()
            .map_err(|_| format!("copy operation failed to decode path: {MISSING}"))?;
        let size = value.as_ref().map_or(0, |value| match value {
            // Upstream does not count what is absent or null.
            Value::Null => 0,
            value => go::json(value).len(),
        });
        let value = value.unwrap_or_default();
        let path = shallow(path, &value)?;
        let Some((parent, key)) = path.find(&mut self.doc) else {
            return Err(format!(
                "copy operation does not apply: doc is missing destination path: {path}: {MISSING}"
            ));
        };
        self.copied += size;
        if self.copied > MAX_COPIED {
            return Err(format!(
                "Unable to complete the copy, the accumulated size increase of copy is {}, exceeding the limit {MAX_COPIED}",
                self.copied
            ));
        }
        add(parent, &key, value)
            .map_err(|error| format!("error while adding value during copy: {error}"))
    }
}

/// The path, unless the value would lie too deep there.
fn shallow<'a>(path: &'a str, value: &Value) -> Result<Path<'a>, String> {
    let above = path.matches('/').count();
    if above > MAX_DEPTH || is_deep(value, MAX_DEPTH - above) {
        return Err(PatchError::too_deep().to_string());
    }
    Ok(Path(path))
}

#[cfg(test)]
mod tests;
