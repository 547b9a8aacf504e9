//! The certificates of a member: told in the log, and made where the flags ask for it.

use std::path::Path;

use crate::config::{Config, Security, Url};

/// Those for other members to see (`--peer-auto-tls`).
///
/// # Errors
/// A certificate cannot be made.
pub(super) fn for_peers(config: &mut Config) -> Result<(), tls::Error> {
    let hosts = hosts(&config.listen_peer_urls);
    let dir = config.data_dir.join("fixtures").join("peer");
    let security = &mut config.peer_security;
    make("peer", security, &dir, &hosts, config.self_signed_years)?;
    tell("starting with peer TLS", security);
    Ok(())
}

/// Those for clients to see (`--auto-tls`).
///
/// # Errors
/// A certificate cannot be made.
pub(super) fn for_clients(config: &mut Config) -> Result<(), tls::Error> {
    let mut hosts = hosts(&config.listen_client_urls);
    hosts.extend(self::hosts(&config.listen_client_http_urls));
    let dir = config.data_dir.join("fixtures").join("client");
    let security = &mut config.client_security;
    make("client", security, &dir, &hosts, config.self_signed_years)?;
    tell("starting with client TLS", security);
    Ok(())
}

fn hosts(urls: &[Url]) -> Vec<String> {
    let tcp = urls.iter().filter(|url| !url.is_unix());
    tcp.map(|url| url.host().to_owned()).collect()
}

fn make(
    whose: &str,
    security: &mut Security,
    dir: &Path,
    hosts: &[String],
    years: u64,
) -> Result<(), tls::Error> {
    if !security.is_automatic {
        return Ok(());
    }
    if !security.tls.is_empty() {
        tracing::warn!("ignoring {whose} auto TLS since certs given");
        return Ok(());
    }
    let made = tls::self_signed::in_directory(dir, hosts, years)?;
    // As in etcd nothing else that was said of certificates counts then.
    security.tls = tls::Settings {
        suites: security.tls.suites.clone(),
        min: security.tls.min,
        max: security.tls.max,
        ..made
    };
    Ok(())
}

fn tell(message: &str, Security { tls, .. }: &Security) {
    if tls.is_empty() {
        return;
    }
    let info = format!(
        "cert = {}, key = {}, client-cert={}, client-key={}, trusted-ca = {}, client-cert-auth = {}, crl-file = {}",
        tls.cert.display(),
        tls.key.display(),
        tls.client_cert.display(),
        tls.client_key.display(),
        tls.trusted_ca.display(),
        tls.client_cert_auth,
        tls.crl.display(),
    );
    tracing::info!("tls-info" = info, "{message}");
}
