//! Faults under load: three members are killed, paused, cut off and replaced, while clients write,
//! watch and hold leases; at the end the program `chaos` judges what they saw.
//!
//! `PINTLE_CHAOS_SECONDS` sets how long it goes on; otherwise each fault happens once.
//! `PINTLE_CHAOS_SEED` repeats the choices of a run (the moments of the kernel's scheduler stay its
//! own).

use std::path::Path;
use std::time::{Duration, Instant};

use harness::{Cluster, ClusterOptions};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};

use crate::faults::{FAULTS, suffer};
use crate::program::{self, Traffic};
use crate::{ALONE, client, from_env};

/// How long the verdict may take, which grows with the history.
const VERDICT: Duration = Duration::from_secs(600);
/// A pause between faults at most, in milliseconds.
const REST_MS: u64 = 500;

#[test]
fn the_judge_refuses_what_it_must() {
    program::go(&["vet", "./..."]);
    program::go(&["test", "./..."]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_members_survive_all_faults() {
    let _alone = ALONE.lock().await;
    let seed = from_env("PINTLE_CHAOS_SEED").unwrap_or_else(rand::random);
    let seconds = from_env("PINTLE_CHAOS_SECONDS").map(Duration::from_secs);
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let options = ClusterOptions::new(harness::binary("etcd").unwrap(), 3);
    let options = options.flags(draw_flags(&mut random));
    println!("flags {}", options.flags.join(" "));
    let mut cluster = Cluster::start(options).unwrap();
    let kept = harness::target_dir().unwrap().join("e2e");
    std::fs::create_dir_all(&kept).unwrap();
    let history = kept.join(format!("history-{seed}.json"));
    let traffic = Traffic::start(&flags(seed, &history), &endpoints(&cluster));
    match storm(&mut cluster, traffic, &mut random, seconds).await {
        Ok(report) => println!("seed {seed}: {report}"),
        Err(report) => panic!(
            "seed {seed}: {report}\nthe history is {}",
            history.display()
        ),
    }
}

/// Lets faults happen until the time is over; gives the verdict.
async fn storm(
    cluster: &mut Cluster,
    mut traffic: Traffic,
    random: &mut StdRng,
    seconds: Option<Duration>,
) -> Result<String, String> {
    let start = Instant::now();
    let mut suffered = String::new();
    loop {
        let mut deck = FAULTS;
        deck.shuffle(random);
        for fault in deck {
            let began = Instant::now();
            traffic.mark(&format!("{fault:?}"));
            let outcome = suffer(cluster, fault, random).await;
            outcome.map_err(|error| format!("{fault:?}: {error}"))?;
            suffered += &format!(" {fault:?} {:.1?},", began.elapsed());
            if let Some(member) = (0..cluster.len()).find(|member| !cluster.is_running(*member)) {
                return Err(format!("after {fault:?} member {member} is gone"));
            }
            let rest = random.random_range(0..REST_MS);
            tokio::time::sleep(Duration::from_millis(rest)).await;
            if seconds.is_some_and(|seconds| start.elapsed() >= seconds) {
                break;
            }
        }
        if seconds.is_none_or(|seconds| start.elapsed() >= seconds) {
            break;
        }
    }
    let all: Vec<usize> = (0..cluster.len()).collect();
    client::healthy(cluster, &all).await;
    let (report, kept) = traffic.end(VERDICT);
    let report = format!("{:.1?}:{suffered}\n{report}", start.elapsed());
    match kept {
        true => Ok(report),
        false => Err(report),
    }
}

/// Flags of the members that make the rarer paths more frequent.
fn draw_flags(random: &mut StdRng) -> Vec<String> {
    let mut pick = |choices: &[&'static str]| *choices.choose(random).expect("there are choices");
    let snapshot = pick(&["50", "200", "10000"]);
    let catchup = pick(&["10", "100", "5000"]);
    let (heartbeat, election) = match pick(&["slow", "fast"]) {
        "slow" => ("100", "1000"),
        _ => ("50", "500"),
    };
    vec![
        format!("--snapshot-count={snapshot}"),
        format!("--snapshot-catchup-entries={catchup}"),
        format!("--heartbeat-interval={heartbeat}"),
        format!("--election-timeout={election}"),
        "--watch-progress-notify-interval=300ms".to_owned(),
    ]
}

/// Flags of the traffic.
fn flags(seed: u64, history: &Path) -> Vec<String> {
    let mut flags = vec![
        format!("--seed={seed}"),
        format!("--history={}", history.display()),
    ];
    if let Ok(checks) = std::env::var("PINTLE_CHAOS_TOLERATE") {
        flags.push(format!("--tolerate={checks}"));
    }
    flags
}

/// The members' addresses for clients.
pub(crate) fn endpoints(cluster: &Cluster) -> Vec<String> {
    (0..cluster.len())
        .map(|member| cluster.endpoint(member))
        .collect()
}
