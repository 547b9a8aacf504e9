//! The names in certificates: what they are valid for, and whether they name an address.

use std::net::IpAddr;
use std::path::Path;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::ParsedCertificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{Error, files};

/// The common name of whom a certificate was made out to; of several the last, as in Go.
pub(crate) fn common_name(der: &CertificateDer<'_>) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject().iter_common_name();
    let last = names.last()?.as_str().ok()?;
    Some(last.to_owned())
}

/// The common name in a file's first certificate; nothing if it names none.
///
/// # Errors
/// The file cannot be read, or holds no certificate.
pub fn common_name_in(path: &Path) -> Result<Option<String>, Error> {
    Ok(files::chain(path)?.first().and_then(common_name))
}

/// Whether a certificate is valid for a host, be it a name or an address.
pub(crate) fn is_for_host(der: &CertificateDer<'_>, host: &str) -> bool {
    let Ok(name) = ServerName::try_from(host) else {
        return false;
    };
    ParsedCertificate::try_from(der)
        .is_ok_and(|parsed| rustls::client::verify_server_name(&parsed, &name).is_ok())
}

/// The addresses and hosts that a certificate names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) hosts: Vec<String>,
}

impl Names {
    pub(crate) fn of(der: &CertificateDer<'_>) -> Self {
        let mut names = Self::default();
        let Ok((_, certificate)) = X509Certificate::from_der(der) else {
            return names;
        };
        let Ok(Some(alternatives)) = certificate.subject_alternative_name() else {
            return names;
        };
        for name in &alternatives.value.general_names {
            match name {
                GeneralName::DNSName(host) => names.hosts.push((*host).to_owned()),
                GeneralName::IPAddress(bytes) => names.addresses.extend(address(bytes)),
                _ => {}
            }
        }
        names
    }

    /// Refuses a client that calls from where its certificate does not name. One that names nothing
    /// may call from anywhere.
    pub(crate) async fn check(self, remote: IpAddr) -> Result<(), String> {
        let remote = remote.to_canonical();
        if self.addresses.is_empty() && self.hosts.is_empty() || self.addresses.contains(&remote) {
            return Ok(());
        }
        if self.hosts.is_empty() {
            let valid: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
            return Err(format!(
                "x509: certificate is valid for {}, not {remote}",
                valid.join(", ")
            ));
        }
        let hosts = self.hosts.clone();
        let looking = tokio::task::spawn_blocking(move || is_among(remote, &hosts));
        match looking.await {
            Ok(true) => Ok(()),
            _ => {
                let hosts: Vec<String> =
                    self.hosts.iter().map(|host| format!("{host:?}")).collect();
                Err(format!(
                    "tls: \"{remote}\" does not match any of DNSNames [{}]",
                    hosts.join(" ")
                ))
            }
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}

/// Whether an address belongs to one of the hosts: by its own names, which wildcards may match, or by
/// theirs.
fn is_among(address: IpAddr, hosts: &[String]) -> bool {
    if let Ok(name) = dns_lookup::lookup_addr(&address) {
        let name = name.trim_end_matches('.');
        let is_named = |host: &String| match host.strip_prefix('*') {
            Some(domain) if domain.starts_with('.') => name.ends_with(domain),
            _ => host == name,
        };
        if hosts.iter().any(is_named) {
            return true;
        }
    }
    let plain = hosts.iter().filter(|host| !host.starts_with("*."));
    plain
        .filter_map(|host| dns_lookup::lookup_host(host).ok())
        .any(|found| {
            found
                .into_iter()
                .any(|one: IpAddr| one.to_canonical() == address)
        })
}
