//! `etcd gateway start`: carries connections to members, whatever is spoken on them.
//!
//! Each connection goes to one member, in turn or as SRV records weigh them. A member that cannot be
//! reached is left out until it can be again, which is tried every `--retry-delay`.

mod remotes;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dial::srv::Server;
use store::config::url::split_host_port;
use store::logging::Json;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::interval;

use self::remotes::{Remote, Remotes};
use crate::discovered;
use crate::flags::{Members, duration, path};

/// What Go's gateway takes for a retry delay of nothing.
const RETRY_DELAY: Duration = Duration::from_secs(5 * 60);
/// How long a member may take to accept a connection.
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);
/// How long an accept that failed (no files left) waits for better times.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The flags.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Flags {
    /// listen address
    #[arg(long, global = true, default_value = "127.0.0.1:23790")]
    listen_addr: String,
    #[command(flatten)]
    members: Members,
    /// path to the client server TLS CA file for verifying the discovered endpoints when
    /// discovery-srv is provided.
    #[arg(long, global = true, value_parser = path, default_value = "", hide_default_value = true)]
    trusted_ca_file: PathBuf,
    /// duration of delay before retrying failed endpoints
    #[arg(long, global = true, value_parser = duration, default_value = "1m")]
    retry_delay: Duration,
}

/// Carries connections until the process ends.
///
/// # Errors
/// The flags do not fit together, or the address cannot be listened on.
pub(crate) async fn start(flags: Flags) -> Result<(), String> {
    let mut servers = discovered::members(&flags.members, &flags.trusted_ca_file).await?;
    if servers.is_empty() {
        let given = flags.members.endpoints.iter();
        servers = given
            .map(|endpoint| server(endpoint))
            .collect::<Result<_, _>>()?;
    }
    let listened = refuse_itself(&flags.listen_addr, &servers).await?;
    if servers.is_empty() {
        return Err("no endpoints found".to_owned());
    }
    let listener = TcpListener::bind(listened).await.map_err(|why| {
        let why = dial::os_error(&why);
        format!("listen tcp {listened}: bind: {why}")
    })?;
    // Without an init daemon there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let remotes = Arc::new(Remotes::new(servers));
    tracing::info!(endpoints = ?Json(&remotes.addresses()), "ready to proxy client requests");
    let delay = match flags.retry_delay {
        Duration::ZERO => RETRY_DELAY,
        delay => delay,
    };
    tokio::spawn(monitor(Arc::clone(&remotes), delay));
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                tokio::spawn(carry(socket, Arc::clone(&remotes), delay));
            }
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// A member as it was given: a URL or `host:port`.
fn server(endpoint: &str) -> Result<Server, String> {
    let address = match endpoint.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => endpoint,
    };
    let parsed = split_host_port(address);
    let parsed = parsed.and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let Some((host, port)) = parsed else {
        return Err(format!("error parsing endpoint {address:?}"));
    };
    Ok(Server {
        scheme: "http",
        host: host.to_owned(),
        port,
        priority: 0,
        weight: 0,
    })
}

/// Where to listen; refused if one of the members is there.
async fn refuse_itself(listen: &str, servers: &[Server]) -> Result<SocketAddr, String> {
    let Some((host, port)) = split_host_port(listen) else {
        return Err(format!("failed to validate listen address: {listen}"));
    };
    let no_host = |_| format!("failed to resolve listen host: {host}");
    // Go takes no host for any address of the machine.
    let asked = if host.is_empty() { "0.0.0.0" } else { host };
    let port: u16 = port
        .parse()
        .map_err(|_| format!("failed to validate listen address: {listen}"))?;
    let found = tokio::net::lookup_host((asked, port))
        .await
        .map_err(no_host)?;
    let own: Vec<SocketAddr> = found.collect();
    for server in servers {
        let found = tokio::net::lookup_host((server.host.as_str(), server.port)).await;
        let found: Vec<IpAddr> = found
            .map_err(|_| format!("failed to resolve endpoint host: {}", server.host))?
            .map(|address| address.ip())
            .collect();
        if server.port != port {
            continue;
        }
        if let Some(itself) = found
            .iter()
            .find(|ip| own.iter().any(|own| own.ip() == **ip))
        {
            let Server { host, port, .. } = server;
            return Err(format!(
                "SRV or endpoint ({host}:{port}->{itself}:{port}) should not resolve to the gateway listen addr ({listen})"
            ));
        }
    }
    let chosen = own.iter().find(|address| address.is_ipv4());
    let chosen = chosen.or(own.first()).copied();
    chosen.ok_or_else(|| format!("failed to resolve listen host: {host}"))
}

/// Carries one connection to whichever member takes it.
async fn carry(mut client: TcpStream, remotes: Arc<Remotes>, delay: Duration) {
    while let Some(remote) = remotes.pick() {
        match dial(&remote).await {
            Ok(mut member) => {
                let _ = client.set_nodelay(true);
                // Either end may go at any time.
                let _ = copy_bidirectional(&mut client, &mut member).await;
                return;
            }
            Err(error) => {
                remote.set_active(false);
                tracing::warn!(
                    address = remote.address(),
                    interval = ?delay,
                    error,
                    "deactivated endpoint"
                );
            }
        }
    }
}

async fn dial(remote: &Remote) -> Result<TcpStream, String> {
    let address = remote.address();
    let connecting = TcpStream::connect(address);
    let connected = match tokio::time::timeout(CONNECTED_WITHIN, connecting).await {
        Ok(connected) => connected.map_err(|why| dial::os_error(&why)),
        Err(_) => Err("i/o timeout".to_owned()),
    };
    let member = connected.map_err(|why| format!("dial tcp {address}: connect: {why}"))?;
    let _ = member.set_nodelay(true);
    Ok(member)
}

/// Tries members that were left out.
async fn monitor(remotes: Arc<Remotes>, delay: Duration) {
    let mut ticks = interval(delay);
    // The first tick comes at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        for remote in remotes.inactive() {
            tokio::spawn(async move {
                match dial(&remote).await {
                    Ok(_) => {
                        remote.set_active(true);
                        tracing::info!(address = remote.address(), "activated");
                    }
                    Err(error) => tracing::warn!(
                        address = remote.address(),
                        interval = ?delay,
                        error,
                        "failed to activate endpoint (stay inactive for another interval)"
                    ),
                }
            });
        }
    }
}
