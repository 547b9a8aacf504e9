//! Who asks.
//!
//! ```text
//! Credentials ─▶ front proxy ─ client certificate ─ bearer token ─▶ anonymous ─▶ User
//! ```
//!
//! - The first authenticator that knows the credentials decides; one that finds them wrong is
//!   outvoted by a later one that knows them.
//! - Who shows nothing is anonymous, if that is allowed; who shows what nobody accepts is not let in.
//! - [`impersonate`] tells what has to be allowed for a request to be made as somebody else.

mod anonymous;
mod chain;
mod error;
mod front_proxy;
pub mod impersonate;
mod token_file;
mod x509;

pub use anonymous::Anonymous;
pub(crate) use chain::common;
pub use chain::{Authenticated, Authenticators, Credentials, bearer, websocket_token};
pub use error::AuthnError;
pub use front_proxy::FrontProxy;
pub use token_file::TokenFile;
pub use x509::{ClientRoots, user_of};

/// The name of whom nobody knows.
pub const ANONYMOUS: &str = "system:anonymous";
/// The group of whom nobody knows.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The group of everybody who is known.
pub const AUTHENTICATED: &str = "system:authenticated";
/// What the names of service accounts begin with; namespace, colon and name follow.
pub const SERVICE_ACCOUNT_PREFIX: &str = "system:serviceaccount:";
/// The group of every service account; with a colon and a namespace that of those in the namespace.
pub const SERVICE_ACCOUNTS: &str = "system:serviceaccounts";
/// The extra that tells by which credential a user came.
pub const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// Who a request comes from, as authorisation, audit and admission see it (upstream's `user.Info`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The unique name, for example `system:serviceaccount:default:builder`.
    pub name: String,
    /// What stays the same when a name is given again; empty where nobody gives one.
    pub uid: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// Further facts of whoever authenticated, by key.
    pub extra: std::collections::BTreeMap<String, Vec<String>>,
}

impl User {
    /// The user that a service account is.
    #[must_use]
    pub fn of_service_account(namespace: &str, name: &str, uid: &str) -> Self {
        Self {
            name: format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"),
            uid: uid.into(),
            groups: vec![
                SERVICE_ACCOUNTS.into(),
                format!("{SERVICE_ACCOUNTS}:{namespace}"),
            ],
            extra: std::collections::BTreeMap::new(),
        }
    }

    /// Whether the user is in a group.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|one| one == group)
    }

    /// The user as it stands in objects: `username`, `uid`, `groups`, `extra`; what is empty is left
    /// out.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        let mut user = serde_json::Map::new();
        let mut put = |key: &str, value: serde_json::Value| {
            user.insert(key.to_owned(), value);
        };
        if !self.name.is_empty() {
            put("username", self.name.clone().into());
        }
        if !self.uid.is_empty() {
            put("uid", self.uid.clone().into());
        }
        if !self.groups.is_empty() {
            put("groups", self.groups.clone().into());
        }
        if !self.extra.is_empty() {
            let extra = self.extra.iter();
            put(
                "extra",
                extra
                    .map(|(key, values)| (key.clone(), values.clone()))
                    .collect(),
            );
        }
        serde_json::Value::Object(user)
    }
}

/// Splits the name of a service account's user into namespace and name, if it is one that can exist.
#[must_use]
pub fn service_account(name: &str) -> Option<(&str, &str)> {
    let (namespace, name) = name.strip_prefix(SERVICE_ACCOUNT_PREFIX)?.split_once(':')?;
    let is_label = |label: &str| {
        let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        !label.is_empty()
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = is_label(namespace)
        && namespace.len() <= 63
        && name.len() <= 253
        && name.split('.').all(is_label);
    fits.then_some((namespace, name))
}

/// The key of an extra as it stands in the name of a header: percent-encoded, or as it is where that
/// cannot be read.
pub(crate) fn extra_key(encoded: &str) -> String {
    decoded(encoded).unwrap_or_else(|| encoded.to_owned())
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else {
            return None;
        };
        let digit = |c: u8| char::from(c).to_digit(16);
        let byte = digit(*high)? * 16 + digit(*low)?;
        bytes.push(u8::try_from(byte).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
