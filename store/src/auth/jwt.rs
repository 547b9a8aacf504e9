//! Tokens that tell user and revision by themselves (RFC 7519), with the options of etcd's
//! `--auth-token=jwt,...`.

use std::fs;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use pkcs8::der::Encode as _;
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{ObjectIdentifier, PrivateKeyInfo};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents as RsaPublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::{Deserialize, Serialize};

use super::scheme::INVALID;
use super::{Caller, Error};
use crate::clock;

/// How long a token lives where that is not said.
const TTL_DEFAULT: Duration = Duration::from_secs(300);

/// See the module.
pub struct Jwt {
    algorithm: Algorithm,
    /// Nothing where tokens are signed elsewhere.
    signs: Option<EncodingKey>,
    verifies: DecodingKey,
    ttl: Duration,
}

/// What is in a token.
#[derive(Serialize, Deserialize)]
struct Claims {
    username: String,
    /// Go reads any number here.
    revision: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
}

impl Jwt {
    /// By what stands behind `jwt` in the flag: options of which each has a name and a value.
    ///
    /// # Errors
    /// Why that does not do.
    pub fn new(options: &[(&str, &str)]) -> Result<Self, String> {
        for (name, _) in options {
            if !["sign-method", "pub-key", "priv-key", "ttl"].contains(name) {
                tracing::warn!(keys = name, "unknown JWT options");
            }
        }
        let Options {
            algorithm,
            public,
            private,
            ttl,
        } = Options::read(options).map_err(|error| {
            tracing::error!(%error, "problem loading JWT options");
            INVALID.to_owned()
        })?;
        let (signs, verifies) = keys(algorithm, public.as_deref(), private.as_deref())?;
        Ok(Self {
            algorithm,
            signs,
            verifies,
            ttl,
        })
    }

    /// A token for a user who has shown its password at this revision of the tables.
    ///
    /// # Errors
    /// The private key is elsewhere.
    pub fn sign(&self, user: &str, revision: u64) -> Result<String, Error> {
        let key = self.signs.as_ref().ok_or(Error::VerifyOnly)?;
        let ends = clock::unix() + self.ttl;
        let claims = Claims {
            username: user.to_owned(),
            revision: revision as f64,
            exp: Some(ends.as_secs()),
        };
        jsonwebtoken::encode(&Header::new(self.algorithm), &claims, key).map_err(|error| {
            tracing::warn!("user-name" = user, revision, %error, "failed to sign a JWT token");
            Error::Signing
        })
    }

    /// Who shows the token.
    ///
    /// # Errors
    /// It is not signed by the key, or too old, or does not say who it is for.
    pub fn verify(&self, token: &str) -> Result<Caller, Error> {
        let mut validation = Validation::new(self.algorithm);
        // A token need not end, but one that has is over at once, as in etcd.
        validation.required_spec_claims.clear();
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifies, &validation)
            .map_err(|error| {
                tracing::warn!(%error, "failed to parse a JWT token");
                Error::InvalidToken
            })?
            .claims;
        Ok(Caller {
            user: claims.username,
            revision: claims.revision as u64,
        })
    }
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Jwt")
            .field("algorithm", &self.algorithm)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// The options, with what is in the files that they name.
struct Options {
    algorithm: Algorithm,
    public: Option<Vec<u8>>,
    private: Option<Vec<u8>>,
    ttl: Duration,
}

impl Options {
    fn read(options: &[(&str, &str)]) -> Result<Self, String> {
        let option = |name: &str| {
            let found = options.iter().find(|(own, _)| *own == name);
            found
                .map(|(_, value)| *value)
                .filter(|value| !value.is_empty())
        };
        let ttl = match option("ttl") {
            Some(text) => {
                let nanos = crate::config::parse_duration(text)?;
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
            }
            None => TTL_DEFAULT,
        };
        let file = |name: &str| {
            let read = |path| fs::read(path).map_err(|error| format!("open {path}: {error}"));
            option(name).map(read).transpose()
        };
        let (public, private) = (file("pub-key")?, file("priv-key")?);
        let method = option("sign-method").unwrap_or_default();
        let algorithm = algorithm(method).ok_or("auth: invalid auth signature method")?;
        Ok(Self {
            algorithm,
            public,
            private,
            ttl,
        })
    }
}

/// The methods of etcd, but for those that need P-521.
fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "EdDSA" => Algorithm::EdDSA,
        "HS256" => Algorithm::HS256,
        "HS384" => Algorithm::HS384,
        "HS512" => Algorithm::HS512,
        _ => return None,
    })
}

