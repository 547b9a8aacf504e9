//! UPDATE: an object as a whole.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::admit::Admission;
use super::decode::{self, Expected};
use super::store::{Change, Found, Written};
use super::{create, owners, rules, store};
use crate::admission::Operation;
use crate::answer;
use crate::cache::Cache;
use crate::call::Call;
use crate::fault::Result;
use crate::serve::Body;

/// Replaces an object by that of the body.
///
/// # Errors
/// It is none, is refused, has changed meanwhile, or is not there.
pub async fn update(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let expected = Expected {
        kind: call.endpoint.gvk(),
        schema: call.schema()?,
    };
    let mut object = decode::object(call, body, &expected)?;
    rules::match_name(call, &mut object)?;
    create::match_namespace(call, &mut object)?;
    let rest = call.rest();
    let written = store::update(cache, call, &rest, |found| {
        let found = found.ok_or_else(|| call.not_found())?;
        change(cache, call, found, object.clone())
    });
    let Written { object, .. } = written.await?;
    answer::object(call, 200, &object)
}

/// What a new form of an object comes to.
///
/// # Errors
/// It is refused.
pub fn change(cache: &Cache, call: &Call, found: &Found, mut new: Value) -> Result<Change> {
    new = owners::written(call, Some(&found.object), new)?;
    tracked(cache, call, found, new)
}

/// The same, of an object whose owners are known.
///
/// # Errors
/// It is refused.
pub fn tracked(cache: &Cache, call: &Call, found: &Found, mut new: Value) -> Result<Change> {
    let admission = Admission::new(cache, call, Operation::Update);
    admission.admit(&mut new, Some(&found.object))?;
    rules::normalize(call, &mut new)?;
    rules::prepare_update(call, &mut new, found)?;
    admission.validate(Some(&new), Some(&found.object))?;
    if rules::is_released(&new) {
        return Ok(Change::Delete);
    }
    // A write that does nothing does not count as one.
    let new = api::apply::keep_times(&found.object, new);
    if new == found.object {
        return Ok(Change::Keep(new));
    }
    Ok(Change::Write(new))
}
