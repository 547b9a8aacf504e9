//! Certificates that a member makes for itself (`--auto-tls`, `--peer-auto-tls`): they keep what is
//! said from who listens, and say nothing about who speaks.

use std::fs;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};

use crate::{Error, Settings};

/// What etcd counts as a year.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The certificate in `dir`, made there if there is none: for so many years, and for hosts, of which
/// those that are addresses count as such.
///
/// # Errors
/// The files cannot be written, or a certificate cannot be made.
pub fn in_directory(dir: &Path, hosts: &[String], years: u64) -> Result<Settings, Error> {
    if years == 0 {
        return Err(Error::Validity);
    }
    let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
    if !cert.exists() || !key.exists() {
        make(dir, &cert, &key, hosts, years)?;
    }
    Ok(Settings {
        cert: cert.clone(),
        key: key.clone(),
        client_cert: cert,
        client_key: key,
        is_self_signed: true,
        ..Settings::default()
    })
}

fn make(dir: &Path, cert: &Path, key: &Path, hosts: &[String], years: u64) -> Result<(), Error> {
    // As private as the data directory that it lies in.
    let mut directories = fs::DirBuilder::new();
    directories
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(Error::write(dir))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "etcd");
    let now = SystemTime::now();
    let end = u32::try_from(years)
        .ok()
        .and_then(|years| YEAR.checked_mul(years))
        .and_then(|validity| now.checked_add(validity));
    // Beyond what a date can say.
    let end = end.ok_or(Error::Validity)?;
    params.not_before = now.into();
    params.not_after = end.into();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::CrlSign,
    ];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for host in hosts {
        let name = match host.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(host.as_str().try_into()?),
        };
        if !params.subject_alt_names.contains(&name) {
            params.subject_alt_names.push(name);
        }
    }
    tracing::warn!("automatically generate certificates");
    let pair = KeyPair::generate()?;
    let made = params.self_signed(&pair)?;
    // The key first: a certificate that is there means that both are.
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(key)
        .map_err(Error::write(key))?;
    file.write_all(pair.serialize_pem().as_bytes())
        .map_err(Error::write(key))?;
    tracing::info!(path = %key.display(), "created key file");
    fs::write(cert, made.pem()).map_err(Error::write(cert))?;
    tracing::info!(path = %cert.display(), "created cert file");
    Ok(())
}
