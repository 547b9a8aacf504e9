//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand};

use crate::compare::Conditions;
use crate::server::Binary;
use crate::workload::Workload;

/// Where etcd's binaries are looked for when nothing else is said.
const PEERS_DIRECTORY: &str = "target/peers";

/// Puts load on our etcd and on the real one in turn, and compares them
#[derive(Debug, Parser)]
#[command(name = "load", disable_version_flag = true)]
pub struct Cli {
    /// What to measure.
    #[command(subcommand)]
    pub what: What,
    /// How, and where the results go.
    #[command(flatten)]
    pub options: Options,
}

/// A plan or one workload.
#[derive(Debug, Subcommand)]
pub enum What {
    /// The table for clusters of --nodes, with the goals that one and three have
    Table {
        /// Only rows whose name contains this; may be given several times
        #[arg(long)]
        only: Vec<String>,
    },
    /// Every workload for a moment: does the tool work?
    Quick,
    /// One workload.
    #[command(flatten)]
    One(Workload),
}

/// What all commands share.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Our server
    #[arg(long, global = true, default_value = "target/release/etcd")]
    pub ours: PathBuf,
    /// The real etcd [default: etcd or bin/etcd below $PINTLE_PEERS_DIR or target/peers]
    #[arg(long, global = true)]
    pub theirs: Option<PathBuf>,
    /// Further argument for our server; may be given several times
    #[arg(long, global = true, allow_hyphen_values = true)]
    pub ours_arg: Vec<String>,
    /// Further argument for the real etcd; may be given several times
    #[arg(long, global = true, allow_hyphen_values = true)]
    pub theirs_arg: Vec<String>,
    /// Where data directories are made and removed; must be on a disk
    #[arg(long, global = true, default_value = "target/load")]
    pub dir: PathBuf,
    /// Members of each cluster; processor time, written bytes and memory are sums over all
    #[arg(long, global = true, default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=7))]
    pub nodes: usize,
    /// Rounds of each workload: in each, one run on each side, taking turns to go first
    #[arg(long, global = true, default_value_t = 1)]
    pub repeat: usize,
    /// Milliseconds of rest between a window and reading memory and written bytes
    #[arg(long, global = true, default_value_t = 1_000)]
    pub settle_ms: u64,
    /// Threads of the generator
    #[arg(long, global = true, default_value_t = 1)]
    pub threads: usize,
    /// Write every figure of every run here, as JSON
    #[arg(long, global = true)]
    pub json: Option<PathBuf>,
    /// Write the tables here, as Markdown
    #[arg(long, global = true)]
    pub markdown: Option<PathBuf>,
}

impl Options {
    /// Finds both servers.
    pub fn conditions(&self) -> anyhow::Result<Conditions> {
        let binary = |side, path: PathBuf, arguments: &[String]| {
            if !path.is_file() {
                bail!("no server at {}", path.display());
            }
            Ok(Binary {
                side,
                path,
                arguments: arguments.to_vec(),
                directory: self.dir.clone(),
            })
        };
        let theirs = match &self.theirs {
            Some(path) => path.clone(),
            None => find_etcd()?,
        };
        Ok(Conditions {
            ours: binary(crate::OURS, self.ours.clone(), &self.ours_arg)
                .context("build it first, or name another with --ours")?,
            theirs: binary(crate::THEIRS, theirs, &self.theirs_arg)?,
            nodes: self.nodes,
            repeat: self.repeat.max(1),
            settle: Duration::from_millis(self.settle_ms),
        })
    }
}

fn find_etcd() -> anyhow::Result<PathBuf> {
    let peers = std::env::var_os("PINTLE_PEERS_DIR").map_or(PEERS_DIRECTORY.into(), PathBuf::from);
    let places = [peers.join("etcd"), peers.join("bin/etcd")];
    places
        .into_iter()
        .find(|path| path.is_file())
        .with_context(|| format!("no etcd in {}, name one with --theirs", peers.display()))
}
