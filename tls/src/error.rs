//! What can go wrong, in Go's words where people search for them.

use std::io;
use std::path::{Path, PathBuf};

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("open {}: {}", .path.display(), words(.why))]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file cannot be written.
    #[error("open {}: {}", .path.display(), words(.why))]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// One of certificate and key is missing.
    #[error("KeyFile and CertFile must both be present[key: {}, cert: {}]", .key.display(), .cert.display())]
    Half {
        /// The key's path.
        key: PathBuf,
        /// The certificate's path.
        cert: PathBuf,
    },
    /// One of the client's certificate and key is missing.
    #[error("ClientKeyFile and ClientCertFile must both be present or both absent: key: {}, cert: {}]", .key.display(), .cert.display())]
    HalfClient {
        /// The key's path.
        key: PathBuf,
        /// The certificate's path.
        cert: PathBuf,
    },
    /// A file holds no certificate.
    #[error("tls: {}", no_certificate(.instead))]
    NoCertificate {
        /// The kinds of what it holds.
        instead: Vec<String>,
    },
    /// A file holds no key.
    #[error("tls: {}", no_key(.instead))]
    NoKey {
        /// The kinds of what it holds.
        instead: Vec<String>,
    },
    /// The key is that of another certificate.
    #[error("tls: private key does not match public key")]
    WrongKey,
    /// A file does not hold what it should.
    #[error("{}: {why}", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No such suite.
    #[error("unexpected TLS cipher suite \"{0}\"")]
    Suite(String),
    /// A certificate made here would never be valid.
    #[error("selfSignedCertValidity is invalid,it should be greater than 0")]
    Validity,
    /// rustls refuses the settings.
    #[error("tls: {0}")]
    Rustls(#[from] rustls::Error),
    /// A certificate cannot be made.
    #[error("tls: {0}")]
    Make(#[from] rcgen::Error),
}

impl Error {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::Read { path, why }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |why| Self::Write { path, why }
    }

    pub(crate) fn malformed(path: &Path, why: impl ToString) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}

/// A connection did not come about.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// It ended during the handshake, or the handshake failed.
    #[error("{}", handshake(.0))]
    Handshake(io::Error),
    /// The handshake took too long.
    #[error("i/o timeout")]
    Timeout,
    /// The certificate names other addresses.
    #[error("{0}")]
    Name(String),
    /// The certificate does not count any more; its serial number.
    #[error("transport: certificate serial {0} revoked")]
    Revoked(String),
    /// Whether it counts cannot be told.
    #[error("{0}")]
    Unreadable(Error),
}

impl Rejected {
    /// Whether the other end just went away.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(self, Self::Handshake(error) if error.kind() == io::ErrorKind::UnexpectedEof)
    }
}

fn no_certificate(instead: &[String]) -> String {
    match instead {
        [] => "failed to find any PEM data in certificate input".into(),
        [kind] if kind.ends_with("PRIVATE KEY") => "failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched".into(),
        kinds => format!(
            "failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: [{}]",
            kinds.join(" ")
        ),
    }
}

fn no_key(instead: &[String]) -> String {
    match instead {
        [] => "failed to find any PEM data in key input".into(),
        [kind] if kind == "CERTIFICATE" => {
            "found a certificate rather than a key in the PEM for the private key".into()
        }
        kinds => format!(
            "failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: [{}]",
            kinds.join(" ")
        ),
    }
}

/// Go's words for an error of the operating system.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        io::ErrorKind::IsADirectory => "is a directory".into(),
        _ => error.to_string().to_lowercase(),
    }
}

/// Go's words for what went wrong with a stream, if that is of TLS: what the other side thinks of a
/// certificate comes behind the handshake in TLS 1.3.
#[must_use]
pub fn told(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?;
    inner.is::<rustls::Error>().then(|| handshake(error))
}

/// Go's words for what went wrong in a handshake.
fn handshake(error: &io::Error) -> String {
    use rustls::{AlertDescription, CertificateError, Error as Tls, InvalidMessage};
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Tls>());
    let Some(inner) = inner else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof => "EOF".into(),
            _ => error.to_string(),
        };
    };
    let certificate = |why: &str| format!("tls: failed to verify certificate: x509: {why}");
    match inner {
        Tls::NoCertificatesPresented => "tls: client didn't provide a certificate".into(),
        Tls::General(text) => text.clone(),
        Tls::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "tls: first record does not look like a TLS handshake".into()
        }
        Tls::InvalidCertificate(CertificateError::NotValidForName) => {
            "client certificate authentication failed".into()
        }
        Tls::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => certificate("certificate signed by unknown authority"),
        Tls::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => certificate("certificate has expired or is not yet valid"),
        Tls::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. },
        ) => certificate("certificate specifies an incompatible key usage"),
        Tls::InvalidCertificate(why) => certificate(&why.to_string()),
        Tls::AlertReceived(alert) => {
            let text = match alert {
                AlertDescription::BadCertificate => "bad certificate",
                AlertDescription::UnknownCA => "unknown certificate authority",
                AlertDescription::CertificateExpired => "expired certificate",
                AlertDescription::CertificateUnknown => "unknown certificate",
                AlertDescription::CertificateRequired => "certificate required",
                AlertDescription::HandshakeFailure => "handshake failure",
                AlertDescription::ProtocolVersion => "protocol version not supported",
                other => return format!("remote error: tls: {other:?}"),
            };
            format!("remote error: tls: {text}")
        }
        other => format!("tls: {other}"),
    }
}
