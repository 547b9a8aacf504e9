//! DELETE: of one object, and of a collection.

use api::schema::builtin;
use api::status::field::{Error, Path};
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

use super::admit::Admission;
use super::decode::{self, Expected};
use super::deletion::{self, Manners, Options, Propagation, Step};
use super::list::{self, Selector};
use super::options::ListOptions;
use super::store::{self, Change, Written};
use crate::admission::Operation;
use crate::answer;
use crate::cache::Cache;
use crate::call::Call;
use crate::fault::{Result, Status};
use crate::object;
use crate::serve::Body;

/// Deletes the object that the path names.
///
/// # Errors
/// It is not there, or not the one that is meant.
pub async fn delete(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let options = options(call, body)?;
    let gone = remove(cache, call, &call.rest(), &call.info.name, &options).await?;
    let Written {
        object, is_deleted, ..
    } = gone;
    if is_deleted && !call.endpoint.shows_deleted() {
        let uid = object::text(&object, "uid");
        let status = Status::deleted(
            &call.endpoint.group,
            &call.endpoint.plural,
            &call.info.name,
            uid,
        );
        return Ok(answer::encoded(
            200,
            call.accepted.encoding,
            &status.to_value(),
        ));
    }
    answer::object(call, 200, &object)
}

/// Deletes one object, or marks it.
///
/// # Errors
/// It is not there, or not the one that is meant.
pub async fn remove(
    cache: &Cache,
    call: &Call,
    rest: &str,
    name: &str,
    options: &Options,
) -> Result<Written> {
    let endpoint = &call.endpoint;
    let mut options = options.clone();
    loop {
        let mut again = false;
        let written = store::update(cache, call, rest, |found| {
            let found =
                found.ok_or_else(|| Status::not_found(&endpoint.group, &endpoint.plural, name))?;
            deletion::check(&found.object, &options)
                .map_err(|unmet| Status::conflict(&endpoint.group, &endpoint.kind, name, unmet))?;
            Admission::new(cache, call, Operation::Delete).delete(name, &found.object)?;
            again = false;
            if is_namespace(call) {
                return Ok(namespace_step(found, call.now));
            }
            Ok(
                match deletion::step(
                    &found.object,
                    &options,
                    manners(call, &found.object),
                    call.now,
                ) {
                    Step::Delete => Change::Delete,
                    Step::Pending => Change::Keep(found.object.clone()),
                    Step::Mark {
                        object,
                        then_delete,
                    } => {
                        again = then_delete;
                        if object == found.object {
                            Change::Keep(object)
                        } else {
                            Change::Write(object)
                        }
                    }
                },
            )
        });
        let written = written.await?;
        if !again || written.is_deleted || options.is_dry {
            return Ok(written);
        }
        // Its time is up: it has been marked, so that whoever watches sees it, and goes.
        if options.revision.is_some() {
            options.revision = Some(object::text(&written.object, "resourceVersion").to_owned());
        }
    }
}

fn is_namespace(call: &Call) -> bool {
    call.endpoint.group.is_empty() && &*call.endpoint.plural == "namespaces"
}

/// A namespace is marked, and goes when what is in it has gone: when neither of its lists of finalizers
/// holds it any more.
fn namespace_step(found: &store::Found, now: jiff::Timestamp) -> Change {
    let mut marked = found.object.clone();
    if !object::is_deleting(&marked) {
        object::set(
            &mut marked,
            "deletionTimestamp",
            Some(deletion::time(now).into()),
        );
    }
    marked["status"]["phase"] = "Terminating".into();
    let is_held = marked["spec"]["finalizers"]
        .as_array()
        .is_some_and(|all| !all.is_empty());
    if !is_held && object::finalizers(&marked).next().is_none() {
        return Change::Delete;
    }
    if marked == found.object {
        Change::Keep(marked)
    } else {
        Change::Write(marked)
    }
}

/// How objects of a resource go.
fn manners(call: &Call, object: &Value) -> Manners {
    let resource = (&*call.endpoint.group, &*call.endpoint.plural);
    Manners {
        grace: (resource == ("", "pods")).then(|| pod_grace(object)),
        is_collected: !matches!(resource, ("" | "events.k8s.io", "events")),
        orphans: false,
    }
}

