//! A run: members, clients and trouble, until all is well and everything is settled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use proto::etcdserverpb as pb;
use store::apply::Identity;
use store::cluster::{MemberChange, Members};
use store::disk::memory::Loss;
use store::metrics::Metrics;

use crate::agenda::{MS, SECOND, Time};
use crate::around::{Around, Notes, Watcher, What};
use crate::check::{self, Watching};
use crate::client::Client;
use crate::history::Answer;
use crate::member::{ANY_LIFE, Member as Node, Stage};
use crate::network::Weather;
use crate::plan::Plan;
use crate::plant::Plant;
use crate::random::Random;
use crate::trouble::Trouble;

/// How long after a failure of power two members stand for election at once.
const DUEL: Time = 60 * MS;
/// How long clients go on when all is well.
const CALM: Time = 3 * SECOND;
/// When all is well everything is settled after this time at the latest.
const SETTLED_MAX: Time = 60 * SECOND;
/// How often it is looked at whether everything is settled.
const SETTLED_INTERVAL: Time = 500 * MS;
/// A run has no more steps than this; more are a loop.
const STEPS_MAX: u64 = 300_000;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Everything that happened, mixed.
    pub digest: u64,
    /// Steps.
    pub steps: u64,
    /// Requests of clients.
    pub requests: u64,
    /// Those that were answered with more than a shrug.
    pub answered: u64,
    /// Entries of the log.
    pub entries: u64,
    /// Terms with a leader.
    pub terms: u64,
    /// Ends of members.
    pub crashes: u64,
    /// Snapshots that members were sent.
    pub snapshots: u64,
    /// Events that watchers were told of.
    pub events: u64,
    /// Leases that ran out.
    pub expired: u64,
    /// Virtual microseconds.
    pub time: Time,
}

