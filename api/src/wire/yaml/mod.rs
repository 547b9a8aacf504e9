//! YAML 1.1, as sigs.k8s.io/yaml reads and prints it.
//!
//! A document is read as the JSON it stands for: a bare `y`, `yes` or `on` is `true`, `0o17` and `017`
//! are 15, keys that are no texts become texts. Of several documents the first counts, as upstream has
//! it.

mod compose;
mod convert;
mod fault;
mod float;
mod lookalike;
mod order;
mod print;
mod resolve;
mod scalar;

use serde_json::Value;

use super::{DecodeError, Read, json};
use crate::schema::{Schema, TypeId};

/// Reads an object of a type.
///
/// A key that is there twice in one map is the first problem, in upstream's words; the last one counts.
///
/// # Errors
///
/// In upstream's words: if the text is no YAML, if aliases expand beyond measure, and otherwise as
/// [`json::read`].
pub fn read(schema: &Schema, id: TypeId, bytes: &[u8]) -> Result<Read, DecodeError> {
    strictly(bytes, |json| json::read(schema, id, json))
}

/// Reads any YAML value as it is.
///
/// # Errors
///
/// As [`read`], without those of types.
pub fn read_any(bytes: &[u8]) -> Result<Read, DecodeError> {
    strictly(bytes, json::read_any)
}

fn strictly(
    bytes: &[u8],
    read: impl FnOnce(&[u8]) -> Result<Read, DecodeError>,
) -> Result<Read, DecodeError> {
    let (json, twice) = to_json(bytes)?;
    let mut read = read(&json)?;
    if !twice.is_empty() {
        let text = format!("yaml: unmarshal errors:\n  {}", twice.join("\n  "));
        read.problems.insert(0, text);
    }
    Ok(read)
}

/// The JSON text of a document, and upstream's messages about keys that are there twice.
///
/// # Errors
///
/// If the text is no YAML.
pub fn to_json(bytes: &[u8]) -> Result<(Vec<u8>, Vec<String>), DecodeError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| DecodeError::Yaml("yaml: invalid leading UTF-8 octet".into()))?;
    let document = compose::compose(text)?;
    let (value, twice) = convert::convert(&document)?;
    let json =
        serde_json::to_vec(&value).map_err(|error| DecodeError::Yaml(format!("yaml: {error}")))?;
    Ok((json, twice))
}

/// Prints a tree as sigs.k8s.io/yaml does: keys sorted, two spaces, items of lists not indented.
#[must_use]
pub fn write(value: &Value) -> String {
    print::print(value)
}

#[cfg(test)]
mod tests;
