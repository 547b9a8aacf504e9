//! The tables, and what they permit.

use std::collections::{BTreeMap, HashMap};

use proto::authpb::permission::Type;
use proto::authpb::{Role, User};

use super::ranges::Ranges;
use super::{Caller, Error, ROOT};

/// Users and roles, and whether they count.
#[derive(Clone, Debug, PartialEq)]
pub struct Tables {
    pub(super) is_enabled: bool,
    /// Grows with every change; 1 in the beginning.
    revision: u64,
    pub(super) users: BTreeMap<String, User>,
    pub(super) roles: BTreeMap<String, Role>,
    /// What the roles of each user add up to.
    permitted: HashMap<String, Permitted>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Permitted {
    reads: Ranges,
    writes: Ranges,
}

impl Default for Tables {
    fn default() -> Self {
        Self::new(false, 1, [], [])
    }
}

impl Tables {
    /// Tables as they were kept. Revision 0 stands for tables that never were.
    pub fn new(
        is_enabled: bool,
        revision: u64,
        users: impl IntoIterator<Item = User>,
        roles: impl IntoIterator<Item = Role>,
    ) -> Self {
        let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let users = users.into_iter().map(|user| (name(&user.name), user));
        let roles = roles.into_iter().map(|role| (name(&role.name), role));
        let mut tables = Self {
            is_enabled,
            revision: revision.max(1),
            users: users.collect(),
            roles: roles.collect(),
            permitted: HashMap::new(),
        };
        let names: Vec<String> = tables.users.keys().cloned().collect();
        tables.add_up(names);
        tables
    }

    /// Whether requests must say who they come from.
    pub fn is_enabled(&self) -> bool {
        self.is_enabled
    }

    /// Grows with every change; 1 in the beginning.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// All users, by name.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// All roles, by name.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.roles.values()
    }

    /// From now on requests must say who they come from. Nothing happens if they must already.
    ///
    /// # Errors
    /// Nobody would be in charge.
    pub fn enable(&mut self) -> Result<(), Error> {
        if self.is_enabled {
            return Ok(());
        }
        let root = self.users.get(ROOT).ok_or(Error::RootUserNotFound)?;
        if !has_role(root, ROOT) {
            return Err(Error::RootRoleNotGranted);
        }
        self.is_enabled = true;
        Ok(())
    }

    /// Everybody may do everything again; whether that is news.
    pub fn disable(&mut self) -> bool {
        if !std::mem::take(&mut self.is_enabled) {
            return false;
        }
        self.changed();
        true
    }

    /// Whether the caller may read all keys of a range.
    ///
    /// # Errors
    /// It may not, or is not known.
    pub fn may_read(&self, caller: &Caller, key: &[u8], range_end: &[u8]) -> Result<(), Error> {
        self.may(caller, key, range_end, |permitted| &permitted.reads)
    }

    /// Whether the caller may write and delete all keys of a range.
    ///
    /// # Errors
    /// It may not, or is not known.
    pub fn may_write(&self, caller: &Caller, key: &[u8], range_end: &[u8]) -> Result<(), Error> {
        self.may(caller, key, range_end, |permitted| &permitted.writes)
    }

    fn may(
        &self,
        caller: &Caller,
        key: &[u8],
        range_end: &[u8],
        side: impl Fn(&Permitted) -> &Ranges,
    ) -> Result<(), Error> {
        if !self.is_enabled {
            return Ok(());
        }
        if caller.is_unknown() {
            return Err(Error::UserEmpty);
        }
        self.is_current(caller)?;
        let user = self
            .users
            .get(&caller.user)
            .ok_or(Error::PermissionDenied)?;
        let permitted = self.permitted.get(&caller.user);
        let may = has_role(user, ROOT)
            || permitted.is_some_and(|permitted| side(permitted).contain(key, range_end));
        may.then_some(()).ok_or(Error::PermissionDenied)
    }

    /// Whether the tables are still those by which the caller was found out.
    ///
    /// # Errors
    /// They are not.
    pub fn is_current(&self, caller: &Caller) -> Result<(), Error> {
        let is_old = self.is_enabled && !caller.is_unknown() && caller.revision < self.revision;
        (!is_old).then_some(()).ok_or(Error::OldRevision)
    }

    /// Whether the caller may administer.
    ///
    /// # Errors
    /// It may not, or is not known.
    pub fn may_administer(&self, caller: &Caller) -> Result<(), Error> {
        if !self.is_enabled {
            return Ok(());
        }
        if caller.user.is_empty() {
            return Err(Error::UserEmpty);
        }
        let user = self.users.get(&caller.user).ok_or(Error::UserNotFound)?;
        has_role(user, ROOT)
            .then_some(())
            .ok_or(Error::PermissionDenied)
    }

    /// Whether somebody asks who is known.
    ///
    /// # Errors
    /// Nobody knows who asks.
    pub fn must_be_known(&self, caller: &Caller) -> Result<(), Error> {
        let is_missing = self.is_enabled && caller.is_unknown();
        (!is_missing).then_some(()).ok_or(Error::UserEmpty)
    }

    pub(super) fn changed(&mut self) {
        self.revision += 1;
    }

    /// Adds up anew what these users may do.
    pub(super) fn add_up(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            match self.users.get(&name) {
                Some(user) => {
                    let permitted = self.permitted_to(user);
                    self.permitted.insert(name, permitted);
                }
                None => drop(self.permitted.remove(&name)),
            }
        }
    }

    /// Adds up anew what those may do who have a role.
    pub(super) fn add_up_role(&mut self, role: &str) {
        let users = self.users.iter().filter(|(_, user)| has_role(user, role));
        let names: Vec<String> = users.map(|(name, _)| name.clone()).collect();
        self.add_up(names);
    }

    fn permitted_to(&self, user: &User) -> Permitted {
        let of = |wanted: Type| {
            let roles = user.roles.iter().filter_map(|role| self.roles.get(role));
            let permissions = roles.flat_map(|role| &role.key_permission);
            let permissions = permissions.filter(move |permission| {
                let kind = Type::try_from(permission.perm_type);
                kind == Ok(wanted) || kind == Ok(Type::Readwrite)
            });
            Ranges::of(
                permissions
                    .map(|permission| (permission.key.as_ref(), permission.range_end.as_ref())),
            )
        };
        Permitted {
            reads: of(Type::Read),
            writes: of(Type::Write),
        }
    }
}

/// Whether a user has a role; those of a user are kept in order.
pub(super) fn has_role(user: &User, role: &str) -> bool {
    user.roles
        .binary_search_by(|own| own.as_str().cmp(role))
        .is_ok()
}
