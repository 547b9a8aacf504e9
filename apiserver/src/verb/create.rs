//! CREATE.

use api::schema::Gvk;
use bytes::Bytes;
use http::Response;
use rand::Rng as _;
use serde_json::Value;

use super::admit::Admission;
use super::decode::{self, Expected};
use super::deletion::time;
use super::{owners, rules, store};
use crate::admission::Operation;
use crate::answer;
use crate::cache::Cache;
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::object;
use crate::serve::Body;

/// How often another name is tried for an object that wants one made.
const NAME_TRIES: usize = 8;
/// Letters of made names: none that could spell a word (upstream's `utilrand`).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// How many are added, and how much of what is given is kept at most.
const ADDED: usize = 5;
const BASE_MAX: usize = 63 - ADDED;

/// Creates the object of a body.
///
/// # Errors
/// It is none, is refused, or is there already.
pub async fn create(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let expected = Expected {
        kind: call.endpoint.gvk(),
        schema: call.schema()?,
    };
    let object = decode::object(call, body, &expected)?;
    let made = insert(cache, call, object).await?;
    answer::object(call, 201, &made)
}

/// Writes a new object.
///
/// # Errors
/// It is refused, or is there already.
pub async fn insert(cache: &Cache, call: &Call, mut object: Value) -> Result<Value> {
    if !object::text(&object, "resourceVersion").is_empty() {
        let why = "resourceVersion should not be set on objects to be created";
        return Err(Status {
            code: 500,
            ..Status::internal(why)
        });
    }
    match_namespace(call, &mut object)?;
    let object = owners::written(call, None, object)?;
    tracked(cache, call, object).await
}

/// The same, of an object whose owners are known.
///
/// # Errors
/// It is refused, or is there already.
pub async fn tracked(cache: &Cache, call: &Call, mut object: Value) -> Result<Value> {
    let endpoint = &call.endpoint;
    match_namespace(call, &mut object)?;
    let admission = Admission::new(cache, call, Operation::Create);
    admission.admit(&mut object, None)?;
    rules::normalize(call, &mut object)?;
    fill(call, &mut object);
    let is_generated =
        object::name(&object).is_empty() && !object::text(&object, "generateName").is_empty();
    for _ in 0..NAME_TRIES {
        let mut candidate = object.clone();
        if is_generated {
            let name = generate(object::text(&object, "generateName"));
            object::set(&mut candidate, "name", Some(name.into()));
        }
        rules::prepare_create(call, &mut candidate)?;
        admission.validate(Some(&candidate), None)?;
        admission.charge(&candidate, None).await?;
        let rest = endpoint.rest(object::namespace(&candidate), object::name(&candidate));
        let lease = if call.is_dry()? {
            0
        } else {
            cache.lease(&endpoint.folder).await?
        };
        match store::create(cache, call, &rest, candidate, lease).await {
            Err(status) if is_generated && status.reason == api::status::Reason::AlreadyExists => {}
            outcome => return outcome,
        }
    }
    let base = object::text(&object, "generateName");
    Err(Status::generate_name_conflict(
        &endpoint.group,
        &endpoint.plural,
        base,
        1,
    ))
}

/// The namespace in the object is that of the path.
///
/// # Errors
/// It is another one.
pub fn match_namespace(call: &Call, object: &mut Value) -> Result<()> {
    let asked = if call.endpoint.namespaced {
        call.info.namespace.as_str()
    } else {
        ""
    };
    let found = object::namespace(object);
    if found == asked {
        return Ok(());
    }
    if !found.is_empty() {
        let why = if asked.is_empty() {
            "namespace may not be set on cluster-scoped resources".to_owned()
        } else {
            format!(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        };
        return Err(Status::bad_request(why));
    }
    object::set(object, "namespace", Some(asked.into()));
    Ok(())
}

/// What the server alone says of an object.
fn fill(call: &Call, object: &mut Value) {
    for field in [
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        object::set(object, field, None);
    }
    object::set(object, "creationTimestamp", Some(time(call.now).into()));
    object::set(object, "uid", Some(uuid::Uuid::new_v4().to_string().into()));
}

/// A name that begins as asked and has five random letters more.
#[must_use]
pub fn generate(base: &str) -> String {
    let mut end = base.len().min(BASE_MAX);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    let mut name = base[..end].to_owned();
    let mut random = rand::rng();
    for _ in 0..ADDED {
        name.push(LETTERS[random.random_range(..LETTERS.len())].into());
    }
    name
}

/// The group, version and kind that an object says to be of.
#[must_use]
pub fn gvk_of(object: &Value) -> Gvk {
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    Gvk::parse(text("apiVersion"), text("kind"))
}
