//! What nodes may ask for (upstream's `node_authorizer`, features as they are by default in 1.37).

use crate::authn::User;
use crate::authz::quote::quoted;
use crate::authz::rbac::{Rule, bootstrap};
use crate::authz::{Attributes, Authorizer, Decision, UserRules};

use super::graph::{Graph, Kind};
use super::node_of;

/// The namespace of nodes' leases.
pub(super) const LEASES: &str = "kube-node-lease";
const RESOURCES: &str = "resource.k8s.io";

/// Allows nodes what belongs to what runs on them, and what every node needs.
#[derive(Debug)]
pub struct NodeAuthorizer {
    /// What runs where.
    pub graph: Graph,
    rules: Vec<Rule>,
}

impl Default for NodeAuthorizer {
    /// With the rules of the role `system:node`, and nothing that runs.
    fn default() -> Self {
        Self {
            graph: Graph::new(),
            rules: bootstrap::node_rules(),
        }
    }
}

impl Authorizer for NodeAuthorizer {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        let why = match node_of(attributes.user) {
            None => Err(String::new()),
            Some("") => {
                let user = quoted(&attributes.user.name);
                Err(format!("unknown node for user {user}"))
            }
            Some(node) => Asked { attributes, node }.decide(&self.graph, &self.rules),
        };
        match why {
            Ok(()) => Decision::Allow(String::new()),
            Err(why) => Decision::NoOpinion(why),
        }
    }

    fn rules(&self, user: &User, _: &str) -> UserRules {
        match node_of(user) {
            None => UserRules::default(),
            Some(_) => UserRules {
                rules: Vec::new(),
                is_incomplete: true,
                error: "node authorizer does not support user rule resolution".into(),
            },
        }
    }
}

/// Allowed, or why there is nothing to say.
type Answer = Result<(), String>;

struct Asked<'a> {
    attributes: &'a Attributes<'a>,
    node: &'a str,
}

