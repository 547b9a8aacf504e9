//! Client certificates.

use std::time::SystemTime;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::AttributeTypeAndValue;

use super::{AuthnError, CREDENTIAL_ID, User};

/// The attribute of a subject that holds the user's UID.
const UID: &str = "1.3.6.1.4.1.57683.2";

/// The authorities whose client certificates count (`--client-ca-file`,
/// `--requestheader-client-ca-file`).
#[derive(Clone, Debug)]
pub struct ClientRoots {
    anchors: Vec<TrustAnchor<'static>>,
}

impl ClientRoots {
    /// Reads authorities from a PEM text.
    ///
    /// # Errors
    /// There is none, or one cannot be read.
    pub fn parse(pem: &str) -> Result<Self, AuthnError> {
        let config = |why: String| AuthnError::Config(why);
        let mut anchors = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let certificate = certificate.map_err(|why| config(why.to_string()))?;
            let anchor = webpki::anchor_from_trusted_cert(&certificate);
            let anchor = anchor.map_err(|why| config(why.to_string()))?;
            anchors.push(anchor.to_owned());
        }
        match anchors.is_empty() {
            true => Err(config("no authorities found".into())),
            false => Ok(Self { anchors }),
        }
    }

    /// Whether a chain, the client's own certificate first, leads to an authority and may be used by
    /// clients at `now`.
    ///
    /// # Errors
    /// [`AuthnError::Rejected`] says which certificate, by upstream's identifiers, and why.
    pub fn verify(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Result<(), AuthnError> {
        let Some((leaf, between)) = chain.split_first() else {
            return Err(AuthnError::Rejected("no certificate".into()));
        };
        let since = now.duration_since(SystemTime::UNIX_EPOCH);
        let now = UnixTime::since_unix_epoch(since.unwrap_or_default());
        let checked = webpki::EndEntityCert::try_from(leaf).and_then(|parsed| {
            let usage = webpki::KeyUsage::client_auth();
            let algorithms = webpki::ALL_VERIFICATION_ALGS;
            let anchors = &self.anchors;
            let path =
                parsed.verify_for_usage(algorithms, anchors, between, now, usage, None, None);
            path.map(drop)
        });
        checked.map_err(|why| {
            AuthnError::Rejected(format!(
                "verifying certificate {} failed: {}",
                identifier(leaf),
                reason(&why)
            ))
        })
    }
}

/// The user that a client certificate names: the common name with the organisations as groups;
/// nobody if there is no common name. The certificate has to be verified before.
///
/// # Errors
/// [`AuthnError::Rejected`]: it cannot be read, or has more than one UID, or an empty one.
pub fn user_of(certificate: &CertificateDer<'_>) -> Result<Option<User>, AuthnError> {
    let reject = |why: &str| AuthnError::Rejected(why.into());
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|why| AuthnError::Rejected(why.to_string()))?;
    let subject = parsed.subject();
    // Of several common names the last counts, as in Go.
    let name = subject.iter_common_name().last().and_then(text);
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let attributes = subject.iter_attributes();
    let uids: Vec<_> = attributes
        .filter(|attribute| attribute.attr_type().to_id_string() == UID)
        .map(|attribute| text(attribute).ok_or(reject("unable to parse UID into a string")))
        .collect::<Result<_, _>>()?;
    let uid = match uids.as_slice() {
        [] => String::new(),
        [uid] if uid.is_empty() => return Err(reject("UID cannot be an empty string")),
        [uid] => uid.clone(),
        uids => {
            let uids = uids.join(" ");
            return Err(reject(&format!(
                "expected 1 UID, but found multiple: [{uids}]"
            )));
        }
    };
    let print: String = Sha256::digest(certificate)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let extra = (
        CREDENTIAL_ID.to_owned(),
        vec![format!("X509SHA256={print}")],
    );
    Ok(Some(User {
        name,
        uid,
        groups: subject.iter_organization().filter_map(text).collect(),
        extra: [extra].into_iter().collect(),
    }))
}

/// The common name of a certificate, empty if it has none.
pub(super) fn common_name(certificate: &CertificateDer<'_>) -> String {
    let parsed = X509Certificate::from_der(certificate).ok();
    let name =
        parsed.and_then(|(_, parsed)| parsed.subject().iter_common_name().last().and_then(text));
    name.unwrap_or_default()
}

fn text(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    attribute.as_str().ok().map(str::to_owned)
}

/// Serial number and key identifiers, as upstream logs them.
fn identifier(certificate: &CertificateDer<'_>) -> String {
    use x509_parser::extensions::ParsedExtension;
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
        return "that cannot be read".into();
    };
    let (mut own, mut authority) = (String::new(), String::new());
    for extension in parsed.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = hex(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                authority = id
                    .key_identifier
                    .as_ref()
                    .map_or(String::new(), |id| hex(id.0));
            }
            _ => {}
        }
    }
    format!(
        "SN={}, SKID={own}, AKID={authority}",
        parsed.tbs_certificate.serial
    )
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// Go's words for why a certificate does not count, where it has some.
fn reason(why: &webpki::Error) -> String {
    use webpki::Error;
    let why = match why {
        Error::UnknownIssuer => "certificate signed by unknown authority",
        Error::CertExpired { .. } | Error::CertNotValidYet { .. } => {
            "certificate has expired or is not yet valid"
        }
        Error::RequiredEkuNotFoundContext(_) => "certificate specifies an incompatible key usage",
        why => return format!("x509: {why:?}"),
    };
    format!("x509: {why}")
}
