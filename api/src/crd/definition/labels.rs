//! Names as DNS has them, in apimachinery's words.

fn alphanumeric(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn label(value: &str) -> bool {
    let bytes = value.as_bytes();
    bytes.first().is_some_and(|it| alphanumeric(*it))
        && bytes.last().is_some_and(|it| alphanumeric(*it))
        && bytes.iter().all(|it| alphanumeric(*it) || *it == b'-')
}

/// What is wrong with a label by RFC 1035; nothing if it is one.
pub(in crate::crd) fn label_1035(value: &str) -> Option<String> {
    let mut wrong = Vec::new();
    if value.len() > 63 {
        wrong.push("must be no more than 63 characters");
    }
    if !label(value) || value.starts_with(|c: char| c.is_ascii_digit()) {
        wrong.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
             alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or \
             'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        );
    }
    (!wrong.is_empty()).then(|| wrong.join(","))
}

/// What is wrong with a subdomain by RFC 1123.
pub(super) fn subdomain_1123(value: &str) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    if value.len() > 253 {
        wrong.push("must be no more than 253 characters");
    }
    if !value.split('.').all(label) {
        wrong.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
             '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
             for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        );
    }
    wrong
}
