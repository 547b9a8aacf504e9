//! What can happen to a cluster, and how it is made good again.

use std::time::Duration;

use harness::{Cluster, Held};
use rand::Rng;
use rand::rngs::StdRng;

use crate::client;

/// One way in which a day is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    KillLeader,
    KillFollower,
    /// All members at once.
    KillAll,
    /// A kill while the others are without their leader already.
    KillMajority,
    PauseLeader,
    PauseFollower,
    /// All members at once.
    PauseAll,
    /// No link of the leader works.
    IsolateLeader,
    IsolateFollower,
    /// The leader hears, but is not heard.
    MuteLeader,
    /// The leader is heard, but does not hear.
    DeafLeader,
    MuteFollower,
    /// One link, both ways: all are up, and reached by somebody.
    CutPair,
    /// No link works.
    CutAll,
    /// All links are slow.
    Slow,
    /// SIGTERM and a restart.
    StopLeader,
    MoveLeader,
    /// A follower dies and another comes in its place, with nothing.
    Replace,
}

/// All of them.
pub(crate) const FAULTS: [Fault; 18] = [
    Fault::KillLeader,
    Fault::KillFollower,
    Fault::KillAll,
    Fault::KillMajority,
    Fault::PauseLeader,
    Fault::PauseFollower,
    Fault::PauseAll,
    Fault::IsolateLeader,
    Fault::IsolateFollower,
    Fault::MuteLeader,
    Fault::DeafLeader,
    Fault::MuteFollower,
    Fault::CutPair,
    Fault::CutAll,
    Fault::Slow,
    Fault::StopLeader,
    Fault::MoveLeader,
    Fault::Replace,
];

/// The shortest and the longest that a fault goes on: less than an election takes, and twice it.
const HOLD_MS: (u64, u64) = (100, 2_500);
/// How slow a slow link is at most; twice this is half of an election time-out.
const SLOW_MS: u64 = 250;

/// Lets a fault happen, waits, makes it good, and waits until all members answer.
pub(crate) async fn suffer(
    cluster: &mut Cluster,
    fault: Fault,
    random: &mut StdRng,
) -> Result<(), harness::Error> {
    let all: Vec<usize> = (0..cluster.len()).collect();
    let leader = client::leader(cluster, &all).await;
    let turn = random.random_range(1..all.len());
    let follower = (leader + turn) % all.len();
    let hold = Duration::from_millis(random.random_range(HOLD_MS.0..HOLD_MS.1));
    let held = match random.random_bool(0.5) {
        true => Held::Delivered,
        false => Held::Lost,
    };
    let slow = Duration::from_millis(random.random_range(1..SLOW_MS));
    let links = cluster.links();
    match fault {
        Fault::KillLeader => kill(cluster, &[leader], hold).await?,
        Fault::KillFollower => kill(cluster, &[follower], hold).await?,
        Fault::KillAll => kill(cluster, &all, hold).await?,
        Fault::KillMajority => {
            links.isolate(leader);
            kill_and_hold(cluster, &[follower], hold).await;
            cluster.spawn(follower)?;
            cluster.links().heal(held);
            cluster.await_ready(follower)?;
        }
        Fault::PauseLeader => pause(cluster, &[leader], hold).await?,
        Fault::PauseFollower => pause(cluster, &[follower], hold).await?,
        Fault::PauseAll => pause(cluster, &all, hold).await?,
        Fault::IsolateLeader => links.isolate(leader),
        Fault::IsolateFollower => links.isolate(follower),
        Fault::MuteLeader => links.cut_outbound(leader),
        Fault::DeafLeader => links.cut_inbound(leader),
        Fault::MuteFollower => links.cut_outbound(follower),
        Fault::CutPair => {
            links.cut(leader, follower);
            links.cut(follower, leader);
        }
        Fault::CutAll => all.iter().for_each(|member| links.isolate(*member)),
        Fault::Slow => links.delay(slow),
        Fault::StopLeader => {
            cluster.stop(leader)?;
            tokio::time::sleep(hold).await;
            cluster.launch(&[leader])?;
        }
        // The lead may be lost meanwhile, for which nobody is to blame.
        Fault::MoveLeader => drop(client::move_leader(cluster, leader, follower).await),
        Fault::Replace => {
            let dead = client::id(cluster, follower).await;
            cluster.kill(follower);
            client::replace(cluster, follower, dead, leader).await;
            cluster.join(follower, &all)?;
        }
    }
    if fault.is_of_links() {
        tokio::time::sleep(hold).await;
        cluster.links().heal(held);
    }
    client::healthy(cluster, &all).await;
    Ok(())
}

impl Fault {
    /// True for those that last until the links are healed.
    fn is_of_links(self) -> bool {
        use Fault::{CutAll, CutPair, DeafLeader, IsolateFollower, IsolateLeader};
        use Fault::{MuteFollower, MuteLeader, Slow};
        matches!(
            self,
            CutAll
                | CutPair
                | DeafLeader
                | IsolateFollower
                | IsolateLeader
                | MuteFollower
                | MuteLeader
                | Slow
        )
    }
}

async fn kill(
    cluster: &mut Cluster,
    members: &[usize],
    hold: Duration,
) -> Result<(), harness::Error> {
    kill_and_hold(cluster, members, hold).await;
    cluster.launch(members)
}

async fn kill_and_hold(cluster: &mut Cluster, members: &[usize], hold: Duration) {
    for member in members {
        cluster.kill(*member);
    }
    tokio::time::sleep(hold).await;
}

async fn pause(
    cluster: &mut Cluster,
    members: &[usize],
    hold: Duration,
) -> Result<(), harness::Error> {
    for member in members {
        cluster.pause(*member)?;
    }
    tokio::time::sleep(hold).await;
    for member in members {
        cluster.resume(*member)?;
    }
    Ok(())
}