/// How long a pod gets: what it asks for, nothing if it runs nowhere or has ended.
fn pod_grace(pod: &Value) -> i64 {
    let is_bound = pod["spec"]["nodeName"]
        .as_str()
        .is_some_and(|node| !node.is_empty());
    let has_ended = matches!(
        pod["status"]["phase"].as_str(),
        Some("Failed" | "Succeeded")
    );
    if !is_bound || has_ended {
        return 0;
    }
    let asked = pod["spec"]["terminationGracePeriodSeconds"]
        .as_i64()
        .unwrap_or(30);
    if asked < 0 { 1 } else { asked }
}

/// The options of a deletion: of the body, or else of the query.
fn options(call: &Call, body: &Bytes) -> Result<Options> {
    let value = if body.is_empty() {
        from_query(call)?
    } else {
        let kind = api::schema::Gvk::new("", "v1", "DeleteOptions");
        let id = builtin()
            .kind(&kind)
            .ok_or_else(|| Status::internal("DeleteOptions are not known"))?;
        let expected = Expected {
            kind,
            schema: (builtin(), id),
        };
        decode::options(call, body, &expected)?
    };
    read_options(&value, call)
}

/// Reads and checks options.
///
/// # Errors
/// They are none, or contradict each other.
pub fn read_options(value: &Value, call: &Call) -> Result<Options> {
    let mut options = Options {
        grace: value["gracePeriodSeconds"].as_i64(),
        orphans: value["orphanDependents"].as_bool(),
        uid: value["preconditions"]["uid"].as_str().map(str::to_owned),
        revision: value["preconditions"]["resourceVersion"]
            .as_str()
            .map(str::to_owned),
        is_dry: call.is_dry()?,
        ..Options::default()
    };
    let mut errors = Vec::new();
    if let Some(text) = value["propagationPolicy"].as_str() {
        options.propagation = match text {
            "Orphan" => Some(Propagation::Orphan),
            "Background" => Some(Propagation::Background),
            "Foreground" => Some(Propagation::Foreground),
            other => {
                let supported = ["Background", "Foreground", "Orphan"];
                errors.push(Error::not_supported(
                    &Path::new("propagationPolicy"),
                    other,
                    supported,
                ));
                None
            }
        };
        if options.orphans.is_some() {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(Error::invalid(&Path::new("propagationPolicy"), text, why));
        }
    }
    for dry in value["dryRun"].as_array().into_iter().flatten() {
        match dry.as_str() {
            Some("All") => options.is_dry = true,
            other => errors.push(Error::not_supported(
                &Path::new("dryRun"),
                other.unwrap_or_default(),
                ["All"],
            )),
        }
    }
    if errors.is_empty() {
        return Ok(options);
    }
    Err(Status::invalid("meta.k8s.io", "DeleteOptions", "", &errors))
}

fn from_query(call: &Call) -> Result<Value> {
    let bad = |why: String| Status::bad_request(why);
    let mut value = json!({});
    if let Some(seconds) = call.query.number("gracePeriodSeconds").map_err(bad)? {
        value["gracePeriodSeconds"] = seconds.into();
    }
    if let Some(policy) = call
        .query
        .get("propagationPolicy")
        .filter(|text| !text.is_empty())
    {
        value["propagationPolicy"] = policy.into();
    }
    if call.query.get("orphanDependents").is_some() {
        value["orphanDependents"] = call.query.flag("orphanDependents").into();
    }
    Ok(value)
}

/// Deletes the objects of a collection that are meant.
///
/// # Errors
/// The options are none; an object cannot be deleted.
pub async fn delete_collection(cache: &Cache, call: &Call, body: &Bytes) -> Result<Response<Body>> {
    let options = options(call, body)?;
    let listing = ListOptions::read(&call.query, false)?;
    let selector = Selector::of(call, &listing)?;
    let listed = list::list(cache, call, &listing, &selector).await?;
    for entry in &listed.items {
        match remove(cache, call, &entry.key, entry.name(), &options).await {
            // Somebody else was faster.
            Err(status) if status.code == 404 => {}
            outcome => {
                outcome?;
            }
        }
    }
    answer::list(call, &listed)
}
