//! Starts, restarts and stops one server, and knows where it listens.
//!
//! Every server gets a fresh data directory below the one given, ports from the kernel and its
//! output in a file. It dies with its [`Server`], and the directory goes with it.

mod ready;
pub mod usage;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use self::usage::Usage;

/// How long a server may take until it is ready; a restart with a million keys takes seconds.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// How long a server may take to end after SIGTERM.
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// Ports handed out by the kernel can be taken by somebody else before the server binds them.
const START_ATTEMPTS: usize = 3;

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
#[derive(Debug, Clone, Copy)]
pub struct Startup {
    /// Until the client port accepted a connection.
    pub listening: Duration,
    /// Until `/readyz` answered 200.
    pub ready: Duration,
    /// The process's CPU time by then.
    pub cpu: Duration,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    process: Process,
    binary: Binary,
    startup: Startup,
    directory: TempDir,
}

impl Server {
    /// Starts `binary` on an empty directory and waits until it is ready.
    pub async fn start(binary: &Binary) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&binary.directory)
            .with_context(|| format!("cannot create {}", binary.directory.display()))?;
        let directory = tempfile::Builder::new()
            .prefix(&format!("{}-", binary.side))
            .tempdir_in(&binary.directory)
            .with_context(|| {
                format!(
                    "cannot create a directory in {}",
                    binary.directory.display()
                )
            })?;
        let (process, startup) = launch(binary, directory.path()).await?;
        Ok(Self {
            process,
            binary: binary.clone(),
            startup,
            directory,
        })
    }

    /// Ends the server as an operator would (SIGTERM) and starts it again on the same directory.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.terminate().await?;
        let (process, startup) = launch(&self.binary, self.directory.path()).await?;
        self.process = process;
        self.startup = startup;
        Ok(())
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.process.address
    }

    /// How the last start went.
    pub fn startup(&self) -> Startup {
        self.startup
    }

    /// Fails with the end of the log when the process is gone.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.process.check()
    }

    /// What the process has used up to now.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(&self.process.id().to_string())
    }

    /// Makes the peak of resident memory start anew.
    pub fn reset_peak(&self) -> anyhow::Result<()> {
        usage::reset_peak(self.process.id())
    }

    /// The body of `/version`.
    pub async fn version(&self) -> anyhow::Result<String> {
        let (status, body) = ready::get(self.address(), "/version").await?;
        if status != 200 {
            bail!("/version answered {status}");
        }
        Ok(body)
    }
}

/// A child that is killed when dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Process {
    fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of the log when the process is gone.
    fn check(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines = log.lines().rev().take(10).collect::<Vec<_>>();
            let tail = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
            bail!("the server ended with {status}; its last output:\n{tail}");
        }
        Ok(())
    }

    /// SIGTERM, then waits for the end.
    async fn terminate(&mut self) -> anyhow::Result<()> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).context("cannot send SIGTERM")?;
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

impl Drop for Process {
    fn drop(&mut self) {
        // Neither can fail in a way that anything could be done about: it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the binary on `directory`, on other ports when somebody was faster.
async fn launch(binary: &Binary, directory: &Path) -> anyhow::Result<(Process, Startup)> {
    let mut attempt = 1;
    loop {
        match launch_once(binary, directory).await {
            Ok(started) => return Ok(started),
            Err(error) if attempt < START_ATTEMPTS && port_was_taken(&error) => attempt += 1,
            Err(error) => {
                return Err(error.context(format!("cannot start {}", binary.path.display())));
            }
        }
    }
}

fn port_was_taken(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("address already in use")
}

async fn launch_once(binary: &Binary, directory: &Path) -> anyhow::Result<(Process, Startup)> {
    let [client, peer] = free_ports()?;
    let log = directory.join("server.log");
    let output = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
    let began = Instant::now();
    let child = Command::new(&binary.path)
        .args(arguments(&directory.join("data"), client, peer))
        .args(&binary.arguments)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let mut process = Process {
        child,
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, client)),
        log,
    };
    let deadline = began + READY_WITHIN;
    let listening = loop {
        if ready::accepts(process.address).await {
            break began.elapsed();
        }
        process.check()?;
        ready::pause(deadline).await?;
    };
    while !ready::is_ready(process.address).await {
        process.check()?;
        ready::pause(deadline).await?;
    }
    let startup = Startup {
        listening,
        ready: began.elapsed(),
        cpu: Usage::of(&process.id().to_string())?.cpu,
    };
    Ok((process, startup))
}

/// Two ports nobody listens on now.
fn free_ports() -> anyhow::Result<[u16; 2]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port");
    let (first, second) = (bind()?, bind()?);
    Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}

/// The command line both servers get: etcd's flags, a quota wide enough for the million keys, and
/// no log lines about slow requests, which would be part of what is written.
fn arguments(data: &Path, client: u16, peer: u16) -> Vec<String> {
    let client = format!("http://127.0.0.1:{client}");
    let peer = format!("http://127.0.0.1:{peer}");
    vec![
        "--name=load".into(),
        format!("--data-dir={}", data.display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=load={peer}"),
        "--quota-backend-bytes=8589934592".into(),
        "--log-level=error".into(),
    ]
}
