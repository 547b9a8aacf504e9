//! The curve P-521, which *ring* does not have and Go's programs use: the certificates that etcd makes
//! for itself (`--auto-tls`) are of it.

use std::sync::{Arc, LazyLock};

use p521::SecretKey;
use p521::ecdsa::signature::Signer as _;
use p521::ecdsa::signature::hazmat::PrehashVerifier as _;
use p521::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use p521::pkcs8::DecodePrivateKey as _;
use rustls::crypto::{CryptoProvider, KeyProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{
    AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, SignatureVerificationAlgorithm, alg_id,
};
use rustls::sign::{self, Signer};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// What is signed of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Checks signatures over one kind of digest.
#[derive(Debug)]
struct Verification(Hash);

impl SignatureVerificationAlgorithm for Verification {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| InvalidSignature)?;
        let signature = Signature::from_der(signature).map_err(|_| InvalidSignature)?;
        let digest = match self.0 {
            Hash::Sha256 => Sha256::digest(message).to_vec(),
            Hash::Sha384 => Sha384::digest(message).to_vec(),
            Hash::Sha512 => Sha512::digest(message).to_vec(),
        };
        let verified = key.verify_prehash(&padded(digest), &signature);
        verified.map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        match self.0 {
            Hash::Sha256 => alg_id::ECDSA_SHA256,
            Hash::Sha384 => alg_id::ECDSA_SHA384,
            Hash::Sha512 => alg_id::ECDSA_SHA512,
        }
    }
}

/// A digest as long as the order of the curve, which keeps its value: the library refuses those that
/// are less than half as long.
fn padded(digest: Vec<u8>) -> Vec<u8> {
    const ORDER_BYTES: usize = 66;
    let mut padded = vec![0; ORDER_BYTES.saturating_sub(digest.len())];
    padded.extend(digest);
    padded
}

static SHA256: Verification = Verification(Hash::Sha256);
static SHA384: Verification = Verification(Hash::Sha384);
static SHA512: Verification = Verification(Hash::Sha512);

/// All that signatures are checked by: those of *ring*, and these.
static ALGORITHMS: LazyLock<WebPkiSupportedAlgorithms> = LazyLock::new(|| {
    let known = ring::default_provider().signature_verification_algorithms;
    let ours: [&'static dyn SignatureVerificationAlgorithm; 3] = [&SHA512, &SHA384, &SHA256];
    let all: Vec<_> = known.all.iter().copied().chain(ours).collect();
    let in_handshakes: &'static [&'static dyn SignatureVerificationAlgorithm] =
        Box::leak(Box::new([ours[0]]));
    let mut mapping = known.mapping.to_vec();
    mapping.push((SignatureScheme::ECDSA_NISTP521_SHA512, in_handshakes));
    // Made once in a process.
    WebPkiSupportedAlgorithms {
        all: Box::leak(all.into()),
        mapping: Box::leak(mapping.into()),
    }
});

/// Reads keys of all kinds.
#[derive(Debug)]
struct Keys;

impl KeyProvider for Keys {
    fn load_private_key(
        &self,
        key: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn sign::SigningKey>, Error> {
        let read = match &key {
            PrivateKeyDer::Pkcs8(der) => SecretKey::from_pkcs8_der(der.secret_pkcs8_der()).ok(),
            PrivateKeyDer::Sec1(der) => SecretKey::from_sec1_der(der.secret_sec1_der()).ok(),
            _ => None,
        };
        match read {
            Some(secret) => {
                let key = SigningKey::from_bytes(&secret.to_bytes());
                let key = key.map_err(|_| Error::General("the key is none".to_owned()))?;
                Ok(Arc::new(Key(Arc::new(key))))
            }
            None => ring::default_provider().key_provider.load_private_key(key),
        }
    }
}

/// A key of this curve.
struct Key(Arc<SigningKey>);

impl std::fmt::Debug for Key {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Key").finish_non_exhaustive()
    }
}

impl sign::SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let is_offered = offered.contains(&SignatureScheme::ECDSA_NISTP521_SHA512);
        is_offered.then(|| Box::new(Self(self.0.clone())) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: Signature = self
            .0
            .try_sign(message)
            .map_err(|_| Error::General("signing failed".to_owned()))?;
        let der: DerSignature = signature.to_der();
        Ok(der.as_bytes().to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP521_SHA512
    }
}

/// Adds the curve to what is used.
pub(crate) fn add_to(provider: &mut CryptoProvider) {
    provider.signature_verification_algorithms = *ALGORITHMS;
    provider.key_provider = &Keys;
}

#[cfg(test)]
mod tests {
    use p521::FieldBytes;
    use rustls::sign::SigningKey as _;

    use super::*;

    /// Test vector of RFC 6979, A.2.7: the public key, and signatures of "sample".
    const PUBLIC: &str = "0401894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5BCD371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474B9A2F5023A400493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F746A28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFEAA2BFDFCF5";
    const SHA256_R: &str = "01511BB4D675114FE266FC4372B87682BAECC01D3CC62CF2303C92B3526012659D16876E25C7C1E57648F23B73564D67F61C6F14D527D54972810421E7D87589E1A7";
    const SHA256_S: &str = "004A171143A83163D6DF460AAF61522695F207A58B95C0644D87E52AA1A347916E4F7A72930B1BC06DBE22CE3F58264AFD23704CBB63B29B931F7DE6C9D949A7ECFC";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect()
    }

    #[test]
    fn signatures_over_each_digest_are_told_from_others() {
        let [r, s] = [SHA256_R, SHA256_S].map(|hex| FieldBytes::clone_from_slice(&bytes(hex)));
        let signature = Signature::from_scalars(r, s).unwrap().to_der();
        let public = bytes(PUBLIC);
        let check = |algorithm: &Verification, message: &[u8]| {
            algorithm.verify_signature(&public, message, signature.as_bytes())
        };
        assert!(check(&SHA256, b"sample").is_ok());
        assert!(check(&SHA256, b"simple").is_err());
        assert!(check(&SHA512, b"sample").is_err() && check(&SHA384, b"sample").is_err());
    }

    #[test]
    fn what_a_key_signs_is_its_own() {
        let mut secret = [7; 66];
        secret[0] = 0;
        let key = SigningKey::from_slice(&secret).unwrap();
        let public = VerifyingKey::from(&key).to_encoded_point(false);
        let key = Key(Arc::new(key));
        let offered = [
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_NISTP521_SHA512,
        ];
        assert!(key.choose_scheme(&offered[..1]).is_none());
        let signature = key.choose_scheme(&offered).unwrap().sign(b"text").unwrap();
        let check = |text: &[u8]| SHA512.verify_signature(public.as_bytes(), text, &signature);
        assert!(check(b"text").is_ok() && check(b"test").is_err());
    }
}
