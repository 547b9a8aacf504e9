//! One server and the client that talks to it.

use std::ffi::OsString;
use std::io::{self, BufReader, Cursor, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use etcdctl::io::ChildOutput;
use etcdctl::{Env, Io};
use harness::{Options, Server, eventually, peers};
use tempfile::TempDir;

use crate::mask::Mask;
use crate::script::Case;

/// Where both servers say that peers reach them.
const OWN_PORT: u16 = 53538;
/// The id that follows from it.
const OWN_ID: &str = "5a906d3e1771";

/// How long a server may take to come to itself.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// What a command line did, masked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

pub(crate) enum Client {
    /// `etcdctl::run` in this process.
    Ours,
    /// The real program.
    Real(PathBuf),
}

/// The server that both clients talk to, each to one of its own.
fn server() -> PathBuf {
    let named = std::env::var_os("PINTLE_TEST_ETCD").map(PathBuf::from);
    named.unwrap_or_else(|| peers::etcd().unwrap())
}

/// One server and one client.
pub(crate) struct Side {
    client: Client,
    pub(crate) server: Server,
    /// What stands before the server's address where it is given as an endpoint.
    scheme: &'static str,
    dir: TempDir,
    pub(crate) mask: Mask,
}

impl Side {
    pub(crate) fn ours() -> Self {
        Self::new(Client::Ours, server())
    }

    pub(crate) fn real() -> Self {
        Self::new(Client::Real(peers::etcdctl().unwrap()), server())
    }

    /// The real client at our server.
    pub(crate) fn real_at_ours() -> Self {
        let server = harness::binary("etcd").unwrap();
        let mut side = Self::new(Client::Real(peers::etcdctl().unwrap()), server);
        // A real server begins in the second term.
        side.server.restart().unwrap();
        side
    }

    /// Both servers announce the same peer address, so that they make up the same ids. That of the
    /// member, [`OWN_ID`], is lower than any that comes later: lists have the same order.
    fn new(client: Client, binary: PathBuf) -> Self {
        let side = Self::start(client, binary, &[]);
        settle(&side.server);
        side
    }

    /// A client of the second API and a server that speaks it.
    pub(crate) fn second(client: Client, binary: PathBuf) -> Self {
        let side = Self::start(client, binary, &["--enable-v2"]);
        settle_as(&side.server, None, &["etcdcluster"]);
        Self {
            scheme: "http://",
            ..side
        }
    }

    fn start(client: Client, binary: PathBuf, flags: &[&str]) -> Self {
        let peer = format!("http://127.0.0.1:{OWN_PORT}");
        let options = Options::new(binary)
            .flags([
                "--name=golden".to_owned(),
                format!("--initial-advertise-peer-urls={peer}"),
                format!("--initial-cluster=golden={peer}"),
            ])
            .flags(flags.iter().copied());
        let server = Server::start_with(options).unwrap();
        let mask = Mask::new(&server.endpoint());
        Self {
            client,
            server,
            scheme: "",
            dir: TempDir::new().unwrap(),
            mask,
        }
    }

    /// Runs a command line to its end, once the server is as the case wants it.
    pub(crate) fn run(&mut self, case: &Case) -> Outcome {
        if let Some(minor) = &case.settled {
            settle_at(&self.server, Some(minor));
        }
        let dir = self.dir.path().to_str().unwrap();
        run(
            &self.client,
            self.arguments(case),
            case,
            &mut self.mask,
            dir,
        )
    }

    /// Runs a command line to its end: exit code, stdout and stderr as they are.
    pub(crate) fn run_unmasked(&mut self, case: &Case) -> (i32, Vec<u8>, Vec<u8>) {
        let outcome = run_unmasked(&self.client, self.arguments(case), case);
        self.mask.learn(&outcome.1);
        outcome
    }

    /// A path in this side's directory.
    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    /// Placeholders filled in, and this side's endpoint in front.
    pub(crate) fn arguments(&self, case: &Case) -> Vec<OsString> {
        let mut args = Vec::new();
        if case.endpoint {
            let endpoint = self.server.endpoint();
            args.push(format!("--endpoints={}{endpoint}", self.scheme).into());
        }
        let dir = self.dir.path().to_str().unwrap();
        let names = [
            ("{lease}", self.mask.lease()),
            ("{member}", self.mask.member()),
            ("{own}", OWN_ID.to_owned()),
            ("{endpoint}", self.server.endpoint()),
            ("{dir}", dir.to_owned()),
        ];
        for arg in &case.args {
            let filled = match std::str::from_utf8(arg) {
                Ok(text) => names
                    .iter()
                    .fold(text.to_owned(), |text, (name, value)| {
                        text.replace(name, value)
                    })
                    .into_bytes(),
                Err(_) => arg.clone(),
            };
            args.push(OsString::from_vec(filled));
        }
        args
    }

    /// Starts a command line that does not end by itself.
    pub(crate) fn spawn(&self, case: &Case) -> Live {
        let args = self.arguments(case);
        match &self.client {
            Client::Ours => {
                let output = Shared::default();
                let seen = output.clone();
                let case = case.clone();
                // The thread ends with this process: a watch goes on when its server is gone.
                std::thread::spawn(move || run_ours(args, &case, &output, &Shared::default()));
                Live { seen, child: None }
            }
            Client::Real(program) => {
                let mut child = command(program, args, case)
                    .stdin(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .unwrap();
                let seen = Shared::default();
                let mut into = seen.clone();
                let mut from = child.stdout.take().unwrap();
                std::thread::spawn(move || io::copy(&mut from, &mut into));
                Live {
                    seen,
                    child: Some(child),
                }
            }
        }
    }
}

/// Runs a command line to its end.
pub(crate) fn run(
    client: &Client,
    args: Vec<OsString>,
    case: &Case,
    mask: &mut Mask,
    dir: &str,
) -> Outcome {
    let (code, stdout, stderr) = run_unmasked(client, args, case);
    mask.learn(&stdout);
    Outcome {
        code,
        stdout: mask.bytes(&stdout, dir),
        stderr: mask.text(&String::from_utf8_lossy(&stderr), dir),
    }
}

/// Runs a command line to its end: exit code, stdout and stderr as they are.
pub(crate) fn run_unmasked(
    client: &Client,
    args: Vec<OsString>,
    case: &Case,
) -> (i32, Vec<u8>, Vec<u8>) {
    match client {
        Client::Ours => in_process(args, case),
        Client::Real(program) => as_process(program, args, case),
    }
}

/// A client that still runs.
pub(crate) struct Live {
    /// What it has written to stdout so far.
    pub(crate) seen: Shared,
    child: Option<std::process::Child>,
}

impl Live {
    /// Interrupts the real program, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let id = self.child.as_ref().unwrap().id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A buffer that one thread fills and another reads.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn in_process(args: Vec<OsString>, case: &Case) -> (i32, Vec<u8>, Vec<u8>) {
    let (stdout, stderr) = (Shared::default(), Shared::default());
    let code = run_ours(args, case, &stdout, &stderr);
    (i32::from(code), stdout.bytes(), stderr.bytes())
}

fn run_ours(args: Vec<OsString>, case: &Case, stdout: &Shared, stderr: &Shared) -> u8 {
    let path = std::env::var("PATH").unwrap();
    let path = ("PATH".to_owned(), path);
    let env: Env = case.env.iter().cloned().chain([path]).collect();
    // A pipe whose other end is kept, but never written to.
    let (open_end, _writer) = io::pipe().unwrap();
    let typed = Cursor::new(case.stdin.clone());
    let mut io = Io {
        stdin: match case.stdin_stays_open {
            true => Box::new(BufReader::new(typed.chain(open_end))),
            false => Box::new(typed),
        },
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
        child_output: ChildOutput::Copy,
        clock: etcdctl::io::Clock::default(),
    };
    etcdctl::run(args, &env, &mut io)
}

/// Waits until a server's data count as of its own version: etcd's are of an older one for a moment
/// after its first start.
pub(crate) fn settle(server: &Server) {
    settle_at(server, None);
}

/// Waits until both the cluster and a server's data count as of a version: the one given, or the
/// server's own. etcd looks after either every few seconds.
fn settle_at(server: &Server, minor: Option<&str>) {
    settle_as(server, minor, &["etcdcluster", "storage"]);
}

/// Waits until what a server tells under these names is of a version.
fn settle_as(server: &Server, minor: Option<&str>, names: &[&str]) {
    let is_settled = || {
        let (_, body) = harness::get(&server.endpoint(), "/version").ok()?;
        let versions: serde_json::Value = serde_json::from_str(&body).ok()?;
        let minor_of = |name: &str| Some(versions[name].as_str()?.rsplit_once('.')?.0);
        let wanted = match minor {
            Some(minor) => minor,
            None => minor_of("etcdserver")?,
        };
        Some(names.iter().all(|name| minor_of(name) == Some(wanted)))
    };
    let settled = eventually(SETTLE_LIMIT, || is_settled() == Some(true));
    assert!(settled, "not of version {minor:?} after a minute");
}

fn command(program: &PathBuf, args: Vec<OsString>, case: &Case) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs(case.env.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn as_process(program: &PathBuf, args: Vec<OsString>, case: &Case) -> (i32, Vec<u8>, Vec<u8>) {
    let mut child = command(program, args, case).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read its input closes it early.
    let _ = stdin.write_all(&case.stdin);
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap_or(-1),
        output.stdout,
        output.stderr,
    )
}
