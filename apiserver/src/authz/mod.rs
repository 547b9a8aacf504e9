//! May they.

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
