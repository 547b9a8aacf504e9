//! A cluster of members, each a process with a directory of its own.
//!
//! ```text
//! <temp dir>/            removed when the Cluster is dropped, unless the test has failed
//!   m0/data/             --data-dir
//!   m0/server.log        stdout and stderr of every start, one after the other
//!   m1/ ...
//! ```
//!
//! Members find each other through [`Links`], which can be cut; clients reach each directly. Ports
//! are reserved for as long as the cluster lives, so that a killed member finds its own again.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use tempfile::TempDir;

use crate::links::Links;
use crate::ports::Reserved;
use crate::process::Process;
use crate::{Error, Signal};

/// How to start a [`Cluster`]; [`ClusterOptions::new`] gives what most tests want.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The members' binary: anything that takes etcd's flags.
    pub binary: PathBuf,
    /// How many members there are at first.
    pub size: usize,
    /// Flags of every member, after those the harness gives (name, data directory, URLs, initial
    /// cluster).
    pub flags: Vec<String>,
    /// Whether peers find each other through links that can be cut. Measurements go without.
    pub links: bool,
    /// `http` or `https`: how peers speak to each other.
    pub peer_scheme: &'static str,
    /// How long a start may take until the member is ready.
    pub ready_limit: Duration,
    /// How long a stop by SIGTERM may take before it counts as failed.
    pub stop_limit: Duration,
}

impl ClusterOptions {
    /// `size` members of `binary` with etcd's defaults, links, 60 s to start and 30 s to stop.
    pub fn new(binary: impl Into<PathBuf>, size: usize) -> ClusterOptions {
        ClusterOptions {
            binary: binary.into(),
            size,
            flags: Vec::new(),
            links: true,
            peer_scheme: "http",
            ready_limit: Duration::from_secs(60),
            stop_limit: Duration::from_secs(30),
        }
    }

    /// The same with these flags added.
    #[must_use]
    pub fn flags<S: Into<String>>(mut self, flags: impl IntoIterator<Item = S>) -> ClusterOptions {
        self.flags.extend(flags.into_iter().map(Into::into));
        self
    }
}

/// Members that run, are paused or are down. Dropping it kills all of them and removes their
/// directory.
///
/// A member is called by its number, in the order in which they were added; numbers are not given
/// twice.
#[derive(Debug)]
pub struct Cluster {
    options: ClusterOptions,
    members: Vec<Member>,
    links: Links,
    /// Dropped after the members.
    dir: TempDir,
}

#[derive(Debug)]
struct Member {
    name: String,
    dir: PathBuf,
    client: Reserved,
    peer: Reserved,
    /// What its peers are told.
    peer_url: String,
    /// `--initial-cluster` and `--initial-cluster-state`.
    initial: (String, &'static str),
    process: Process,
}

impl Cluster {
    /// Starts all members at once and waits until each is ready.
    ///
    /// # Errors
    /// [`Error::Exited`] or [`Error::NotReady`] with the end of a member's log.
    pub fn start(options: ClusterOptions) -> Result<Cluster, Error> {
        let dir = TempDir::with_prefix("pintle-cluster-").map_err(Error::io("make", "a folder"))?;
        let size = options.size;
        let mut cluster = Cluster {
            options,
            members: Vec::new(),
            links: Links::new()?,
            dir,
        };
        for _ in 0..size {
            cluster.add()?;
        }
        let all: Vec<usize> = (0..size).collect();
        let initial = cluster.initial_cluster(&all);
        for member in &mut cluster.members {
            member.initial = (initial.clone(), "new");
        }
        cluster.launch(&all)?;
        Ok(cluster)
    }

