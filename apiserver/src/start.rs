//! What a server makes when it starts, if it is not there: the namespaces and the roles that every cluster
//! has.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::authz::rbac::{Change, GROUP, bootstrap, reconcile};
use crate::fault::Status;
use crate::object;
use crate::server::Server;

/// Those every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// How long it waits when the store does not take something.
const RESTS: Duration = Duration::from_millis(200);

/// Makes what is missing; again and again until it is all there.
pub async fn run(server: Arc<Server>, mut stop: watch::Receiver<bool>) {
    let making = async {
        server.cache.filled().await;
        for name in NAMESPACES {
            while let Err(error) =
                ensure(&server, "namespaces", json!({"metadata": {"name": name}})).await
            {
                tracing::warn!(name, %error, "a namespace cannot be made, trying again");
                tokio::time::sleep(RESTS).await;
            }
        }
        if server.shared().gate.has_rbac() {
            for wanted in bootstrap::objects() {
                while let Err(error) = role(&server, &wanted).await {
                    let name = object::name(&wanted);
                    tracing::warn!(name, %error, "a role cannot be made, trying again");
                    tokio::time::sleep(RESTS).await;
                }
            }
        }
    };
    tokio::select! {
        () = making => {}
        _ = stop.wait_for(|stopped| *stopped) => {}
    }
}

/// Makes an object of the core group unless it is there.
async fn ensure(server: &Server, plural: &str, object: Value) -> Result<(), Status> {
    match server.create_own("", "v1", plural, object).await {
        Err(status) if status.reason != api::status::Reason::AlreadyExists => Err(status),
        _ => Ok(()),
    }
}

/// Makes a role or binding, or adds what it lacks.
async fn role(server: &Server, wanted: &Value) -> Result<(), Status> {
    let plural = match wanted["kind"].as_str().unwrap_or_default() {
        "Role" => "roles",
        "ClusterRole" => "clusterroles",
        "RoleBinding" => "rolebindings",
        _ => "clusterrolebindings",
    };
    let (namespace, name) = (object::namespace(wanted), object::name(wanted));
    let key = if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}/{name}")
    };
    let existing = server
        .cache
        .bucket(plural)
        .get(&key)
        .and_then(|entry| entry.tree().ok());
    match reconcile(existing.as_ref(), wanted) {
        None => Ok(()),
        Some(Change::Create(made)) => {
            match server.create_own(GROUP, "v1", plural, made).await {
                // Another server was faster.
                Err(status) if status.reason != api::status::Reason::AlreadyExists => Err(status),
                _ => Ok(()),
            }
        }
        Some(Change::Update(made)) => server.replace_own(GROUP, "v1", plural, made).await,
        Some(Change::Recreate(made)) => {
            server
                .delete_own(GROUP, "v1", plural, namespace, name)
                .await?;
            server
                .create_own(GROUP, "v1", plural, made)
                .await
                .map(|_| ())
        }
    }
}
