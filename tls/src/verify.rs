//! Who the other end is.
//!
//! rustls checks chains; here stand Go's rules beyond that: the names that flags allow, and that a
//! certificate which is itself among the authorities counts, whether it is an authority or not.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::files::roots;
use crate::names::{common_name, is_for_host};
use crate::{Allowed, Settings};

/// Clients of a server.
#[derive(Debug)]
pub(crate) struct Clients {
    chains: Arc<dyn ClientCertVerifier>,
    roots: Vec<CertificateDer<'static>>,
    allowed: Allowed,
}

impl Clients {
    pub(crate) fn new(
        settings: &Settings,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<Self>, crate::Error> {
        let (store, roots) = roots(&settings.trusted_ca)?;
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(store), provider.clone());
        let chains = builder
            .build()
            .map_err(|why| crate::Error::malformed(&settings.trusted_ca, why))?;
        Ok(Arc::new(Self {
            chains,
            roots,
            allowed: settings.allowed.clone(),
        }))
    }
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chains.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.chains.verify_client_cert(leaf, chain, now) {
            Err(Error::InvalidCertificate(_)) if is_root(leaf, &self.roots, now, Role::Client) => {}
            other => {
                other?;
            }
        }
        is_allowed(leaf, &self.allowed)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

/// The server of a client.
#[derive(Debug)]
pub(crate) struct Servers {
    chains: Chains,
    provider: Arc<CryptoProvider>,
    roots: Vec<CertificateDer<'static>>,
    allowed: Allowed,
}

#[derive(Debug)]
enum Chains {
    /// Nobody asks who vouches for a server.
    Unchecked,
    /// There is nobody who could vouch for one.
    NoRoots,
    Checked(Arc<WebPkiServerVerifier>),
}

impl Servers {
    /// Trusts those whom the authorities vouch for.
    pub(crate) fn new(
        settings: &Settings,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<Self>, crate::Error> {
        let (store, roots) = roots(&settings.trusted_ca)?;
        let chains = if store.is_empty() {
            Chains::NoRoots
        } else {
            let builder =
                WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
            let built = builder.build();
            Chains::Checked(
                built.map_err(|why| crate::Error::malformed(&settings.trusted_ca, why))?,
            )
        };
        Ok(Arc::new(Self {
            chains,
            provider: provider.clone(),
            roots,
            allowed: settings.allowed.clone(),
        }))
    }

    /// Trusts everybody.
    pub(crate) fn any(settings: &Settings, provider: &Arc<CryptoProvider>) -> Arc<Self> {
        Arc::new(Self {
            chains: Chains::Unchecked,
            provider: provider.clone(),
            roots: Vec::new(),
            allowed: settings.allowed.clone(),
        })
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.chains {
            Chains::Unchecked => {}
            Chains::NoRoots => return Err(CertificateError::UnknownIssuer.into()),
            Chains::Checked(chains) => {
                let role = Role::Server(name);
                match chains.verify_server_cert(leaf, chain, name, ocsp, now) {
                    Err(Error::InvalidCertificate(_)) if is_root(leaf, &self.roots, now, role) => {}
                    other => {
                        other?;
                    }
                }
            }
        }
        is_allowed(leaf, &self.allowed)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// What a certificate is shown as.
#[derive(Clone, Copy)]
enum Role<'a> {
    Client,
    Server(&'a ServerName<'a>),
}

/// Whether a certificate is one of the authorities, valid now and made for this.
fn is_root(
    leaf: &CertificateDer<'_>,
    roots: &[CertificateDer<'static>],
    now: UnixTime,
    role: Role<'_>,
) -> bool {
    if !roots.iter().any(|root| root == leaf) {
        return false;
    }
    let Ok((_, certificate)) = X509Certificate::from_der(leaf) else {
        return false;
    };
    let validity = certificate.validity();
    let now = now.as_secs() as i64;
    let is_valid =
        (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&now);
    let usage = certificate.extended_key_usage().ok().flatten();
    let is_for = |has: fn(&x509_parser::extensions::ExtendedKeyUsage<'_>) -> bool| {
        usage
            .as_ref()
            .is_none_or(|usage| usage.value.any || has(usage.value))
    };
    is_valid
        && match role {
            Role::Client => is_for(|usage| usage.client_auth),
            Role::Server(name) => {
                is_for(|usage| usage.server_auth) && is_for_host(leaf, &name.to_str())
            }
        }
}

fn is_allowed(leaf: &CertificateDer<'_>, allowed: &Allowed) -> Result<(), Error> {
    let passes = match allowed {
        Allowed::All => true,
        Allowed::CommonNames(names) => {
            // A certificate without a common name has an empty one.
            let name = common_name(leaf).unwrap_or_default();
            names.contains(&name)
        }
        Allowed::Hosts(hosts) => hosts.iter().any(|host| is_for_host(leaf, host)),
    };
    match passes {
        true => Ok(()),
        // The other end is told what Go tells it: bad_certificate. Chains that are checked by rustls fail with
        // the names they have instead.
        false => Err(CertificateError::NotValidForName.into()),
    }
}
