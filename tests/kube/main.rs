//! Real clients of Kubernetes against `pintle kube-apiserver` on `pintle etcd`.

mod cluster;
mod kubectl;
mod script;
