//! The kinds by which clients ask who they are and what may be done: from object to object.
//!
//! Every function takes the object as the client sent it and gives it back with its status.

mod wrong;

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use crate::authn::{Authenticators, User};

use super::{Attributes, Authorizer, Decision, FieldRequirement};

use wrong::{wrong_metadata, wrong_spec};

/// A review cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// A 400.
    #[error("{0}")]
    BadRequest(String),
    /// A 422 on the review, with all that is wrong.
    #[error("{}", shown(.0))]
    Invalid(Vec<Wrong>),
    /// A 500.
    #[error("{0}")]
    Internal(String),
}

/// A field with a value that may not be (upstream's `field.Invalid`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The field.
    pub field: &'static str,
    /// The value that was found there.
    pub value: Value,
    /// What is wrong with it.
    pub why: &'static str,
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: Invalid value: {}: {}",
            self.field, self.value, self.why
        )
    }
}

fn shown(wrong: &[Wrong]) -> String {
    super::joined(wrong.iter().map(Wrong::to_string))
}

/// Answers a SubjectAccessReview: may the user that is named do what is named?
///
/// # Errors
/// [`ReviewError::Invalid`].
pub fn subject_access(authorizer: &dyn Authorizer, review: &Value) -> Result<Value, ReviewError> {
    let mut wrong = wrong_spec(review, true);
    wrong.extend(wrong_metadata(review, false));
    refuse(wrong)?;
    Ok(accessed(authorizer, review, &named_user(&review["spec"])))
}

/// Answers a LocalSubjectAccessReview in a namespace.
///
/// # Errors
/// [`ReviewError::Invalid`], or [`ReviewError::BadRequest`] if the namespaces differ.
pub fn local_subject_access(
    authorizer: &dyn Authorizer,
    namespace: &str,
    review: &Value,
) -> Result<Value, ReviewError> {
    let spec = &review["spec"];
    let own = review["metadata"]["namespace"].as_str().unwrap_or_default();
    let mut wrong = wrong_spec(review, true);
    wrong.extend(wrong_metadata(review, true));
    let asked = spec["resourceAttributes"].as_object();
    let asked = asked.map(|asked| {
        asked
            .get("namespace")
            .and_then(Value::as_str)
            .unwrap_or_default()
    });
    if let Some(asked) = asked.filter(|asked| *asked != own) {
        wrong.push(Wrong {
            field: "spec.resourceAttributes.namespace",
            value: asked.into(),
            why: "must match metadata.namespace",
        });
    }
    if !spec["nonResourceAttributes"].is_null() {
        wrong.push(Wrong {
            field: "spec.nonResourceAttributes",
            value: spec["nonResourceAttributes"].clone(),
            why: "disallowed on this kind of request",
        });
    }
    refuse(wrong)?;
    if namespace != own {
        return Err(ReviewError::BadRequest(format!(
            "spec.resourceAttributes.namespace must match namespace: {namespace}"
        )));
    }
    Ok(accessed(authorizer, review, &named_user(spec)))
}

/// Answers a SelfSubjectAccessReview: may the user who asks do what is named?
///
/// # Errors
/// [`ReviewError::Invalid`].
pub fn self_subject_access(
    authorizer: &dyn Authorizer,
    user: &User,
    review: &Value,
) -> Result<Value, ReviewError> {
    let mut wrong = wrong_spec(review, false);
    wrong.extend(wrong_metadata(review, false));
    refuse(wrong)?;
    Ok(accessed(authorizer, review, user))
}

/// Answers a SelfSubjectRulesReview: what may the user who asks do in a namespace?
///
/// # Errors
/// [`ReviewError::BadRequest`]: no namespace.
pub fn self_subject_rules(
    authorizer: &dyn Authorizer,
    user: &User,
    review: &Value,
) -> Result<Value, ReviewError> {
    let namespace = review["spec"]["namespace"].as_str().unwrap_or_default();
    if namespace.is_empty() {
        return Err(ReviewError::BadRequest("no namespace on request".into()));
    }
    let found = authorizer.rules(user, namespace);
    let (mut of_resources, mut of_paths) = (Vec::new(), Vec::new());
    for rule in &found.rules {
        if !rule.resources.is_empty() {
            let mut shown = rule.to_value();
            shown
                .as_object_mut()
                .map(|shown| shown.remove("nonResourceURLs"));
            of_resources.push(shown);
        }
        if !rule.urls.is_empty() {
            of_paths.push(json!({"nonResourceURLs": rule.urls, "verbs": rule.verbs}));
        }
    }
    let mut status = json!({
        "resourceRules": of_resources,
        "nonResourceRules": of_paths,
        "incomplete": found.is_incomplete,
    });
    if !found.error.is_empty() {
        status["evaluationError"] = found.error.into();
    }
    // As upstream: what was asked is not repeated.
    Ok(json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "metadata": {},
        "spec": {},
        "status": status,
    }))
}

/// Answers a SelfSubjectReview: who asks?
#[must_use]
pub fn self_subject(user: &User, now: SystemTime) -> Value {
    let now = jiff::Timestamp::try_from(now).unwrap_or_default();
    json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "SelfSubjectReview",
        "metadata": {"creationTimestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()},
        "status": {"userInfo": user.to_value()},
    })
}

