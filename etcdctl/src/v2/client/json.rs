//! Reading JSON as leniently as Go does: `null` is as good as nothing.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny};
use serde_json::error::Category;

use super::Error;
use crate::go::quote::quote;

/// For serde: a value, its default for `null`.
pub(super) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Reads an answer; what is wrong with it is told in Go's words.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // As in Go, all of it has to be JSON before anything is made of it.
    let checked = serde_json::from_slice::<IgnoredAny>(body);
    let read = checked.and_then(|_| serde_json::from_slice(body));
    read.map_err(|why| Error::Other(words(body, &why)))
}

fn words(body: &[u8], why: &serde_json::Error) -> String {
    let text = why.to_string();
    match why.classify() {
        Category::Eof => "unexpected end of JSON input".to_owned(),
        Category::Data | Category::Io => format!("json: cannot unmarshal: {text}"),
        Category::Syntax => {
            let lines = body.split_inclusive(|byte| *byte == b'\n');
            let before: usize = lines.take(why.line() - 1).map(<[u8]>::len).sum();
            let at = (before + why.column()).saturating_sub(1);
            let byte = body.get(at).copied().unwrap_or_default();
            let shown = quote([byte]);
            let shown = shown.trim_matches('"');
            let place = match text.starts_with("trailing characters") {
                true => "after top-level value",
                false => "looking for beginning of value",
            };
            format!("invalid character '{shown}' {place}")
        }
    }
}
