//! Tokens from a file (`--token-auth-file`).

use std::collections::HashMap;

use super::{AuthnError, User};

/// Users by token. The file is CSV: token, user name, UID, and optionally groups, separated by commas
/// within quotes. Lines with an empty token are passed over; of two with the same token the last
/// counts.
#[derive(Clone, Default)]
pub struct TokenFile {
    users: HashMap<String, User>,
}

impl TokenFile {
    /// Reads a file's text; `path` is for messages only.
    ///
    /// # Errors
    /// A line has fewer than three columns, or is no CSV.
    pub fn parse(path: &str, text: &str) -> Result<Self, AuthnError> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut users = HashMap::new();
        for record in reader.into_records() {
            let record = record.map_err(|why| AuthnError::Config(format!("{path}: {why}")))?;
            let (Some(token), Some(name), Some(uid)) =
                (record.get(0), record.get(1), record.get(2))
            else {
                return Err(AuthnError::Config(format!(
                    "token file '{path}' must have at least 3 columns (token, user name, user uid), found {}",
                    record.len()
                )));
            };
            if token.is_empty() {
                continue;
            }
            let groups = record
                .get(3)
                .into_iter()
                .flat_map(|groups| groups.split(','));
            let user = User {
                name: name.into(),
                uid: uid.into(),
                groups: groups.map(str::to_owned).collect(),
                ..User::default()
            };
            users.insert(token.to_owned(), user);
        }
        Ok(Self { users })
    }

    /// The user with this token.
    #[must_use]
    pub fn user(&self, token: &str) -> Option<&User> {
        self.users.get(token)
    }
}

impl std::fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Tokens stay out of logs.
        let mut shown = f.debug_struct("TokenFile");
        shown.field("users", &self.users.len()).finish()
    }
}