/// Answers a TokenReview: whose token is it?
///
/// # Errors
/// [`ReviewError::BadRequest`]: no token. [`ReviewError::Internal`]: the token is meant for others,
/// and nobody saw to it.
pub fn token(
    authenticators: &Authenticators,
    review: &Value,
    now: SystemTime,
) -> Result<Value, ReviewError> {
    let spec = &review["spec"];
    let token = spec["token"].as_str().unwrap_or_default();
    if token.is_empty() {
        let why = "token is required for TokenReview in authentication";
        return Err(ReviewError::BadRequest(why.into()));
    }
    let asked = texts(&spec["audiences"]);
    let audiences = if asked.is_empty() {
        authenticators.audiences.clone()
    } else {
        asked
    };
    let mut status = Map::new();
    match authenticators.authenticate_token(token, &audiences, now) {
        Ok(None) => {}
        Err(why) => {
            status.insert("error".into(), why.to_string().into());
        }
        Ok(Some(found)) => {
            let is_meant = found.audiences.iter().any(|one| audiences.contains(one));
            if !audiences.is_empty() && !is_meant {
                return Err(ReviewError::Internal("error validating audiences".into()));
            }
            status.insert("authenticated".into(), true.into());
            status.insert("user".into(), found.user.to_value());
            if !found.audiences.is_empty() {
                status.insert("audiences".into(), found.audiences.into());
            }
        }
    }
    status.entry("user").or_insert_with(|| Map::new().into());
    Ok(with_status(review, status.into()))
}

fn accessed(authorizer: &dyn Authorizer, review: &Value, user: &User) -> Value {
    let spec = &review["spec"];
    let asked = &spec["resourceAttributes"];
    let text = |object: &Value, key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let mut errors = Vec::new();
    let requirements = requirements(&asked["fieldSelector"], &mut errors);
    let decision = if asked.is_object() {
        let keys = [
            "verb",
            "namespace",
            "group",
            "version",
            "resource",
            "subresource",
            "name",
        ];
        let [verb, namespace, group, version, resource, subresource, name] =
            keys.map(|key| text(asked, key));
        let fields: Vec<FieldRequirement<'_>> = requirements
            .iter()
            .map(|(field, is_equal, value)| FieldRequirement {
                field,
                is_equal: *is_equal,
                value,
            })
            .collect();
        authorizer.authorize(&Attributes {
            namespace: &namespace,
            version: if version.is_empty() { "*" } else { &version },
            subresource: &subresource,
            name: &name,
            fields: &fields,
            ..Attributes::of_resource(user, &verb, &group, &resource)
        })
    } else {
        let asked = &spec["nonResourceAttributes"];
        let (verb, path) = (text(asked, "verb"), text(asked, "path"));
        authorizer.authorize(&Attributes::of_path(user, &verb, &path))
    };
    let mut status = json!({"allowed": decision.is_allowed()});
    if matches!(decision, Decision::Deny(_)) {
        status["denied"] = true.into();
    }
    if !decision.reason().is_empty() {
        status["reason"] = decision.reason().into();
    }
    if !errors.is_empty() {
        let how = if requirements.is_empty() {
            "ignored"
        } else {
            "partially ignored"
        };
        let why = format!("spec.resourceAttributes.fieldSelector {how} due to parse error");
        status["evaluationError"] = why.into();
    }
    with_status(review, status)
}

/// The requirements of a field selector, as far as they can be read: field, whether the value must
/// be equal, value.
fn requirements(selector: &Value, errors: &mut Vec<String>) -> Vec<(String, bool, String)> {
    let mut found = Vec::new();
    let raw = selector["rawSelector"].as_str().unwrap_or_default();
    if !raw.is_empty() {
        for term in raw.split(',').filter(|term| !term.is_empty()) {
            let parts = [("!=", false), ("==", true), ("=", true)].into_iter();
            let mut parts = parts.filter_map(|(sign, is_equal)| {
                let (field, value) = term.split_once(sign)?;
                Some((field.to_owned(), is_equal, value.to_owned()))
            });
            match parts.next() {
                Some(part) => found.push(part),
                None => {
                    // One term that cannot be read spoils the whole text.
                    errors.push(format!(
                        "invalid selector: '{raw}'; can't understand '{term}'"
                    ));
                    return Vec::new();
                }
            }
        }
    }
    for requirement in selector["requirements"].as_array().into_iter().flatten() {
        let key = requirement["key"].as_str().unwrap_or_default();
        let values = texts(&requirement["values"]);
        let is_equal = match requirement["operator"].as_str().unwrap_or_default() {
            "In" => Some(true),
            "NotIn" => Some(false),
            _ => None,
        };
        match (is_equal, values.as_slice()) {
            (Some(is_equal), [value]) => found.push((key.to_owned(), is_equal, value.clone())),
            _ => errors.push(format!("cannot use the requirement on {key}")),
        }
    }
    found
}

fn named_user(spec: &Value) -> User {
    let text = |key: &str| spec[key].as_str().unwrap_or_default().to_owned();
    let extra = spec["extra"].as_object().into_iter().flatten();
    User {
        name: text("user"),
        uid: text("uid"),
        groups: texts(&spec["groups"]),
        extra: extra
            .map(|(key, values)| (key.clone(), texts(values)))
            .collect(),
    }
}

fn refuse(wrong: Vec<Wrong>) -> Result<(), ReviewError> {
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(ReviewError::Invalid(wrong)),
    }
}

fn with_status(review: &Value, status: Value) -> Value {
    let mut answered = match review {
        Value::Object(review) => review.clone(),
        _ => Map::new(),
    };
    answered.insert("status".into(), status);
    answered.into()
}

fn texts(list: &Value) -> Vec<String> {
    let found = list.as_array().into_iter().flatten();
    found
        .filter_map(|one| Some(one.as_str()?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests;
