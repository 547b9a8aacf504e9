//! Certificates of servers and clients.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, SanType, SerialNumber,
};

use crate::authority::Authority;
use crate::ensure::Pair;
use crate::inspect::{Facts, is_signed};
use crate::{PkiError, files};

/// How long a certificate of a server or client counts, as kubeadm has it.
const LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// By how much the clocks of machines may differ.
pub(crate) const SLACK: Duration = Duration::from_secs(5 * 60);

/// What a certificate is to say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The name of its files, without their ends, within the folder.
    pub(crate) stem: &'static str,
    pub(crate) common_name: String,
    pub(crate) organization: Option<String>,
    pub(crate) hosts: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) is_server: bool,
    pub(crate) is_client: bool,
}

/// The certificate in its files, made where there is none, where it says something else, where it
/// comes to its end, or where another authority signed it.
pub(crate) fn ensure(
    folder: &Path,
    wanted: &Wanted,
    authority: &Authority,
    now: SystemTime,
) -> Result<Pair, PkiError> {
    let cert = folder.join(format!("{}.crt", wanted.stem));
    let key = folder.join(format!("{}.key", wanted.stem));
    let found = files::read(&cert)?.zip(files::read(&key)?);
    let kept = found.filter(|(cert, key)| may_stay(cert, key, wanted, authority, now));
    let (cert_pem, key_pem) = match kept {
        Some(kept) => kept,
        None => {
            let (cert_pem, key_pem) = make(wanted, authority, now)?;
            // A certificate that is there means that both are.
            files::write(&key, &key_pem)?;
            files::write(&cert, &cert_pem)?;
            tracing::info!(path = %cert.display(), "made a certificate");
            (cert_pem, key_pem)
        }
    };
    Ok(Pair {
        cert,
        key,
        cert_pem,
        key_pem,
    })
}

fn may_stay(
    cert: &str,
    key: &str,
    wanted: &Wanted,
    authority: &Authority,
    now: SystemTime,
) -> bool {
    let (Ok(facts), Ok(pair)) = (Facts::of(cert), KeyPair::from_pem(key)) else {
        return false;
    };
    let mut hosts = wanted.hosts.clone();
    hosts.sort_unstable();
    let mut addresses = wanted.addresses.clone();
    addresses.sort_unstable();
    !facts.is_at_end(now)
        && facts.common_name == wanted.common_name
        && facts.organization == wanted.organization
        && facts.hosts == hosts
        && facts.addresses == addresses
        && facts.public_key == pair.subject_public_key_info()
        && is_signed(cert, &authority.pair.cert_pem)
}

fn make(
    wanted: &Wanted,
    authority: &Authority,
    now: SystemTime,
) -> Result<(String, String), PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(organization) = &wanted.organization {
        let name = &mut params.distinguished_name;
        name.push(DnType::OrganizationName, organization);
    }
    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, &wanted.common_name);
    params.not_before = (now - SLACK).into();
    params.not_after = (now + LIFE).into();
    params.serial_number = Some(serial(wanted.stem)?);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
    ];
    if wanted.is_server {
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ServerAuth);
    }
    if wanted.is_client {
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ClientAuth);
    }
    for host in &wanted.hosts {
        let host = host.as_str().try_into();
        let host = host.map_err(PkiError::make(wanted.stem))?;
        params.subject_alt_names.push(SanType::DnsName(host));
    }
    let addresses = wanted.addresses.iter().copied().map(SanType::IpAddress);
    params.subject_alt_names.extend(addresses);
    let key = KeyPair::generate().map_err(PkiError::make(wanted.stem))?;
    let made = params.signed_by(&key, &authority.issuer);
    let made = made.map_err(PkiError::make(wanted.stem))?;
    Ok((made.pem(), key.serialize_pem()))
}

/// A serial number that no other certificate has: what is renewed with its key must not look the same.
pub(crate) fn serial(what: &str) -> Result<SerialNumber, PkiError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(PkiError::make(what))?;
    // Positive, and of the same length always.
    bytes[0] = bytes[0] & 0x3f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}
