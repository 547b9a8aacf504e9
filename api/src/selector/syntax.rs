//! What keys and values of labels look like (apimachinery's `api/validate/content`).

const NAME: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const NAME_TEXT: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
                         with an alphanumeric character";
const SUBDOMAIN_TEXT: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                              characters, '-' or '.', and must start and end with an alphanumeric \
                              character (e.g. 'example.com', regex used for validation is \
                              '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// What is wrong with the key of a label (or any qualified name), in upstream's words; nothing if it is
/// well formed.
#[must_use]
pub fn label_key(key: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut parts = key.split('/');
    let name = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) => name,
        (Some(prefix), Some(name), None) => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                let told = subdomain(prefix).into_iter();
                wrong.extend(told.map(|text| format!("prefix part {text}")));
            }
            name
        }
        _ => {
            return vec![format!(
                "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. \
                 'example.com/MyName')",
                name_text()
            )];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        wrong.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_name(name) {
        wrong.push(format!("name part {}", name_text()));
    }
    wrong
}

/// What is wrong with the value of a label, in upstream's words; nothing if it is well formed.
#[must_use]
pub fn label_value(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if value.len() > 63 {
        wrong.push("must be no more than 63 bytes".to_owned());
    }
    if !value.is_empty() && !is_name(value) {
        let rest = NAME_TEXT.trim_start_matches("must ");
        wrong.push(format!(
            "a valid label must be an empty string or {rest} (e.g. 'MyValue',  or 'my_value',  or \
             '12345', regex used for validation is '({NAME})?')"
        ));
    }
    wrong
}

fn subdomain(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > 253 {
        wrong.push("must be no more than 253 bytes".to_owned());
    }
    let well = text.split('.').all(|part| {
        let bytes = part.as_bytes();
        let all = bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
        all && !part.is_empty() && !part.starts_with('-') && !part.ends_with('-')
    });
    if !well {
        wrong.push(SUBDOMAIN_TEXT.to_owned());
    }
    wrong
}

fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let all = bytes
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let ends = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    all && ends(bytes.first()) && ends(bytes.last())
}

fn name_text() -> String {
    format!(
        "{NAME_TEXT} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{NAME}')"
    )
}
