//! Who asks, and may they: the ways to authenticate and the authorisers that the flags ask for, fed from
//! the watch cache.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use http::HeaderMap;
use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::watch;

use crate::authn::{
    Anonymous, Authenticators, ClientRoots, Credentials, FrontProxy, TokenFile, User,
};
use crate::authz::builtin::{AlwaysAllow, AlwaysDeny};
use crate::authz::node::NodeAuthorizer;
use crate::authz::rbac::Rules;
use crate::authz::rbac::escalation::{Refused, Writer, is_for_collection};
use crate::authz::{Attributes, Authorizer, Decision, Union};
use crate::cache::{Bucket, Cache, EventKind};
use crate::fault::{Result, Status};
use crate::flags::Flags;
use crate::serve::Peer;
use crate::storage::keys;
use crate::tokens::{Issuer, Lookup, PublicKey, Referent, SigningKey, Verifier};

/// Why the gate cannot be set up.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Roles and bindings, by their resources and kinds.
const RBAC: [(&str, &str); 4] = [
    ("roles", "Role"),
    ("clusterroles", "ClusterRole"),
    ("rolebindings", "RoleBinding"),
    ("clusterrolebindings", "ClusterRoleBinding"),
];

/// What ties other objects to nodes: groups, resources and kinds.
const NODES: [(&str, &str, &str); 5] = [
    ("", "pods", "Pod"),
    ("", "persistentvolumes", "PersistentVolume"),
    ("storage.k8s.io", "volumeattachments", "VolumeAttachment"),
    ("resource.k8s.io", "resourceslices", "ResourceSlice"),
    (
        "certificates.k8s.io",
        "podcertificaterequests",
        "PodCertificateRequest",
    ),
];

/// Events that are taken in at once.
const BATCH: usize = 256;

/// See the module.
pub struct Gate {
    /// Who asks.
    pub authenticators: Authenticators,
    /// May they.
    pub authorizer: Union,
    /// Issues tokens, if there is a key.
    pub issuer: Option<Issuer>,
    rules: Arc<RwLock<Rules>>,
    authorizer_without_rules: Union,
    nodes: Option<Arc<RwLock<NodeAuthorizer>>>,
    /// Whether roles decide.
    has_rbac: bool,
}

/// The roles, whose lock is held already, and the other authorisers.
struct Beside<'a> {
    rules: &'a Rules,
    others: &'a Union,
}

impl Authorizer for Beside<'_> {
    fn authorize(&self, attributes: &Attributes<'_>) -> Decision {
        match self.others.authorize(attributes) {
            Decision::NoOpinion(_) => self.rules.authorize(attributes),
            decided => decided,
        }
    }
}

/// Finds in the cache what tokens are bound to.
struct Found(Arc<Cache>);

impl Found {
    fn referent(&self, folder: &str, key: &str) -> Option<Referent> {
        let object = self.0.bucket(folder).get(key)?.tree().ok()?;
        Some(Referent::of(&object))
    }
}

impl Lookup for Found {
    fn service_account(&self, namespace: &str, name: &str) -> Option<Referent> {
        self.referent("serviceaccounts", &format!("{namespace}/{name}"))
    }

    fn pod(&self, namespace: &str, name: &str) -> Option<Referent> {
        self.referent("pods", &format!("{namespace}/{name}"))
    }

    fn secret(&self, namespace: &str, name: &str) -> Option<Referent> {
        self.referent("secrets", &format!("{namespace}/{name}"))
    }

    fn node(&self, name: &str) -> Option<Referent> {
        self.referent("minions", name)
    }
}

fn read(path: &Path) -> std::result::Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

