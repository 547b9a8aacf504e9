//! How a member finds out who a request comes from, by a token.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{Caller, Error, Scheme};

/// Letters before the dot of a simple token.
const LETTERS: usize = 16;
/// What they are taken from.
const ALPHABET: &[u8; 52] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// How many tokens there are before those that have run out are looked for; later twice as many as
/// were left the last time.
const SWEEP_AT: usize = 1_000;

/// What a command did that concerns tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Requests must say who they come from, or must not any more, from now on.
    Enabled(bool),
    /// A user has shown its password.
    Assigned {
        /// Whose.
        user: String,
        /// The simple token.
        token: String,
    },
    /// A user is gone, or has another password: its simple tokens end.
    Ended(String),
}

/// See the module.
#[derive(Debug)]
pub struct Tokens {
    scheme: Scheme,
    /// How long an unused simple token lives.
    ttl: Duration,
    is_enabled: AtomicBool,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    by_token: HashMap<String, Owner>,
    sweep_at: usize,
}

#[derive(Debug)]
struct Owner {
    user: String,
    ends: Instant,
}

impl Tokens {
    /// No token yet; `ttl` is `--auth-token-ttl`.
    pub fn new(scheme: Scheme, ttl: Duration, is_enabled: bool) -> Self {
        Self {
            scheme,
            ttl,
            is_enabled: AtomicBool::new(is_enabled),
            held: Mutex::new(Held {
                by_token: HashMap::new(),
                sweep_at: SWEEP_AT,
            }),
        }
    }

    /// Whether requests must say who they come from.
    pub fn is_enabled(&self) -> bool {
        self.is_enabled.load(Ordering::Acquire)
    }

    /// How tokens are made.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Learns of what a command did.
    pub fn notice(&self, notice: Notice, now: Instant) {
        match notice {
            Notice::Enabled(is_enabled) => {
                self.held.lock().by_token.clear();
                self.is_enabled.store(is_enabled, Ordering::Release);
            }
            Notice::Assigned { user, token } => {
                let ends = now + self.ttl;
                let mut held = self.held.lock();
                if held.by_token.len() >= held.sweep_at {
                    held.by_token.retain(|_, owner| owner.ends > now);
                    held.sweep_at = SWEEP_AT.max(held.by_token.len() * 2);
                }
                held.by_token.insert(token, Owner { user, ends });
            }
            Notice::Ended(user) => {
                let mut held = self.held.lock();
                held.by_token.retain(|_, owner| owner.user != user);
            }
        }
    }

    /// Who shows this token, at this revision of the tables. A simple one lives on by that.
    ///
    /// # Errors
    /// The token does not count, or not any more.
    pub fn caller(&self, token: &str, revision: u64, now: Instant) -> Result<Caller, Error> {
        match &self.scheme {
            Scheme::Simple => {
                let mut held = self.held.lock();
                let owner = held.by_token.get_mut(token);
                let owner = owner.filter(|owner| owner.ends > now);
                let owner = owner.ok_or(Error::InvalidToken)?;
                owner.ends = now + self.ttl;
                Ok(Caller {
                    user: owner.user.clone(),
                    revision,
                })
            }
            Scheme::Jwt(jwt) => jwt.verify(token),
            Scheme::None => Err(Error::InvalidToken),
        }
    }
}

/// The index of the command that assigned a simple token, which stands in it: before that has been
/// carried out the token is not known.
pub(crate) fn assigned_at(token: &str) -> Option<u64> {
    let (_, index) = token.split_once('.')?;
    index.parse().ok()
}

/// A simple token, by the letters that its command brings and the index of that.
pub(crate) fn simple(letters: &str, index: u64) -> String {
    format!("{letters}.{index}")
}

/// The letters of a simple token, drawn by the system.
///
/// # Panics
/// The system gives no random numbers.
pub(crate) fn letters() -> String {
    let mut text = String::with_capacity(LETTERS);
    while text.len() < LETTERS {
        let mut drawn = [0; LETTERS];
        getrandom::fill(&mut drawn)
            .unwrap_or_else(|error| panic!("the system gives no random numbers: {error}"));
        // Numbers beyond the last whole alphabet would favour its first letters.
        let fair = drawn
            .iter()
            .filter(|number| usize::from(**number) < 4 * ALPHABET.len());
        let drawn = fair.map(|number| char::from(ALPHABET[usize::from(*number) % ALPHABET.len()]));
        text.extend(drawn.take(LETTERS - text.len()));
    }
    text
}
