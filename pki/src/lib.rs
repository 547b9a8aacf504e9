//! The certificates and keys of a fresh cluster, laid out as kubeadm lays them out.
//!
//! ```text
//! ca.{crt,key} ──────────── apiserver, apiserver-kubelet-client, admin, controller-manager, scheduler, kubelet
//! front-proxy-ca.{crt,key}─ front-proxy-client
//! etcd/ca.{crt,key} ─────── etcd/server, etcd/peer, apiserver-etcd-client
//! sa.{key,pub} ──────────── signs the tokens of service accounts; no certificate
//! ```
//!
//! - [`ensure`] makes what is missing and renews what comes to its end; what holds is not touched.
//! - The store has an authority of its own: a certificate of the cluster must not open the store.
//! - Authorities keep their key when they are renewed, so what they signed goes on to count.
//! - Folders are readable by the owner only, and so is every file; each is replaced as a whole.

mod authority;
mod ensure;
mod error;
mod files;
mod inspect;
mod kubeconfig;
mod leaf;
mod names;

pub use ensure::{Pair, Pki, SigningKey, ensure};
pub use error::PkiError;
pub use kubeconfig::kubeconfig;
pub use names::Names;

#[cfg(test)]
mod tests;
