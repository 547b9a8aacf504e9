//! Lists of revoked certificates (`--client-crl-file`, `--peer-crl-file`).
//!
//! As in etcd a list is taken at its word: neither its signature nor its age is looked at, only the
//! serial numbers in it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{CertificateRevocationList, FromDer as _, X509Certificate};

use crate::files::{self, Stamp};
use crate::{Error, Rejected};

type Serials = HashSet<Vec<u8>>;

/// A list, read again when its file changes.
#[derive(Debug)]
pub(crate) struct Revoked {
    path: PathBuf,
    kept: Mutex<Option<(Stamp, Arc<Serials>)>>,
}

impl Revoked {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            kept: Mutex::new(None),
        }
    }

    /// Refuses a chain one of whose certificates does not count any more, or any if the list cannot
    /// be read.
    pub(crate) fn check(&self, chain: &[CertificateDer<'_>]) -> Result<(), Rejected> {
        let serials = self.current().map_err(Rejected::Unreadable)?;
        for der in chain {
            let Ok((_, certificate)) = X509Certificate::from_der(der) else {
                continue;
            };
            let serial = plain(certificate.raw_serial());
            if serials.contains(serial) {
                let mut text = String::new();
                for byte in serial {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "{byte:02x}");
                }
                return Err(Rejected::Revoked(text));
            }
        }
        Ok(())
    }

    fn current(&self) -> Result<Arc<Serials>, Error> {
        let stamp = files::stamp(&self.path)?;
        let mut kept = self.kept.lock();
        if let Some((of, serials)) = &*kept
            && *of == stamp
        {
            return Ok(serials.clone());
        }
        let serials = Arc::new(self.read()?);
        *kept = Some((stamp, serials.clone()));
        Ok(serials)
    }

    fn read(&self) -> Result<Serials, Error> {
        let bytes = fs::read(&self.path).map_err(Error::read(&self.path))?;
        // etcd takes DER alone; a list in PEM, which most tools write, can mean nothing else.
        let der = match CertificateRevocationListDer::from_pem_slice(&bytes) {
            Ok(der) => der.to_vec(),
            Err(_) => bytes,
        };
        let (_, list) = CertificateRevocationList::from_der(&der)
            .map_err(|why| Error::malformed(&self.path, why))?;
        let revoked = list.iter_revoked_certificates();
        Ok(revoked
            .map(|one| plain(one.raw_serial()).to_vec())
            .collect())
    }
}

/// A serial number without the zeros in front.
fn plain(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial.get(zeros..).unwrap_or_default()
}
