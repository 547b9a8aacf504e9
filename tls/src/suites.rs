//! Cipher suites by the names that Go has for them.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{CipherSuite, SupportedCipherSuite};

use crate::{Error, Settings, Version, p521};

/// A suite that Go knows; nothing where rustls does not offer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suite(Option<CipherSuite>);

/// Names that Go knows, and that are safe enough for rustls to offer.
const OFFERED: [(&str, CipherSuite); 9] = [
    (
        "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_128_GCM_SHA256,
    ),
    (
        "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_AES_256_GCM_SHA384,
    ),
    (
        "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
];

/// Names that Go knows too. They are taken, since configurations have them, and not offered.
const NOT_OFFERED: [&str; 16] = [
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
];

/// Reads names of suites.
///
/// # Errors
/// [`Error::Suite`] for the first that Go does not know.
pub fn parse_suites<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<Suite>, Error> {
    names.into_iter().map(parse).collect()
}

fn parse(name: &str) -> Result<Suite, Error> {
    // etcd takes the names that Go had for these two once.
    let full = match name {
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305" => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        other => other,
    };
    if let Some((_, suite)) = OFFERED.iter().find(|(known, _)| *known == full) {
        return Ok(Suite(Some(*suite)));
    }
    match NOT_OFFERED.contains(&full) {
        true => Ok(Suite(None)),
        false => Err(Error::Suite(name.to_owned())),
    }
}

/// What rustls is to use.
pub(crate) fn provider(settings: &Settings) -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    p521::add_to(&mut provider);
    if !settings.suites.is_empty() {
        provider.cipher_suites.retain(|offered| match offered {
            SupportedCipherSuite::Tls13(_) => true,
            SupportedCipherSuite::Tls12(_) => {
                settings.suites.contains(&Suite(Some(offered.suite())))
            }
        });
    }
    Arc::new(provider)
}

/// The versions that are spoken.
pub(crate) fn versions(settings: &Settings) -> Vec<&'static rustls::SupportedProtocolVersion> {
    let min = settings.min.unwrap_or(Version::Tls12);
    let max = settings.max.unwrap_or(Version::Tls13);
    let all = [
        (Version::Tls13, &rustls::version::TLS13),
        (Version::Tls12, &rustls::version::TLS12),
    ];
    let spoken = all.into_iter();
    spoken
        .filter(|(version, _)| (min..=max).contains(version))
        .map(|(_, version)| version)
        .collect()
}
