//! Passwords: slow to check by intent, so what was found right is remembered.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bcrypt::Version;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::Error;

/// The most bytes of a password that bcrypt looks at.
const PASSWORD_BYTES_MAX: usize = 72;
/// How many pairs are remembered; then all are forgotten.
const REMEMBERED_MAX: usize = 4_096;
/// What bcrypt allows, and what etcd takes instead of anything else.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;
const COST_DEFAULT: u32 = 10;

/// See the module. Whoever hashes or checks waits for long: not on a thread that serves others.
pub struct Passwords {
    cost: u32,
    /// Makes what is remembered worthless to anybody else.
    secret: [u8; 32],
    /// Digests of a password and of what bcrypt made of it, for those that belong together.
    remembered: Mutex<HashSet<[u8; 32]>>,
}

impl Passwords {
    /// `cost` is `--bcrypt-cost`.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(cost: u32) -> Result<Self, getrandom::Error> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)?;
        let known = COSTS.contains(&cost).then_some(cost);
        if known.is_none() {
            tracing::warn!(
                "min-cost" = COSTS.start(),
                "max-cost" = COSTS.end(),
                "default-cost" = COST_DEFAULT,
                "given-cost" = cost,
                "use default bcrypt cost instead of the invalid given cost"
            );
        }
        Ok(Self {
            cost: known.unwrap_or(COST_DEFAULT),
            secret,
            remembered: Mutex::default(),
        })
    }

    /// What bcrypt makes of a password, in the form in which it is replicated.
    ///
    /// # Errors
    /// The password is too long.
    pub fn hash(&self, password: &str) -> Result<String, Error> {
        Ok(STANDARD.encode(self.bcrypt(password)?))
    }

    /// What bcrypt makes of a password.
    ///
    /// # Errors
    /// The password is too long.
    pub fn bcrypt(&self, password: &str) -> Result<String, Error> {
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(Error::PasswordTooLong);
        }
        let hashed = bcrypt::hash_with_result(password, self.cost).map_err(|_| Error::Failed)?;
        Ok(hashed.format_for_version(Version::TwoA))
    }

    /// Whether this was found right before.
    pub fn is_remembered(&self, password: &str, hashed: &[u8]) -> bool {
        let digest = self.digest(password, hashed);
        self.remembered.lock().contains(&digest)
    }

    /// Whether bcrypt made this of the password.
    pub fn check(&self, password: &str, hashed: &[u8]) -> bool {
        let is_right = std::str::from_utf8(hashed)
            .is_ok_and(|hashed| bcrypt::verify(password, hashed).unwrap_or(false));
        if is_right {
            let mut remembered = self.remembered.lock();
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
            remembered.insert(self.digest(password, hashed));
        }
        is_right
    }

    fn digest(&self, password: &str, hashed: &[u8]) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.secret);
        digest.update(hashed.len().to_le_bytes());
        digest.update(hashed);
        digest.update(password);
        digest.finalize().into()
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Passwords").finish_non_exhaustive()
    }
}
