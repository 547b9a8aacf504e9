//! All of a cluster's certificates at once.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rcgen::KeyPair;

use crate::leaf::{self, Wanted};
use crate::{Names, PkiError, authority, files};

/// A certificate and its key: where they lie, and what they are (PEM).
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate's path.
    pub cert: PathBuf,
    /// The key's path.
    pub key: PathBuf,
    /// The certificate.
    pub cert_pem: String,
    /// The key, PKCS #8.
    pub key_pem: String,
}

/// What signs the tokens of service accounts.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The private key's path.
    pub private: PathBuf,
    /// The public key's path.
    pub public: PathBuf,
    /// The private key (ECDSA P-256, PKCS #8), PEM.
    pub private_pem: String,
    /// The public key (SubjectPublicKeyInfo), PEM.
    pub public_pem: String,
}

/// Everything that [`ensure`] sees to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pki {
    /// The cluster's authority.
    pub ca: Pair,
    /// The authority of proxies that authenticate for the API server.
    pub front_proxy_ca: Pair,
    /// The store's authority.
    pub store_ca: Pair,
    /// What the API server shows its clients.
    pub api_server: Pair,
    /// What the API server shows kubelets.
    pub kubelet_client: Pair,
    /// What the API server shows aggregated API servers.
    pub front_proxy_client: Pair,
    /// `kubernetes-admin` of `system:masters`.
    pub admin: Pair,
    /// `system:kube-controller-manager`.
    pub controller_manager: Pair,
    /// `system:kube-scheduler`.
    pub scheduler: Pair,
    /// `system:node:<node>` of `system:nodes`.
    pub kubelet: Pair,
    /// What the store shows its clients.
    pub store_server: Pair,
    /// What the store's members show each other.
    pub store_peer: Pair,
    /// What the API server shows the store.
    pub store_client: Pair,
    /// What signs the tokens of service accounts.
    pub service_account: SigningKey,
}

/// Makes under `folder` what is missing of a cluster's certificates and keys, and renews what comes
/// to its end at `now`: certificates of servers and clients after two thirds of their year, or when
/// `names` changed; authorities after two thirds of ten years, with the key they have. The key of
/// service accounts stays.
///
/// # Errors
/// A file cannot be read or written; an authority's files are damaged or incomplete; a name cannot
/// stand in a certificate.
pub fn ensure(folder: &Path, names: &Names, now: SystemTime) -> Result<Pki, PkiError> {
    files::folder(folder)?;
    files::folder(&folder.join("etcd"))?;
    let ca = authority::ensure(folder, "ca", "kubernetes", now)?;
    let proxies = authority::ensure(folder, "front-proxy-ca", "front-proxy-ca", now)?;
    let store = authority::ensure(folder, "etcd/ca", "etcd-ca", now)?;
    let client = |stem, common_name: &str, organization: &str| Wanted {
        stem,
        common_name: common_name.into(),
        organization: (!organization.is_empty()).then(|| organization.into()),
        is_client: true,
        ..Wanted::default()
    };
    let of_cluster = |wanted: Wanted| leaf::ensure(folder, &wanted, &ca, now);
    let of_store = |wanted: Wanted| leaf::ensure(folder, &wanted, &store, now);

    let (hosts, addresses) = names.of_api_server();
    let api_server = of_cluster(Wanted {
        stem: "apiserver",
        common_name: "kube-apiserver".into(),
        hosts,
        addresses,
        is_server: true,
        ..Wanted::default()
    })?;
    let node = format!("system:node:{}", names.node);
    let (hosts, addresses) = names.of_store();
    // Members are clients of each other, and of themselves when they ask for their own health.
    let member = |stem| Wanted {
        stem,
        common_name: names.node.clone(),
        hosts: hosts.clone(),
        addresses: addresses.clone(),
        is_server: true,
        is_client: true,
        ..Wanted::default()
    };
    let front_proxy = client("front-proxy-client", "front-proxy-client", "");
    Ok(Pki {
        api_server,
        kubelet_client: of_cluster(client(
            "apiserver-kubelet-client",
            "kube-apiserver-kubelet-client",
            "system:masters",
        ))?,
        front_proxy_client: leaf::ensure(folder, &front_proxy, &proxies, now)?,
        admin: of_cluster(client("admin", "kubernetes-admin", "system:masters"))?,
        controller_manager: of_cluster(client(
            "controller-manager",
            "system:kube-controller-manager",
            "",
        ))?,
        scheduler: of_cluster(client("scheduler", "system:kube-scheduler", ""))?,
        kubelet: of_cluster(client("kubelet", &node, "system:nodes"))?,
        store_server: of_store(member("etcd/server"))?,
        store_peer: of_store(member("etcd/peer"))?,
        store_client: of_store(client(
            "apiserver-etcd-client",
            "kube-apiserver-etcd-client",
            "",
        ))?,
        service_account: signing_key(folder)?,
        ca: ca.pair,
        front_proxy_ca: proxies.pair,
        store_ca: store.pair,
    })
}

/// The key of service accounts' tokens: tokens that it signed must stay readable, so it is made once.
fn signing_key(folder: &Path) -> Result<SigningKey, PkiError> {
    let (private, public) = (folder.join("sa.key"), folder.join("sa.pub"));
    let pair = match files::read(&private)? {
        Some(pem) => KeyPair::from_pem(&pem).map_err(|why| PkiError::malformed(&private, why))?,
        None => {
            let pair = KeyPair::generate().map_err(PkiError::make("sa.key"))?;
            files::write(&private, &pair.serialize_pem())?;
            pair
        }
    };
    let public_pem = pair.public_key_pem();
    if files::read(&public)?.as_ref() != Some(&public_pem) {
        files::write(&public, &public_pem)?;
    }
    Ok(SigningKey {
        private_pem: pair.serialize_pem(),
        private,
        public,
        public_pem,
    })
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Pair");
        shown.field("cert", &self.cert).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("SigningKey");
        shown.field("public", &self.public).finish_non_exhaustive()
    }
}
