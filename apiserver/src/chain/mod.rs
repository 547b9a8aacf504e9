//! Every filter that a request meets, in its order.

pub mod body;
pub mod info;
pub mod media;
pub mod query;

use api::status::{Details, Reason};
use http::{HeaderMap, HeaderName};

use crate::authz::{Attributes, forbidden_message};
use crate::fault::Status;

/// All values of a header, as one.
#[must_use]
pub fn joined(headers: &HeaderMap, name: HeaderName) -> String {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

/// A warning as its header has it (RFC 7234, 5.5): code, agent, text in quotes.
#[must_use]
pub fn warning(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    format!("299 - \"{quoted}\"")
}

/// The refusal of somebody who may not.
#[must_use]
pub fn forbidden(what: &Attributes<'_>, reason: &str) -> Status {
    let message = forbidden_message(what, reason);
    Status::failure(Reason::Forbidden, message).with(Details {
        group: what.group.to_owned(),
        kind: what.resource.to_owned(),
        name: what.name.to_owned(),
        ..Details::default()
    })
}
