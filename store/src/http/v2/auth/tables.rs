//! Users and roles of API 2, as they are kept and told.
//!
//! A list that was never given is `null` in JSON and not the same as an empty one, as in etcd.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::super::Refusal;
use super::refused;

/// The role that may do everything, and the user that always has it.
pub(super) const ROOT: &str = "root";
/// The role of who does not say who it is.
pub(super) const GUEST: &str = "guest";

/// A user, or what is to become of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct User {
    #[serde(default)]
    pub(super) user: String,
    /// What bcrypt made of it, where it is kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) password: String,
    #[serde(default)]
    pub(super) roles: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_none_or_empty")]
    pub(super) grant: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_none_or_empty")]
    pub(super) revoke: Option<Vec<String>>,
}

/// A role, or what is to become of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Role {
    #[serde(default)]
    pub(super) role: String,
    #[serde(default)]
    pub(super) permissions: Permissions,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grant: Option<Permissions>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoke: Option<Permissions>,
}

/// What a role may do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub(super) kv: Paths,
}

/// Paths that may be read or written; one that ends in `*` stands for all that begin so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Paths {
    #[serde(default)]
    pub(super) read: Option<Vec<String>>,
    #[serde(default)]
    pub(super) write: Option<Vec<String>>,
}

fn is_none_or_empty(list: &Option<Vec<String>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

fn is_empty(permissions: &Option<Permissions>) -> bool {
    permissions.as_ref().is_none_or(Permissions::is_empty)
}

impl User {
    /// Whether it is to be granted or revoked something.
    pub(super) fn changes_roles(&self) -> bool {
        !(is_none_or_empty(&self.grant) && is_none_or_empty(&self.revoke))
    }

    /// Whether it names roles.
    pub(super) fn names_roles(&self) -> bool {
        !is_none_or_empty(&self.roles)
    }

    pub(super) fn role_names(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().flatten().map(String::as_str)
    }

    /// The user `root` has the role `root`.
    pub(super) fn with_root(mut self) -> Self {
        if self.user == ROOT && self.role_names().all(|role| role != ROOT) {
            self.roles.get_or_insert_default().push(ROOT.to_owned());
        }
        self
    }

    /// This user with another password, if there is one, and other roles.
    pub(super) fn merged(&self, change: &User, hashed: Option<String>) -> Result<User, Refusal> {
        let conflict = |what: &str, role: &str| {
            let text = format!("{what} role {role} for user {}", change.user);
            refused(StatusCode::CONFLICT, text)
        };
        let mut roles: Vec<String> = self.roles.clone().unwrap_or_default();
        for role in change.grant.iter().flatten() {
            if roles.contains(role) {
                return Err(conflict("Granting duplicate", role));
            }
            roles.push(role.clone());
        }
        for role in change.revoke.iter().flatten() {
            if !roles.contains(role) {
                return Err(conflict("Revoking ungranted", role));
            }
            roles.retain(|known| known != role);
        }
        Ok(User {
            user: self.user.clone(),
            password: hashed.unwrap_or_else(|| self.password.clone()),
            roles: Some(sorted(roles)),
            ..User::default()
        })
    }
}

impl Role {
    /// One that may read and write everything.
    pub(super) fn of_everything(name: &str) -> Self {
        let all = || Some(vec!["/*".to_owned()]);
        let kv = Paths {
            read: all(),
            write: all(),
        };
        Self {
            role: name.to_owned(),
            permissions: Permissions { kv },
            ..Self::default()
        }
    }

    /// Whether it is to be granted or revoked something.
    pub(super) fn changes(&self) -> bool {
        !(is_empty(&self.grant) && is_empty(&self.revoke))
    }

    /// This role with other permissions.
    pub(super) fn merged(&self, change: &Role) -> Result<Role, Refusal> {
        let mut kv = self.permissions.kv.clone();
        if let Some(grant) = &change.grant {
            kv = kv.granted(&grant.kv)?;
        }
        if let Some(revoke) = &change.revoke {
            kv = kv.revoked(&revoke.kv);
        }
        Ok(Role {
            role: self.role.clone(),
            permissions: Permissions { kv },
            ..Role::default()
        })
    }

    /// Whether it may read or write a key, or all below it.
    pub(super) fn permits(&self, key: &str, recursive: bool, write: bool) -> bool {
        self.role == ROOT || self.permissions.kv.permit(key, recursive, write)
    }
}

impl Permissions {
    pub(super) fn is_empty(&self) -> bool {
        is_none_or_empty(&self.kv.read) && is_none_or_empty(&self.kv.write)
    }
}

impl Paths {
    fn granted(&self, more: &Paths) -> Result<Paths, Refusal> {
        let add = |known: &Option<Vec<String>>, more: &Option<Vec<String>>, what: &str| {
            let mut paths: Vec<String> = known.clone().unwrap_or_default();
            for path in more.iter().flatten() {
                if paths.contains(path) {
                    let text = format!("Granting duplicate {what} permission {path}");
                    return Err(refused(StatusCode::CONFLICT, text));
                }
                paths.push(path.clone());
            }
            Ok(Some(sorted(paths)))
        };
        Ok(Paths {
            read: add(&self.read, &more.read, "read")?,
            write: add(&self.write, &more.write, "write")?,
        })
    }

    fn revoked(&self, less: &Paths) -> Paths {
        let take = |known: &Option<Vec<String>>, less: &Option<Vec<String>>| {
            let is_left = |path: &&String| !less.iter().flatten().any(|gone| gone == *path);
            let left = known.iter().flatten().filter(is_left).cloned();
            Some(sorted(left.collect()))
        };
        Paths {
            read: take(&self.read, &less.read),
            write: take(&self.write, &less.write),
        }
    }

    fn permit(&self, key: &str, recursive: bool, write: bool) -> bool {
        let list = if write { &self.write } else { &self.read };
        list.iter()
            .flatten()
            .any(|path| match path.strip_suffix('*') {
                Some(begin) => key.starts_with(begin),
                None => !recursive && path == key,
            })
    }
}

/// As a set of Go's, in order.
fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort_unstable();
    list.dedup();
    list
}
