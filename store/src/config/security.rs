//! What the flags of TLS say, for clients and for other members.

use std::path::PathBuf;

use tls::{Allowed, Version};

use super::settings::Settings;
use super::{Error, quote};

/// TLS on one side of a member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// Files and rules.
    pub tls: tls::Settings,
    /// Whether a certificate is made where none is given.
    pub is_automatic: bool,
}

/// What the flags say of clients.
pub(super) fn clients(settings: &Settings) -> Result<Security, Error> {
    let path = |name| PathBuf::from(settings.text(name));
    let tls = tls::Settings {
        cert: path("cert-file"),
        key: path("key-file"),
        client_cert: path("client-cert-file"),
        client_key: path("client-key-file"),
        trusted_ca: path("trusted-ca-file"),
        client_cert_auth: settings.bool("client-cert-auth"),
        crl: path("client-crl-file"),
        allowed: allowed(&[], settings.list("client-cert-allowed-hostname"))?,
        ..common(settings)?
    };
    Ok(Security {
        tls,
        is_automatic: settings.bool("auto-tls"),
    })
}

/// What the flags say of other members.
pub(super) fn peers(settings: &Settings) -> Result<Security, Error> {
    let path = |name| PathBuf::from(settings.text(name));
    let allowed = allowed(
        settings.list("peer-cert-allowed-cn"),
        settings.list("peer-cert-allowed-hostname"),
    )?;
    let tls = tls::Settings {
        cert: path("peer-cert-file"),
        key: path("peer-key-file"),
        client_cert: path("peer-client-cert-file"),
        client_key: path("peer-client-key-file"),
        trusted_ca: path("peer-trusted-ca-file"),
        client_cert_auth: settings.bool("peer-client-cert-auth"),
        crl: path("peer-crl-file"),
        allowed,
        skip_client_san: settings.bool("peer-skip-client-san-verification"),
        ..common(settings)?
    };
    Ok(Security {
        tls,
        is_automatic: settings.bool("peer-auto-tls"),
    })
}

/// What holds for both.
fn common(settings: &Settings) -> Result<tls::Settings, Error> {
    let version = |name| match settings.text(name) {
        "TLS1.2" => Some(Version::Tls12),
        "TLS1.3" => Some(Version::Tls13),
        // Checked before.
        _ => None,
    };
    let names = settings.list("cipher-suites").iter().map(String::as_str);
    let suites = tls::parse_suites(names).map_err(|why| Error::Start(why.to_string()))?;
    Ok(tls::Settings {
        suites,
        min: version("tls-min-version"),
        max: version("tls-max-version"),
        ..tls::Settings::default()
    })
}

fn allowed(names: &[String], hosts: &[String]) -> Result<Allowed, Error> {
    match (names, hosts) {
        ([], []) => Ok(Allowed::All),
        (names, []) => Ok(Allowed::CommonNames(names.to_vec())),
        ([], hosts) => Ok(Allowed::Hosts(hosts.to_vec())),
        (names, hosts) => {
            let list = |texts: &[String]| {
                let texts: Vec<String> = texts.iter().map(quote).collect();
                format!("[{}]", texts.join(" "))
            };
            Err(Error::Start(format!(
                "AllowedCNs and AllowedHostnames are mutually exclusive (cns={}, hostnames={})",
                list(names),
                list(hosts)
            )))
        }
    }
}
