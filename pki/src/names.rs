//! What the certificates of a cluster name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whom the certificates are made out to. [`Default`] has the addresses that kubeadm assumes; `node`
/// and `host` are to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The name of this machine's node, as the kubelet registers it.
    pub node: String,
    /// The host name, which may be that of the node.
    pub host: String,
    /// Further addresses that clients reach the API server and the store at.
    pub addresses: Vec<IpAddr>,
    /// Further names that clients reach the API server and the store by.
    pub hosts: Vec<String>,
    /// The first address of the service range, that of the service `kubernetes`.
    pub service: IpAddr,
    /// The domain of the cluster's services.
    pub domain: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            node: String::new(),
            host: String::new(),
            addresses: Vec::new(),
            hosts: Vec::new(),
            service: IpAddr::V4(Ipv4Addr::new(10, 96, 0, 1)),
            domain: "cluster.local".into(),
        }
    }
}

impl Names {
    /// By what the API server is reached.
    pub(crate) fn of_api_server(&self) -> (Vec<String>, Vec<IpAddr>) {
        let mut hosts = vec![
            "kubernetes".to_owned(),
            "kubernetes.default".to_owned(),
            "kubernetes.default.svc".to_owned(),
            format!("kubernetes.default.svc.{}", self.domain),
        ];
        let mut addresses = vec![self.service];
        self.add_machine(&mut hosts, &mut addresses);
        (hosts, addresses)
    }

    /// By what the store is reached.
    pub(crate) fn of_store(&self) -> (Vec<String>, Vec<IpAddr>) {
        let (mut hosts, mut addresses) = (Vec::new(), Vec::new());
        self.add_machine(&mut hosts, &mut addresses);
        (hosts, addresses)
    }

    fn add_machine(&self, hosts: &mut Vec<String>, addresses: &mut Vec<IpAddr>) {
        hosts.push("localhost".into());
        hosts.extend([&self.host, &self.node].map(String::clone));
        hosts.extend(self.hosts.iter().cloned());
        addresses.extend::<[IpAddr; 2]>([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        addresses.extend(&self.addresses);
        // A host may be given as an address.
        for host in std::mem::take(hosts) {
            match host.parse() {
                Ok(address) => addresses.push(address),
                Err(_) if host.is_empty() => {}
                Err(_) => hosts.push(host),
            }
        }
        hosts.sort_unstable();
        hosts.dedup();
        addresses.sort_unstable();
        addresses.dedup();
    }
}
