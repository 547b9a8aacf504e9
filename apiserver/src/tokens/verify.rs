//! Whether a token counts, and whose it is.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::Value;

use crate::authn::{CREDENTIAL_ID, User};
use crate::authz::joined;
use crate::authz::quote::{quoted, quoted_list};

use super::claims::{Bound, Claims, Named};
use super::lookup::{Lookup, Referent};
use super::{PublicKey, TokenError};

/// By how much the clocks of issuer and verifier may differ.
const SLACK: Duration = Duration::from_secs(60);
/// As Go reads it: without padding, and not strict about the last bits.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);
const INVALIDATED: &str = "service account token has been invalidated";

/// Verifies the tokens of service accounts.
#[derive(Clone)]
pub struct Verifier {
    /// The issuers whose tokens count (`--service-account-issuer`; only the first issues).
    pub issuers: Vec<String>,
    /// The keys that may have signed.
    pub keys: Vec<PublicKey>,
    /// What this server calls itself: the audiences of who asks for none.
    pub audiences: Vec<String>,
    /// Finds what tokens are bound to.
    pub lookup: Arc<dyn Lookup>,
}

impl Verifier {
    /// Whose token it is, and which of the audiences that are asked for it is meant for; nothing, if
    /// it is of another issuer or no such token at all.
    ///
    /// # Errors
    /// [`TokenError::Invalid`]: it does not count; in upstream's words.
    pub fn verify(
        &self,
        token: &str,
        audiences: &[String],
        now: SystemTime,
    ) -> Result<Option<(User, Vec<String>)>, TokenError> {
        let Some(parts) = Parts::of(token) else {
            return Ok(None);
        };
        let issuer = parts.claims["iss"].as_str().unwrap_or_default();
        if !self.issuers.iter().any(|known| known == issuer) {
            return Ok(None);
        }
        self.check_signature(&parts).map_err(TokenError::Invalid)?;
        let claims = Claims::of(&parts.claims).map_err(TokenError::Invalid)?;
        let meant = match claims.audiences.is_empty() {
            true => &self.audiences,
            false => &claims.audiences,
        };
        let asked = if audiences.is_empty() {
            &self.audiences
        } else {
            audiences
        };
        let fitting = crate::authn::common(meant, asked);
        if fitting.is_empty() && !self.audiences.is_empty() {
            return Err(TokenError::Invalid(format!(
                "token audiences {} is invalid for the target audiences {}",
                quoted_list(meant),
                quoted_list(asked)
            )));
        }
        check_times(&claims, now).map_err(|why| TokenError::Invalid(why.into()))?;
        let user = self.user(&claims, now).map_err(TokenError::Invalid)?;
        Ok(Some((user, fitting)))
    }

    fn check_signature(&self, parts: &Parts<'_>) -> Result<(), String> {
        let keys = self.keys.iter();
        let keys: Vec<&PublicKey> = keys
            .filter(|key| parts.key.is_empty() || key.id() == parts.key)
            .collect();
        if keys.is_empty() {
            return Err("invalid signature, no keys found".into());
        }
        let verifies = |key: &&PublicKey| {
            let message = parts.message.as_bytes();
            !parts.is_critical && key.verifies(&parts.algorithm, message, &parts.signature)
        };
        if keys.iter().any(verifies) {
            return Ok(());
        }
        let why = "go-jose/go-jose: error in cryptographic primitive";
        Err(joined(keys.iter().map(|_| why.to_owned())))
    }

