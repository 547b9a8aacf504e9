//! The cluster under test: one member or several, started, watched and ended as one.
//!
//! Every cluster gets a fresh directory below the one given and ports from the kernel. Its members
//! die with its [`Cluster`], and the directory goes with them. What it used is the sum over its
//! members.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::client::{CallError, Connection, Rpc};
use crate::server::usage::Usage;
use crate::server::{Binary, Seat, Server, Startup};

/// How long the members may take to agree on a leader once all of them are ready.
const LEADER_WITHIN: Duration = Duration::from_secs(30);
/// Ports handed out by the kernel can be taken by somebody else before a server binds them.
const START_ATTEMPTS: usize = 3;
/// Between two looks at something that is about to change.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Which members a workload's clients talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Connect {
    /// The leader.
    Leader,
    /// All members, evenly by connection.
    All,
}

impl Connect {
    /// One client alone shows the way of a request through the leader; many are spread as those
    /// of a service are.
    pub fn usual(clients: usize) -> Self {
        match clients {
            0 | 1 => Self::Leader,
            _ => Self::All,
        }
    }
}

/// Who leads, and since which election.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leadership {
    /// Where its clients connect.
    pub address: SocketAddr,
    /// Its term; every election raises it.
    pub term: u64,
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    members: Vec<Server>,
    seats: Vec<Seat>,
    binary: Binary,
    startup: Startup,
    directory: TempDir,
}

impl Cluster {
    /// Starts `nodes` members of `binary` on empty directories and waits until all are ready and
    /// agree on their leader.
    pub async fn start(binary: &Binary, nodes: usize) -> anyhow::Result<Self> {
        let mut attempt = 1;
        loop {
            let directory = fresh_directory(binary)?;
            let seats = Seat::free(nodes.max(1))?;
            match launch(binary, &seats, directory.path()).await {
                Ok((members, startup)) => {
                    let cluster = Self {
                        members,
                        seats,
                        binary: binary.clone(),
                        startup,
                        directory,
                    };
                    cluster.leadership().await?;
                    return Ok(cluster);
                }
                Err(error) => retry_or_fail(&mut attempt, error, binary)?,
            }
        }
    }

