//! Issuing tokens (TokenRequest, the subresource `token` of service accounts).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use crate::authz::quote::quoted;

use super::claims::{Bound, Claims, Named};
use super::lookup::Lookup;
use super::{SigningKey, TokenError};

/// The shortest life that may be asked for, in seconds.
const SHORTEST: i64 = 600;
/// The longest life that may be asked for, in seconds.
const LONGEST: i64 = 1 << 32;
/// The life that is asked for if nothing is said, in seconds.
const DEFAULT: i64 = 3600;
/// The life by which tokens for pods are known that clients of old may use beyond their end.
const EXTENDABLE: i64 = 3607;
/// How long those count instead.
const EXTENDED: i64 = 365 * 24 * 3600;
const GROUP: &str = "authentication.k8s.io";

/// Issues tokens.
#[derive(Clone)]
pub struct Issuer {
    /// What this server is called (the first `--service-account-issuer`).
    pub name: String,
    /// The key that signs.
    pub key: Arc<SigningKey>,
    /// The audiences of tokens for which none are asked.
    pub audiences: Vec<String>,
    /// The longest life of a token, in seconds (`--service-account-max-token-expiration`); 0 is any.
    pub max_seconds: i64,
    /// Whether the tokens of pods count for a year (`--service-account-extend-token-expiration`).
    pub extends: bool,
    /// Finds what tokens are bound to.
    pub lookup: Arc<dyn Lookup>,
}

/// A token that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The TokenRequest with its status.
    pub object: Value,
    /// What the client is to be warned of.
    pub warnings: Vec<String>,
    /// `JTI=<id>`: for the audit annotation `authentication.kubernetes.io/issued-credential-id`.
    pub credential: String,
}

/// A token is not issued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A 422 on the TokenRequest: the field, the bad value as JSON, and what is wrong with it.
    #[error("{field}: Invalid value: {value}: {why}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// The value.
        value: Value,
        /// What is wrong.
        why: &'static str,
    },
    /// A 400.
    #[error("{0}")]
    BadRequest(String),
    /// A 404.
    #[error("{resource} {} not found", quoted(.name))]
    NotFound {
        /// The resource, of the core group.
        resource: &'static str,
        /// The name.
        name: String,
    },
    /// A 409 on a kind (upstream has the kind where the resource belongs) and name.
    #[error("Operation cannot be fulfilled on {kind} {}: {why}", quoted(.name))]
    Conflict {
        /// The kind, with its group.
        kind: String,
        /// The name.
        name: String,
        /// Why.
        why: String,
    },
    /// A 500.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Issuer {
    /// Answers a TokenRequest for a service account. `id` names the token and must not be given
    /// twice: a random UUID.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub fn issue(
        &self,
        namespace: &str,
        name: &str,
        request: &Value,
        id: &str,
        now: SystemTime,
    ) -> Result<Issued, RequestError> {
        let mut warnings = Vec::new();
        let metadata = &request["metadata"];
        must_match(metadata, "name", name)?;
        must_match(metadata, "namespace", namespace)?;
        let account = self.lookup.service_account(namespace, name);
        let account = account.ok_or_else(|| not_found("serviceaccounts", name))?;
        let uid = metadata["uid"].as_str().unwrap_or_default();
        if !uid.is_empty() && uid != account.uid {
            let own = &account.uid;
            return Err(RequestError::Conflict {
                kind: format!("TokenRequest.{GROUP}"),
                name: name.into(),
                why: format!(
                    "the UID in the token request ({uid}) does not match the UID of the service account ({own})"
                ),
            });
        }
        let spec = &request["spec"];
        let mut seconds = spec["expirationSeconds"].as_i64().unwrap_or(DEFAULT);
        check_seconds(seconds)?;
        let audiences = spec["audiences"].as_array().into_iter().flatten();
        let audiences: Vec<String> = audiences
            .filter_map(|one| Some(one.as_str()?.into()))
            .collect();
        let audiences = if audiences.is_empty() {
            self.audiences.clone()
        } else {
            audiences
        };
        let bound = match &spec["boundObjectRef"] {
            Value::Null => Bound::None,
            reference => self.bound(namespace, name, reference)?,
        };
        if self.max_seconds > 0 && seconds > self.max_seconds {
            let max = self.max_seconds;
            warnings.push(format!(
                "requested expiration of {seconds} seconds shortened to {max} seconds"
            ));
            seconds = max;
        }
        let is_own = audiences.iter().all(|one| self.audiences.contains(one));
        let is_extended =
            self.extends && matches!(bound, Bound::Pod(..)) && seconds == EXTENDABLE && is_own;
        let since = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let issued = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let after = |seconds: i64| issued.saturating_add(seconds);
        let claims = Claims {
            issuer: self.name.clone(),
            audiences: audiences.clone(),
            expiry: Some(after(if is_extended { EXTENDED } else { seconds })),
            issued: Some(issued),
            not_before: Some(issued),
            id: id.into(),
            namespace: namespace.into(),
            account: Named {
                name: name.into(),
                uid: account.uid.clone(),
            },
            bound,
            warn_after: is_extended.then(|| after(seconds)),
            is_of_webhook: false,
        };
        let token = self.key.sign(&claims.to_value())?;
        let mut object = match request {
            Value::Object(request) => request.clone().into(),
            _ => Value::Object(Map::new()),
        };
        object["apiVersion"] = format!("{GROUP}/v1").into();
        object["kind"] = "TokenRequest".into();
        let metadata = object_at(&mut object, "metadata");
        metadata.insert("name".into(), name.into());
        metadata.insert("namespace".into(), namespace.into());
        metadata.insert("uid".into(), account.uid.into());
        metadata.insert("creationTimestamp".into(), shown(now, 0));
        let spec = object_at(&mut object, "spec");
        spec.insert("audiences".into(), audiences.into());
        spec.insert("expirationSeconds".into(), seconds.into());
        object["status"] = json!({"token": token, "expirationTimestamp": shown(now, seconds)});
        Ok(Issued {
            object,
            warnings,
            credential: format!("JTI={id}"),
        })
    }

    fn bound(&self, namespace: &str, name: &str, reference: &Value) -> Result<Bound, RequestError> {
        let text = |key: &str| reference[key].as_str().unwrap_or_default();
        let (version, kind, bound) = (text("apiVersion"), text("kind"), text("name"));
        let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
        let (found, resource) = match (group, kind) {
            ("", "Pod") => (self.lookup.pod(namespace, bound), "pods"),
            ("", "Node") => (self.lookup.node(bound), "nodes"),
            ("", "Secret") => (self.lookup.secret(namespace, bound), "secrets"),
            _ => return Err(unknown_kind(group, version, kind)),
        };
        let found = found.ok_or_else(|| not_found(resource, bound))?;
        if kind == "Pod" && found.service_account != name {
            let account = quoted(name);
            return Err(RequestError::BadRequest(format!(
                "cannot bind token for serviceaccount {account} to pod running with different serviceaccount name."
            )));
        }
        let uid = text("uid");
        if !uid.is_empty() && uid != found.uid {
            return Err(RequestError::Conflict {
                kind: kind.into(),
                name: bound.into(),
                why: format!(
                    "the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated"
                ),
            });
        }
        let named = Named {
            name: bound.into(),
            uid: found.uid,
        };
        Ok(match kind {
            "Pod" => {
                let node = (!found.node.is_empty()).then(|| Named {
                    // A node that is not there is named all the same.
                    uid: self.lookup.node(&found.node).unwrap_or_default().uid,
                    name: found.node,
                });
                Bound::Pod(named, node)
            }
            "Node" => Bound::Node(named),
            _ => Bound::Secret(named),
        })
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Issuer");
        shown.field("name", &self.name).finish_non_exhaustive()
    }
}

