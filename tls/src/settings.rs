//! What flags say of TLS on one side: that of clients, or that of other members.

use std::path::PathBuf;

use crate::Suite;

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 1.2.
    Tls12,
    /// 1.3.
    Tls13,
}

/// Whose certificates pass, beyond being signed by the authority.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Allowed {
    /// Everybody's.
    #[default]
    All,
    /// Those of one of these common names.
    CommonNames(Vec<String>),
    /// Those that are valid for one of these hosts.
    Hosts(Vec<String>),
}

/// See the module. Paths are empty where there is no such file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The certificate, shown as a server; as a client too, unless there is another for that.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The certificate shown as a client.
    pub client_cert: PathBuf,
    /// Its key.
    pub client_key: PathBuf,
    /// The authorities that sign the certificates of others.
    pub trusted_ca: PathBuf,
    /// Whether clients must show a certificate. They must, too, where authorities are given.
    pub client_cert_auth: bool,
    /// Certificates that do not count any more.
    pub crl: PathBuf,
    /// Whose certificates pass.
    pub allowed: Allowed,
    /// Whether a client's certificate need not name the address that it calls from.
    pub skip_client_san: bool,
    /// Whether the certificate was made here: nobody can check the others' then.
    pub is_self_signed: bool,
    /// The suites of TLS 1.2, where they were chosen; those of 1.3 are not open to choice, as in Go.
    pub suites: Vec<Suite>,
    /// The oldest version; 1.2 where none is asked for.
    pub min: Option<Version>,
    /// The newest version.
    pub max: Option<Version>,
}

impl Settings {
    /// Whether there is no certificate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cert.as_os_str().is_empty() && self.key.as_os_str().is_empty()
    }
}
