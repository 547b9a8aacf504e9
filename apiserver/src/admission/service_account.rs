//! `ServiceAccount`: every pod runs as a service account, and has its token at hand.

use std::collections::HashSet;

use api::status::Reason;
use serde_json::{Value, json};

use super::plugin::{Lookup, Plugin};
use super::request::{Operation, Request};
use super::tree;
use crate::fault::{Result, Status};
use crate::object;
use crate::verb::create::generate;

pub mod references;

/// The plugin's name.
pub const NAME: &str = "ServiceAccount";

const DEFAULT: &str = "default";
const VOLUME: &str = "kube-api-access-";
const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const MIRROR: &str = "kubernetes.io/config.mirror";
const ENFORCE: &str = "kubernetes.io/enforce-mountable-secrets";
/// How long a token lives, in seconds: an hour, and seven more to tell tokens apart that may be extended.
const TOKEN_SECONDS: i64 = 3607;
/// The mode of the files of projected volumes: `0644`.
const FILE_MODE: i64 = 0o644;

/// See the module. A new namespace's account may not be there yet: upstream asks the store for the
/// `default` one up to ten times, every 100 to 200 ms; here the lookup may.
#[derive(Clone, Copy, Debug)]
pub struct ServiceAccount {
    /// Makes the name of the token's volume, of how it begins.
    pub name: fn(&str) -> String,
}

impl Default for ServiceAccount {
    fn default() -> Self {
        Self { name: generate }
    }
}

impl Plugin for ServiceAccount {
    fn name(&self) -> &'static str {
        NAME
    }

    fn handles(&self, operation: Operation) -> bool {
        matches!(operation, Operation::Create | Operation::Update)
    }

    fn admit(&self, request: &Request<'_>, object: &mut Value, look: &dyn Lookup) -> Result<()> {
        if request.operation != Operation::Create || !request.is_whole("", "pods") {
            return Ok(());
        }
        if tree::annotation(object, MIRROR).is_some() {
            return self.validate(request, Some(object), look);
        }
        let spec = tree::field(object, "spec");
        if tree::text(&spec["serviceAccountName"]).is_empty() {
            tree::set(spec, "serviceAccountName", Some(DEFAULT.into()));
            tree::set(spec, "serviceAccount", Some(DEFAULT.into()));
        }
        let account = account_of(request, object, look)?;
        let spec = tree::field(object, "spec");
        let wishes = [spec, &account].map(|of| of["automountServiceAccountToken"].as_bool());
        if wishes.into_iter().flatten().next().unwrap_or(true) {
            self.mount(spec);
        }
        if tree::items(&spec["imagePullSecrets"]).next().is_none() {
            let secrets = tree::items(&account["imagePullSecrets"]);
            let secrets: Vec<Value> = secrets
                .map(|secret| json!({"name": tree::text(&secret["name"])}))
                .collect();
            let secrets = (!secrets.is_empty()).then(|| secrets.into());
            tree::set(spec, "imagePullSecrets", secrets);
        }
        self.validate(request, Some(object), look)
    }

    fn validate(
        &self,
        request: &Request<'_>,
        object: Option<&Value>,
        look: &dyn Lookup,
    ) -> Result<()> {
        let Some(pod) = object.filter(|_| request.is_of("", "pods")) else {
            return Ok(());
        };
        let is_debugging = match (request.operation, request.subresource) {
            (Operation::Update, "ephemeralcontainers") => true,
            (Operation::Create, "" | "ephemeralcontainers") => false,
            _ => return Ok(()),
        };
        if !is_debugging && tree::annotation(pod, MIRROR).is_some() {
            let fault = mirror_fault(pod);
            return fault.map_or(Ok(()), |why| Err(request.forbidden(object, why)));
        }
        if tree::text(&pod["spec"]["serviceAccountName"]).is_empty() {
            let why = format!(
                "no service account specified for pod {}/{}",
                request.namespace,
                object::name(pod)
            );
            return Err(request.forbidden(object, why));
        }
        let account = account_of(request, pod, look)?;
        if !tree::annotation(&account, ENFORCE).is_some_and(tree::parse_bool) {
            return Ok(());
        }
        match limit(pod, &account, is_debugging) {
            // Upstream does not say here that it is forbidden, which makes it a failure of the server.
            Some(why) if is_debugging => Err(Status::failure(Reason::Unknown, why)),
            Some(why) => Err(request.forbidden(object, why)),
            None => Ok(()),
        }
    }
}

fn account_of(request: &Request<'_>, pod: &Value, look: &dyn Lookup) -> Result<Value> {
    let name = tree::text(&pod["spec"]["serviceAccountName"]);
    let namespace = request.namespace;
    let found = look.get("", "serviceaccounts", namespace, name);
    found.ok_or_else(|| {
        let missing = Status::not_found("", "serviceaccount", name);
        let why = format!("error looking up service account {namespace}/{name}: {missing}");
        request.forbidden(Some(pod), why)
    })
}