impl Gate {
    /// As the flags ask.
    ///
    /// # Errors
    /// A file cannot be read or does not hold what it should; a flag asks for what is not there.
    pub fn new(flags: &Flags, cache: &Arc<Cache>) -> std::result::Result<Self, Failure> {
        let lookup: Arc<dyn Lookup> = Arc::new(Found(cache.clone()));
        let rules = Arc::new(RwLock::new(Rules::new()));
        let mut authorizer = Union::with_superusers();
        let mut others = Union::with_superusers();
        let (mut has_rbac, mut nodes) = (false, None);
        for mode in &flags.authorization_mode {
            let (name, next): (&str, Arc<dyn Authorizer>) = match mode.as_str() {
                "RBAC" => {
                    has_rbac = true;
                    ("rbac", rules.clone())
                }
                "Node" => {
                    let authorizer = Arc::new(RwLock::new(NodeAuthorizer::default()));
                    nodes = Some(authorizer.clone());
                    ("node", authorizer)
                }
                "AlwaysAllow" => ("alwaysallow", Arc::new(AlwaysAllow)),
                "AlwaysDeny" => ("alwaysdeny", Arc::new(AlwaysDeny)),
                other => {
                    return Err(format!("unknown authorization mode {other} specified").into());
                }
            };
            if name != "rbac" {
                others = others.with(name, next.clone());
            }
            authorizer = authorizer.with(name, next);
        }
        let audiences = if flags.api_audiences.is_empty() {
            flags
                .service_account_issuer
                .iter()
                .take(1)
                .cloned()
                .collect()
        } else {
            flags.api_audiences.clone()
        };
        let authenticators = Authenticators {
            front_proxy: front_proxy(flags)?,
            client_roots: flags.client_ca_file.as_deref().map(roots).transpose()?,
            token_file: flags
                .token_auth_file
                .as_deref()
                .map(token_file)
                .transpose()?,
            service_accounts: verifier(flags, &audiences, &lookup)?.map(Arc::new),
            anonymous: flags.anonymous_auth.then(Anonymous::default),
            audiences: audiences.clone(),
        };
        let issuer = issuer(flags, &audiences, lookup)?;
        Ok(Self {
            authenticators,
            authorizer,
            issuer,
            rules,
            authorizer_without_rules: others,
            nodes,
            has_rbac,
        })
    }

    /// Who asks.
    ///
    /// # Errors
    /// What they show is not good, or they show nothing and that is not let in.
    pub fn who(&self, peer: &Peer, headers: &HeaderMap, path: &str) -> Result<User> {
        let credentials = Credentials {
            headers,
            chain: &peer.certificates,
            path,
            now: SystemTime::now(),
        };
        let refused = || Status::unauthorized("Unauthorized");
        match self.authenticators.authenticate(&credentials) {
            Ok(user) => user.ok_or_else(refused),
            Err(error) => {
                tracing::debug!(%error, "unable to authenticate the request");
                Err(refused())
            }
        }
    }

    /// Whether they may.
    #[must_use]
    pub fn may(&self, what: &Attributes<'_>) -> Decision {
        self.authorizer.authorize(what)
    }

    /// Whether roles decide.
    #[must_use]
    pub fn has_rbac(&self) -> bool {
        self.has_rbac
    }

    /// Whether a user may write a role or a binding: nobody gives away what they do not have.
    ///
    /// # Errors
    /// They would.
    pub fn may_grant(
        &self,
        user: &User,
        new: &Value,
        old: Option<&Value>,
    ) -> std::result::Result<(), Refused> {
        if !self.has_rbac || old.is_some_and(|old| is_for_collection(new, old)) {
            return Ok(());
        }
        let rules = self.rules.read();
        // Asked beside the lock that is held, not through it.
        let asked = Beside {
            rules: &rules,
            others: &self.authorizer_without_rules,
        };
        let writer = Writer {
            rules: &rules,
            authorizer: &asked,
            user,
        };
        let namespace = crate::object::namespace(new);
        match new["kind"].as_str() {
            Some("Role" | "ClusterRole") => {
                writer.role(namespace, crate::object::name(new), new, old)
            }
            Some("RoleBinding" | "ClusterRoleBinding") => writer.binding(namespace, new),
            _ => Ok(()),
        }
    }

