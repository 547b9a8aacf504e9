//! One request, after its path, its query and its sender are known.

use std::sync::Arc;

use api::resources::Subresource;
use api::schema::{Schema, TypeId};
use http::HeaderMap;
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::authn::User;
use crate::chain::info::Info;
use crate::chain::media::Accepted;
use crate::chain::query::Query;
use crate::fault::{Result, Status};
use crate::registry::Endpoint;
use crate::shared::Shared;

/// What a verb gets.
#[derive(Debug)]
pub struct Call {
    /// What the path says.
    pub info: Info,
    /// What the query says.
    pub query: Query,
    /// Who asks.
    pub user: User,
    /// What of.
    pub endpoint: Arc<Endpoint>,
    /// Which part of it, if not the whole.
    pub part: Option<Subresource>,
    /// In what form the answer is wanted.
    pub accepted: Accepted,
    /// The headers.
    pub headers: HeaderMap,
    /// When it came.
    pub now: Timestamp,
    /// What the client is warned of besides its answer.
    pub warnings: Mutex<Vec<String>>,
    /// What all calls share.
    pub shared: Arc<Shared>,
}

/// What becomes of unknown and duplicate fields (`fieldValidation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValidation {
    /// They are dropped in silence.
    Ignore,
    /// They are dropped, and the client is told.
    Warn,
    /// The request is refused.
    Strict,
}

impl Call {
    /// A call of the server's own for one object, made on the way of this one.
    #[must_use]
    pub fn of_own(&self, endpoint: Arc<Endpoint>, namespace: &str, name: &str) -> Self {
        let info = Info {
            is_resource: true,
            group: endpoint.group.to_string(),
            version: endpoint.version.to_string(),
            resource: endpoint.plural.to_string(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..Info::default()
        };
        Self {
            info,
            query: self.query.clone(),
            user: Shared::own_user(),
            endpoint,
            part: None,
            accepted: self.accepted,
            headers: HeaderMap::new(),
            now: self.now,
            warnings: Mutex::default(),
            shared: self.shared.clone(),
        }
    }

    /// The schema of the resource and its type in it.
    ///
    /// # Errors
    /// The resource holds no objects of its own.
    pub fn schema(&self) -> Result<(&Schema, TypeId)> {
        self.endpoint
            .schema()
            .ok_or_else(Status::method_not_allowed)
    }

    /// The key of the object that the path names, within the resource's folder.
    #[must_use]
    pub fn rest(&self) -> String {
        self.endpoint.rest(&self.info.namespace, &self.info.name)
    }

    /// Nothing is stored (`dryRun=All`).
    ///
    /// # Errors
    /// It says something else.
    pub fn is_dry(&self) -> Result<bool> {
        let mut is_dry = false;
        for value in self.query.all("dryRun") {
            if value != "All" {
                return Err(Status::bad_request(format!(
                    "dryRun: Unsupported value: {value:?}: supported values: \"All\""
                )));
            }
            is_dry = true;
        }
        Ok(is_dry)
    }

    /// What becomes of fields that are none.
    ///
    /// # Errors
    /// It says something that it cannot.
    pub fn field_validation(&self) -> Result<FieldValidation> {
        match self.query.text("fieldValidation") {
            "" | "Warn" => Ok(FieldValidation::Warn),
            "Ignore" => Ok(FieldValidation::Ignore),
            "Strict" => Ok(FieldValidation::Strict),
            other => Err(Status::bad_request(format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\", \"\""
            ))),
        }
    }

    /// Who owns the fields that are written: what the query says, or the program that writes.
    #[must_use]
    pub fn manager(&self) -> String {
        let named = self.query.text("fieldManager");
        if !named.is_empty() {
            return named.to_owned();
        }
        let agent = self.headers.get(http::header::USER_AGENT);
        let agent = agent
            .and_then(|agent| agent.to_str().ok())
            .unwrap_or_default();
        let program = agent.split('/').next().unwrap_or_default();
        program.chars().take(128).collect()
    }

    /// Tells the client something besides the answer.
    pub fn warn(&self, text: impl Into<String>) {
        self.warnings.lock().push(text.into());
    }

    /// There is no such object.
    #[must_use]
    pub fn not_found(&self) -> Status {
        Status::not_found(&self.endpoint.group, &self.endpoint.plural, &self.info.name)
    }

    /// The object has changed meanwhile.
    #[must_use]
    pub fn stale(&self) -> Status {
        Status::modified(&self.endpoint.group, &self.endpoint.plural, &self.info.name)
    }
}
