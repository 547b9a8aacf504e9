//! May they.
//!
//! ```text
//! Attributes ─▶ Union: superusers ─ node ─ rbac ─▶ Decision ─▶ forbidden (the text of a 403)
//! ```
//!
//! - An [`Authorizer`] only looks at what it keeps in memory; nothing here waits.
//! - [`rbac`] is fed with roles and bindings, [`node`] with what runs where.
//! - [`review`] answers the kinds by which clients ask (SubjectAccessReview and its siblings).

pub mod builtin;
mod forbidden;
pub mod node;
pub(crate) mod quote;
pub mod rbac;
pub mod review;
mod union;

pub use forbidden::{forbidden, forbidden_message};
pub use union::Union;

/// What is asked for, as authorisation sees it (upstream's `authorizer.Attributes`).
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// Who asks.
    pub user: &'a crate::authn::User,
    /// `get`, `list`, `watch`, `create`, …; for paths that name no resource the method in lower case.
    pub verb: &'a str,
    /// The namespace, empty for what lies in none and for all of them.
    pub namespace: &'a str,
    /// The API group, empty for the core group.
    pub group: &'a str,
    /// The version within the group.
    pub version: &'a str,
    /// The plural resource; empty if the path names none.
    pub resource: &'a str,
    /// The part of the resource, `status` for example, or empty.
    pub subresource: &'a str,
    /// The object's name, or empty.
    pub name: &'a str,
    /// Whether the path names a resource.
    pub is_resource: bool,
    /// The whole path of the request.
    pub path: &'a str,
    /// The requirements of the field selector, if one was given and could be read: those that could.
    pub fields: &'a [FieldRequirement<'a>],
}

/// One requirement of a field selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRequirement<'a> {
    /// The field, `spec.nodeName` for example.
    pub field: &'a str,
    /// Whether the field must have the value; otherwise it must not.
    pub is_equal: bool,
    /// The value.
    pub value: &'a str,
}

impl<'a> Attributes<'a> {
    /// A request for a resource in every namespace and by no name; the rest is for struct updates.
    #[must_use]
    pub fn of_resource(
        user: &'a crate::authn::User,
        verb: &'a str,
        group: &'a str,
        resource: &'a str,
    ) -> Self {
        Self {
            user,
            verb,
            namespace: "",
            group,
            version: "*",
            resource,
            subresource: "",
            name: "",
            is_resource: true,
            path: "",
            fields: &[],
        }
    }

    /// A request for a path that names no resource.
    #[must_use]
    pub fn of_path(user: &'a crate::authn::User, verb: &'a str, path: &'a str) -> Self {
        Self {
            version: "",
            is_resource: false,
            path,
            ..Self::of_resource(user, verb, "", "")
        }
    }

    /// The resource with its part, as `pods/log`.
    #[must_use]
    pub fn whole_resource(&self) -> std::borrow::Cow<'a, str> {
        match self.subresource {
            "" => self.resource.into(),
            part => format!("{}/{part}", self.resource).into(),
        }
    }
}

/// What an authoriser says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes; with the reason, for the audit log.
    Allow(String),
    /// No, and nobody else is asked.
    Deny(String),
    /// Nothing to say: the next is asked; no, if there is none.
    NoOpinion(String),
}

impl Decision {
    /// Whether it is yes.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// Why; may be empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        let (Self::Allow(why) | Self::Deny(why) | Self::NoOpinion(why)) = self;
        why
    }
}

/// What a user may do in a namespace, as far as an authoriser can list it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserRules {
    /// The rules; both those of resources and those of paths.
    pub rules: Vec<rbac::Rule>,
    /// Whether there may be more.
    pub is_incomplete: bool,
    /// What went wrong; empty if nothing.
    pub error: String,
}

/// Decides whether a request may go on.
pub trait Authorizer: Send + Sync {
    /// The decision.
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision;

    /// What the user may do in a namespace; nothing, if that cannot be listed.
    fn rules(&self, user: &crate::authn::User, namespace: &str) -> UserRules {
        let _ = (user, namespace);
        UserRules::default()
    }
}

impl<A: Authorizer + ?Sized> Authorizer for std::sync::Arc<A> {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        (**self).authorize(attributes)
    }

    fn rules(&self, user: &crate::authn::User, namespace: &str) -> UserRules {
        (**self).rules(user, namespace)
    }
}

impl<A: Authorizer> Authorizer for parking_lot::RwLock<A> {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        self.read().authorize(attributes)
    }

    fn rules(&self, user: &crate::authn::User, namespace: &str) -> UserRules {
        self.read().rules(user, namespace)
    }
}

/// The text of several errors as one: upstream's aggregate. Equal texts count once; more than one
/// stand in brackets.
pub(crate) fn joined<I: IntoIterator<Item = String>>(errors: I) -> String {
    let mut seen: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for error in errors {
        if known.insert(error.clone()) {
            seen.push(error);
        }
    }
    match seen.len() {
        0 | 1 => seen.pop().unwrap_or_default(),
        _ => format!("[{}]", seen.join(", ")),
    }
}