    /// Keeps what the authorisers know that of the cache, until `stop` turns true.
    pub async fn follow(self: Arc<Self>, cache: Arc<Cache>, mut stop: watch::Receiver<bool>) {
        cache.filled().await;
        let mut following = tokio::task::JoinSet::new();
        for (resource, kind) in RBAC {
            let folder = keys::folder("rbac.authorization.k8s.io", resource);
            let rules = self.rules.clone();
            following.spawn(follow_kind(
                cache.clone(),
                folder,
                move |namespace, name, object| {
                    let mut rules = rules.write();
                    match object {
                        Some(object) => rules.put(kind, namespace, name, &object),
                        None => rules.remove(kind, namespace, name),
                    }
                },
            ));
        }
        if let Some(nodes) = &self.nodes {
            for (group, resource, kind) in NODES {
                let folder = keys::folder(group, resource);
                let nodes = nodes.clone();
                following.spawn(follow_kind(
                    cache.clone(),
                    folder,
                    move |namespace, name, object| {
                        let graph = &mut nodes.write().graph;
                        match object {
                            Some(object) => graph.put(kind, namespace, name, &object),
                            None => graph.remove(kind, namespace, name),
                        }
                    },
                ));
            }
        }
        let _ = stop.wait_for(|stopped| *stopped).await;
        following.abort_all();
    }
}

/// Tells of each object of a folder: as it is, and when it is gone.
async fn follow_kind(cache: Arc<Cache>, folder: String, tell: impl Fn(&str, &str, Option<Value>)) {
    let bucket: Arc<Bucket> = cache.bucket(&folder);
    loop {
        let snapshot = cache.snapshot(&folder);
        for entry in snapshot.from("", "") {
            tell(entry.namespace(), entry.name(), entry.tree().ok());
        }
        let mut cursor = bucket.follow_on(&snapshot);
        // A cursor that was left behind begins anew.
        while let Ok(events) = cursor.take(BATCH) {
            if events.is_empty() {
                cursor.more().await;
                continue;
            }
            for event in events {
                let entry = &event.object;
                let is_there = event.kind != EventKind::Deleted;
                let object = is_there.then(|| entry.tree().ok()).flatten();
                tell(entry.namespace(), entry.name(), object);
            }
        }
    }
}

fn roots(path: &Path) -> std::result::Result<ClientRoots, Failure> {
    Ok(ClientRoots::parse(&read(path)?)?)
}

fn token_file(path: &Path) -> std::result::Result<TokenFile, Failure> {
    Ok(TokenFile::parse(&path.display().to_string(), &read(path)?)?)
}

fn front_proxy(flags: &Flags) -> std::result::Result<Option<FrontProxy>, Failure> {
    let Some(path) = &flags.requestheader_client_ca_file else {
        return Ok(None);
    };
    let mut proxy = FrontProxy::new(roots(path)?);
    proxy.allowed = flags.requestheader_allowed_names.clone();
    let or = |given: &[String], usual: Vec<String>| {
        if given.is_empty() {
            usual
        } else {
            given.to_vec()
        }
    };
    proxy.names = or(&flags.requestheader_username_headers, proxy.names);
    proxy.groups = or(&flags.requestheader_group_headers, proxy.groups);
    proxy.extras = or(&flags.requestheader_extra_headers_prefix, proxy.extras);
    Ok(Some(proxy))
}

fn verifier(
    flags: &Flags,
    audiences: &[String],
    lookup: &Arc<dyn Lookup>,
) -> std::result::Result<Option<Verifier>, Failure> {
    let mut keys = Vec::new();
    for path in &flags.service_account_key_file {
        keys.extend(PublicKey::parse(&read(path)?)?);
    }
    if keys.is_empty()
        && let Some(path) = &flags.service_account_signing_key_file
    {
        keys.push(SigningKey::parse(&read(path)?)?.public().clone());
    }
    if keys.is_empty() {
        return Ok(None);
    }
    Ok(Some(Verifier {
        issuers: flags.service_account_issuer.clone(),
        keys,
        audiences: audiences.to_vec(),
        lookup: lookup.clone(),
    }))
}

fn issuer(
    flags: &Flags,
    audiences: &[String],
    lookup: Arc<dyn Lookup>,
) -> std::result::Result<Option<Issuer>, Failure> {
    let (Some(path), Some(name)) = (
        &flags.service_account_signing_key_file,
        flags.service_account_issuer.first(),
    ) else {
        return Ok(None);
    };
    let longest = crate::go::duration(&flags.service_account_max_token_expiration)?;
    Ok(Some(Issuer {
        name: name.clone(),
        key: Arc::new(SigningKey::parse(&read(path)?)?),
        audiences: audiences.to_vec(),
        max_seconds: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
        extends: flags.service_account_extend_token_expiration,
        lookup,
    }))
}
