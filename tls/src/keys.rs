//! Certificates with their keys, read again when their files change: what is renewed is shown from
//! the next connection on. What cannot be read then fails that connection, as in etcd.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, SignatureScheme};

use crate::Error;
use crate::files::{self, Stamp};

/// See the module.
#[derive(Debug)]
pub(crate) struct Keys {
    cert: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    kept: Mutex<([Stamp; 2], Arc<CertifiedKey>)>,
}

impl Keys {
    /// Reads both files.
    pub(crate) fn open(
        cert: &Path,
        key: &Path,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<Self>, Error> {
        let kept = (stamps(cert, key)?, read(cert, key, &provider)?);
        Ok(Arc::new(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            provider,
            kept: Mutex::new(kept),
        }))
    }

    /// What the files hold now.
    fn current(&self) -> Result<Arc<CertifiedKey>, Error> {
        let stamps = stamps(&self.cert, &self.key)?;
        let mut kept = self.kept.lock();
        if kept.0 != stamps {
            *kept = (stamps, read(&self.cert, &self.key, &self.provider)?);
        }
        Ok(kept.1.clone())
    }

    fn shown(&self) -> Option<Arc<CertifiedKey>> {
        self.current()
            .inspect_err(|error| {
                tracing::warn!(
                    "cert-file" = %self.cert.display(),
                    "key-file" = %self.key.display(),
                    %error,
                    "failed to create peer certificate"
                );
            })
            .ok()
    }
}

impl ResolvesServerCert for Keys {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.shown()
    }
}

impl ResolvesClientCert for Keys {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.shown()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn stamps(cert: &Path, key: &Path) -> Result<[Stamp; 2], Error> {
    Ok([files::stamp(cert)?, files::stamp(key)?])
}

fn read(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, Error> {
    let chain = files::chain(cert)?;
    let key = files::key(key)?;
    let key = CertifiedKey::from_der(chain, key, provider).map_err(|why| match why {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => Error::WrongKey,
        why => Error::Rustls(why),
    })?;
    Ok(Arc::new(key))
}