/// The key to sign with, if it is here, and the one to verify with.
fn keys(
    algorithm: Algorithm,
    public: Option<&[u8]>,
    private: Option<&[u8]>,
) -> Result<(Option<EncodingKey>, DecodingKey), String> {
    const MISSING: &str = "auth: missing key data";
    let Some(kind) = kind(algorithm) else {
        let secret = private.filter(|key| !key.is_empty()).ok_or(MISSING)?;
        let verifies = DecodingKey::from_secret(secret);
        return Ok((Some(EncodingKey::from_secret(secret)), verifies));
    };
    let decode = match kind {
        Kind::Ec(..) => DecodingKey::from_ec_pem,
        Kind::Ed => DecodingKey::from_ed_pem,
        Kind::Rsa => DecodingKey::from_rsa_pem,
    };
    let given = public.map(decode).transpose();
    let given = given.map_err(|error| format!("auth: public key: {error}"))?;
    let Some(private) = private else {
        return Ok((None, given.ok_or(MISSING)?));
    };
    let pair = pair(&kind, private).map_err(|error| format!("auth: private key: {error}"))?;
    if let Some(given) = given
        && !belong_together(algorithm, &pair.0, &given)
    {
        return Err("auth: public and private keys don't match".to_owned());
    }
    Ok((Some(pair.0), pair.1))
}

/// The kind of key pair that a method signs and verifies with.
enum Kind {
    Rsa,
    /// With the object identifier of the curve (RFC 5480 §2.1.1.1).
    Ec(&'static EcdsaSigningAlgorithm, ObjectIdentifier),
    Ed,
}

/// Nothing for methods by which both share a secret.
fn kind(algorithm: Algorithm) -> Option<Kind> {
    const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
    const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
    Some(match algorithm {
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return None,
        Algorithm::ES256 => Kind::Ec(&ECDSA_P256_SHA256_FIXED_SIGNING, P256),
        Algorithm::ES384 => Kind::Ec(&ECDSA_P384_SHA384_FIXED_SIGNING, P384),
        Algorithm::EdDSA => Kind::Ed,
        _ => Kind::Rsa,
    })
}

/// A private key, and its public half.
fn pair(kind: &Kind, private: &[u8]) -> Result<(EncodingKey, DecodingKey), String> {
    let key = PrivateKeyDer::from_pem_slice(private).map_err(|error| error.to_string())?;
    let der = key.secret_der();
    let rejected = |error: ring::error::KeyRejected| error.to_string();
    Ok(match kind {
        Kind::Rsa => {
            let pair = match &key {
                PrivateKeyDer::Pkcs1(_) => RsaKeyPair::from_der(der),
                _ => RsaKeyPair::from_pkcs8(der),
            };
            let pair = pair.map_err(rejected)?;
            let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public());
            let signs = EncodingKey::from_rsa_pem(private).map_err(|error| error.to_string())?;
            let verifies = DecodingKey::from_rsa_raw_components(&public.n, &public.e);
            (signs, verifies)
        }
        Kind::Ec(curve, name) => {
            let der = match &key {
                PrivateKeyDer::Sec1(_) => in_pkcs8(der, name).map_err(|error| error.to_string())?,
                _ => der.to_vec(),
            };
            let pair = EcdsaKeyPair::from_pkcs8(curve, &der, &SystemRandom::new());
            let verifies = DecodingKey::from_ec_der(pair.map_err(rejected)?.public_key().as_ref());
            (EncodingKey::from_ec_der(&der), verifies)
        }
        Kind::Ed => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(rejected)?;
            let verifies = DecodingKey::from_ed_der(pair.public_key().as_ref());
            (EncodingKey::from_ed_der(der), verifies)
        }
    })
}

/// A private key of an elliptic curve (RFC 5915) in the form for keys of any kind (RFC 5208).
fn in_pkcs8(sec1: &[u8], curve: &ObjectIdentifier) -> pkcs8::der::Result<Vec<u8>> {
    const PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    let algorithm = AlgorithmIdentifierRef {
        oid: PUBLIC_KEY,
        parameters: Some(curve.into()),
    };
    PrivateKeyInfo::new(algorithm, sec1).to_der()
}

/// Whether one verifies what the other signs.
fn belong_together(algorithm: Algorithm, signs: &EncodingKey, verifies: &DecodingKey) -> bool {
    let message = b"pintle";
    jsonwebtoken::crypto::sign(message, signs, algorithm)
        .and_then(|signature| {
            jsonwebtoken::crypto::verify(&signature, message, verifies, algorithm)
        })
        .unwrap_or(false)
}
