//! Kills under load: one data directory lives through many rounds of writing, SIGKILL at a random
//! moment, and a restart.
//!
//! ```text
//! start ─▶ check ─▶ load ─▶ SIGKILL ─▶ (copy) ─▶ (start and SIGKILL before it is ready)* ─▶ start
//! ```
//!
//! After each restart: every acknowledged change is there in its revision, nobody else's change
//! is; what a watch had told, and what was checked in earlier rounds, is told the same again, so no
//! revision is used twice; the pairs are what the history makes of them; leases are those granted;
//! and the hash is that of before, and of another process on a copy of the directory.
//!
//! `PINTLE_CRASH_ROUNDS` sets how many rounds there are, `PINTLE_CRASH_SEED` repeats their choices
//! (the moments of the kernel's scheduler stay its own).

mod check;
mod load;
mod model;
mod record;
mod value;

use std::path::Path;
use std::time::{Duration, Instant};

use harness::{Error, Options, Server};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

pub(crate) use self::check::{Figures, check};
pub(crate) use self::load::{Load, Traces};
pub(crate) use self::model::Model;
use crate::client::Client;
use crate::copy::copy_dir;

/// Rounds when nobody asks for another number.
const ROUNDS: u32 = 15;
/// Entries between checkpoints, so that kills meet them at every stage.
const SNAPSHOT_COUNT: &str = "--snapshot-count=400";
/// How long the load runs at most before the kill.
const LOAD_MAX: Duration = Duration::from_millis(1_200);
/// A start that is killed before it is ready gets at most so long.
const EARLY_KILL_MAX: Duration = Duration::from_millis(300);
/// Every so many rounds another process opens a copy of the directory.
const COPY_EVERY: u32 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kills() {
    let rounds = from_env("PINTLE_CRASH_ROUNDS").map_or(ROUNDS, |rounds| rounds as u32);
    let seed = from_env("PINTLE_CRASH_SEED").unwrap_or_else(rand::random);
    let dir = TempDir::with_prefix("pintle-crash-").unwrap();
    let mut run = Run::new(dir.path(), seed);
    for round in 0..rounds {
        if let Err(text) = run.round(round).await {
            let kept = dir.keep();
            panic!(
                "round {round} of seed {seed}: {text}\nthe data directory and the log are in {}",
                kept.display()
            );
        }
    }
    println!("{rounds} rounds, seed {seed}: {}", run.report());
}

fn from_env(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

struct Run<'a> {
    dir: &'a Path,
    random: StdRng,
    model: Model,
    total: Figures,
    early_kills: usize,
    copies: usize,
    slowest_start: Duration,
}

impl Run<'_> {
    fn new(dir: &Path, seed: u64) -> Run<'_> {
        Run {
            dir,
            random: StdRng::seed_from_u64(seed),
            model: Model::new(),
            total: Figures::default(),
            early_kills: 0,
            copies: 0,
            slowest_start: Duration::ZERO,
        }
    }

    fn options(&self) -> Options {
        let binary = harness::binary("etcd").unwrap();
        let mut options = Options::new(binary).flags([SNAPSHOT_COUNT]);
        options.dir = Some(self.dir.to_path_buf());
        options
    }

    async fn round(&mut self, round: u32) -> Result<(), String> {
        let mut server = self.start()?;
        let load = Load::start(
            &server.client_url(),
            round,
            self.random.random(),
            &self.model,
        )
        .await?;
        // The moment of the kill is drawn; this waits for nothing.
        tokio::time::sleep(self.random.random_range(Duration::ZERO..LOAD_MAX)).await;
        let ran = server.is_running();
        server.kill();
        let traces = load.end().await?;
        match ran {
            true => {}
            false => {
                return Err(format!(
                    "the server ended by itself: {:?}",
                    server.error_lines()
                ));
            }
        }
        drop(server);
        let copy = self.copy(round)?;
        self.kill_early()?;
        self.check(traces, copy).await
    }

    fn start(&mut self) -> Result<Server, String> {
        let started = Instant::now();
        let server = Server::start_with(self.options()).map_err(|error| error.to_string())?;
        self.slowest_start = self.slowest_start.max(started.elapsed());
        Ok(server)
    }

    /// Some starts die before they are ready, with the log half replayed or just written to.
    fn kill_early(&mut self) -> Result<(), String> {
        while self.random.random_ratio(1, 3) {
            let mut options = self.options();
            options.ready_limit = self.random.random_range(Duration::ZERO..EARLY_KILL_MAX);
            match Server::start_with(options) {
                // It was ready sooner; dropping it kills it as well.
                Ok(_) | Err(Error::NotReady { .. }) => self.early_kills += 1,
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(())
    }

    fn copy(&mut self, round: u32) -> Result<Option<TempDir>, String> {
        if !round.is_multiple_of(COPY_EVERY) {
            return Ok(None);
        }
        let copy = TempDir::with_prefix("pintle-crash-copy-").map_err(|error| error.to_string())?;
        copy_dir(&self.dir.join("data"), &copy.path().join("data"))
            .map_err(|error| error.to_string())?;
        self.copies += 1;
        Ok(Some(copy))
    }

    async fn check(&mut self, traces: Traces, copy: Option<TempDir>) -> Result<(), String> {
        let mut server = self.start()?;
        let mut client = connect(&server).await?;
        let figures = check(&mut client, &mut self.model, traces).await?;
        self.total.revisions += figures.revisions;
        self.total.acknowledged += figures.acknowledged;
        self.total.in_doubt += figures.in_doubt;
        self.total.made += figures.made;
        self.total.hashes += figures.hashes;
        if let Some(copy) = copy {
            let mut options = self.options();
            options.dir = Some(copy.path().to_path_buf());
            let other = Server::start_with(options).map_err(|error| error.to_string())?;
            let ours = client.hash(0).await.map_err(|status| status.to_string())?;
            let theirs = connect(&other)
                .await?
                .hash(0)
                .await
                .map_err(|status| status.to_string())?;
            if ours != theirs {
                return Err(format!("the hash is {ours:?}, on a copy {theirs:?}"));
            }
        }
        let errors = server.error_lines();
        server.kill();
        match errors.first() {
            None => Ok(()),
            Some(line) => Err(format!("the server logged an error: {line}")),
        }
    }

    fn report(&self) -> String {
        let log = std::fs::read_to_string(self.dir.join("server.log")).unwrap_or_default();
        let checkpoints = log
            .lines()
            .filter(|line| line.contains("saved snapshot"))
            .count();
        let torn = log
            .lines()
            .filter(|line| line.contains("removed the torn end"))
            .count();
        let Figures {
            revisions,
            acknowledged,
            in_doubt,
            made,
            hashes,
        } = self.total;
        format!(
            "{acknowledged} acknowledged requests, {revisions} revisions, {in_doubt} in doubt of \
             which {made} were made; {checkpoints} checkpoints, {torn} torn ends, {} kills before \
             ready, {hashes} hashes of before and {} of copies equal, slowest start {:?}",
            self.early_kills, self.copies, self.slowest_start
        )
    }
}

async fn connect(server: &Server) -> Result<Client, String> {
    let connected = Client::connect(&server.client_url()).await;
    connected.map_err(|error| error.to_string())
}
