//! Who asks.

/// Who a request comes from, as authorisation, audit and admission see it (upstream's `user.Info`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The unique name, for example `system:serviceaccount:default:builder`.
    pub name: String,
    /// What stays the same when a name is given again; empty where nobody gives one.
    pub uid: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
    /// Further facts of whoever authenticated, by key.
    pub extra: std::collections::BTreeMap<String, Vec<String>>,
}
