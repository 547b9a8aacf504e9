//! What an object of a resource uses, by the names that quotas call it.

use api::quantity::{Format, Quantity};
use jiff::Timestamp;
use serde_json::Value;

use super::{device, pod, scope, volume};
use crate::admission::request::{Operation, Request};
use crate::admission::resources::Amounts;
use crate::admission::tree;

/// Resources whose objects are not counted, for they are not kept or too many.
const IGNORED: [(&str, &str); 10] = [
    ("", "bindings"),
    ("", "componentstatuses"),
    ("authentication.k8s.io", "tokenreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
    ("authorization.k8s.io", "subjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "localsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("", "events"),
    ("events.k8s.io", "events"),
];

/// Resources that quotas call by their bare name as well.
const ALIASES: [&str; 4] = [
    "configmaps",
    "resourcequotas",
    "replicationcontrollers",
    "secrets",
];

/// The rules by which the objects of one resource are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluator {
    /// Pods: their number, and what their containers ask for.
    Pods,
    /// Services: their number, and that of their node ports and load balancers.
    Services,
    /// Claims of volumes: their number and size, by storage class too.
    VolumeClaims,
    /// Claims of devices: their number, and that of the devices by class.
    DeviceClaims,
    /// Others: their number.
    Count {
        /// The API group.
        group: String,
        /// The plural resource.
        resource: String,
    },
}

/// A number of things.
pub(super) fn number(of: usize) -> Quantity {
    let of = i64::try_from(of).unwrap_or(i64::MAX);
    Quantity::new(of, Format::DecimalSi)
}

/// The number of objects of a resource, as quotas call it.
pub(super) fn count_name(group: &str, resource: &str) -> String {
    format!("count/{}", api::status::full(group, resource))
}

impl Evaluator {
    /// The rules for a resource; `None` if it is not counted.
    #[must_use]
    pub fn of(group: &str, resource: &str) -> Option<Self> {
        match (group, resource) {
            ("", "pods") => Some(Self::Pods),
            ("", "services") => Some(Self::Services),
            ("", "persistentvolumeclaims") => Some(Self::VolumeClaims),
            ("resource.k8s.io", "resourceclaims") => Some(Self::DeviceClaims),
            _ if IGNORED.contains(&(group, resource)) => None,
            _ => Some(Self::Count {
                group: group.to_owned(),
                resource: resource.to_owned(),
            }),
        }
    }

    /// The group and the resource.
    #[must_use]
    pub fn resource(&self) -> (&str, &str) {
        match self {
            Self::Pods => ("", "pods"),
            Self::Services => ("", "services"),
            Self::VolumeClaims => ("", "persistentvolumeclaims"),
            Self::DeviceClaims => ("resource.k8s.io", "resourceclaims"),
            Self::Count { group, resource } => (group, resource),
        }
    }

    /// Whether a request may change what is used.
    #[must_use]
    pub fn handles(&self, request: &Request<'_>, object: &Value) -> bool {
        let is_create = request.operation == Operation::Create;
        let is_update = request.operation == Operation::Update;
        match (self, request.subresource) {
            (Self::Pods, "") => {
                let turns =
                    || scope::is_terminating(object) != scope::is_terminating(request.previous());
                is_create || is_update && turns()
            }
            (Self::Pods, "resize") => is_update,
            (Self::Services | Self::VolumeClaims | Self::DeviceClaims, "") => {
                is_create || is_update
            }
            (Self::VolumeClaims, "status") => is_update,
            (Self::Count { .. }, "") => is_create,
            _ => false,
        }
    }

    /// Whether objects of the resource use what a quota calls so.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        match self {
            Self::Pods => pod::names(name),
            Self::Services => matches!(
                name,
                "count/services" | "services" | "services.nodeports" | "services.loadbalancers"
            ),
            Self::VolumeClaims => volume::names(name),
            Self::DeviceClaims => device::names(name),
            Self::Count { group, resource } => {
                name == count_name(group, resource) || self.alias() == Some(name)
            }
        }
    }

    fn alias(&self) -> Option<&str> {
        let (group, resource) = self.resource();
        (group.is_empty() && ALIASES.contains(&resource)).then_some(resource)
    }

    /// What an object uses.
    #[must_use]
    pub fn usage(&self, object: &Value, now: Timestamp) -> Amounts {
        match self {
            Self::Pods => pod::usage(object, now),
            Self::Services => service(object),
            Self::VolumeClaims => volume::usage(object),
            Self::DeviceClaims => device::usage(object),
            Self::Count { group, resource } => {
                let alias = self.alias().map(ToOwned::to_owned);
                let names = [Some(count_name(group, resource)), alias];
                let names = names.into_iter().flatten();
                names.map(|name| (name, number(1))).collect()
            }
        }
    }

    /// What an object has to say for a quota to count it; the text of what it does not.
    pub(super) fn lacks(&self, object: &Value, restricted: &[String]) -> Option<String> {
        match self {
            Self::Pods => pod::lacks(object, restricted),
            _ => None,
        }
    }

    /// Whether an object lies within the scopes of a quota.
    #[must_use]
    pub fn is_in_scope(&self, quota: &Value, object: &Value) -> bool {
        scope::of(quota).iter().all(|scope| match self {
            Self::Pods => scope.takes_pod(object),
            Self::VolumeClaims => scope.takes_volume_claim(object),
            _ => false,
        })
    }
}

fn service(object: &Value) -> Amounts {
    let spec = &object["spec"];
    let ports = || tree::items(&spec["ports"]);
    let (node_ports, balancers) = match tree::text(&spec["type"]) {
        "NodePort" => (ports().count(), 0),
        "LoadBalancer" if spec["allocateLoadBalancerNodePorts"] == false => {
            let own = ports().filter(|port| port["nodePort"].as_i64().unwrap_or(0) != 0);
            (own.count(), 1)
        }
        "LoadBalancer" => (ports().count(), 1),
        _ => (0, 0),
    };
    let used = [
        ("count/services", 1),
        ("services", 1),
        ("services.nodeports", node_ports),
        ("services.loadbalancers", balancers),
    ];
    let used = used.into_iter();
    used.map(|(name, of)| (name.to_owned(), number(of)))
        .collect()
}
