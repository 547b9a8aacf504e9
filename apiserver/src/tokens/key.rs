//! The keys of tokens, by ring: ECDSA on P-256 and P-384, RSA.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::TokenError;

/// What a key is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Rsa,
}

/// The beginnings of public keys as a SubjectPublicKeyInfo; the point follows.
const P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
const P384: &[u8] =
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00";
/// The algorithm of RSA keys; the key follows as a bit string.
const RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// A key that verifies tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    /// The SubjectPublicKeyInfo, DER.
    der: Vec<u8>,
    /// What ring wants of it: the point, or the RSAPublicKey.
    raw: Vec<u8>,
    id: String,
}

impl PublicKey {
    /// Reads the keys in a PEM text: public keys, and those of certificates.
    ///
    /// # Errors
    /// There is none, or one is of no kind that is known here.
    pub fn parse(pem: &str) -> Result<Vec<Self>, TokenError> {
        let bytes = pem.as_bytes();
        let key = |why: String| TokenError::Key(why);
        let mut keys = Vec::new();
        for found in SubjectPublicKeyInfoDer::pem_slice_iter(bytes) {
            let found = found.map_err(|why| key(why.to_string()))?;
            keys.push(Self::from_der(&found)?);
        }
        for found in CertificateDer::pem_slice_iter(bytes) {
            let found = found.map_err(|why| key(why.to_string()))?;
            let (_, parsed) =
                X509Certificate::from_der(&found).map_err(|why| key(why.to_string()))?;
            keys.push(Self::from_der(parsed.public_key().raw)?);
        }
        match keys.is_empty() {
            true => Err(key(
                "data does not contain any valid RSA or ECDSA public keys".into(),
            )),
            false => Ok(keys),
        }
    }

    /// Reads a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// It is none, or of no kind that is known here.
    pub fn from_der(der: &[u8]) -> Result<Self, TokenError> {
        let unknown = || TokenError::Key("unknown public key type".into());
        let (rest, parsed) = SubjectPublicKeyInfo::from_der(der)
            .map_err(|why| TokenError::Key(format!("cannot read a public key: {why}")))?;
        if !rest.is_empty() {
            return Err(unknown());
        }
        let raw = parsed.subject_public_key.data.to_vec();
        let kind = match parsed.parsed() {
            Ok(Parsed::RSA(_)) => Kind::Rsa,
            Ok(Parsed::EC(_)) if der.starts_with(P256) => Kind::P256,
            Ok(Parsed::EC(_)) if der.starts_with(P384) => Kind::P384,
            _ => return Err(unknown()),
        };
        Ok(Self {
            kind,
            der: der.to_vec(),
            raw,
            id: URL_SAFE_NO_PAD.encode(Sha256::digest(der)),
        })
    }

    /// The key's identifier (`kid`): the SHA-256 of the SubjectPublicKeyInfo, as base64url.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The algorithm of its signatures: `ES256`, `ES384` or `RS256`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.kind.algorithm()
    }

    /// The key as a JSON web key.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = json!({"use": "sig", "kid": self.id, "alg": self.algorithm()});
        let curve = match self.kind {
            Kind::P256 => "P-256",
            Kind::P384 => "P-384",
            Kind::Rsa => {
                jwk["kty"] = "RSA".into();
                if let Ok((_, info)) = SubjectPublicKeyInfo::from_der(&self.der)
                    && let Ok(Parsed::RSA(key)) = info.parsed()
                {
                    jwk["n"] = text(stripped(key.modulus)).into();
                    jwk["e"] = text(stripped(key.exponent)).into();
                }
                return jwk;
            }
        };
        // An uncompressed point: a byte, then both coordinates.
        let coordinates = self.raw.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        jwk["kty"] = "EC".into();
        jwk["crv"] = curve.into();
        jwk["x"] = text(x).into();
        jwk["y"] = text(y).into();
        jwk
    }

    /// Whether a signature by this algorithm is of the key.
    pub(super) fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let scheme: &dyn signature::VerificationAlgorithm = match (self.kind, algorithm) {
            (Kind::P256, "ES256") => &signature::ECDSA_P256_SHA256_FIXED,
            (Kind::P384, "ES384") => &signature::ECDSA_P384_SHA384_FIXED,
            (Kind::Rsa, "RS256") => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, "RS384") => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, "RS512") => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Kind::Rsa, "PS256") => &signature::RSA_PSS_2048_8192_SHA256,
            (Kind::Rsa, "PS384") => &signature::RSA_PSS_2048_8192_SHA384,
            (Kind::Rsa, "PS512") => &signature::RSA_PSS_2048_8192_SHA512,
            _ => return false,
        };
        let key = UnparsedPublicKey::new(scheme, &self.raw);
        key.verify(message, signature).is_ok()
    }
}

