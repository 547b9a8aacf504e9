//! What tells others how to verify tokens (OpenID Connect discovery).

use serde_json::{Value, json};

use super::PublicKey;

/// Where the configuration is found.
pub const CONFIGURATION: &str = "/.well-known/openid-configuration";
/// Where the keys are found, on this server.
pub const KEYS: &str = "/openid/v1/jwks";
/// How long both may be kept, in seconds.
pub const MAX_AGE: u32 = 3600;

/// The keys, as a JSON web key set.
#[must_use]
pub fn keys(keys: &[PublicKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(PublicKey::to_jwk).collect();
    json!({"keys": keys})
}

/// The configuration of an issuer whose keys are found at `keys_url`.
#[must_use]
pub fn configuration(issuer: &str, keys_url: &str, keys: &[PublicKey]) -> Value {
    let mut algorithms: Vec<&str> = keys.iter().map(PublicKey::algorithm).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    json!({
        "issuer": issuer,
        "jwks_uri": keys_url,
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
    })
}
