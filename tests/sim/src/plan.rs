//! What a seed decides before the run begins: how large, how busy and how unlucky the cluster is.

use crate::agenda::{MS, SECOND, Time};
use crate::network::Weather;
use crate::random::Random;

/// A raft tick.
pub const TICK: Time = 100 * MS;
/// Ticks of an election time-out.
pub const ELECTION_TICKS: usize = 10;

/// See the module.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Members in the beginning.
    pub members: u64,
    /// Candidates first ask if they could win.
    pub pre_vote: bool,
    /// How long there are faults; then all is well until the run settles.
    pub trouble: Time,
    /// Clients that read and write.
    pub clients: usize,
    /// Clients that watch.
    pub watchers: usize,
    /// Different keys.
    pub keys: u64,
    /// Mean time that a client thinks between two requests.
    pub think: Time,
    /// Bytes of values at most.
    pub value_bytes: u64,
    /// The links.
    pub weather: Weather,
    /// Mean time of a sync.
    pub sync: Time,
    /// Mean time between a crash, a pause, and so on; see [`Faults`].
    pub faults: Faults,
    /// Entries between checkpoints.
    pub checkpoint_entries: u64,
    /// Entries kept for members that lag.
    pub catchup_entries: usize,
    /// Size of a segment of the log.
    pub segment_bytes: u64,
}

/// How often what goes wrong, as weights; and the mean time between two of them.
#[derive(Clone, Debug)]
pub struct Faults {
    /// Mean time between two.
    pub every: Time,
    /// A member loses its power or its process.
    pub crash: u64,
    /// A member stands still for a while.
    pub pause: u64,
    /// Links are cut.
    pub cut: u64,
    /// A disk becomes slow.
    pub slow_disk: u64,
    /// A disk becomes full.
    pub full_disk: u64,
    /// A disk fails to sync.
    pub bad_disk: u64,
    /// A member's clock leaps.
    pub leap: u64,
    /// Leadership is handed over.
    pub transfer: u64,
    /// The membership changes.
    pub member: u64,
    /// Two members stand for election at once while others lose their power.
    pub duel: u64,
}

impl Faults {
    /// The sum of the weights.
    pub fn sum(&self) -> u64 {
        let Self {
            every: _,
            crash,
            pause,
            cut,
            slow_disk,
            full_disk,
            bad_disk,
            leap,
            transfer,
            member,
            duel,
        } = self;
        let disks = slow_disk + full_disk + bad_disk;
        crash + pause + cut + disks + leap + transfer + member + duel
    }
}

impl Plan {
    /// The plan of a seed.
    pub fn of(random: &mut Random) -> Self {
        let members = match random.below(20) {
            0 => 1,
            1..=13 => 3,
            _ => 5,
        };
        let calm_net = random.chance(400);
        let weather = Weather {
            delay: random.between(200, 8 * MS),
            lost: if calm_net { 0 } else { random.below(100) },
            doubled: if calm_net { 0 } else { random.below(60) },
            late: if calm_net { 0 } else { random.below(100) },
        };
        let mut weight = |often: u64| match random.chance(600) {
            true => 1 + random.below(often),
            false => 0,
        };
        let faults = Faults {
            crash: weight(6),
            pause: weight(5),
            cut: weight(6),
            slow_disk: weight(3),
            full_disk: weight(2),
            bad_disk: weight(2),
            leap: weight(2),
            transfer: weight(3),
            member: weight(4),
            duel: weight(4),
            every: 0,
        };
        let faults = Faults {
            every: random.between(400, 2500) * MS,
            ..faults
        };
        let is_bulky = random.chance(60);
        Self {
            members,
            pre_vote: random.chance(700),
            trouble: random.between(6, 16) * SECOND,
            clients: random.between(2, 4) as usize,
            watchers: random.between(1, 3) as usize,
            keys: random.between(2, 8),
            think: random.between(15, 150) * MS,
            value_bytes: if is_bulky {
                20_000
            } else {
                random.between(8, 700)
            },
            weather,
            sync: match random.chance(300) {
                true => random.between(10 * MS, 80 * MS),
                false => random.between(100, 4 * MS),
            },
            faults,
            checkpoint_entries: random.between(5, 80),
            catchup_entries: random.between(0, 40) as usize,
            segment_bytes: random.between(16, 96) * 1024,
        }
    }
}
