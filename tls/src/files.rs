//! Reading what lies in PEM files.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;

/// By what a file is known to have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    modified: SystemTime,
    length: u64,
    inode: u64,
}

/// The stamp of a file as it is now.
pub(crate) fn stamp(path: &Path) -> Result<Stamp, Error> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).map_err(Error::read(path))?;
    Ok(Stamp {
        modified: metadata.modified().map_err(Error::read(path))?,
        length: metadata.len(),
        inode: metadata.ino(),
    })
}

/// The certificates in a file, in its order.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = fs::read(path).map_err(Error::read(path))?;
    CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|why| Error::malformed(path, why))
}

/// The certificates in a file that has to hold some.
pub(crate) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = certificates(path)?;
    if found.is_empty() {
        let pem = fs::read(path).map_err(Error::read(path))?;
        return Err(Error::NoCertificate {
            instead: kinds(&pem),
        });
    }
    Ok(found)
}

/// The kinds of all that lies in a PEM file.
fn kinds(pem: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(pem);
    let begin = |line: &str| {
        let rest = line.trim_end().strip_prefix("-----BEGIN ")?;
        rest.strip_suffix("-----").map(str::to_owned)
    };
    text.lines().filter_map(begin).collect()
}

/// The first key in a file.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    use rustls::pki_types::pem::Error as Pem;
    let pem = fs::read(path).map_err(Error::read(path))?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|why| match why {
        Pem::NoItemsFound => Error::NoKey {
            instead: kinds(&pem),
        },
        why => Error::malformed(path, why),
    })
}

/// The authorities in a file, or those of the machine where there is none; those in the file also
/// as they are, since a certificate that is its own authority counts for what it is.
pub(crate) fn roots(path: &Path) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), Error> {
    let mut store = RootCertStore::empty();
    if path.as_os_str().is_empty() {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok((store, Vec::new()));
    }
    let found = certificates(path)?;
    for certificate in &found {
        store
            .add(certificate.clone())
            .map_err(|why| Error::malformed(path, why))?;
    }
    Ok((store, found))
}
