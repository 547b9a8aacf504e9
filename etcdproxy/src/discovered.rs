//! Members that DNS names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dial::srv::{self, Server};
use store::logging::Json;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::flags::Members;

/// How long a member that is tried may take.
const TRIED_WITHIN: Duration = Duration::from_secs(5);

/// The members that DNS names; none if it was not to be asked. Unless `--insecure-discovery` says
/// otherwise, they are those that speak TLS and whose certificate is good for the domain.
///
/// # Errors
/// DNS has no such records.
pub(crate) async fn members(flags: &Members, trusted_ca: &Path) -> Result<Vec<Server>, String> {
    let domain = flags.discovery_srv.as_str();
    if domain.is_empty() {
        return Ok(Vec::new());
    }
    let found = srv::clients(domain, &flags.discovery_srv_name).await?;
    let urls = |servers: &[Server]| servers.iter().map(Server::url).collect::<Vec<_>>();
    tracing::info!(
        "srv-server" = domain,
        endpoints = ?Json(&urls(&found)),
        "discovered cluster from SRV"
    );
    if flags.insecure_discovery {
        return Ok(found);
    }
    tracing::info!(
        "srv-server" = domain,
        endpoints = ?Json(&urls(&found)),
        "validating discovered SRV endpoints"
    );
    let settings = tls::Settings {
        trusted_ca: PathBuf::from(trusted_ca),
        ..tls::Settings::default()
    };
    let client = tls::Client::new(&settings, tls::Trust::Checked).map_err(|why| why.to_string())?;
    let mut good = Vec::new();
    let mut errors = Vec::new();
    for server in found {
        match check(&server, &client, domain).await {
            Ok(()) => good.push(server),
            Err(why) => errors.push(why),
        }
    }
    let endpoints = urls(&good);
    if errors.is_empty() {
        tracing::info!(
            "srv-server" = domain,
            endpoints = ?Json(&endpoints),
            "using validated discovered SRV endpoints"
        );
    } else {
        tracing::warn!(
            "srv-server" = domain,
            endpoints = ?Json(&endpoints),
            error = errors.join(","),
            "failed to validate discovered endpoints"
        );
    }
    Ok(good)
}

async fn check(server: &Server, client: &tls::Client, domain: &str) -> Result<(), String> {
    let url = server.url();
    if server.scheme != "https" {
        return Err(format!("{url:?} is insecure"));
    }
    let dialled = async {
        let socket = TcpStream::connect((server.host.as_str(), server.port)).await;
        let socket = socket.map_err(|why| dial::os_error(&why))?;
        let shaken = client.connect(domain, socket).await;
        shaken.map(drop).map_err(|why| why.to_string())
    };
    let outcome = timeout(TRIED_WITHIN, dialled).await;
    outcome
        .unwrap_or_else(|_| Err("i/o timeout".to_owned()))
        .map_err(|why| format!("{url:?} failed to dial ({why})"))
}
