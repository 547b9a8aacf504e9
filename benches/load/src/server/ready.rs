//! Asks a server over HTTP/1.1 whether it is there, with no client library's start-up in the way.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Between two looks at a server that is starting: the resolution of the times measured.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Waits for the next look, or fails past the deadline.
pub(super) async fn pause(deadline: Instant) -> anyhow::Result<()> {
    if Instant::now() > deadline {
        bail!("the server is not ready in time");
    }
    tokio::time::sleep(LOOK_EVERY).await;
    Ok(())
}

/// Whether somebody listens.
pub(super) async fn accepts(address: SocketAddr) -> bool {
    TcpStream::connect(address).await.is_ok()
}

/// Whether `/readyz` answers 200.
pub(super) async fn is_ready(address: SocketAddr) -> bool {
    matches!(get(address, "/readyz").await, Ok((200, _)))
}

/// The status and body of one GET.
pub(super) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await?;
    let status = reply
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3))
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("no HTTP status in the reply to GET {path}"))?;
    let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.trim().to_owned()))
}
