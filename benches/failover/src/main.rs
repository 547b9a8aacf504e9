//! How long a cluster refuses writes after its leader was killed or paused: ours and the real etcd,
//! in one run with the same flags; see README.md.

mod outage;
mod side;
mod summary;

use std::io::{Write as _, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use self::side::{Fault, Side};

/// Measures how long writes fail after the loss of a leader: our etcd beside the real one
#[derive(Debug, Parser)]
struct Options {
    /// How often each side's leader is killed
    #[arg(long, default_value_t = 10)]
    kills: usize,
    /// How often each side's leader is paused
    #[arg(long, default_value_t = 10)]
    pauses: usize,
    /// `--heartbeat-interval` of all members, in milliseconds
    #[arg(long, default_value_t = 100)]
    heartbeat: u32,
    /// `--election-timeout` of all members, in milliseconds
    #[arg(long, default_value_t = 1000)]
    election: u32,
    /// After how many milliseconds without an answer a put is tried again beside the last
    #[arg(long, default_value_t = 100)]
    try_ms: u64,
    /// Our server; by default the one that stands beside this program
    #[arg(long)]
    ours: Option<PathBuf>,
    /// The real etcd; by default the one that `cargo xtask peers` builds
    #[arg(long)]
    theirs: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to tell anybody when stderr is gone.
            let _ = writeln!(stderr(), "failover: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(options: &Options) -> anyhow::Result<()> {
    let (ours, theirs) = harness::sides(options.ours.as_deref(), options.theirs.as_deref())?;
    let flags = [
        format!("--heartbeat-interval={}", options.heartbeat),
        format!("--election-timeout={}", options.election),
    ];
    let patience = Duration::from_millis(options.try_ms);
    let mut sides = [
        Side::start("etcd", theirs, &flags, patience)?,
        Side::start("ours", ours, &flags, patience)?,
    ];
    writeln!(stdout(), "flags {}", flags.join(" "))?;
    let faults = [(Fault::Kill, options.kills), (Fault::Pause, options.pauses)];
    let mut rows = Vec::new();
    for (fault, times) in faults {
        let mut outages = [Vec::new(), Vec::new()];
        for round in 0..times {
            // Who goes first alternates, so that a busy moment of the machine hits both.
            for side in [round % 2, 1 - round % 2] {
                let outage = sides[side].lose_leader(fault).await?;
                outages[side].push(outage);
            }
            let [theirs, ours] = outages.each_ref().map(|all| all[round].as_millis());
            writeln!(
                stderr(),
                "{fault} {}: etcd {theirs} ms, ours {ours} ms",
                round + 1
            )?;
        }
        rows.push((fault.to_string(), outages));
    }
    write!(stdout(), "{}", summary::table(&rows))?;
    Ok(())
}
