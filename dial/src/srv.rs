//! Servers found by SRV records of DNS (RFC 2782), under the names that etcd looks for:
//! `_etcd-client._tcp`, `_etcd-client-ssl._tcp` and the same for members, `_etcd-server…`.

use hickory_resolver::TokioResolver;

/// A server that DNS names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `http` or `https`, by the record's name.
    pub scheme: &'static str,
    /// The host, without the dot at its end.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The lower, the earlier it is asked.
    pub priority: u16,
    /// How often it is asked, against others of its priority.
    pub weight: u16,
}

impl Server {
    /// The URL of it.
    #[must_use]
    pub fn url(&self) -> String {
        match self.host.contains(':') {
            true => format!("{}://[{}]:{}", self.scheme, self.host, self.port),
            false => format!("{}://{}:{}", self.scheme, self.host, self.port),
        }
    }
}

/// The name of the service of `scheme`: `etcd-client-ssl-<suffix>` for `https`.
#[must_use]
pub fn service(base: &str, suffix: &str, scheme: &str) -> String {
    let ssl = if scheme == "https" { "-ssl" } else { "" };
    match suffix {
        "" => format!("{base}{ssl}"),
        suffix => format!("{base}{ssl}-{suffix}"),
    }
}

/// The servers for clients of a domain, those that speak TLS first.
///
/// # Errors
/// There are records of neither kind.
pub async fn clients(domain: &str, suffix: &str) -> Result<Vec<Server>, String> {
    let secure = of("https", &service("etcd-client", suffix, "https"), domain).await;
    let plain = of("http", &service("etcd-client", suffix, "http"), domain).await;
    match (secure, plain) {
        (Err(secure), Err(plain)) => Err(format!("dns lookup errors: {secure} and {plain}")),
        (secure, plain) => Ok([secure.unwrap_or_default(), plain.unwrap_or_default()].concat()),
    }
}

/// The records of one service, those of least priority first.
///
/// # Errors
/// There are none, or DNS does not answer.
pub async fn of(scheme: &'static str, service: &str, domain: &str) -> Result<Vec<Server>, String> {
    let name = format!("_{service}._tcp.{}", domain.trim_end_matches('.'));
    let failed = |why: &dyn std::fmt::Display| format!("lookup {name}: {why}");
    let resolver = TokioResolver::builder_tokio().map_err(|why| failed(&why))?;
    let resolver = resolver.build();
    // With the dot no domain of the machine is tried behind it.
    let found = resolver.srv_lookup(format!("{name}.")).await;
    let found = found.map_err(|why| match why.is_no_records_found() {
        true => failed(&"no such host"),
        false => failed(&why),
    })?;
    let mut servers: Vec<Server> = found
        .iter()
        .map(|record| Server {
            scheme,
            host: record.target().to_utf8().trim_end_matches('.').to_owned(),
            port: record.port(),
            priority: record.priority(),
            weight: record.weight(),
        })
        .collect();
    servers.sort_by_key(|server| server.priority);
    Ok(servers)
}
