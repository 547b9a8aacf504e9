//! The loops that an API server without nodes needs to be whole, each as the service account that upstream
//! gives it, so that roles decide on them, too.

use std::sync::Arc;
use std::time::Duration;

use apiserver::authn::User;
use apiserver::local::Local;
use apiserver::server::Server;
use apiserver::shared::Shared;
use controllers::cluster_role_aggregation::ClusterRoleAggregation;
use controllers::garbage::GarbageCollector;
use controllers::namespace::Namespaces;
use controllers::resource_quota::ResourceQuotas;
use controllers::root_ca::RootCa;
use controllers::service_account::ServiceAccounts;
use controllers::{Loop, supervise};
use tokio_util::sync::CancellationToken;

/// Starts them all; they end with what is returned.
pub(crate) fn start(server: &Arc<Server>, certificates: &str) -> CancellationToken {
    let stop = CancellationToken::new();
    // Upstream's controllers read as their manager, who may list and watch everything there is.
    let manager = Shared::own_user();
    let all: [(&str, Arc<dyn Loop>); 6] = [
        (
            "namespace-controller",
            Arc::new(Namespaces {
                // One server decides alone: there is no other that could still create.
                grace: Duration::ZERO,
            }),
        ),
        ("generic-garbage-collector", Arc::new(GarbageCollector)),
        ("service-account-controller", Arc::new(ServiceAccounts)),
        (
            "root-ca-cert-publisher",
            Arc::new(RootCa::new(certificates)),
        ),
        (
            "clusterrole-aggregation-controller",
            Arc::new(ClusterRoleAggregation),
        ),
        ("resourcequota-controller", Arc::new(ResourceQuotas)),
    ];
    for (account, one) in all {
        let mut user = User::of_service_account("kube-system", account, "");
        user.groups.push("system:authenticated".to_owned());
        let local = Local::new(server.clone(), user).with_reader(manager.clone());
        let client = kube::Client::new(local, "default");
        tokio::spawn(supervise(vec![one], client, stop.clone()));
    }
    stop
}