fn must_match(metadata: &Value, key: &str, wanted: &str) -> Result<(), RequestError> {
    let found = metadata[key].as_str().unwrap_or_default();
    if found.is_empty() || found == wanted {
        return Ok(());
    }
    let (field, why) = match key {
        "name" => (
            "metadata.name",
            "must match the service account name if specified",
        ),
        _ => (
            "metadata.namespace",
            "must match the service account namespace if specified",
        ),
    };
    Err(RequestError::Invalid {
        field,
        value: found.into(),
        why,
    })
}

fn check_seconds(seconds: i64) -> Result<(), RequestError> {
    let why = match seconds {
        ..SHORTEST => "may not specify a duration less than 10 minutes",
        SHORTEST..=LONGEST => return Ok(()),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    Err(RequestError::Invalid {
        field: "spec.expirationSeconds",
        value: seconds.into(),
        why,
    })
}

fn unknown_kind(group: &str, version: &str, kind: &str) -> RequestError {
    let is_webhook = (group, version) == ("admissionregistration.k8s.io", "v1")
        && [
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        ]
        .contains(&kind);
    let gate = match is_webhook {
        true => " (feature gate APIServerWebhookAuthenticationToken is disabled)",
        false => "",
    };
    RequestError::BadRequest(format!(
        "cannot bind token to object of type {group}/{version}, Kind={kind}{gate}"
    ))
}

fn not_found(resource: &'static str, name: &str) -> RequestError {
    RequestError::NotFound {
        resource,
        name: name.into(),
    }
}

/// A member that is an object, made if it is not.
fn object_at<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    let member = &mut object[key];
    if !member.is_object() {
        *member = Map::new().into();
    }
    member.as_object_mut().expect("it was just made an object")
}

/// A time in so many seconds, as it stands in objects.
fn shown(now: SystemTime, seconds: i64) -> Value {
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let at = now.checked_add(seconds).unwrap_or(now);
    let at = jiff::Timestamp::try_from(at).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}
