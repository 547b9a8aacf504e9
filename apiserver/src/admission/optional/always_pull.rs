//! `AlwaysPullImages`: an image that lies on a node already is not run by those who may not pull it.

use std::collections::HashSet;

use api::status::Reason;
use api::status::field::{Error, Path};
use serde_json::Value;

use crate::admission::plugin::{Lookup, Plugin};
use crate::admission::request::{Operation, Request};
use crate::admission::tree;
use crate::fault::{Result, Status};

/// The plugin's name.
pub const NAME: &str = "AlwaysPullImages";

const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlwaysPullImages;

impl Plugin for AlwaysPullImages {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, _: &dyn Lookup) -> Result<()> {
        if !is_concerned(request, object) {
            return Ok(());
        }
        let spec = tree::field(object, "spec");
        for field in CONTAINERS {
            for container in tree::items_mut(spec, field) {
                tree::set(container, "imagePullPolicy", Some("Always".into()));
            }
        }
        for volume in tree::items_mut(spec, "volumes") {
            if volume["image"].is_object() {
                let image = tree::field(volume, "image");
                tree::set(image, "pullPolicy", Some("Always".into()));
            }
        }
        Ok(())
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        _: &dyn Lookup,
    ) -> Result<()> {
        let Some(pod) = object.filter(|pod| is_concerned(request, pod)) else {
            return Ok(());
        };
        let told = faults(&pod["spec"]).into_iter();
        let told = told.map(|fault| request.forbidden(object, fault).message);
        match api::status::aggregate(told) {
            Some(told) => Err(Status::failure(Reason::Unknown, told)),
            None => Ok(()),
        }
    }
}

/// New pods, and those that get an image that they have not had.
fn is_concerned(request: &Request<'_>, pod: &Value) -> bool {
    fn images(pod: &Value) -> impl Iterator<Item = &str> {
        let all = CONTAINERS.iter();
        let all = all.flat_map(|field| tree::items(&pod["spec"][*field]));
        all.map(|container| tree::text(&container["image"]))
    }
    if !request.is_whole("", "pods") {
        return false;
    }
    let old: HashSet<&str> = images(request.previous()).collect();
    request.operation == Operation::Create || images(pod).any(|image| !old.contains(image))
}

fn faults(spec: &Value) -> Vec<Error> {
    let mut faults = Vec::new();
    let root = Path::new("spec");
    let mut check = |path: &Path<'_>, policy: &Value| {
        if policy != "Always" {
            let policy = tree::text(policy);
            faults.push(Error::not_supported(path, policy, ["Always"]));
        }
    };
    for field in CONTAINERS {
        let list = root.child(field);
        for (at, container) in tree::items(&spec[field]).enumerate() {
            let item = list.index(at);
            check(
                &item.child("imagePullPolicy"),
                &container["imagePullPolicy"],
            );
        }
    }
    let list = root.child("volumes");
    for (at, volume) in tree::items(&spec["volumes"]).enumerate() {
        if volume["image"].is_object() {
            let item = list.index(at);
            let image = item.child("image");
            check(&image.child("pullPolicy"), &volume["image"]["pullPolicy"]);
        }
    }
    faults
}
