//! Proxies that authenticate for the API server (`--requestheader-*`).

use std::time::SystemTime;

use http::{HeaderMap, HeaderName, HeaderValue};
use rustls_pki_types::CertificateDer;

use super::x509::{ClientRoots, common_name};
use super::{AuthnError, User, extra_key};

/// Believes headers of those who show a certificate of a certain authority.
#[derive(Clone, Debug)]
pub struct FrontProxy {
    /// Whose certificates count.
    pub roots: ClientRoots,
    /// The common names that count; none is all.
    pub allowed: Vec<String>,
    /// The headers that may hold the name, the first that does counts; `X-Remote-User` by convention.
    pub names: Vec<String>,
    /// The headers that may hold the UID; `X-Remote-Uid`.
    pub uids: Vec<String>,
    /// The headers that hold groups; `X-Remote-Group`.
    pub groups: Vec<String>,
    /// What the names of headers begin with that hold extras; `X-Remote-Extra-`.
    pub extras: Vec<String>,
}

impl FrontProxy {
    /// With the headers of convention and any common name.
    #[must_use]
    pub fn new(roots: ClientRoots) -> Self {
        let one = |name: &str| vec![name.to_owned()];
        Self {
            roots,
            allowed: Vec::new(),
            names: one("X-Remote-User"),
            uids: one("X-Remote-Uid"),
            groups: one("X-Remote-Group"),
            extras: one("X-Remote-Extra-"),
        }
    }

    /// The user that a proxy names; nobody if there is no certificate, or no name.
    ///
    /// # Errors
    /// [`AuthnError::Rejected`]: the certificate does not count.
    pub fn user(
        &self,
        chain: &[CertificateDer<'_>],
        headers: &HeaderMap,
        now: SystemTime,
    ) -> Result<Option<User>, AuthnError> {
        let Some(leaf) = chain.first() else {
            return Ok(None);
        };
        self.roots.verify(chain, now)?;
        let name = common_name(leaf);
        if !self.allowed.is_empty() && !self.allowed.contains(&name) {
            return Err(AuthnError::Rejected(format!(
                "x509: subject with cn={name} is not in the allowed list"
            )));
        }
        let first = |names: &[String]| {
            let mut found = names.iter().filter_map(|name| headers.get(name.as_str()));
            found.find(|value| !value.is_empty()).map(text)
        };
        let Some(name) = first(&self.names) else {
            return Ok(None);
        };
        let groups = self.groups.iter();
        let groups = groups.flat_map(|name| headers.get_all(name.as_str()));
        let mut user = User {
            name,
            uid: first(&self.uids).unwrap_or_default(),
            groups: groups.filter(|value| !value.is_empty()).map(text).collect(),
            ..User::default()
        };
        for prefix in &self.extras {
            for (name, value) in headers {
                if let Some(key) = behind(name, prefix) {
                    let values = user.extra.entry(extra_key(key)).or_default();
                    values.push(text(value));
                }
            }
        }
        Ok(Some(user))
    }

    /// Takes the headers that are believed out of a request, so that nobody behind believes them.
    pub fn clear(&self, headers: &mut HeaderMap) {
        let plain = [&self.names, &self.uids, &self.groups];
        for name in plain.into_iter().flatten() {
            headers.remove(name.as_str());
        }
        let extras: Vec<HeaderName> = headers
            .keys()
            .filter(|name| {
                self.extras
                    .iter()
                    .any(|prefix| behind(name, prefix).is_some())
            })
            .cloned()
            .collect();
        for name in extras {
            headers.remove(name);
        }
    }
}

/// The rest of a header's name behind a prefix, without regard to case.
fn behind<'a>(name: &'a HeaderName, prefix: &str) -> Option<&'a str> {
    let (begin, rest) = name.as_str().split_at_checked(prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
