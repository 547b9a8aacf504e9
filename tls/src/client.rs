//! The client's side of a connection.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use crate::keys::Keys;
use crate::suites::{provider, versions};
use crate::verify::Servers;
use crate::{Error, Rejected, Settings};

/// A connection to a server.
pub type ClientStream<S> = tokio_rustls::client::TlsStream<S>;

/// Which servers are trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Those whom the authorities vouch for.
    Checked,
    /// All.
    Anybody,
}

/// Makes connections.
#[derive(Clone)]
pub struct Client {
    connector: TlsConnector,
    /// The same for HTTP/1.
    old_http: TlsConnector,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// Reads all files. Without a certificate none is shown.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should, or rustls refuses the settings.
    pub fn new(settings: &Settings, trust: Trust) -> Result<Self, Error> {
        let provider = provider(settings);
        let servers = match trust == Trust::Anybody || settings.is_self_signed {
            true => Servers::any(settings, &provider),
            false => Servers::new(settings, &provider)?,
        };
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions(settings))?
            .dangerous()
            .with_custom_certificate_verifier(servers);
        let mut config = if settings.is_empty() {
            builder.with_no_client_auth()
        } else {
            settings.check()?;
            let (cert, key): (&Path, &Path) = match settings.client_cert.as_os_str().is_empty() {
                true => (&settings.cert, &settings.key),
                false => (&settings.client_cert, &settings.client_key),
            };
            builder.with_client_cert_resolver(Keys::open(cert, key, provider)?)
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let mut old_http = config.clone();
        old_http.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
            old_http: TlsConnector::from(Arc::new(old_http)),
        })
    }

    /// Shakes hands with the server at `host`, a name or an address.
    ///
    /// # Errors
    /// [`Rejected::Handshake`].
    pub async fn connect<S>(&self, host: &str, socket: S) -> Result<ClientStream<S>, Rejected>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        shake(&self.connector, host, socket).await
    }

    /// The same for HTTP/1, which is spoken inside then.
    ///
    /// # Errors
    /// [`Rejected::Handshake`].
    pub async fn connect_http1<S>(&self, host: &str, socket: S) -> Result<ClientStream<S>, Rejected>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        shake(&self.old_http, host, socket).await
    }
}

async fn shake<S>(
    connector: &TlsConnector,
    host: &str,
    socket: S,
) -> Result<ClientStream<S>, Rejected>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned())
        .map_err(|why| Rejected::Handshake(io::Error::new(io::ErrorKind::InvalidInput, why)))?;
    let shaking = connector.connect(name, socket);
    shaking.await.map_err(Rejected::Handshake)
}