    /// Ends all members as an operator would (SIGTERM) and starts them again where they were.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        for member in &mut self.members {
            member.ask_to_end()?;
        }
        for member in &mut self.members {
            member.ended().await?;
        }
        let mut attempt = 1;
        loop {
            match launch(&self.binary, &self.seats, self.directory.path()).await {
                Ok(started) => {
                    (self.members, self.startup) = started;
                    break;
                }
                Err(error) => retry_or_fail(&mut attempt, error, &self.binary)?,
            }
        }
        self.leadership().await?;
        Ok(())
    }

    /// Opens `count` connections, more when that makes them even over the members.
    pub async fn pool(&self, connect: Connect, count: usize) -> anyhow::Result<Vec<Connection>> {
        let addresses = match connect {
            Connect::Leader => vec![self.leadership().await?.address],
            Connect::All => self.members.iter().map(Server::address).collect(),
        };
        let count = count.max(1).next_multiple_of(addresses.len());
        let mut pool = Vec::with_capacity(count);
        for address in addresses.iter().cycle().take(count) {
            pool.push(Connection::open(*address).await?);
        }
        Ok(pool)
    }

    /// How many members there are.
    pub fn nodes(&self) -> usize {
        self.members.len()
    }

    /// How the last start went: the times of the slowest member, the CPU of all.
    pub fn startup(&self) -> Startup {
        self.startup
    }

    /// Fails with the end of the log when a member is gone.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.members.iter_mut().try_for_each(Server::check)
    }

    /// What all members together have used up to now.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        self.members.iter().map(Server::usage).sum()
    }

    /// Makes the peaks of resident memory start anew.
    pub fn reset_peak(&self) -> anyhow::Result<()> {
        self.members.iter().try_for_each(Server::reset_peak)
    }

    /// The body of `/version`.
    pub async fn version(&self) -> anyhow::Result<String> {
        self.members[0].version().await
    }

    /// The leader all members agree on; they are given some time for that.
    pub async fn leadership(&self) -> anyhow::Result<Leadership> {
        let deadline = Instant::now() + LEADER_WITHIN;
        loop {
            let mut views = Vec::with_capacity(self.members.len());
            for member in &self.members {
                views.push(view(member.address()).await?);
            }
            if let Some(leadership) = agreed(&views) {
                return Ok(leadership);
            }
            if Instant::now() > deadline {
                bail!("no leader that all members agree on within {LEADER_WITHIN:?}: {views:?}");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// What one member says of itself and of the leader.
#[derive(Debug, Clone, Copy)]
struct View {
    address: SocketAddr,
    member: u64,
    leader: u64,
    term: u64,
}

async fn view(address: SocketAddr) -> Result<View, CallError> {
    // An empty StatusRequest: a frame prefix and no message.
    let request = Bytes::from_static(&[0; 5]);
    let mut connection = Connection::open(address).await?;
    let status = connection.unary(Rpc::Status, request).await?;
    Ok(View {
        address,
        member: status.member,
        leader: status.number(4),
        term: status.number(6),
    })
}

/// The leader, if every view names the same member in the same term and that member is one of
/// those that were asked.
fn agreed(views: &[View]) -> Option<Leadership> {
    let first = views.first()?;
    let same = |view: &View| (view.leader, view.term) == (first.leader, first.term);
    if !views.iter().all(same) {
        return None;
    }
    let leader = views.iter().find(|view| view.member == first.leader)?;
    Some(Leadership {
        address: leader.address,
        term: leader.term,
    })
}

fn fresh_directory(binary: &Binary) -> anyhow::Result<TempDir> {
    std::fs::create_dir_all(&binary.directory)
        .and_then(|()| {
            tempfile::Builder::new()
                .prefix(&format!("{}-", binary.side))
                .tempdir_in(&binary.directory)
        })
        .with_context(|| {
            format!(
                "cannot create a directory in {}",
                binary.directory.display()
            )
        })
}

/// Starts a member in each seat at the same moment and waits until all are ready.
async fn launch(
    binary: &Binary,
    seats: &[Seat],
    directory: &Path,
) -> anyhow::Result<(Vec<Server>, Startup)> {
    let mut starting = JoinSet::new();
    for at in 0..seats.len() {
        let mut server = Server::spawn(binary, seats, at, directory)?;
        starting.spawn(async move {
            let startup = server.ready().await?;
            anyhow::Ok((at, server, startup))
        });
    }
    let mut members = Vec::with_capacity(seats.len());
    let mut whole = Startup::default();
    while let Some(started) = starting.join_next().await {
        match started.map_err(anyhow::Error::from).flatten() {
            Ok((at, server, startup)) => {
                whole = whole.and(startup);
                members.push((at, server));
            }
            Err(error) => {
                // The others must have let go of ports and directory before anybody tries again.
                starting.shutdown().await;
                return Err(error);
            }
        }
    }
    members.sort_by_key(|(at, _)| *at);
    Ok((
        members.into_iter().map(|(_, server)| server).collect(),
        whole,
    ))
}

/// Counts an attempt that failed because somebody was faster with a port; any other failure, and
/// too many of these, are for the caller.
fn retry_or_fail(attempt: &mut usize, error: anyhow::Error, binary: &Binary) -> anyhow::Result<()> {
    let port_was_taken = format!("{error:#}").contains("address already in use");
    if port_was_taken && *attempt < START_ATTEMPTS {
        *attempt += 1;
        return Ok(());
    }
    Err(error.context(format!("cannot start {}", binary.path.display())))
}

#[cfg(test)]
mod tests;
