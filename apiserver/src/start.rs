//! What a server makes when it starts, if it is not there: the namespaces that every cluster has.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::fault::Status;
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