    /// The user, if all that the token is bound to is still there.
    fn user(&self, claims: &Claims, now: SystemTime) -> Result<User, String> {
        let (namespace, account) = (&claims.namespace, &claims.account);
        let found = self.lookup.service_account(namespace, &account.name);
        let found =
            found.ok_or_else(|| format!("serviceaccounts {} not found", quoted(&account.name)))?;
        if found.uid != account.uid {
            let (uid, claim) = (&found.uid, &account.uid);
            return Err(format!(
                "service account UID ({uid}) does not match claim ({claim})"
            ));
        }
        if is_gone(&found, now) {
            let name = &account.name;
            return Err(format!(
                "service account {namespace}/{name} has been deleted"
            ));
        }
        if claims.is_of_webhook {
            let gate = quoted("APIServerWebhookAuthenticationToken");
            return Err(format!(
                "feature gate {gate} is disabled, but token is webhook bound"
            ));
        }
        let mut user = User::of_service_account(namespace, &account.name, &account.uid);
        let mut put = |key: &str, value: &str| {
            if !value.is_empty() {
                let key = format!("authentication.kubernetes.io/{key}");
                user.extra.insert(key, vec![value.to_owned()]);
            }
        };
        match &claims.bound {
            Bound::None => {}
            Bound::Secret(secret) => {
                let found = self.lookup.secret(namespace, &secret.name);
                is_there(found, secret, now, "secret")?;
            }
            Bound::Pod(pod, node) => {
                let found = self.lookup.pod(namespace, &pod.name);
                is_there(found, pod, now, "pod")?;
                if !pod.name.is_empty() && !pod.uid.is_empty() {
                    put("pod-name", &pod.name);
                    put("pod-uid", &pod.uid);
                }
                if let Some(node) = node.as_ref().filter(|node| !node.name.is_empty()) {
                    put("node-name", &node.name);
                    put("node-uid", &node.uid);
                }
            }
            Bound::Node(node) => {
                let found = self.lookup.node(&node.name);
                is_there(found, node, now, "node")?;
                put("node-name", &node.name);
                put("node-uid", &node.uid);
            }
        }
        if !claims.id.is_empty() {
            let id = format!("JTI={}", claims.id);
            user.extra.insert(CREDENTIAL_ID.into(), vec![id]);
        }
        Ok(user)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Verifier");
        shown
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

/// A token taken apart.
struct Parts<'a> {
    algorithm: String,
    key: String,
    is_critical: bool,
    claims: Value,
    message: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let json = |part: &str| -> Option<Value> {
            let bytes = BASE64.decode(part).ok()?;
            let value: Value = serde_json::from_slice(&bytes).ok()?;
            value.is_object().then_some(value)
        };
        let header = json(header)?;
        let text = |key: &str| header[key].as_str().unwrap_or_default().to_owned();
        Some(Self {
            algorithm: text("alg"),
            key: text("kid"),
            is_critical: !header["crit"].is_null(),
            claims: json(claims)?,
            message,
            signature: BASE64.decode(signature).ok()?,
        })
    }
}

fn check_times(claims: &Claims, now: SystemTime) -> Result<(), &'static str> {
    let now = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let time = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let is_ahead = |seconds: Option<i64>| seconds.is_some_and(|at| now + SLACK < time(at));
    if is_ahead(claims.not_before) {
        return Err("service account token is not valid yet");
    }
    let is_expired = |at: i64| now > time(at).saturating_add(SLACK);
    if claims.expiry.is_some_and(is_expired) {
        return Err("service account token has expired");
    }
    match is_ahead(claims.issued) {
        true => Err("service account token is issued in the future"),
        false => Ok(()),
    }
}

fn is_there(
    found: Option<Referent>,
    claim: &Named,
    now: SystemTime,
    kind: &str,
) -> Result<(), String> {
    let found = found.ok_or(INVALIDATED)?;
    if found.uid != claim.uid {
        return Err(format!(
            "{kind} UID ({}) does not match service account {kind} ref claim ({})",
            found.uid, claim.uid
        ));
    }
    match is_gone(&found, now) {
        true => Err(INVALIDATED.into()),
        false => Ok(()),
    }
}

/// Whether an object was deleted more than a moment ago.
fn is_gone(found: &Referent, now: SystemTime) -> bool {
    let before = now.checked_sub(SLACK);
    let deleted = found.deletion.zip(before);
    deleted.is_some_and(|(deleted, before)| deleted < before)
}
