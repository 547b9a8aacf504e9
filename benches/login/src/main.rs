//! What an `Authenticate` costs in processor time: ours and the real etcd, in one run; see README.md.

use std::fs;
use std::io::{Write as _, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use harness::Server;
use proto::etcdserverpb as pb;
use tonic::transport::Channel;

/// The user and its password.
const USER: &str = "root";
const PASSWORD: &str = "secret";
/// Ticks a second of the times in `/proc`; fixed on Linux.
const TICKS: f64 = 100.0;

/// Measures what logging in costs: our etcd beside the real one
#[derive(Debug, Parser)]
struct Options {
    /// Clients that log in side by side
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Seconds that each server is asked for
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Our server; by default the one that stands beside this program
    #[arg(long)]
    ours: Option<PathBuf>,
    /// The real etcd; by default the one that `cargo xtask peers` builds
    #[arg(long)]
    theirs: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell anybody when stderr is gone.
            let _ = writeln!(stderr(), "login: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> anyhow::Result<()> {
    let (ours, theirs) = harness::sides(options.ours.as_deref(), options.theirs.as_deref())?;
    let theirs = measure("etcd", theirs, options).await?;
    let ours = measure("ours", ours, options).await?;
    writeln!(
        stdout(),
        "ours / etcd: {:.0}x as many a CPU second",
        ours / theirs
    )?;
    Ok(())
}

/// Logins for each second of the server's processor time.
async fn measure(name: &str, binary: PathBuf, options: &Options) -> anyhow::Result<f64> {
    let server = Server::start(binary, &[])?;
    let channel = Channel::from_shared(server.client_url())?.connect().await?;
    enable(&channel).await?;
    log_in(&channel).await?;
    let pid = server.pid().context("the server runs")?;
    let before = cpu_seconds(pid)?;
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..options.clients {
        let channel = Channel::from_shared(server.client_url())?.connect().await?;
        clients.spawn(async move {
            let mut count = 0_u64;
            while Instant::now() < end {
                log_in(&channel).await?;
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let mut logins = 0;
    while let Some(ended) = clients.join_next().await {
        logins += ended??;
    }
    let seconds = cpu_seconds(pid)? - before;
    let rate = logins as f64 / seconds;
    writeln!(
        stdout(),
        "{name}: {logins} logins in {seconds:.2} CPU seconds, {rate:.0} a CPU second"
    )?;
    Ok(rate)
}

async fn enable(channel: &Channel) -> anyhow::Result<()> {
    let mut auth = pb::auth_client::AuthClient::new(channel.clone());
    auth.user_add(pb::AuthUserAddRequest {
        name: USER.to_owned(),
        password: PASSWORD.to_owned(),
        ..Default::default()
    })
    .await?;
    auth.role_add(pb::AuthRoleAddRequest {
        name: "root".to_owned(),
    })
    .await?;
    auth.user_grant_role(pb::AuthUserGrantRoleRequest {
        user: USER.to_owned(),
        role: "root".to_owned(),
    })
    .await?;
    auth.auth_enable(pb::AuthEnableRequest {}).await?;
    Ok(())
}

async fn log_in(channel: &Channel) -> anyhow::Result<()> {
    let mut auth = pb::auth_client::AuthClient::new(channel.clone());
    let reply = auth
        .authenticate(pb::AuthenticateRequest {
            name: USER.to_owned(),
            password: PASSWORD.to_owned(),
        })
        .await?;
    anyhow::ensure!(
        !reply.into_inner().token.is_empty(),
        "a login without a token"
    );
    Ok(())
}

/// The processor time that a process has taken, user and system.
fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, which may hold anything, ends with the last bracket.
    let (_, figures) = stat.rsplit_once(')').context("a line of /proc/*/stat")?;
    let figures: Vec<&str> = figures.split_whitespace().collect();
    let ticks = |at: usize| -> anyhow::Result<f64> {
        Ok(figures
            .get(at)
            .context("a figure of /proc/*/stat")?
            .parse()?)
    };
    // utime and stime are the 14th and 15th field; the state, behind the name, is the third.
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}
