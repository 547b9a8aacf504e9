//! What a token says.

use serde_json::{Map, Value, json};

use crate::authn::SERVICE_ACCOUNT_PREFIX;

/// An object that a token names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The UID; may be empty for the node of a pod.
    pub uid: String,
}

/// What a token is bound to besides the service account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bound {
    /// Nothing.
    #[default]
    None,
    /// A pod, and the node it runs on if that is known.
    Pod(Named, Option<Named>),
    /// A secret.
    Secret(Named),
    /// A node.
    Node(Named),
}

/// The claims of a token. Times are seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Who issued it.
    pub issuer: String,
    /// For whom it is.
    pub audiences: Vec<String>,
    /// Until when it counts.
    pub expiry: Option<i64>,
    /// When it was issued.
    pub issued: Option<i64>,
    /// From when it counts.
    pub not_before: Option<i64>,
    /// Its own identifier, unique.
    pub id: String,
    /// The namespace of the service account and what it is bound to.
    pub namespace: String,
    /// The service account.
    pub account: Named,
    /// What it is bound to.
    pub bound: Bound,
    /// From when its use is worth a warning: it is longer valid than was asked for.
    pub warn_after: Option<i64>,
    /// Whether it is bound to webhooks, which is not known here.
    pub(super) is_of_webhook: bool,
}

impl Claims {
    /// The user's name.
    #[must_use]
    pub fn subject(&self) -> String {
        let (namespace, name) = (&self.namespace, &self.account.name);
        format!("{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}")
    }

    /// The claims as they are signed; what is empty is left out.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut own = Map::new();
        own.insert("namespace".into(), self.namespace.clone().into());
        own.insert("serviceaccount".into(), named(&self.account));
        match &self.bound {
            Bound::None => {}
            Bound::Pod(pod, node) => {
                own.insert("pod".into(), named(pod));
                own.extend(node.iter().map(|node| ("node".to_owned(), named(node))));
            }
            Bound::Secret(secret) => {
                own.insert("secret".into(), named(secret));
            }
            Bound::Node(node) => {
                own.insert("node".into(), named(node));
            }
        }
        if let Some(after) = self.warn_after {
            own.insert("warnafter".into(), after.into());
        }
        let mut claims = json!({
            "iss": self.issuer,
            "sub": self.subject(),
            "kubernetes.io": own,
        });
        let mut put = |key: &str, value: Value| claims[key] = value;
        if !self.audiences.is_empty() {
            put("aud", self.audiences.clone().into());
        }
        if !self.id.is_empty() {
            put("jti", self.id.clone().into());
        }
        let times = [
            ("exp", self.expiry),
            ("iat", self.issued),
            ("nbf", self.not_before),
        ];
        for (key, time) in times {
            if let Some(time) = time {
                put(key, time.into());
            }
        }
        claims
    }

    /// Reads claims.
    ///
    /// # Errors
    /// A claim has a value of the wrong kind.
    pub fn of(claims: &Value) -> Result<Self, String> {
        let own = &claims["kubernetes.io"];
        let pod = named_in(own, "pod")?;
        let node = named_in(own, "node")?;
        let secret = named_in(own, "secret")?;
        let bound = match (pod, secret, node) {
            (Some(pod), _, node) => Bound::Pod(pod, node),
            (None, Some(secret), _) => Bound::Secret(secret),
            (None, None, Some(node)) => Bound::Node(node),
            (None, None, None) => Bound::None,
        };
        let is_of_webhook = ["validating", "mutating"]
            .iter()
            .any(|kind| !own[format!("{kind}webhookconfiguration")].is_null());
        Ok(Self {
            issuer: text(claims, "iss")?,
            audiences: audiences(&claims["aud"])?,
            expiry: time(claims, "exp")?,
            issued: time(claims, "iat")?,
            not_before: time(claims, "nbf")?,
            id: text(claims, "jti")?,
            namespace: text(own, "namespace")?,
            account: named_in(own, "serviceaccount")?.unwrap_or_default(),
            bound,
            warn_after: time(own, "warnafter")?.filter(|after| *after != 0),
            is_of_webhook,
        })
    }
}

fn named(object: &Named) -> Value {
    let mut value = Map::new();
    for (key, text) in [("name", &object.name), ("uid", &object.uid)] {
        if !text.is_empty() {
            value.insert(key.into(), text.clone().into());
        }
    }
    value.into()
}

fn named_in(value: &Value, key: &str) -> Result<Option<Named>, String> {
    match &value[key] {
        Value::Null => Ok(None),
        found @ Value::Object(_) => Ok(Some(Named {
            name: text(found, "name")?,
            uid: text(found, "uid")?,
        })),
        _ => Err(format!("claim {key} is no object")),
    }
}

fn text(value: &Value, key: &str) -> Result<String, String> {
    match &value[key] {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(format!("claim {key} is no string")),
    }
}

/// A number of seconds; fractions are cut off.
fn time(value: &Value, key: &str) -> Result<Option<i64>, String> {
    match &value[key] {
        Value::Null => Ok(None),
        // A cast of what is too big yields the biggest there is.
        Value::Number(seconds) => Ok(seconds
            .as_i64()
            .or(seconds.as_f64().map(|seconds| seconds as i64))),
        _ => Err("expected number value to unmarshal NumericDate".into()),
    }
}

fn audiences(value: &Value) -> Result<Vec<String>, String> {
    let one = |value: &Value| value.as_str().map(str::to_owned);
    let found = match value {
        Value::Null => Some(Vec::new()),
        Value::Array(values) => values.iter().map(one).collect(),
        value => one(value).map(|one| vec![one]),
    };
    found.ok_or_else(|| "expected string or array value to unmarshal to Audience".into())
}
