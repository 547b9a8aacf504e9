//! Requests that are made as somebody else (`Impersonate-*`).

use std::collections::BTreeMap;

use http::HeaderMap;

use crate::authz::Attributes;

use super::{
    ANONYMOUS, AUTHENTICATED, SERVICE_ACCOUNTS, UNAUTHENTICATED, User, extra_key, service_account,
};

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// Whom a request is made as, once all checks are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonation {
    /// What has to be allowed, in this order; the first that is not is the 403.
    pub checks: Vec<Check>,
    /// Whom the request is made as.
    pub user: User,
}

/// One thing that whoever asks must be allowed to impersonate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    group: &'static str,
    version: &'static str,
    resource: &'static str,
    /// The key, for extras.
    subresource: String,
    namespace: String,
    name: String,
}

impl Check {
    /// What is asked of authorisation for a user.
    #[must_use]
    pub fn attributes<'a>(&'a self, user: &'a User) -> Attributes<'a> {
        Attributes {
            version: self.version,
            subresource: &self.subresource,
            namespace: &self.namespace,
            name: &self.name,
            ..Attributes::of_resource(user, "impersonate", self.group, self.resource)
        }
    }
}

/// Whom a request wants to be made as; nothing if it does not.
///
/// # Errors
/// The text of a 400: groups, UID or extras without a user.
pub fn impersonation(headers: &HeaderMap) -> Result<Option<Impersonation>, String> {
    let texts = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.map(std::borrow::Cow::into_owned).collect()
    };
    let first = |name: &str| texts(name).into_iter().next().unwrap_or_default();
    let (name, uid, groups) = (first(USER), first(UID), texts(GROUP));
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let names = headers.keys().map(http::HeaderName::as_str);
    for (header, key) in names.filter_map(|name| Some((name, name.strip_prefix(EXTRA)?))) {
        let values = extra.entry(extra_key(key)).or_default();
        values.extend(texts(header));
    }
    let is_empty = groups.is_empty() && extra.is_empty() && uid.is_empty();
    if name.is_empty() && is_empty {
        return Ok(None);
    }
    if name.is_empty() {
        return Err(without_user(&groups, &extra, &uid));
    }
    let account = service_account(&name);
    let mut checks = vec![match account {
        Some((namespace, name)) => Check {
            resource: "serviceaccounts",
            namespace: namespace.into(),
            name: name.into(),
            ..Check::default()
        },
        None => Check {
            resource: "users",
            name: name.clone(),
            ..Check::default()
        },
    }];
    checks.extend(groups.iter().map(|group| Check {
        resource: "groups",
        name: group.clone(),
        ..Check::default()
    }));
    let of_authentication = |resource| Check {
        group: "authentication.k8s.io",
        version: "v1",
        resource,
        ..Check::default()
    };
    for (key, values) in &extra {
        checks.extend(values.iter().map(|value| Check {
            subresource: key.clone(),
            name: value.clone(),
            ..of_authentication("userextras")
        }));
    }
    if !uid.is_empty() {
        checks.push(Check {
            name: uid.clone(),
            ..of_authentication("uids")
        });
    }
    let groups = match account {
        Some((namespace, _)) if groups.is_empty() => vec![
            SERVICE_ACCOUNTS.to_owned(),
            format!("{SERVICE_ACCOUNTS}:{namespace}"),
        ],
        _ => groups,
    };
    let user = placed(User {
        name,
        uid,
        groups,
        extra,
    });
    Ok(Some(Impersonation { checks, user }))
}

/// Takes what impersonates out of a request's headers.
pub fn clear(headers: &mut HeaderMap) {
    for name in [USER, GROUP, UID] {
        headers.remove(name);
    }
    let extras = headers
        .keys()
        .filter(|name| name.as_str().starts_with(EXTRA));
    for name in extras.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
}

/// Adds the group of those who are known, or who are not.
fn placed(mut user: User) -> User {
    let (group, is_placed) = match user.name == ANONYMOUS {
        true => (UNAUTHENTICATED, user.is_in(UNAUTHENTICATED)),
        false => (
            AUTHENTICATED,
            user.is_in(AUTHENTICATED) || user.is_in(UNAUTHENTICATED),
        ),
    };
    if !is_placed {
        user.groups.push(group.into());
    }
    user
}

/// The text shows what is asked as Go shows a list of `ObjectReference`: kind, namespace, name, UID,
/// version, resource version and field, parted by spaces.
fn without_user(groups: &[String], extra: &BTreeMap<String, Vec<String>>, uid: &str) -> String {
    const VERSION: &str = "authentication.k8s.io/v1";
    let mut asked: Vec<String> = Vec::new();
    asked.extend(groups.iter().map(|group| format!("{{Group  {group}    }}")));
    for (key, values) in extra {
        let of_key = values
            .iter()
            .map(|value| format!("{{UserExtra  {value}  {VERSION}  {key}}}"));
        asked.extend(of_key);
    }
    if !uid.is_empty() {
        asked.push(format!("{{UID  {uid}  {VERSION}  }}"));
    }
    format!(
        "requested [{}] without impersonating a user",
        asked.join(" ")
    )
}