    /// Makes room for one more member, with ports and an empty directory; it does not run yet, and
    /// nobody knows of it. Gives its number.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn add(&mut self) -> Result<usize, Error> {
        let number = self.members.len();
        let name = format!("m{number}");
        let dir = self.dir.path().join(&name);
        fs::create_dir(&dir).map_err(Error::io("make", dir.display().to_string()))?;
        let (client, peer) = (Reserved::new()?, Reserved::new()?);
        let target = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, peer.port());
        let told = self.links.add(target)?;
        self.members.push(Member {
            process: Process::new(dir.join("server.log")),
            name,
            dir,
            peer_url: match self.options.links {
                true => format!("{}://{told}", self.options.peer_scheme),
                false => format!("{}://{target}", self.options.peer_scheme),
            },
            client,
            peer,
            initial: (String::new(), "new"),
        });
        Ok(number)
    }

    /// Starts a member with an empty directory, as one that `peers` and itself are to be found in
    /// an existing cluster with, and waits until it is ready. The cluster must have been told
    /// of it before, by its [`Cluster::peer_url`].
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn join(&mut self, member: usize, peers: &[usize]) -> Result<(), Error> {
        self.kill(member);
        let data = self.data_dir(member);
        if data.exists() {
            fs::remove_dir_all(&data).map_err(Error::io("remove", data.display().to_string()))?;
        }
        let mut all = peers.to_vec();
        if !all.contains(&member) {
            all.push(member);
        }
        all.sort_unstable();
        self.members[member].initial = (self.initial_cluster(&all), "existing");
        self.launch(&[member])
    }

    /// Starts members that are down, all at once, and waits until each is ready.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn launch(&mut self, members: &[usize]) -> Result<(), Error> {
        for member in members {
            self.spawn(*member)?;
        }
        for member in members {
            self.await_ready(*member)?;
        }
        Ok(())
    }

    /// Starts a member that is down, without waiting.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn spawn(&mut self, member: usize) -> Result<(), Error> {
        let mut command = self.command(member);
        let process = &mut self.members[member].process;
        process.launch(&mut command)?;
        self.links.set_process(member, process.pid());
        Ok(())
    }

    /// Waits until a member that was spawned is ready.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn await_ready(&mut self, member: usize) -> Result<(), Error> {
        let limit = self.options.ready_limit;
        self.members[member].process.await_ready(limit, || true)
    }

    /// SIGKILL; waits until the process is gone.
    pub fn kill(&mut self, member: usize) {
        self.members[member].process.kill();
        self.links.set_process(member, None);
    }

    /// SIGTERM; waits until the process has ended, and gives how.
    ///
    /// # Errors
    /// [`Error::Deadline`] when it does not end in time: it is killed then.
    pub fn stop(&mut self, member: usize) -> Result<Option<ExitStatus>, Error> {
        let ended = self.members[member].process.stop(self.options.stop_limit);
        self.links.set_process(member, None);
        ended
    }

    /// SIGSTOP: the member stands still, and its connections stay open.
    ///
    /// # Errors
    /// [`Error::Io`] when the process is gone.
    pub fn pause(&self, member: usize) -> Result<(), Error> {
        self.members[member].process.signal(Signal::STOP)
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// As [`Cluster::pause`].
    pub fn resume(&self, member: usize) -> Result<(), Error> {
        self.members[member].process.signal(Signal::CONT)
    }

    /// True while the member's process is there, even paused.
    pub fn is_running(&mut self, member: usize) -> bool {
        self.members[member].process.is_running()
    }

    /// The network between the members. It has no effect when the options say that there are no
    /// links.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// How many numbers have been given to members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// True for a cluster that was started with no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// `--name`.
    #[must_use]
    pub fn name(&self, member: usize) -> &str {
        &self.members[member].name
    }

    /// The address for clients without a scheme: `127.0.0.1:<port>`.
    #[must_use]
    pub fn endpoint(&self, member: usize) -> String {
        format!("127.0.0.1:{}", self.members[member].client.port())
    }

    /// The URL for clients.
    #[must_use]
    pub fn client_url(&self, member: usize) -> String {
        format!("http://{}", self.endpoint(member))
    }

    /// `--initial-advertise-peer-urls`.
    #[must_use]
    pub fn peer_url(&self, member: usize) -> &str {
        &self.members[member].peer_url
    }

    /// `--data-dir`.
    #[must_use]
    pub fn data_dir(&self, member: usize) -> PathBuf {
        self.members[member].dir.join("data")
    }

    /// The process id, while there is a process.
    #[must_use]
    pub fn pid(&self, member: usize) -> Option<u32> {
        self.members[member].process.pid()
    }

    /// A member's whole log so far.
    #[must_use]
    pub fn log(&self, member: usize) -> String {
        self.members[member].process.log()
    }

    /// A member's log lines of level error and above, and those which are not JSON.
    #[must_use]
    pub fn error_lines(&self, member: usize) -> Vec<String> {
        self.members[member].process.error_lines()
    }

    /// `--initial-cluster` for these members.
    fn initial_cluster(&self, members: &[usize]) -> String {
        let entries: Vec<String> = members
            .iter()
            .map(|member| &self.members[*member])
            .map(|member| format!("{}={}", member.name, member.peer_url))
            .collect();
        entries.join(",")
    }

    fn command(&self, member: usize) -> Command {
        let client = self.client_url(member);
        let member = &self.members[member];
        let (initial, state) = &member.initial;
        let mut command = Command::new(&self.options.binary);
        command
            .arg(format!("--name={}", member.name))
            .arg(format!("--data-dir={}", member.dir.join("data").display()))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!(
                "--listen-peer-urls={}://127.0.0.1:{}",
                self.options.peer_scheme,
                member.peer.port()
            ))
            .arg(format!("--initial-advertise-peer-urls={}", member.peer_url))
            .arg(format!("--initial-cluster={initial}"))
            .arg(format!("--initial-cluster-state={state}"))
            .arg("--initial-cluster-token=pintle-test")
            .args(&self.options.flags);
        command
    }
}

impl Drop for Cluster {
    /// After a failure data and logs stay, for a look at them.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.dir.disable_cleanup(true);
            let path = self.dir.path().display();
            // The test has failed anyway.
            drop(writeln!(io::stderr(), "data and logs are kept in {path}"));
        }
    }
}
