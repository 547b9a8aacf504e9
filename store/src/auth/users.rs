//! What is done to users.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use proto::authpb::{User, UserAddOptions};
use proto::etcdserverpb as pb;

use super::tables::has_role;
use super::{Caller, Error, ROOT, Tables};

impl Tables {
    /// A new user, whose password has been hashed.
    ///
    /// # Errors
    /// The name is empty or taken.
    pub fn add_user(&mut self, request: &pb::AuthUserAddRequest) -> Result<(), Error> {
        if request.name.is_empty() {
            return Err(Error::UserEmpty);
        }
        if self.users.contains_key(&request.name) {
            return Err(Error::UserExists);
        }
        let options = request.options.unwrap_or_default();
        let password = match options.no_password {
            true => Bytes::new(),
            false => hashed(&request.hashed_password)?,
        };
        let user = User {
            name: request.name.clone().into(),
            password,
            roles: Vec::new(),
            options: Some(options),
        };
        self.users.insert(request.name.clone(), user);
        self.changed_user(&request.name);
        Ok(())
    }

    /// A user goes.
    ///
    /// # Errors
    /// There is none, or nobody would be in charge.
    pub fn delete_user(&mut self, name: &str) -> Result<(), Error> {
        if self.is_enabled && name == ROOT {
            return Err(Error::InvalidManagement);
        }
        self.users.remove(name).ok_or(Error::UserNotFound)?;
        self.changed_user(name);
        Ok(())
    }

    /// A user's new password, which has been hashed.
    ///
    /// # Errors
    /// There is no such user.
    pub fn change_password(
        &mut self,
        request: &pb::AuthUserChangePasswordRequest,
    ) -> Result<(), Error> {
        let user = self.users.get_mut(&request.name);
        let user = user.ok_or(Error::UserNotFound)?;
        user.password = match has_no_password(user) {
            true => Bytes::new(),
            false => hashed(&request.hashed_password)?,
        };
        self.changed();
        Ok(())
    }

    /// A user gets a role. Nothing happens if it has it.
    ///
    /// # Errors
    /// There is no such user or role.
    pub fn grant_role(&mut self, name: &str, role: &str) -> Result<(), Error> {
        let user = self.users.get_mut(name).ok_or(Error::UserNotFound)?;
        if role != ROOT && !self.roles.contains_key(role) {
            return Err(Error::RoleNotFound);
        }
        if has_role(user, role) {
            return Ok(());
        }
        user.roles.push(role.to_owned());
        user.roles.sort_unstable();
        self.changed_user(name);
        Ok(())
    }

    /// A user loses a role.
    ///
    /// # Errors
    /// There is no such user, it does not have the role, or nobody would be in charge.
    pub fn revoke_role(&mut self, name: &str, role: &str) -> Result<(), Error> {
        if self.is_enabled && name == ROOT && role == ROOT {
            return Err(Error::InvalidManagement);
        }
        let user = self.users.get_mut(name).ok_or(Error::UserNotFound)?;
        if !has_role(user, role) {
            return Err(Error::RoleNotGranted);
        }
        user.roles.retain(|own| own != role);
        self.changed_user(name);
        Ok(())
    }

    /// The names of all users, in order.
    ///
    /// # Errors
    /// The caller may not know.
    pub fn list_users(&self, caller: &Caller) -> Result<Vec<String>, Error> {
        self.may_administer(caller)?;
        Ok(self.users.keys().cloned().collect())
    }

    /// The roles of a user. Everybody may know their own.
    ///
    /// # Errors
    /// There is no such user, or the caller may not know.
    pub fn roles_of(&self, caller: &Caller, name: &str) -> Result<Vec<String>, Error> {
        if let Err(error) = self.may_administer(caller)
            && caller.user != name
        {
            return Err(error);
        }
        let user = self.users.get(name).ok_or(Error::UserNotFound)?;
        Ok(user.roles.clone())
    }

    /// The hashed password of a user who authenticates, and the revision at which it holds.
    ///
    /// # Errors
    /// Nobody authenticates, there is no such user, or it has no password.
    pub fn password_of(&self, name: &str) -> Result<(Bytes, u64), Error> {
        if !self.is_enabled {
            return Err(Error::NotEnabled);
        }
        let user = self.users.get(name).ok_or(Error::Failed)?;
        match has_no_password(user) {
            true => Err(Error::NoPasswordUser),
            false => Ok((user.password.clone(), self.revision())),
        }
    }

    /// Whether a user who has shown its password may have a token.
    ///
    /// # Errors
    /// As [`Tables::password_of`], though a user without a password is no other failure here.
    pub fn may_have_token(&self, name: &str) -> Result<(), Error> {
        match self.password_of(name) {
            Ok(_) => Ok(()),
            Err(Error::NoPasswordUser) => Err(Error::Failed),
            Err(error) => Err(error),
        }
    }

    /// Users lose a role that is gone.
    pub(super) fn lose_role(&mut self, role: &str) {
        let mut losers = Vec::new();
        for (name, user) in &mut self.users {
            if has_role(user, role) {
                user.roles.retain(|own| own != role);
                losers.push(name.clone());
            }
        }
        self.add_up(losers);
    }

    fn changed_user(&mut self, name: &str) {
        self.changed();
        self.add_up([name.to_owned()]);
    }
}

fn has_no_password(user: &User) -> bool {
    user.options
        .as_ref()
        .is_some_and(|options: &UserAddOptions| options.no_password)
}

/// What bcrypt made of a password, out of the form in which it is replicated.
fn hashed(text: &str) -> Result<Bytes, Error> {
    let decoded = STANDARD.decode(text).map_err(|_| Error::NoPasswordUser)?;
    Ok(decoded.into())
}
