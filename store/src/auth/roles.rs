//! What is done to roles.

use bytes::Bytes;
use proto::authpb::permission::Type;
use proto::authpb::{Permission, Role};
use proto::etcdserverpb as pb;

use super::ranges::is_valid;
use super::tables::has_role;
use super::{Caller, Error, ROOT, Tables};

impl Tables {
    /// A new role, which permits nothing.
    ///
    /// # Errors
    /// The name is empty or taken.
    pub fn add_role(&mut self, name: &str) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::RoleEmpty);
        }
        if self.roles.contains_key(name) {
            return Err(Error::RoleExists);
        }
        let role = Role {
            name: Bytes::copy_from_slice(name.as_bytes()),
            ..Role::default()
        };
        self.roles.insert(name.to_owned(), role);
        self.changed();
        self.add_up_role(name);
        Ok(())
    }

    /// A role goes, and whoever has it loses it.
    ///
    /// # Errors
    /// There is none, or nobody would be in charge.
    pub fn delete_role(&mut self, name: &str) -> Result<(), Error> {
        if self.is_enabled && name == ROOT {
            return Err(Error::InvalidManagement);
        }
        self.roles.remove(name).ok_or(Error::RoleNotFound)?;
        self.changed();
        self.lose_role(name);
        Ok(())
    }

    /// A role permits more, or something else on a range that it has.
    ///
    /// # Errors
    /// There is no such role, or the range is none.
    pub fn grant_permission(
        &mut self,
        request: &pb::AuthRoleGrantPermissionRequest,
    ) -> Result<(), Error> {
        let given = request.perm.as_ref().ok_or(Error::PermissionNotGiven)?;
        if !is_valid(&given.key, &given.range_end) {
            return Err(Error::InvalidManagement);
        }
        let role = self.roles.get_mut(&request.name);
        let permissions = &mut role.ok_or(Error::RoleNotFound)?.key_permission;
        // They are in the order of their keys. Of those with the same key only the first is compared,
        // as in etcd.
        let at = permissions.partition_point(|own| own.key < given.key);
        match permissions.get_mut(at) {
            Some(own) if own.key == given.key && own.range_end == given.range_end => {
                own.perm_type = given.perm_type;
            }
            _ => {
                let behind = permissions.partition_point(|own| own.key <= given.key);
                permissions.insert(behind, given.clone());
            }
        }
        self.changed();
        self.add_up_role(&request.name);
        Ok(())
    }

    /// A role permits nothing on a range any more.
    ///
    /// # Errors
    /// There is no such role, or it has no such range.
    pub fn revoke_permission(
        &mut self,
        request: &pb::AuthRoleRevokePermissionRequest,
    ) -> Result<(), Error> {
        let role = self.roles.get_mut(&request.role);
        let permissions = &mut role.ok_or(Error::RoleNotFound)?.key_permission;
        let before = permissions.len();
        permissions.retain(|own| own.key != request.key || own.range_end != request.range_end);
        if permissions.len() == before {
            return Err(Error::PermissionNotGranted);
        }
        self.changed();
        self.add_up_role(&request.role);
        Ok(())
    }

    /// The names of all roles, in order.
    ///
    /// # Errors
    /// The caller may not know.
    pub fn list_roles(&self, caller: &Caller) -> Result<Vec<String>, Error> {
        self.may_administer(caller)?;
        Ok(self.roles.keys().cloned().collect())
    }

    /// What a role permits. Whoever has it may know.
    ///
    /// # Errors
    /// There is no such role, or the caller may not know.
    pub fn permissions_of(&self, caller: &Caller, name: &str) -> Result<Vec<Permission>, Error> {
        if let Err(error) = self.may_administer(caller) {
            let own = self.users.get(&caller.user);
            if !own.is_some_and(|user| has_role(user, name)) {
                return Err(error);
            }
        }
        let role = self.roles.get(name).ok_or(Error::RoleNotFound)?;
        if name == ROOT {
            return Ok(vec![Permission {
                perm_type: Type::Readwrite.into(),
                key: Bytes::new(),
                range_end: Bytes::from_static(b"\0"),
            }]);
        }
        Ok(role.key_permission.clone())
    }
}
