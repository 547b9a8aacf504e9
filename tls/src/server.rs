//! The server's side of a connection.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::asked::Asked;
use crate::keys::Keys;
use crate::names::{Names, common_name};
use crate::revoked::Revoked;
use crate::suites::{provider, versions};
use crate::verify::Clients;
use crate::{Error, Rejected, Settings};

/// How long a handshake may take; etcd gives as long.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// What is spoken inside.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A connection to a client.
pub type ServerStream<S> = tokio_rustls::server::TlsStream<S>;

/// Takes connections.
#[derive(Clone)]
pub struct Server {
    acceptor: TlsAcceptor,
    revoked: Option<Arc<Revoked>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Reads all files.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should, or rustls refuses the settings.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let provider = provider(settings);
        let keys = Keys::open(&settings.cert, &settings.key, provider.clone())?;
        let asks = settings.client_cert_auth || !settings.trusted_ca.as_os_str().is_empty();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions(settings))?;
        let builder = match asks {
            true => builder.with_client_cert_verifier(Clients::new(settings, &provider)?),
            false => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(keys);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        let has_list = !settings.crl.as_os_str().is_empty();
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            revoked: has_list.then(|| Arc::new(Revoked::new(settings.crl.clone()))),
        })
    }

    /// Reads certificate and key; clients are asked for a certificate, and may show any or none. Who they
    /// are by it is for others to find out ([`Self::shown`]).
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should, or rustls refuses the settings.
    pub fn asking(settings: &Settings) -> Result<Self, Error> {
        settings.check()?;
        let provider = provider(settings);
        let keys = Keys::open(&settings.cert, &settings.key, provider.clone())?;
        let mut config = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions(settings))?
            .with_client_cert_verifier(Arc::new(Asked(provider)))
            .with_cert_resolver(keys);
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            revoked: None,
        })
    }

    /// The certificates that a client has shown, its own first.
    pub fn shown<S>(stream: &ServerStream<S>) -> Vec<CertificateDer<'static>> {
        let chain = stream.get_ref().1.peer_certificates();
        chain.map(<[_]>::to_vec).unwrap_or_default()
    }

    /// Shakes hands with a client.
    ///
    /// # Errors
    /// The handshake fails or takes too long, or the client's certificate does not count any more.
    pub async fn accept<S>(&self, socket: S) -> Result<ServerStream<S>, Rejected>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let shaking = timeout(HANDSHAKE_WITHIN, self.acceptor.accept(socket));
        let stream = shaking
            .await
            .map_err(|_| Rejected::Timeout)?
            .map_err(Rejected::Handshake)?;
        if let (Some(revoked), Some(chain)) =
            (&self.revoked, stream.get_ref().1.peer_certificates())
        {
            revoked.check(chain)?;
        }
        Ok(stream)
    }

    /// The common name of the certificate that a client has shown; empty if it names none, nothing
    /// if none was shown. Whoever shows one has been checked.
    pub fn common_name<S>(stream: &ServerStream<S>) -> Option<String> {
        let chain = stream.get_ref().1.peer_certificates();
        let leaf = chain.and_then(<[_]>::first)?;
        Some(common_name(leaf).unwrap_or_default())
    }

    /// Refuses a client whose certificate does not name the address that it calls from.
    ///
    /// # Errors
    /// [`Rejected::Name`].
    pub async fn check_address<S>(
        stream: &ServerStream<S>,
        remote: IpAddr,
    ) -> Result<(), Rejected> {
        let chain = stream.get_ref().1.peer_certificates();
        match chain.and_then(<[_]>::first) {
            None => Ok(()),
            Some(leaf) => Names::of(leaf).check(remote).await.map_err(Rejected::Name),
        }
    }
}

impl Settings {
    /// Certificates and keys come in pairs.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let is_given = |path: &std::path::Path| !path.as_os_str().is_empty();
        if !is_given(&self.cert) || !is_given(&self.key) {
            return Err(Error::Half {
                key: self.key.clone(),
                cert: self.cert.clone(),
            });
        }
        if is_given(&self.client_cert) != is_given(&self.client_key) {
            return Err(Error::HalfClient {
                key: self.client_key.clone(),
                cert: self.client_cert.clone(),
            });
        }
        Ok(())
    }
}
