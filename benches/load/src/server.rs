//! One member's process: its command line, its start, its end.

mod ready;
pub mod usage;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

use self::usage::Usage;

/// How long a server may take until it is ready; a restart with a million keys takes seconds.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// How long a server may take to end after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(60);

/// A binary to measure and where it may put its data.
#[derive(Debug, Clone)]
pub struct Binary {
    /// `ours` or `etcd`, the name of its rows.
    pub side: &'static str,
    /// The executable.
    pub path: PathBuf,
    /// Arguments added to those every server gets.
    pub arguments: Vec<String>,
    /// Where data directories are made; must be a real disk.
    pub directory: PathBuf,
}

/// How a start went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Startup {
    /// Until the client port accepted a connection.
    pub listening: Duration,
    /// Until `/readyz` answered 200.
    pub ready: Duration,
    /// The process's CPU time by then.
    pub cpu: Duration,
}

impl Startup {
    /// Both starts as one: done when the later one is, and paid for by both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            listening: self.listening.max(other.listening),
            ready: self.ready.max(other.ready),
            cpu: self.cpu + other.cpu,
        }
    }
}

/// The ports of one member.
#[derive(Debug, Clone, Copy)]
pub struct Seat {
    client: u16,
    peer: u16,
}

impl Seat {
    /// Seats for `count` members, on ports nobody listens on now.
    pub fn free(count: usize) -> anyhow::Result<Vec<Self>> {
        // All are held until all are known: the kernel must not hand out one of them twice.
        let listeners = (0..count * 2)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
            .collect::<std::io::Result<Vec<_>>>()
            .context("no free port")?;
        let port = |listener: &TcpListener| anyhow::Ok(listener.local_addr()?.port());
        listeners
            .chunks_exact(2)
            .map(|pair| {
                Ok(Self {
                    client: port(&pair[0])?,
                    peer: port(&pair[1])?,
                })
            })
            .collect()
    }

    fn address(self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.client))
    }

    fn client_url(self) -> String {
        format!("http://127.0.0.1:{}", self.client)
    }

    fn peer_url(self) -> String {
        format!("http://127.0.0.1:{}", self.peer)
    }
}

/// A child process that is killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
    began: Instant,
}

impl Server {
    /// Starts the member that sits at `seats[at]`, with its data in a folder of its own below
    /// `directory`; [`Server::ready`] waits for it.
    pub fn spawn(
        binary: &Binary,
        seats: &[Seat],
        at: usize,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let name = member_name(at);
        let log = directory.join(format!("{name}.log"));
        let output =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let began = Instant::now();
        let child = Command::new(&binary.path)
            .args(arguments(&directory.join(&name), seats, at))
            .args(&binary.arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run {}", binary.path.display()))?;
        Ok(Self {
            child,
            address: seats[at].address(),
            log,
            began,
        })
    }

    /// Waits until it listens and then until it is ready, both counted from its start.
    pub async fn ready(&mut self) -> anyhow::Result<Startup> {
        let deadline = self.began + READY_WITHIN;
        let listening = loop {
            if ready::accepts(self.address).await {
                break self.began.elapsed();
            }
            self.check()?;
            ready::pause(deadline).await?;
        };
        while !ready::is_ready(self.address).await {
            self.check()?;
            ready::pause(deadline).await?;
        }
        Ok(Startup {
            listening,
            ready: self.began.elapsed(),
            cpu: self.usage()?.cpu,
        })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the process has used up to now.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(&self.child.id().to_string())
    }

    /// Makes the peak of resident memory start anew.
    pub fn reset_peak(&self) -> anyhow::Result<()> {
        usage::reset_peak(self.child.id())
    }

    /// The body of `/version`.
    pub async fn version(&self) -> anyhow::Result<String> {
        let (status, body) = ready::get(self.address, "/version").await?;
        if status != 200 {
            bail!("/version answered {status}");
        }
        Ok(body)
    }

    /// Fails with the end of the log when the process is gone.
    pub fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines = log.lines().rev().take(10).collect::<Vec<_>>();
            let tail = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
            bail!("the server ended with {status}; its last output:\n{tail}");
        }
        Ok(())
    }

    /// Sends SIGTERM.
    pub fn ask_to_end(&self) -> anyhow::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("cannot send SIGTERM")
    }

    /// Waits for the end.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        let asked = Instant::now();
        while self.child.try_wait()?.is_none() {
            if asked.elapsed() > STOP_WITHIN {
                bail!("the server still runs {STOP_WITHIN:?} after SIGTERM");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Neither can fail in a way that anything could be done about: it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn member_name(at: usize) -> String {
    format!("member{}", at + 1)
}

/// The command line both servers get: etcd's flags, a quota wide enough for the million keys, and
/// no log lines about slow requests, which would be part of what is written.
fn arguments(data: &Path, seats: &[Seat], at: usize) -> Vec<String> {
    let (client, peer) = (seats[at].client_url(), seats[at].peer_url());
    let cluster = seats
        .iter()
        .enumerate()
        .map(|(at, seat)| format!("{}={}", member_name(at), seat.peer_url()))
        .collect::<Vec<_>>();
    vec![
        format!("--name={}", member_name(at)),
        format!("--data-dir={}", data.display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster={}", cluster.join(",")),
        "--initial-cluster-state=new".into(),
        "--initial-cluster-token=load".into(),
        "--quota-backend-bytes=8589934592".into(),
        "--log-level=error".into(),
    ]
}

#[cfg(test)]
mod tests;
