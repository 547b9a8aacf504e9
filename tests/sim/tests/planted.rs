//! The judges find what is planted: each bug within a thousand seeds.
//!
//! `PINTLE_SIM_PLANT` names one bug to look for alone, with all it tells.
#![allow(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]
#![allow(
    clippy::print_stdout,
    reason = "the report of a failed run goes to whoever runs it"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sim::Plant;
use store::metrics::Metrics;

/// A bug that is not found by then is not found.
const SEEDS_MAX: u64 = 1_000;

#[test]
fn each_planted_bug_is_found() {
    sim::quiet();
    let wanted = std::env::var("PINTLE_SIM_PLANT").ok();
    let is_wanted = |plant: &&Plant| {
        let name = format!("{plant:?}");
        match &wanted {
            Some(wanted) => *wanted == name,
            None => Plant::ALL.contains(plant),
        }
    };
    let all = Plant::ALL.iter().chain(Plant::NOT_FOUND);
    let plants: Vec<Plant> = all.filter(is_wanted).copied().collect();
    let next = AtomicUsize::new(0);
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                let metrics = Arc::new(Metrics::new(false).unwrap());
                while let Some(plant) = plants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !look_for(*plant, wanted.is_some(), &metrics) {
                        missed.lock().unwrap().push(*plant);
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().unwrap();
    assert!(missed.is_empty(), "not found: {missed:?}");
}

fn look_for(plant: Plant, with_notes: bool, metrics: &Arc<Metrics>) -> bool {
    let found = (1..=SEEDS_MAX)
        .find_map(|seed| Some((seed, sim::run(seed, Some(plant), false, metrics).err()?)));
    let Some((seed, violation)) = found else {
        return false;
    };
    let text: String = violation.text.chars().take(300).collect();
    println!("{plant:?}: {seed} seeds: {text}");
    if with_notes && let Err(again) = sim::run(seed, Some(plant), true, metrics) {
        println!("{}\n{}", again.notes.join("\n"), again.text);
    }
    true
}
