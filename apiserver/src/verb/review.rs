//! What is asked of the server by creating it and is kept nowhere: may somebody do something, who am I,
//! whose token is this, a token for a service account.

use std::time::SystemTime;

use api::schema::builtin;
use api::status::field::{Error, Path};
use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::decode::{self, Expected};
use crate::answer;
use crate::authz::review::{self, ReviewError};
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::serve::Body;
use crate::tokens::RequestError;

/// Whether objects of a resource are answers rather than kept.
#[must_use]
pub fn is_review(group: &str, plural: &str) -> bool {
    match group {
        "authorization.k8s.io" => true,
        "authentication.k8s.io" => matches!(plural, "tokenreviews" | "selfsubjectreviews"),
        _ => false,
    }
}

/// Answers one.
///
/// # Errors
/// It is none.
pub fn answer(call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let expected = Expected {
        kind: call.endpoint.gvk(),
        schema: call.schema()?,
    };
    let asked = decode::object(call, body, &expected)?;
    let gate = &call.shared.gate;
    let now = SystemTime::now();
    let outcome = match &*call.endpoint.plural {
        "subjectaccessreviews" => review::subject_access(&gate.authorizer, &asked),
        "localsubjectaccessreviews" => {
            review::local_subject_access(&gate.authorizer, &call.info.namespace, &asked)
        }
        "selfsubjectaccessreviews" => {
            review::self_subject_access(&gate.authorizer, &call.user, &asked)
        }
        "selfsubjectrulesreviews" => {
            review::self_subject_rules(&gate.authorizer, &call.user, &asked)
        }
        "selfsubjectreviews" => Ok(review::self_subject(&call.user, now)),
        "tokenreviews" => review::token(&gate.authenticators, &asked, now),
        _ => return Err(Status::method_not_allowed()),
    };
    let mut answered = outcome.map_err(|error| refuse(call, error))?;
    normalize(&expected, &mut answered)?;
    answer::object(call, 201, &answered)
}

fn normalize(expected: &Expected<'_>, object: &mut Value) -> Result<()> {
    let (schema, id) = expected.schema;
    api::wire::normalize(schema, id, object).map_err(Status::internal)?;
    decode::name(object, &expected.kind);
    Ok(())
}

fn refuse(call: &Call, error: ReviewError) -> Status {
    match error {
        ReviewError::Invalid(wrong) => {
            let errors: Vec<Error> = wrong
                .into_iter()
                .map(|wrong| Error::invalid(&Path::new(wrong.field), wrong.value, wrong.why))
                .collect();
            Status::invalid(&call.endpoint.group, &call.endpoint.kind, "", &errors)
        }
        ReviewError::BadRequest(why) => Status::bad_request(why),
        ReviewError::Internal(why) => Status::internal(why),
    }
}

/// A token for the service account that the path names.
///
/// # Errors
/// It is refused; there is no key to sign with.
pub fn token(call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let part = call.part.as_ref().ok_or_else(Status::no_such_resource)?;
    let kind = api::schema::Gvk::new(&part.group, &part.version, &part.kind);
    let id = part.type_id.ok_or_else(Status::no_such_resource)?;
    let expected = Expected {
        kind,
        schema: (builtin(), id),
    };
    let asked = decode::object(call, body, &expected)?;
    let issuer = call
        .shared
        .gate
        .issuer
        .as_ref()
        .ok_or_else(Status::no_such_resource)?;
    let id = uuid::Uuid::new_v4().to_string();
    let issued = issuer.issue(
        &call.info.namespace,
        &call.info.name,
        &asked,
        &id,
        SystemTime::now(),
    );
    let issued = issued.map_err(refuse_token)?;
    issued
        .warnings
        .into_iter()
        .for_each(|warning| call.warn(warning));
    let mut answered = issued.object;
    normalize(&expected, &mut answered)?;
    answer::object(call, 201, &answered)
}

fn refuse_token(error: RequestError) -> Status {
    const GROUP: &str = "authentication.k8s.io";
    match error {
        RequestError::Invalid { field, value, why } => {
            let error = Error::invalid(&Path::new(field), value, why);
            Status::invalid(GROUP, "TokenRequest", "", &[error])
        }
        RequestError::BadRequest(why) => Status::bad_request(why),
        RequestError::NotFound { resource, name } => Status::not_found("", resource, &name),
        RequestError::Conflict { kind, name, why } => {
            let (kind, group) = kind.split_once('.').unwrap_or((&kind, ""));
            Status::conflict(group, kind, &name, why)
        }
        RequestError::Token(error) => Status::internal(error),
    }
}
