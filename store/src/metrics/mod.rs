//! What the member counts and measures, under etcd's names, in Prometheus' text form.
//!
//! Dashboards, alerts and test harnesses written for etcd read these names, labels and bucket
//! bounds, so they are kept to the letter. One [`Metrics`] is made at the start and handed down;
//! there are no globals. Counting is one atomic addition: whoever counts on a hot path takes the
//! child of a labelled family once, at its start.
//!
//! Names of parts that do not exist here (bbolt's commits, Go's runtime) are
//! shown as zero by `absent`, because harnesses look for every name.

mod absent;
mod disk;
mod grpc;
mod health;
mod latency;
mod lease;
mod mvcc;
mod network;
mod peer;
mod process;
mod proxy;
mod register;
mod requests;
mod server;
mod watch;

pub use disk::Disk;
pub use grpc::{Call, Code, Grpc};
pub use health::Health;
pub use latency::Latency;
pub use lease::Lease;
pub use mvcc::Mvcc;
pub use network::Network;
pub use peer::{Peer, PeerFigures, SnapshotFigures};
pub use proxy::Proxy;
pub use requests::Requests;
pub use server::Server;
pub use watch::Watch;

use prometheus::{Registry, TextEncoder};
use register::Register;

/// The content type of [`Metrics::render`], as Go's exporter writes it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

/// Why the metrics cannot be set up or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Two metrics have the same name, or one has a name that is none.
    #[error("the metrics do not fit together")]
    Register(#[source] prometheus::Error),
    /// The text cannot be written.
    #[error("the metrics cannot be written")]
    Encode(#[source] prometheus::Error),
}

/// All metrics of one member.
pub struct Metrics {
    registry: Registry,
    /// gRPC calls by method and outcome.
    pub grpc: Grpc,
    /// Raft, proposals, versions.
    pub server: Server,
    /// The key space.
    pub mvcc: Mvcc,
    /// The log and the backend.
    pub disk: Disk,
    /// Leases.
    pub lease: Lease,
    /// Watchers.
    pub watch: Watch,
    /// Bytes to and from clients.
    pub network: Network,
    /// Traffic between members.
    pub peer: Peer,
    /// Health checks.
    pub health: Health,
    /// The gRPC proxy.
    pub proxy: Proxy,
    /// Requests of clients.
    pub requests: Requests,
    process: process::Process,
}

impl Metrics {
    /// Registers all metrics. `extensive` adds the histogram of gRPC calls.
    ///
    /// # Errors
    /// If two metrics share a name, which no test lets pass.
    pub fn new(extensive: bool) -> Result<Self, Error> {
        let mut register = Register::new();
        let metrics = Self {
            grpc: Grpc::new(&mut register, extensive)?,
            server: Server::new(&mut register)?,
            mvcc: Mvcc::new(&mut register)?,
            disk: Disk::new(&mut register)?,
            lease: Lease::new(&mut register)?,
            watch: Watch::new(&mut register)?,
            network: Network::new(&mut register)?,
            peer: Peer::new(&mut register)?,
            health: Health::new(&mut register)?,
            proxy: Proxy::new(&mut register)?,
            requests: Requests::new(&mut register)?,
            process: process::Process::new(&mut register)?,
            registry: {
                absent::register(&mut register)?;
                register.registry
            },
        };
        Ok(metrics)
    }

    /// All metrics as text.
    ///
    /// # Errors
    /// If the encoder refuses a metric.
    pub fn render(&self) -> Result<String, Error> {
        self.process.refresh();
        let mut text = String::with_capacity(128 * 1024);
        let families = self.registry.gather();
        TextEncoder::new()
            .encode_utf8(&families, &mut text)
            .map_err(Error::Encode)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
