//! Discovery by DNS: the SRV records `_etcd-server-ssl._tcp` and `_etcd-server._tcp` of a domain name
//! the members. The one that is reached where this member advertises to be is this member.

use std::collections::HashMap;
use std::net::SocketAddr;

use dial::srv::{self, Server};
use tokio::net::lookup_host;

use crate::config::Url;
use crate::logging::Json;

/// The members as `--initial-cluster` would name them; others than this one are numbered.
///
/// # Errors
/// There are records of neither kind, or none that can be used.
pub(super) async fn members(
    name: &str,
    domain: &str,
    suffix: &str,
    advertised: &[Url],
) -> Result<Vec<String>, String> {
    let mut own = HashMap::new();
    for url in advertised.iter().filter(|url| !url.is_unix()) {
        for address in resolve(&url.address()).await? {
            own.insert(address, url);
        }
    }
    let mut members = Vec::new();
    let mut errors = Vec::new();
    let mut others = 0;
    for scheme in ["https", "http"] {
        let service = srv::service("etcd-server", suffix, scheme);
        let found = match srv::of(scheme, &service, domain).await {
            Ok(servers) => named(name, &service, &servers, &own, &mut others).await,
            Err(why) => Err(why),
        };
        tracing::info!(
            "service-scheme" = scheme,
            "service-name" = service,
            "server-name" = name,
            "discovery-srv" = domain,
            "found-cluster" = ?Json(&found.as_ref().ok()),
            "get cluster for {service} SRV"
        );
        match found {
            Ok(found) => members.extend(found),
            Err(why) => {
                let text = format!("error querying DNS SRV records for _{service} {why}");
                errors.push(text);
            }
        }
    }
    match members.is_empty() {
        true => Err(errors.join("\n")),
        false => Ok(members),
    }
}

async fn named(
    name: &str,
    service: &str,
    servers: &[Server],
    own: &HashMap<SocketAddr, &Url>,
    others: &mut usize,
) -> Result<Vec<String>, String> {
    let mut named = Vec::new();
    let mut latest = String::new();
    for server in servers {
        let address = format!("{}:{}", server.host, server.port);
        let addresses = match resolve(&address).await {
            Ok(addresses) => addresses,
            Err(why) => {
                latest = why;
                continue;
            }
        };
        let url = server.url();
        let this = addresses.iter().find_map(|address| own.get(address));
        match this {
            Some(this) if this.is_tls() != (server.scheme == "https") => {
                latest = format!(
                    "bootstrap at {url} from DNS for {service} has scheme mismatch with expected peer {this}"
                );
            }
            Some(_) => named.push(format!("{name}={url}")),
            None => {
                named.push(format!("{others}={url}"));
                *others += 1;
            }
        }
    }
    match named.is_empty() {
        true => Err(latest),
        false => Ok(named),
    }
}

async fn resolve(address: &str) -> Result<Vec<SocketAddr>, String> {
    let found = lookup_host(address).await;
    let found = found.map_err(|why| format!("lookup {address}: {}", dial::os_error(&why)))?;
    Ok(found.collect())
}