pub(crate) struct World {
    members: BTreeMap<u64, Node>,
    clients: Vec<Client>,
    around: Around,
    random: Random,
    is_calm: bool,
    is_over: bool,
    settled_by: Time,
    well: u32,
    report: Report,
    /// The newest member's id.
    newest: u64,
    /// The members of the beginning, whom each new one is told.
    founders: Vec<pb::Member>,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        plant: Option<Plant>,
        notes: Option<Notes>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::of(&mut random);
        let mut around = Around::new(seed, plan.clone(), plant, metrics, random.fork());
        around.notes = notes;
        around.note(|| format!("{plan:?}"));
        let ids: Vec<u64> = (1..=plan.members).collect();
        let founders: Vec<pb::Member> = ids.iter().map(|id| member(*id)).collect();
        let identity = |member_id| Identity {
            cluster_id: 0xc1,
            member_id,
            members: founders.clone(),
        };
        let members = ids
            .iter()
            .map(|id| (*id, Node::new(identity(*id), plan.sync, random.fork())))
            .collect();
        let mut clients = Vec::new();
        for number in 0..plan.clients {
            let member = random.between(1, plan.members);
            clients.push(Client::new(number, member, random.fork()));
        }
        let mut world = Self {
            members,
            clients,
            around,
            random,
            is_calm: false,
            is_over: false,
            settled_by: 0,
            well: 0,
            report: Report::default(),
            newest: plan.members,
            founders,
        };
        world.begin(&plan);
        world
    }

    fn begin(&mut self, plan: &Plan) {
        for id in self.members.keys() {
            let delay = self.random.below(200 * MS);
            let what = What::Member(*id, ANY_LIFE, Stage::Boot);
            self.around.agenda.after(delay, what);
        }
        for number in 0..plan.clients {
            let delay = 300 * MS + self.random.below(SECOND);
            self.around.agenda.after(delay, What::Client(number));
        }
        for number in 0..plan.watchers {
            let watcher = self.watcher(plan);
            self.around.watching.push(watcher);
            let delay = self.random.below(4 * SECOND);
            self.around.agenda.after(delay, What::Watcher(number));
        }
        let first = self.random.around(plan.faults.every);
        let agenda = &mut self.around.agenda;
        agenda.after(SECOND + first, What::Trouble(Trouble::Next));
        agenda.after(plan.trouble, What::Calm);
        agenda.after(SECOND, What::Trouble(Trouble::Membership));
    }

    fn watcher(&mut self, plan: &Plan) -> Watcher {
        let key: Bytes = format!("k{}", self.random.below(plan.keys)).into();
        let (key, range_end) = match self.random.below(3) {
            0 => (key, Bytes::new()),
            1 => (key, Bytes::from_static(b"\0")),
            _ => (Bytes::from_static(b"k"), Bytes::from_static(b"l")),
        };
        Watcher {
            seen: Watching {
                key,
                range_end,
                prev_kv: self.random.chance(500),
                no_put: self.random.chance(70),
                no_delete: self.random.chance(70),
                seen: Vec::new(),
            },
            member: None,
            next: None,
            slowness: match self.random.chance(300) {
                true => 800 * MS,
                false => 5 * MS,
            },
            is_due: false,
        }
    }

    /// Runs to the end, and judges.
    pub(crate) fn run(mut self) -> Result<Report, String> {
        while !self.is_over && self.around.broken.is_none() {
            let Some(what) = self.around.agenda.take() else {
                break;
            };
            self.report.steps += 1;
            if self.report.steps > STEPS_MAX {
                self.around.breaks("the run does not end".into());
            }
            self.happens(what);
        }
        let watching: Vec<Watching> = self
            .around
            .watching
            .iter()
            .map(|watcher| watcher.seen.clone())
            .collect();
        let now = self.around.agenda.now();
        let mut report = self.report(&watching);
        let result = match self.around.broken.take() {
            Some(text) => Err(text),
            None => check::all(&self.around.history, &self.around.log, &watching, Some(now))
                .map(|replayed| report.expired = replayed.expired.len() as u64),
        };
        result.map(|()| report)
    }

    fn report(&mut self, watching: &[Watching]) -> Report {
        let around = &self.around;
        let answered = |answer: &Answer| !matches!(answer, Answer::Unknown | Answer::Refused);
        let ops = &around.history.ops;
        Report {
            digest: around.digest,
            requests: ops.len() as u64,
            answered: ops
                .iter()
                .filter(|op| op.returned.as_ref().is_some_and(|(_, a)| answered(a)))
                .count() as u64,
            entries: around.log.last(),
            terms: around.log.terms() as u64,
            snapshots: around.snapshots.len() as u64,
            events: watching.iter().map(|watch| watch.seen.len() as u64).sum(),
            time: around.agenda.now(),
            ..self.report
        }
    }

    fn happens(&mut self, what: What) {
        match what {
            What::Member(id, life, stage) => {
                self.around.mix(id ^ life << 8);
                if let Some(member) = self.members.get_mut(&id) {
                    member.act(life, stage, &mut self.around);
                }
            }
            What::Client(number) => self.ask(number),
            What::GiveUp(op) => self.answered(op, Answer::Unknown),
            What::Answer(op, answer) => self.answered(op, answer),
            What::Watcher(number) => self.watcher_moves(number),
            What::Trouble(trouble) => self.trouble(trouble),
            What::Calm => self.calm(),
            What::Settled => self.look_if_settled(),
        }
    }

    fn present(&self) -> Vec<u64> {
        let members = self.members.values().filter(|member| !member.is_removed);
        members.map(|member| member.id).collect()
    }

    fn ask(&mut self, number: usize) {
        let now = self.around.agenda.now();
        if self.is_calm && now + SETTLED_MAX > self.settled_by + CALM {
            return;
        }
        let members = self.present();
        let client = &mut self.clients[number];
        client.turn(&members, false);
        let request = client.wants(&self.around.plan, now);
        let op = self
            .around
            .history
            .call(number, client.member, request, now);
        client.asked = Some(op);
        let (way, patience) = (client.way(), client.patience());
        let to = What::Member(client.member, ANY_LIFE, Stage::Ask(op));
        self.around.agenda.after(way, to);
        self.around.agenda.after(patience, What::GiveUp(op));
    }

    fn answered(&mut self, op: u64, answer: Answer) {
        let now = self.around.agenda.now();
        self.around.mix(op);
        if !self.around.history.answer(op, answer.clone(), now) {
            return;
        }
        let Some(asked) = self.around.history.get(op) else {
            return;
        };
        let (number, request) = (asked.client, asked.request.clone());
        let members = self.present();
        let client = &mut self.clients[number];
        client.asked = None;
        client.learns(&request, &answer);
        if matches!(answer, Answer::Unknown | Answer::Refused) {
            client.turn(&members, true);
        }
        let delay = client.thinks(&self.around.plan);
        self.around.agenda.after(delay, What::Client(number));
    }

    /// A watcher goes to a member, or leaves one for another.
    fn watcher_moves(&mut self, number: usize) {
        let members = self.present();
        let Some(to) = self.random.pick(&members).copied() else {
            return;
        };
        let watcher = &mut self.around.watching[number];
        // Whoever was to look at it where it stood may end before it does.
        watcher.is_due = false;
        if let Some(from) = watcher.member.replace(to)
            && let Some(member) = self.members.get_mut(&from)
        {
            member.unwatch(number);
        }
        let what = What::Member(to, ANY_LIFE, Stage::Watch(number));
        self.around.agenda.after(MS, what);
        if !self.is_calm && self.random.chance(300) {
            let delay = self.random.around(3 * SECOND);
            self.around.agenda.after(delay, What::Watcher(number));
        }
    }

    fn trouble(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Next => {
                if self.is_calm {
                    return;
                }
                self.next_trouble();
                let delay = self.random.around(self.around.plan.faults.every);
                let next = What::Trouble(Trouble::Next);
                self.around.agenda.after(delay, next);
            }
            Trouble::Resume(id) => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.resume(&mut self.around);
                }
            }
            Trouble::Membership => self.follow_membership(),
            Trouble::Flicker(id) => self.flicker(id),
            Trouble::Mend => {
                self.around.note(|| "links are mended".into());
                self.around.network.mend();
            }
            Trouble::FastDisk(id) => {
                let sync = self.around.plan.sync;
                if let Some(member) = self.members.get_mut(&id) {
                    member.sync = sync;
                }
            }
            Trouble::RoomyDisk(id) => {
                if let Some(member) = self.members.get_mut(&id) {
                    member.disk.set_capacity(None);
                    member.disk.fill_after(None);
                }
            }
        }
    }

    fn next_trouble(&mut self) {
        let faults = self.around.plan.faults.clone();
        if faults.sum() == 0 {
            return;
        }
        let mut draw = self.random.below(faults.sum());
        let mut falls = |weight: u64| match draw.checked_sub(weight) {
            Some(left) => {
                draw = left;
                false
            }
            None => {
                draw = u64::MAX;
                true
            }
        };
        let which = [
            faults.crash,
            faults.pause,
            faults.cut,
            faults.slow_disk,
            faults.full_disk,
            faults.bad_disk,
            faults.leap,
            faults.transfer,
            faults.member,
            faults.duel,
        ]
        .into_iter()
        .position(&mut falls);
        let id = self.victim();
        match which {
            Some(0) => self.crash(id),
            Some(1) => self.pause(id),
            Some(2) => self.cut(id),
            Some(3) => self.slow_disk(id),
            Some(4) => self.full_disk(id),
            Some(5) => self.bad_disk(id),
            Some(6) => self.leap(id),
            Some(7) => self.transfer(id),
            Some(8) => self.change_members(),
            Some(9) => self.duel(),
            _ => {}
        }
    }

    /// Leaders are hit more often than others.
    fn victim(&mut self) -> u64 {
        let leaders: Vec<u64> = self
            .members
            .values()
            .filter(|member| member.is_leader())
            .map(|member| member.id)
            .collect();
        let all = self.present();
        let among = match !leaders.is_empty() && self.random.chance(400) {
            true => leaders,
            false => all,
        };
        self.random.pick(&among).copied().unwrap_or(1)
    }

    fn crash(&mut self, id: u64) {
        let victims: BTreeSet<u64> = match self.random.below(6) {
            0 => self.present().into_iter().collect(),
            1 => BTreeSet::from([id, self.victim()]),
            _ => BTreeSet::from([id]),
        };
        let loss = match self.random.below(10) {
            0..=5 => Loss::Torn,
            6..=7 => Loss::All,
            _ => Loss::Nothing,
        };
        for id in victims {
            if let Some(member) = self.members.get_mut(&id) {
                self.report.crashes += u64::from(member.running.is_some());
                member.crash(loss, &mut self.around);
            }
        }
    }

    /// The power fails everywhere for a moment. Then two members who cannot hear each other stand for
    /// election at the same time, one behind slow links, while the others fail once more, for no
    /// longer than it takes to forget what they did not write.
    fn duel(&mut self) {
        let all = self.present();
        let first = self.random.pick(&all).copied();
        let second = self.random.pick(&all).copied();
        let Some((first, second)) = first.zip(second).filter(|(a, b)| a != b) else {
            return;
        };
        self.around
            .note(|| format!("{first:x} and {second:x} are to stand at once"));
        for id in &all {
            self.flicker(*id);
        }
        let network = &mut self.around.network;
        network.cut(first, second);
        network.cut(second, first);
        network.slow(second);
        let agenda = &mut self.around.agenda;
        for id in all {
            if id == first || id == second {
                agenda.after(DUEL, What::Member(id, ANY_LIFE, Stage::Stand));
            } else if self.random.chance(800) {
                let delay = DUEL + self.random.below(100 * MS);
                agenda.after(delay, What::Trouble(Trouble::Flicker(id)));
            }
        }
        let length = DUEL + 100 * MS + self.random.around(400 * MS);
        agenda.after(length, What::Trouble(Trouble::Mend));
    }

    /// A member loses its power, and has it back at once.
    fn flicker(&mut self, id: u64) {
        if let Some(member) = self.members.get_mut(&id)
            && !member.is_removed
        {
            self.report.crashes += u64::from(member.running.is_some());
            member.crash(Loss::All, &mut self.around);
            let delay = self.random.below(2 * MS);
            let boot = What::Member(id, ANY_LIFE, Stage::Boot);
            self.around.agenda.after(delay, boot);
        }
    }

    fn pause(&mut self, id: u64) {
        let length = 50 * MS + self.random.around(2 * SECOND);
        if let Some(member) = self.members.get_mut(&id)
            && member.running.is_some()
            && !member.is_paused
        {
            member.is_paused = true;
            self.around
                .note(|| format!("{id:x} stands still for {} ms", length / MS));
            let resume = What::Trouble(Trouble::Resume(id));
            self.around.agenda.after(length, resume);
        }
    }

    fn cut(&mut self, id: u64) {
        let all: Vec<u64> = self.members.keys().copied().collect();
        let mut inside = BTreeSet::from([id]);
        if self.random.chance(400) {
            inside.extend(self.random.pick(&all).copied());
        }
        let (inwards, outwards) = match self.random.below(4) {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        for a in &all {
            for b in &all {
                if inside.contains(a) == inside.contains(b) {
                    continue;
                }
                let is_outward = inside.contains(a);
                if (is_outward && outwards) || (!is_outward && inwards) {
                    self.around.network.cut(*a, *b);
                }
            }
        }
        self.around
            .note(|| format!("cut off: {inside:?}, inwards {inwards}, outwards {outwards}"));
        let length = 100 * MS + self.random.around(2500 * MS);
        let mend = What::Trouble(Trouble::Mend);
        self.around.agenda.after(length, mend);
    }

    fn slow_disk(&mut self, id: u64) {
        let sync = self.random.between(20, 800) * MS;
        let length = 100 * MS + self.random.around(3 * SECOND);
        if let Some(member) = self.members.get_mut(&id) {
            member.sync = sync;
            self.around
                .note(|| format!("{id:x} has a slow disk, {} ms", sync / MS));
            let fast = What::Trouble(Trouble::FastDisk(id));
            self.around.agenda.after(length, fast);
        }
    }

    fn full_disk(&mut self, id: u64) {
        let bytes = self.random.below(20_000);
        let length = 100 * MS + self.random.around(2 * SECOND);
        if let Some(member) = self.members.get_mut(&id) {
            member.disk.set_capacity(Some(0));
            member.disk.fill_after(Some(bytes));
            self.around.note(|| format!("{id:x} has a full disk"));
            let roomy = What::Trouble(Trouble::RoomyDisk(id));
            self.around.agenda.after(length, roomy);
        }
    }

    fn bad_disk(&mut self, id: u64) {
        let syncs = self.random.below(3);
        if let Some(member) = self.members.get_mut(&id) {
            if member.running.is_none() {
                return;
            }
            member.disk.fail_sync_after(Some(syncs));
            self.around.note(|| format!("{id:x} has a bad disk"));
        }
    }

    fn leap(&mut self, id: u64) {
        let ticks = self.random.between(2, 30);
        if let Some(member) = self.members.get_mut(&id) {
            member.leap(ticks, &mut self.around);
            self.around.note(|| format!("{id:x} leaps {ticks} ticks"));
        }
    }

    fn transfer(&mut self, to: u64) {
        let leader = self.members.values().find(|member| member.is_leader());
        let Some(leader) = leader.map(|member| member.id) else {
            return;
        };
        if let Some(member) = self.members.get_mut(&leader) {
            member.transfer(to, &mut self.around);
            self.around
                .note(|| format!("{leader:x} is to hand over to {to:x}"));
        }
    }

    /// Wants a change of the membership, of whoever leads.
    fn change_members(&mut self) {
        let Some((members, is_joint)) = self.membership() else {
            return;
        };
        let leader = self.members.values().find(|member| member.is_leader());
        let Some(leader) = leader.map(|member| member.id) else {
            return;
        };
        if is_joint {
            return;
        }
        let voters: Vec<u64> = members.voters().map(|member| member.id).collect();
        let learners: Vec<u64> = members
            .iter()
            .filter(|member| member.is_learner)
            .map(|member| member.id)
            .collect();
        let victim = self.random.pick(&voters).copied().unwrap_or(leader);
        let changes = match self.random.below(10) {
            0..=2 if learners.len() < 2 && voters.len() < 6 => vec![self.added(true)],
            3..=5 if !learners.is_empty() => vec![MemberChange::Promote(learners[0])],
            6 if voters.len() < 5 => vec![self.added(false)],
            7 if voters.len() > 3 => vec![MemberChange::Remove(victim)],
            8 if !learners.is_empty() => vec![MemberChange::Remove(learners[0])],
            8 if !learners.is_empty() && voters.len() > 1 => vec![
                MemberChange::Promote(learners[0]),
                MemberChange::Remove(victim),
            ],
            _ if voters.len() > 1 => vec![self.added(false), MemberChange::Remove(victim)],
            _ => vec![self.added(false)],
        };
        self.around
            .note(|| format!("wanted of {leader:x}: {changes:?}"));
        let what = What::Member(leader, ANY_LIFE, Stage::Change(changes));
        self.around.agenda.after(MS, what);
    }

    fn added(&mut self, is_learner: bool) -> MemberChange {
        self.newest += 1;
        let mut member = member(self.newest);
        member.is_learner = is_learner;
        MemberChange::Add(store::cluster::Member::from(member))
    }

    /// The members, as whoever is furthest knows them, and whether a change is under way.
    fn membership(&self) -> Option<(Members, bool)> {
        let running = self.members.values().filter_map(|m| m.running.as_ref());
        let furthest = running.max_by_key(|running| running.applied)?;
        let state = furthest.state.read();
        Some((state.members.clone(), state.conf.is_joint()))
    }

    /// Starts members that have been added, and ends those that have been removed.
    fn follow_membership(&mut self) {
        let every = What::Trouble(Trouble::Membership);
        self.around.agenda.after(200 * MS, every);
        let Some((members, _)) = self.membership() else {
            return;
        };
        for added in members.iter() {
            if self.members.contains_key(&added.id) {
                continue;
            }
            let identity = Identity {
                cluster_id: 0xc1,
                member_id: added.id,
                members: self.founders.clone(),
            };
            let sync = self.around.plan.sync;
            let member = Node::new(identity, sync, self.random.fork());
            self.members.insert(added.id, member);
            let what = What::Member(added.id, ANY_LIFE, Stage::Boot);
            let delay = self.random.around(300 * MS);
            self.around.agenda.after(delay, what);
        }
        for id in members.removed() {
            let is_known = self.is_known_to_be_removed(id, &members);
            if let Some(member) = self.members.get_mut(&id)
                && !member.is_removed
                && is_known
                && self.random.chance(500)
            {
                member.is_removed = true;
                member.crash(Loss::Nothing, &mut self.around);
                self.around.note(|| format!("{id:x} is removed"));
            }
        }
    }

    /// A member that is removed goes on until a majority of those who stay know that it has no vote
    /// any more: before, they may need it to learn so.
    fn is_known_to_be_removed(&self, id: u64, members: &Members) -> bool {
        let voters: Vec<u64> = members.voters().map(|voter| voter.id).collect();
        let knows = |voter: &&u64| {
            let voter = self.members.get(voter);
            voter.is_some_and(|voter| voter.knows_without_a_vote(id))
        };
        voters.iter().filter(knows).count() > voters.len() / 2
    }

    /// Everything is mended.
    fn calm(&mut self) {
        self.around.note(|| "from here on all is well".into());
        self.is_calm = true;
        self.around.network.mend();
        self.around.network.weather = Weather::fair();
        let sync = self.around.plan.sync;
        for member in self.members.values_mut() {
            member.sync = sync;
            member.disk.set_capacity(None);
            member.disk.fill_after(None);
            member.disk.fail_sync_after(None);
            if member.is_paused {
                member.resume(&mut self.around);
            }
        }
        self.settled_by = self.around.agenda.now() + SETTLED_MAX;
        self.around.agenda.after(CALM + 2 * SECOND, What::Settled);
    }

    fn look_if_settled(&mut self) {
        match self.unsettled() {
            None => {
                self.well += 1;
                // Messages may still be under way.
                if self.well > 2 {
                    let members: Vec<&mut Node> = self.members.values_mut().collect();
                    for member in members {
                        if !member.is_removed
                            && let Err(failure) = member.digest_state(&mut self.around)
                        {
                            self.around.breaks(format!("{failure:?}"));
                        }
                    }
                    self.is_over = true;
                    return;
                }
            }
            Some(reason) => {
                self.well = 0;
                if self.around.agenda.now() > self.settled_by {
                    self.around
                        .breaks(format!("when all is well, it does not settle: {reason}"));
                    return;
                }
            }
        }
        let agenda = &mut self.around.agenda;
        agenda.after(SETTLED_INTERVAL, What::Settled);
    }

    /// What is still to come, if anything.
    fn unsettled(&self) -> Option<String> {
        let last = self.around.log.last();
        if let Some((members, is_joint)) = self.membership() {
            let is_known = |id| self.members.get(&id).is_some_and(|m: &Node| !m.is_removed);
            if is_joint || !members.iter().all(|member| is_known(member.id)) {
                return Some("the membership is changing".into());
            }
            if members.removed().any(is_known) {
                return Some("a removed member runs".into());
            }
        }
        let mut leaders = BTreeSet::new();
        for member in self.members.values().filter(|member| !member.is_removed) {
            let Some(running) = &member.running else {
                return Some(format!("member {:x} does not run", member.id));
            };
            if running.applied.0 != last {
                return Some(format!(
                    "member {:x} is at {:?}, not {last}",
                    member.id, running.applied
                ));
            }
            leaders.insert(running.standing.leader);
            let leases = running.state.read().leases.iter().len();
            if leases > 0 {
                return Some(format!("member {:x} has {leases} leases", member.id));
            }
        }
        if leaders.len() != 1 || leaders.contains(&0) {
            return Some(format!("leaders are {leaders:?}"));
        }
        if let Some(client) = self.clients.iter().find(|client| client.asked.is_some()) {
            return Some(format!("request {:?} is under way", client.asked));
        }
        let homeless = self.around.watching.iter().any(|w| w.member.is_none());
        if homeless {
            return Some("a watch has no member".into());
        }
        let is_due = self.around.watching.iter().any(|watch| watch.is_due);
        is_due.then(|| "a watch has not been looked at".into())
    }
}

fn member(id: u64) -> pb::Member {
    pb::Member {
        id,
        name: format!("m{id}"),
        peer_ur_ls: vec![format!("http://m{id}:2380")],
        ..Default::default()
    }
}