impl Kind {
    fn algorithm(self) -> &'static str {
        match self {
            Self::P256 => "ES256",
            Self::P384 => "ES384",
            Self::Rsa => "RS256",
        }
    }
}

enum Private {
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

/// A key that signs tokens.
pub struct SigningKey {
    private: Private,
    public: PublicKey,
}

impl SigningKey {
    /// Reads a private key in PEM: PKCS #8 for ECDSA, that or PKCS #1 for RSA.
    ///
    /// # Errors
    /// It is none, or of no kind that is known here.
    pub fn parse(pem: &str) -> Result<Self, TokenError> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes());
        let der = der.map_err(|why| TokenError::Key(why.to_string()))?;
        let random = SystemRandom::new();
        let bytes = der.secret_der();
        let curves = [
            (&ECDSA_P256_SHA256_FIXED_SIGNING, P256),
            (&ECDSA_P384_SHA384_FIXED_SIGNING, P384),
        ];
        for (curve, head) in curves {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, bytes, &random) {
                let public = [head, pair.public_key().as_ref()].concat();
                return Ok(Self {
                    public: PublicKey::from_der(&public)?,
                    private: Private::Ecdsa(pair),
                });
            }
        }
        let pair = match der {
            PrivateKeyDer::Pkcs1(_) => RsaKeyPair::from_der(bytes),
            _ => RsaKeyPair::from_pkcs8(bytes),
        };
        let pair = pair.map_err(|why| {
            TokenError::Key(format!(
                "no ECDSA (P-256, P-384) or RSA key in PKCS #8: {why}"
            ))
        })?;
        let bits = [&[0], pair.public_key().as_ref()].concat();
        let public = tagged(0x30, &[RSA, &tagged(0x03, &bits)].concat());
        Ok(Self {
            public: PublicKey::from_der(&public)?,
            private: Private::Rsa(pair),
        })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A compact token with these claims.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, TokenError> {
        let header = json!({"alg": self.public.algorithm(), "kid": self.public.id});
        let encoded = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = encoded.join(".");
        let random = SystemRandom::new();
        let failed = |why: ring::error::Unspecified| TokenError::Sign(why.to_string());
        let signature = match &self.private {
            Private::Ecdsa(pair) => {
                let signature = pair.sign(&random, message.as_bytes()).map_err(failed)?;
                signature.as_ref().to_vec()
            }
            Private::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(
                    &RSA_PKCS1_SHA256,
                    &random,
                    message.as_bytes(),
                    &mut signature,
                );
                signed.map_err(failed)?;
                signature
            }
        };
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("SigningKey");
        shown.field("public", &self.public).finish_non_exhaustive()
    }
}

/// A DER element.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length = stripped(&length);
    let mut element = vec![tag];
    match (length, content.len()) {
        (_, short @ 0..0x80) => element.push(short as u8),
        (long, _) => {
            element.push(0x80 | long.len() as u8);
            element.extend_from_slice(long);
        }
    }
    element.extend_from_slice(content);
    element
}

/// A number without zeros before it.
fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