impl Asked<'_> {
    fn decide(&self, graph: &Graph, rules: &[Rule]) -> Answer {
        let asked = self.attributes;
        let resource = (asked.group, asked.resource);
        if asked.is_resource {
            match resource {
                ("", "secrets") => return self.read(graph, Kind::Secret),
                ("", "configmaps") => return self.read(graph, Kind::ConfigMap),
                ("", "persistentvolumeclaims") if asked.subresource == "status" => {
                    return self.update_claim(graph);
                }
                ("", "persistentvolumeclaims") => return self.get(graph, Kind::Claim),
                ("", "persistentvolumes") => return self.get(graph, Kind::Volume),
                (RESOURCES, "resourceclaims") => return self.get(graph, Kind::ResourceClaim),
                ("storage.k8s.io", "volumeattachments") => {
                    return self.get(graph, Kind::Attachment);
                }
                ("", "serviceaccounts") => return self.account(graph),
                ("coordination.k8s.io", "leases") => return self.lease(),
                ("storage.k8s.io", "csinodes") => return self.csi_node(),
                (RESOURCES, "resourceslices") => return self.slice(graph),
                ("", "nodes") => return self.node(),
                ("", "pods") => return self.pod(graph),
                ("certificates.k8s.io", "podcertificaterequests") => {
                    return self.certificate_request(graph);
                }
                _ => {}
            }
        }
        match rules.iter().any(|rule| rule.allows(asked)) {
            true => Ok(()),
            false => refuse(""),
        }
    }

    /// Whether the object that is named is on the node.
    fn related(&self, graph: &Graph, kind: Kind) -> Answer {
        let asked = self.attributes;
        if asked.name.is_empty() {
            return refuse("No Object name found");
        }
        match graph.is_on(self.node, kind, asked.namespace, asked.name) {
            true => Ok(()),
            false => Err(format!(
                "no relationship found between node '{}' and this object",
                self.node
            )),
        }
    }

    fn read(&self, graph: &Graph, kind: Kind) -> Answer {
        let asked = self.attributes;
        if !["get", "list", "watch"].contains(&asked.verb) {
            return refuse("can only read resources of this type");
        }
        if !asked.subresource.is_empty() {
            return refuse("cannot read subresource");
        }
        if asked.namespace.is_empty() {
            return refuse("can only read namespaced object of this type");
        }
        self.related(graph, kind)
    }

    fn get(&self, graph: &Graph, kind: Kind) -> Answer {
        if self.attributes.verb != "get" {
            return refuse("can only get individual resources of this type");
        }
        if !self.attributes.subresource.is_empty() {
            return refuse("cannot get subresource");
        }
        self.related(graph, kind)
    }

    fn update_claim(&self, graph: &Graph) -> Answer {
        if !["update", "patch"].contains(&self.attributes.verb) {
            return refuse("can only get/update/patch this type");
        }
        self.related(graph, Kind::Claim)
    }

    fn account(&self, graph: &Graph) -> Answer {
        let asked = self.attributes;
        if asked.verb == "get" && asked.subresource.is_empty() {
            return self.read(graph, Kind::ServiceAccount);
        }
        if asked.verb != "create" || asked.name.is_empty() {
            return refuse("can only create tokens for individual service accounts");
        }
        if asked.subresource != "token" {
            return refuse("can only create token subresource of serviceaccount");
        }
        self.related(graph, Kind::ServiceAccount)
    }

    fn lease(&self) -> Answer {
        let asked = self.attributes;
        if !["get", "create", "update", "patch", "delete"].contains(&asked.verb) {
            return refuse("can only get, create, update, patch, or delete a node lease");
        }
        if asked.namespace != LEASES {
            let namespace = quoted(LEASES);
            return Err(format!(
                "can only access leases in the {namespace} system namespace"
            ));
        }
        // The name of what is created is seen at admission.
        match asked.verb == "create" || asked.name == self.node {
            true => Ok(()),
            false => refuse("can only access node lease with the same name as the requesting node"),
        }
    }

    fn csi_node(&self) -> Answer {
        let asked = self.attributes;
        match asked.subresource {
            "" => {}
            "status" => return refuse("CSINode status access requires CSIVolumeHealth feature"),
            _ => return refuse("cannot authorize CSINode subresources"),
        }
        if !["get", "create", "update", "patch", "delete"].contains(&asked.verb) {
            return refuse("can only get, create, update, patch, or delete a CSINode");
        }
        match asked.verb == "create" || asked.name == self.node {
            true => Ok(()),
            false => refuse("can only access CSINode with the same name as the requesting node"),
        }
    }

    fn slice(&self, graph: &Graph) -> Answer {
        if !self.attributes.subresource.is_empty() {
            return refuse("cannot authorize ResourceSlice subresources");
        }
        match self.attributes.verb {
            "create" => Ok(()),
            "get" | "update" | "patch" | "delete" => self.related(graph, Kind::Slice),
            "watch" | "list" | "deletecollection" if self.selects_own() => Ok(()),
            "watch" | "list" | "deletecollection" => refuse(
                "can only list/watch/deletecollection resourceslices with nodeName field selector",
            ),
            _ => refuse(
                "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
            ),
        }
    }

    fn certificate_request(&self, graph: &Graph) -> Answer {
        if !self.attributes.subresource.is_empty() {
            return refuse("nodes may not access the status subresource of PodCertificateRequests");
        }
        match self.attributes.verb {
            "create" => Ok(()),
            "get" => self.related(graph, Kind::CertificateRequest),
            "list" | "watch" if self.selects_own() => Ok(()),
            "list" | "watch" => {
                refuse("can only list/watch podcertificaterequests with nodeName field selector")
            }
            verb => Err(format!("nodes may not {verb} podcertificaterequests")),
        }
    }

    fn node(&self) -> Answer {
        let (node, name) = (self.node, self.attributes.name);
        match (self.attributes.subresource, self.attributes.verb) {
            ("", "create" | "update" | "patch") | ("status", "update" | "patch") => Ok(()),
            ("", "get" | "list" | "watch") => match name {
                name if name == node => Ok(()),
                "" => Err(format!(
                    "node '{node}' cannot read all nodes, only its own Node object"
                )),
                name => Err(format!(
                    "node '{node}' cannot read '{name}', only its own Node object"
                )),
            },
            _ => refuse(""),
        }
    }

    fn pod(&self, graph: &Graph) -> Answer {
        match (self.attributes.subresource, self.attributes.verb) {
            ("", "get") => self.get(graph, Kind::Pod),
            ("", "list" | "watch") if self.selects_own() => Ok(()),
            ("", "list" | "watch") if !self.attributes.name.is_empty() => {
                self.related(graph, Kind::Pod)
            }
            ("", "list" | "watch") => {
                refuse("can only list/watch pods with spec.nodeName field selector")
            }
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                Ok(())
            }
            _ => refuse(""),
        }
    }

    /// Whether only what is on the node is asked for.
    fn selects_own(&self) -> bool {
        let mut fields = self.attributes.fields.iter();
        fields.any(|one| one.is_equal && one.field == "spec.nodeName" && one.value == self.node)
    }
}

fn refuse(why: &str) -> Answer {
    Err(why.to_owned())
}
