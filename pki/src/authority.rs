//! Authorities: made once, renewed with the key they have.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, SanType,
};

use crate::ensure::Pair;
use crate::inspect::Facts;
use crate::{PkiError, files, leaf};

/// How long an authority counts, as kubeadm has it.
const LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// An authority that can sign.
pub(crate) struct Authority {
    pub(crate) pair: Pair,
    pub(crate) issuer: Issuer<'static, KeyPair>,
}

/// The authority of this name in a folder, made or renewed where that is due. `stem` is the name of
/// its files without their ends.
pub(crate) fn ensure(
    folder: &Path,
    stem: &str,
    name: &str,
    now: SystemTime,
) -> Result<Authority, PkiError> {
    let cert = folder.join(format!("{stem}.crt"));
    let key = folder.join(format!("{stem}.key"));
    let (cert_pem, key_pem) = match (files::read(&cert)?, files::read(&key)?) {
        (Some(cert_pem), Some(key_pem)) => {
            let facts = Facts::of(&cert_pem).map_err(|why| PkiError::malformed(&cert, why))?;
            let pair = KeyPair::from_pem(&key_pem).map_err(|why| PkiError::malformed(&key, why))?;
            if !facts.is_authority {
                return Err(PkiError::malformed(
                    &cert,
                    "not a certificate of an authority",
                ));
            }
            if facts.public_key != pair.subject_public_key_info() {
                return Err(PkiError::malformed(&key, "not the key of the certificate"));
            }
            match facts.is_at_end(now) {
                false => (cert_pem, key_pem),
                true => {
                    let renewed = make(&pair, &facts.common_name, now)?;
                    files::write(&cert, &renewed)?;
                    tracing::info!(path = %cert.display(), "renewed an authority's certificate");
                    (renewed, key_pem)
                }
            }
        }
        // A crash between the two writes leaves the key alone.
        (None, key_pem) => {
            let pair = match &key_pem {
                Some(pem) => {
                    KeyPair::from_pem(pem).map_err(|why| PkiError::malformed(&key, why))?
                }
                None => KeyPair::generate().map_err(PkiError::make(name))?,
            };
            let key_pem = pair.serialize_pem();
            let cert_pem = make(&pair, name, now)?;
            files::write(&key, &key_pem)?;
            files::write(&cert, &cert_pem)?;
            tracing::info!(path = %cert.display(), "made an authority");
            (cert_pem, key_pem)
        }
        (Some(_), None) => {
            return Err(PkiError::Half {
                found: cert,
                missing: key,
            });
        }
    };
    let signer = KeyPair::from_pem(&key_pem).map_err(|why| PkiError::malformed(&key, why))?;
    let issuer = Issuer::from_ca_cert_pem(&cert_pem, signer)
        .map_err(|why| PkiError::malformed(&cert, why))?;
    Ok(Authority {
        pair: Pair {
            cert,
            key,
            cert_pem,
            key_pem,
        },
        issuer,
    })
}

fn make(key: &KeyPair, name: &str, now: SystemTime) -> Result<String, PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = (now - leaf::SLACK).into();
    params.not_after = (now + LIFE).into();
    params.serial_number = Some(leaf::serial(name)?);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::KeyCertSign,
    ];
    // As kubeadm: verifiers that look at alternative names only find the name here.
    let host = name.try_into().map_err(PkiError::make(name))?;
    params.subject_alt_names = vec![SanType::DnsName(host)];
    let made = params.self_signed(key).map_err(PkiError::make(name))?;
    Ok(made.pem())
}
