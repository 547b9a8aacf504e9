//! Configuration files of clients.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The text of a kubeconfig with one cluster (`kubernetes`), one user and one context
/// (`<user>@kubernetes`), all data within. `server` is a URL; `ca`, `cert` and `key` are PEM.
#[must_use]
pub fn kubeconfig(server: &str, ca: &str, cert: &str, key: &str, user: &str) -> String {
    let [ca, cert, key] = [ca, cert, key].map(|pem| STANDARD.encode(pem));
    let context = text(&format!("{user}@kubernetes"));
    let (server, user) = (text(server), text(user));
    format!(
        "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {ca}
    server: {server}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: {user}
  name: {context}
current-context: {context}
kind: Config
users:
- name: {user}
  user:
    client-certificate-data: {cert}
    client-key-data: {key}
"
    )
}

/// A YAML scalar in quotes, since names hold colons and may hold anything.
fn text(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
