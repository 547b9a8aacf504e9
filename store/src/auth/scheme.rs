//! `--auth-token`: the kind of token, and its options.

use super::Jwt;

/// What is wrong with options, in etcd's words; what exactly is logged.
pub(super) const INVALID: &str = "auth: invalid auth options";

/// See the module.
#[derive(Debug)]
pub enum Scheme {
    /// Random tokens that members keep in memory, each for as long as it is used.
    Simple,
    /// Tokens that tell all by themselves.
    Jwt(Box<Jwt>),
    /// None at all: only certificates name users.
    None,
}

impl Scheme {
    /// Reads the flag, and the files that it names.
    ///
    /// # Errors
    /// Why it does not do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let kind = parts.next().unwrap_or_default();
        let mut options: Vec<(&str, &str)> = Vec::new();
        for part in parts {
            let pair = part.split_once('=');
            let pair = pair.filter(|(_, value)| !value.contains('='));
            let is_new = |(name, _): &(&str, &str)| options.iter().all(|(own, _)| own != name);
            let Some(pair) = pair.filter(is_new) else {
                tracing::error!(option = text, "invalid token option");
                return Err(INVALID.to_owned());
            };
            options.push(pair);
        }
        match kind {
            "simple" => {
                tracing::warn!("simple token is not cryptographically signed");
                Ok(Self::Simple)
            }
            "jwt" => Ok(Self::Jwt(Box::new(Jwt::new(&options)?))),
            "" => Ok(Self::None),
            other => {
                tracing::warn!("type" = other, error = INVALID, "unknown token type");
                Err(INVALID.to_owned())
            }
        }
    }
}
