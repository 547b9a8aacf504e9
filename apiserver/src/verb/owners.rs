//! Who owns which field (`metadata.managedFields`), kept with every write.

use api::apply::{self, ApplyError, FieldSet, Request, SameSchema};
use api::schema::Gvk;
use api::status::Cause;
use serde_json::Value;

use super::deletion::time;
use super::rules;
use crate::call::Call;
use crate::fault::{Result, Status};

/// Gives `then` what a request says of fields.
fn with<T>(call: &Call, then: impl FnOnce(&Request<'_>) -> T) -> Result<T> {
    let (schema, id) = call.schema()?;
    let reset = match (rules::splits_status(call), call.info.subresource.as_str()) {
        (true, "") => FieldSet::of(&["status"]),
        (_, "status") => FieldSet::of(&["spec"]),
        _ => FieldSet::of(&[]),
    };
    let agent = call.headers.get(http::header::USER_AGENT);
    let agent = agent
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let manager = apply::manager_of_agent(call.query.text("fieldManager"), agent);
    let Gvk { kind, .. } = call.endpoint.gvk();
    Ok(then(&Request {
        schema,
        id,
        api_version: &call.endpoint.api_version(),
        kind: &kind,
        subresource: &call.info.subresource,
        manager: &manager,
        now: &time(call.now),
        reset: &reset,
        versions: &SameSchema { id, served: &[] },
        custom: call.endpoint.custom.is_some(),
    }))
}

/// An object after a write that is no apply; of nothing, if it is being created.
///
/// # Errors
/// The resource holds no objects of its own.
pub fn written(call: &Call, live: Option<&Value>, new: Value) -> Result<Value> {
    with(call, |request| match live {
        Some(live) => apply::update(request, live, new),
        None => apply::update(request, &apply::empty(request), new),
    })
}

/// An object with what is applied in it.
///
/// # Errors
/// Others own what would change; it does not follow the schema.
pub fn applied(call: &Call, live: Option<&Value>, applied: &Value, force: bool) -> Result<Value> {
    with(call, |request| apply::apply(request, live, applied, force))?.map_err(refuse)
}

fn refuse(error: ApplyError) -> Status {
    match error {
        ApplyError::Conflicts(conflicts) => {
            let causes = conflicts.iter().map(|conflict| Cause {
                reason: "FieldManagerConflict".to_owned(),
                message: conflict.message(),
                field: conflict.field.clone(),
            });
            Status::apply_conflict(causes.collect(), conflicts.to_string())
        }
        ApplyError::Malformed(why) => Status::bad_request(why),
        ApplyError::Failed(why) => Status {
            message: why.clone(),
            ..Status::internal(why)
        },
    }
}
