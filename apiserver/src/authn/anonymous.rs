//! Those who show nothing.

use super::{ANONYMOUS, UNAUTHENTICATED, User};

/// Lets in those who show nothing (`--anonymous-auth`).
#[derive(Clone, Debug, Default)]
pub struct Anonymous {
    /// The paths that are open to them; none is all.
    pub paths: Vec<String>,
}

impl Anonymous {
    /// The user, if the path is open.
    #[must_use]
    pub fn user(&self, path: &str) -> Option<User> {
        let is_open = self.paths.is_empty() || self.paths.iter().any(|open| open == path);
        is_open.then(|| User {
            name: ANONYMOUS.into(),
            groups: vec![UNAUTHENTICATED.into()],
            ..User::default()
        })
    }
}
