//! Real clients of Kubernetes against `pintle kube-apiserver` on `pintle etcd`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod cluster;
mod go;
mod kubectl;
mod script;
