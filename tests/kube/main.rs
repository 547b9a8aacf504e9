//! Real clients of Kubernetes against `pintle kube-apiserver` on `pintle etcd`.

mod cluster;
mod go;
mod kubectl;
mod script;
