//! Which objects belong to what runs on which node.
//!
//! ```text
//! secret, config map, claim, resource claim, service account ─▶ pod ─▶ node
//! secret ─▶ persistent volume ─▶ claim
//! volume attachment, resource slice, certificate request ─▶ node
//! ```

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::references::{claims, config_maps, resource_claims, secrets, secrets_of_volume, text};

/// The annotation of the mirrors of static pods.
pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";

/// What a node may reach by way of something that runs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Secret,
    ConfigMap,
    Claim,
    ResourceClaim,
    ServiceAccount,
    Pod,
    Volume,
    Attachment,
    Slice,
    CertificateRequest,
}

/// Namespace and name.
type Key = (String, String);
type Vertex = (Kind, String, String);

#[derive(Debug)]
struct Volume {
    claim: Key,
    secrets: Vec<Key>,
}

/// Knows the pods with a node, and what binds other objects to nodes. A node's request costs as much
/// as there are volumes that a secret is for, and nothing else.
#[derive(Debug, Default)]
pub struct Graph {
    /// What each pod refers to, itself included; and its node.
    pods: HashMap<Key, (String, Vec<Vertex>)>,
    /// How many pods on which node refer to an object.
    nodes: HashMap<Vertex, HashMap<String, usize>>,
    volumes: HashMap<String, Volume>,
    /// The volumes that a secret is for.
    by_secret: HashMap<Key, BTreeSet<String>>,
    /// The node of what belongs to one at once.
    own: HashMap<Vertex, String>,
}

impl Graph {
    /// Nothing runs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an object in, in place of what it was before: of the kinds `Pod`, `PersistentVolume`,
    /// `VolumeAttachment`, `ResourceSlice` and `PodCertificateRequest`. Others are ignored.
    pub fn put(&mut self, kind: &str, namespace: &str, name: &str, object: &Value) {
        self.remove(kind, namespace, name);
        let spec = &object["spec"];
        let node = text(spec, "nodeName");
        match kind {
            "Pod" if !node.is_empty() => self.put_pod(namespace, name, object),
            "PersistentVolume" if spec["claimRef"].is_object() => self.put_volume(name, spec),
            _ => {}
        }
        if let Some(kind) = own_kind(kind).filter(|_| !node.is_empty()) {
            let vertex = (kind, namespace.to_owned(), name.to_owned());
            self.own.insert(vertex, node.to_owned());
        }
    }

    /// Forgets an object.
    pub fn remove(&mut self, kind: &str, namespace: &str, name: &str) {
        match kind {
            "Pod" => self.remove_pod(namespace, name),
            "PersistentVolume" => self.remove_volume(name),
            _ => {
                if let Some(kind) = own_kind(kind) {
                    let vertex = (kind, namespace.to_owned(), name.to_owned());
                    self.own.remove(&vertex);
                }
            }
        }
    }

    /// Whether an object belongs to what runs on a node.
    pub(super) fn is_on(&self, node: &str, kind: Kind, namespace: &str, name: &str) -> bool {
        let vertex = (kind, namespace.to_owned(), name.to_owned());
        match kind {
            Kind::Attachment | Kind::Slice | Kind::CertificateRequest => {
                self.own.get(&vertex).is_some_and(|own| own == node)
            }
            Kind::Volume => self.is_volume_on(node, name),
            Kind::Secret => {
                let by_pod = self.has(&vertex, node);
                let volumes = || self.by_secret.get(&(vertex.1, vertex.2));
                by_pod
                    || volumes()
                        .is_some_and(|names| names.iter().any(|name| self.is_volume_on(node, name)))
            }
            _ => self.has(&vertex, node),
        }
    }

    fn has(&self, vertex: &Vertex, node: &str) -> bool {
        let nodes = self.nodes.get(vertex);
        nodes.is_some_and(|nodes| nodes.contains_key(node))
    }

    fn is_volume_on(&self, node: &str, name: &str) -> bool {
        self.volumes.get(name).is_some_and(|volume| {
            let (namespace, name) = volume.claim.clone();
            self.has(&(Kind::Claim, namespace, name), node)
        })
    }

    fn put_pod(&mut self, namespace: &str, name: &str, pod: &Value) {
        let spec = &pod["spec"];
        let mut names: Vec<(Kind, String)> = vec![(Kind::Pod, name.to_owned())];
        let mut add = |kind: Kind, found: Vec<&str>| {
            names.extend(found.into_iter().map(|name| (kind, name.to_owned())));
        };
        // A node must not gain anything by a pod that it makes itself.
        if pod["metadata"]["annotations"].get(MIRROR).is_none() {
            let account = text(spec, "serviceAccountName");
            if !account.is_empty() {
                add(Kind::ServiceAccount, vec![account]);
            }
            add(Kind::Secret, secrets(spec));
            add(Kind::ConfigMap, config_maps(spec));
            add(Kind::ResourceClaim, resource_claims(spec, &pod["status"]));
            let claims = claims(name, spec);
            add(Kind::Claim, claims.iter().map(String::as_str).collect());
        }
        let node = text(spec, "nodeName").to_owned();
        let vertices: Vec<Vertex> = names
            .into_iter()
            .map(|(kind, name)| (kind, namespace.to_owned(), name))
            .collect();
        for vertex in &vertices {
            let nodes = self.nodes.entry(vertex.clone()).or_default();
            *nodes.entry(node.clone()).or_default() += 1;
        }
        let key = (namespace.to_owned(), name.to_owned());
        self.pods.insert(key, (node, vertices));
    }

    fn remove_pod(&mut self, namespace: &str, name: &str) {
        let key = (namespace.to_owned(), name.to_owned());
        let Some((node, vertices)) = self.pods.remove(&key) else {
            return;
        };
        for vertex in vertices {
            let Some(nodes) = self.nodes.get_mut(&vertex) else {
                continue;
            };
            if let Some(count) = nodes.get_mut(&node) {
                *count -= 1;
                if *count == 0 {
                    nodes.remove(&node);
                }
            }
            if nodes.is_empty() {
                self.nodes.remove(&vertex);
            }
        }
    }

    fn put_volume(&mut self, name: &str, spec: &Value) {
        let claim = &spec["claimRef"];
        let own = |(namespace, name): (&str, &str)| (namespace.to_owned(), name.to_owned());
        let secrets: Vec<Key> = secrets_of_volume(spec).into_iter().map(own).collect();
        for secret in &secrets {
            let volumes = self.by_secret.entry(secret.clone()).or_default();
            volumes.insert(name.to_owned());
        }
        let claim = own((text(claim, "namespace"), text(claim, "name")));
        self.volumes
            .insert(name.to_owned(), Volume { claim, secrets });
    }

    fn remove_volume(&mut self, name: &str) {
        let Some(volume) = self.volumes.remove(name) else {
            return;
        };
        for secret in volume.secrets {
            let Some(volumes) = self.by_secret.get_mut(&secret) else {
                continue;
            };
            volumes.remove(name);
            if volumes.is_empty() {
                self.by_secret.remove(&secret);
            }
        }
    }
}

fn own_kind(kind: &str) -> Option<Kind> {
    match kind {
        "VolumeAttachment" => Some(Kind::Attachment),
        "ResourceSlice" => Some(Kind::Slice),
        "PodCertificateRequest" => Some(Kind::CertificateRequest),
        _ => None,
    }
}