impl ServiceAccount {
    /// Mounts the token in each container that has nothing there yet.
    fn mount(&self, spec: &mut Value) {
        let found = tree::items(&spec["volumes"])
            .map(|volume| tree::text(&volume["name"]))
            .find(|name| name.starts_with(VOLUME))
            .map(ToOwned::to_owned);
        let has_volume = found.is_some();
        let name = found.unwrap_or_else(|| (self.name)(VOLUME));
        let mut is_used = false;
        for field in ["initContainers", "containers"] {
            for container in tree::items_mut(spec, field) {
                let is_there = tree::items(&container["volumeMounts"])
                    .any(|mount| mount["mountPath"] == MOUNT_PATH);
                if is_there {
                    continue;
                }
                let mount = json!({"name": &name, "readOnly": true, "mountPath": MOUNT_PATH});
                tree::list(container, "volumeMounts").push(mount);
                is_used = true;
            }
        }
        if is_used && !has_volume {
            let volume = json!({"name": name, "projected": token_volume()});
            tree::list(spec, "volumes").push(volume);
        }
    }
}

/// A token, the certificates to know the server by, and the namespace.
fn token_volume() -> Value {
    json!({
        "defaultMode": FILE_MODE,
        "sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_SECONDS}},
            {"configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }},
            {"downwardAPI": {"items": [{
                "path": "namespace",
                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
            }]}},
        ],
    })
}

/// What a pod may not refer to that only shows what runs on a node without the server.
fn mirror_fault(pod: &Value) -> Option<&'static str> {
    let spec = &pod["spec"];
    if !tree::text(&spec["serviceAccountName"]).is_empty() {
        return Some("a mirror pod may not reference service accounts");
    }
    if references::has_secrets(spec) {
        return Some("a mirror pod may not reference secrets");
    }
    let volumes = tree::items(&spec["volumes"]);
    let mut sources = volumes.flat_map(|volume| tree::items(&volume["projected"]["sources"]));
    let has_token = sources.any(|source| source["serviceAccountToken"].is_object());
    has_token.then_some("a mirror pod may not use ServiceAccountToken volume projections")
}

/// The first secret that a pod refers to and its account does not, for accounts that want that.
fn limit(pod: &Value, account: &Value, is_debugging: bool) -> Option<String> {
    let spec = &pod["spec"];
    let named = |field: &str| -> HashSet<&str> {
        let all = tree::items(&account[field]);
        all.map(|secret| tree::text(&secret["name"])).collect()
    };
    let mountable = named("secrets");
    let end = format!(
        "is not allowed because service account {} does not reference that",
        object::name(account)
    );
    if is_debugging {
        let within = &spec["ephemeralContainers"];
        return limit_containers(within, "ephemeral container", &mountable, &end);
    }
    let volumes = tree::items(&spec["volumes"]).filter(|volume| volume["secret"].is_object());
    let mut secrets = volumes.map(|volume| tree::text(&volume["secret"]["secretName"]));
    if let Some(secret) = secrets.find(|secret| !mountable.contains(secret)) {
        return Some(format!(
            "volume with secret.secretName=\"{secret}\" {end} secret"
        ));
    }
    for (field, called) in [
        ("initContainers", "init container"),
        ("containers", "container"),
    ] {
        if let Some(why) = limit_containers(&spec[field], called, &mountable, &end) {
            return Some(why);
        }
    }
    let pullable = named("imagePullSecrets");
    let refs = tree::items(&spec["imagePullSecrets"]).enumerate();
    let mut refs = refs.map(|(at, secret)| (at, tree::text(&secret["name"])));
    let (at, secret) = refs.find(|(_, secret)| !pullable.contains(secret))?;
    Some(format!(
        "imagePullSecrets[{at}].name=\"{secret}\" {end} imagePullSecret"
    ))
}

fn limit_containers(
    containers: &Value,
    called: &str,
    mountable: &HashSet<&str>,
    end: &str,
) -> Option<String> {
    for container in tree::items(containers) {
        let name = tree::text(&container["name"]);
        for env in tree::items(&container["env"]) {
            let key = &env["valueFrom"]["secretKeyRef"];
            let secret = tree::text(&key["name"]);
            if key.is_object() && !mountable.contains(secret) {
                let env = tree::text(&env["name"]);
                return Some(format!(
                    "{called} {name} with envVar {env} referencing secret.secretName=\"{secret}\" {end} \
                     secret"
                ));
            }
        }
        for from in tree::items(&container["envFrom"]) {
            let secret = tree::text(&from["secretRef"]["name"]);
            if from["secretRef"].is_object() && !mountable.contains(secret) {
                return Some(format!(
                    "{called} {name} with envFrom referencing secret.secretName=\"{secret}\" {end} secret"
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
