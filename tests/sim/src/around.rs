//! What a member finds around it: the clock, the links, the clients, and those who watch.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use store::backend::MemoryBackend;
use store::metrics::Metrics;

use crate::agenda::{Agenda, MS, Time};
use crate::check::Watching;
use crate::history::{Answer, History};
use crate::log::Log;
use crate::member::{ANY_LIFE, Stage};
use crate::network::Network;
use crate::plan::Plan;
use crate::plant::Plant;
use crate::random::{Random, mix};
use crate::trouble::Trouble;

/// What happened, line by line, for people.
pub type Notes = Rc<RefCell<Vec<String>>>;

/// What happens next.
#[derive(Debug)]
pub enum What {
    /// A member of that life does something.
    Member(u64, u64, Stage),
    /// A client thinks of its next request.
    Client(usize),
    /// A client gives a request up.
    GiveUp(u64),
    /// An answer reaches its client.
    Answer(u64, Answer),
    /// A client opens its watch, here or elsewhere.
    Watcher(usize),
    /// Something goes wrong, or is mended.
    Trouble(Trouble),
    /// From here on all is well.
    Calm,
    /// Is everything settled?
    Settled,
}

/// A client that watches.
#[derive(Debug)]
pub struct Watcher {
    /// What it asked for and was told.
    pub seen: Watching,
    /// Where it stands; none while it is between members.
    pub member: Option<u64>,
    /// The revision it has to be told next; none before it began.
    pub next: Option<i64>,
    /// Mean time until it is looked at again.
    pub slowness: Time,
    /// It will be looked at.
    pub is_due: bool,
}

/// See the module.
pub struct Around {
    /// The seed of the run.
    pub seed: u64,
    /// The clock.
    pub agenda: Agenda<What>,
    /// The links.
    pub network: Network,
    /// What the seed decided.
    pub plan: Plan,
    /// The planted bug.
    pub plant: Option<Plant>,
    /// What clients see.
    pub history: History,
    /// What members do.
    pub log: Log,
    /// The watches.
    pub watching: Vec<Watcher>,
    /// Snapshots under way.
    pub snapshots: BTreeMap<PathBuf, Arc<MemoryBackend>>,
    /// Counters, which nobody looks at.
    pub metrics: Arc<Metrics>,
    /// What went wrong.
    pub broken: Option<String>,
    /// All that happened, mixed: two runs of a seed must agree.
    pub digest: u64,
    /// What happened, for people; kept only if asked for.
    pub notes: Option<Notes>,
    with_details: bool,
    own_ids: u64,
    random: Random,
}

impl Around {
    /// Everything at the beginning.
    pub fn new(
        seed: u64,
        plan: Plan,
        plant: Option<Plant>,
        metrics: Arc<Metrics>,
        mut random: Random,
    ) -> Self {
        Self {
            seed,
            agenda: Agenda::default(),
            network: Network::new(plan.weather.clone(), random.fork()),
            plan,
            plant,
            history: History::default(),
            log: Log::default(),
            watching: Vec::new(),
            snapshots: BTreeMap::new(),
            metrics,
            broken: None,
            digest: 0,
            notes: None,
            with_details: std::env::var_os("PINTLE_SIM_MESSAGES").is_some(),
            own_ids: 1 << 62,
            random,
        }
    }

    /// Something happened that must not.
    pub fn breaks(&mut self, text: String) {
        self.broken.get_or_insert(text);
    }

    /// Tells people what happens.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        let now = self.agenda.now();
        if let Some(notes) = &self.notes {
            notes
                .borrow_mut()
                .push(format!("{:>12.6} {}", now as f64 / 1e6, text()));
        }
    }

    /// Tells people even more, if `PINTLE_SIM_MESSAGES` is set.
    pub fn note_detail(&mut self, text: impl FnOnce() -> String) {
        if self.with_details {
            self.note(text);
        }
    }

    /// Mixes something into the digest.
    pub fn mix(&mut self, number: u64) {
        self.digest = mix(self.digest.rotate_left(5) ^ number ^ self.agenda.now());
    }

    /// Gives a message to the links.
    pub fn send(&mut self, from: u64, to: u64, message: Bytes) {
        self.mix(u64::from(crc32c::crc32c(&message)));
        for delay in self.network.delays(from, to) {
            let what = What::Member(to, ANY_LIFE, Stage::Message(message.clone()));
            self.agenda.after(delay, what);
        }
    }

    /// Sends an answer on its way to its client.
    pub fn answer_later(&mut self, op: u64, answer: Answer) {
        let delay = 100 + self.random.around(MS);
        self.agenda.after(delay, What::Answer(op, answer));
    }

    /// A watch has lost this member, unless its client has left it already.
    pub fn watch_broke(&mut self, watch: usize, member: u64) {
        if self.watching[watch].member != Some(member) {
            return;
        }
        self.watching[watch].member = None;
        self.watching[watch].is_due = false;
        let delay = 10 * MS + self.random.around(200 * MS);
        self.agenda.after(delay, What::Watcher(watch));
    }

    /// An id for a request that no client made.
    pub fn own_id(&mut self) -> u64 {
        self.own_ids += 1;
        self.own_ids
    }
}
