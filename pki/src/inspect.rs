//! What a certificate says, as far as it decides whether it may stay.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A certificate's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) common_name: String,
    pub(crate) organization: Option<String>,
    /// Sorted.
    pub(crate) hosts: Vec<String>,
    /// Sorted.
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) is_authority: bool,
    from: SystemTime,
    until: SystemTime,
    /// The subject's public key: the whole structure, DER.
    pub(crate) public_key: Vec<u8>,
}

impl Facts {
    /// The facts of the first certificate in a PEM text; a text says why there are none.
    pub(crate) fn of(pem: &str) -> Result<Self, String> {
        parsed(pem, |certificate| {
            let subject = certificate.subject();
            let first = |mut found: Box<dyn Iterator<Item = String> + '_>| found.next();
            let common_name = first(Box::new(
                subject
                    .iter_common_name()
                    .filter_map(|name| name.as_str().ok().map(str::to_owned)),
            ));
            let organization = first(Box::new(
                subject
                    .iter_organization()
                    .filter_map(|name| name.as_str().ok().map(str::to_owned)),
            ));
            let (mut hosts, mut addresses) = (Vec::new(), Vec::new());
            if let Ok(Some(names)) = certificate.subject_alternative_name() {
                for name in &names.value.general_names {
                    match name {
                        GeneralName::DNSName(host) => hosts.push((*host).to_owned()),
                        GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
                        _ => {}
                    }
                }
            }
            hosts.sort_unstable();
            addresses.sort_unstable();
            let validity = certificate.validity();
            Ok(Self {
                common_name: common_name.unwrap_or_default(),
                organization,
                hosts,
                addresses,
                is_authority: certificate.is_ca(),
                from: time(validity.not_before.timestamp()),
                until: time(validity.not_after.timestamp()),
                public_key: certificate.public_key().raw.to_vec(),
            })
        })
    }

    /// Whether less than a third of the life remains, or it has not begun.
    pub(crate) fn is_at_end(&self, now: SystemTime) -> bool {
        let Ok(whole) = self.until.duration_since(self.from) else {
            return true;
        };
        let Ok(left) = self.until.duration_since(now) else {
            return true;
        };
        left < whole / 3 || now < self.from
    }
}

/// Whether the first certificate in one PEM text signed that in another.
pub(crate) fn is_signed(pem: &str, authority: &str) -> bool {
    let by = |authority: X509Certificate<'_>| {
        parsed(pem, |certificate| {
            let key = Some(authority.public_key());
            certificate
                .verify_signature(key)
                .map_err(|why| why.to_string())
        })
    };
    parsed(authority, by).is_ok()
}

fn parsed<T>(
    pem: &str,
    with: impl FnOnce(X509Certificate<'_>) -> Result<T, String>,
) -> Result<T, String> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).map_err(|why| why.to_string())?;
    if pem.label != "CERTIFICATE" {
        return Err(format!("found {} instead of a certificate", pem.label));
    }
    let (_, certificate) =
        X509Certificate::from_der(&pem.contents).map_err(|why| why.to_string())?;
    with(certificate)
}

fn time(seconds: i64) -> SystemTime {
    let seconds = u64::try_from(seconds).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}
