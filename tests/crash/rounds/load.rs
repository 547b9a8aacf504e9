//! The load of one round: writers on keys of their own, a counter that all of them raise, one
//! task that compacts and samples hashes, and one that watches everything.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use proto::etcdserverpb as pb;
use proto::mvccpb::Event;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::{Code, Status};

use super::model::Model;
use super::record::{Outcome, Record, Sample, Wanted};
use super::value::Op;
use crate::client::{Client, Started, delete_op, put_op, unchanged_since};

/// Writers, each with one request under way.
pub(crate) const WRITERS: u32 = 16;
/// Keys of each writer.
const KEYS: u32 = 40;
/// Leases of each writer at most.
const LEASES_MAX: usize = 6;
/// Seconds of a lease: far longer than any run.
const TTL: i64 = 1_000_000;
/// The key that all writers count up.
pub(crate) const COUNTER: &str = "counter";
/// How often the history is compacted, at most.
const COMPACT_INTERVAL: Duration = Duration::from_millis(150);

/// How long the watch may take to see as much of the load as is waited for.
const PROGRESS_LIMIT: Duration = Duration::from_secs(60);

/// All that a round left behind.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    pub(crate) records: Vec<Record>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) observed: Vec<Event>,
}

/// The tasks of a load that runs.
pub(crate) struct Load {
    tasks: JoinSet<Result<(), String>>,
    traces: Arc<Mutex<Traces>>,
    /// The newest revision that the watch has brought.
    observed_to: watch::Receiver<i64>,
}

impl Load {
    /// Starts the load against the server at `url`, which holds what `model` says.
    pub(crate) async fn start(
        url: &str,
        round: u32,
        seed: u64,
        model: &Model,
    ) -> Result<Load, String> {
        let traces = Arc::new(Mutex::new(Traces::default()));
        let (observing, observed_to) = watch::channel(model.revision);
        let mut tasks = JoinSet::new();
        let mut client = connect(url).await?;
        let watch = client.watch(model.revision + 1).await;
        tasks.spawn(observe(watch.map_err(said)?, traces.clone(), observing));
        let keeper = Keeper {
            client,
            random: StdRng::seed_from_u64(seed),
            traces: traces.clone(),
            observed_to: observed_to.clone(),
            compacted: model.compacted,
        };
        tasks.spawn(keeper.run());
        for number in 0..WRITERS {
            // Four writers share a connection.
            let mut writer = Writer::new(connect(url).await?, round, number, seed, model, &traces);
            tasks.spawn(async move { writer.run().await });
        }
        Ok(Load {
            tasks,
            traces,
            observed_to,
        })
    }

    /// Waits until the watch has brought so many revisions more.
    ///
    /// # Errors
    /// It took too long, or the server is gone.
    pub(crate) async fn goes_on(&mut self, revisions: i64) -> Result<(), String> {
        let from = *self.observed_to.borrow();
        let seen = self.observed_to.wait_for(|at| *at >= from + revisions);
        match timeout(PROGRESS_LIMIT, seen).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err("the watch ended".into()),
            Err(_) => Err(format!(
                "no {revisions} revisions within {PROGRESS_LIMIT:?}"
            )),
        }
    }

    /// Waits until every task has noticed that the server is gone.
    ///
    /// # Errors
    /// One of them saw what a client must never see.
    pub(crate) async fn end(mut self) -> Result<Traces, String> {
        while let Some(task) = self.tasks.join_next().await {
            task.map_err(|error| error.to_string())??;
        }
        Ok(std::mem::take(&mut *self.traces.lock()))
    }
}

async fn connect(url: &str) -> Result<Client, String> {
    Client::connect(url)
        .await
        .map_err(|error| format!("cannot connect: {error}"))
}

fn said(status: Status) -> String {
    format!("{:?}: {}", status.code(), status.message())
}

/// Errors that a server may answer with while it dies are not errors of the test; what it refuses
/// is, since every request here is one it must carry out.
fn is_end(status: &Status) -> bool {
    let refused = [
        Code::InvalidArgument,
        Code::NotFound,
        Code::AlreadyExists,
        Code::OutOfRange,
        Code::FailedPrecondition,
        Code::DataLoss,
        Code::ResourceExhausted,
        Code::Unimplemented,
    ];
    !refused.contains(&status.code())
}

async fn observe(
    started: Started,
    traces: Arc<Mutex<Traces>>,
    observed_to: watch::Sender<i64>,
) -> Result<(), String> {
    let Started::Watching(mut watching) = started else {
        return Err("a watch of what comes next is told of a compaction".into());
    };
    while let Ok(response) = watching.next().await {
        if response.canceled {
            return Err(format!("the watch was cancelled: {response:?}"));
        }
        let last = response.events.last().and_then(|event| event.kv.as_ref());
        let Some(last) = last.map(|kv| kv.mod_revision) else {
            continue;
        };
        traces.lock().observed.extend(response.events);
        observed_to.send_replace(last);
    }
    Ok(())
}

/// Compacts what has been observed, and samples hashes.
struct Keeper {
    client: Client,
    random: StdRng,
    traces: Arc<Mutex<Traces>>,
    observed_to: watch::Receiver<i64>,
    compacted: i64,
}

impl Keeper {
    async fn run(mut self) -> Result<(), String> {
        loop {
            let result = match self.random.random_ratio(1, 2) {
                true => self.compact().await,
                false => self.sample().await,
            };
            match result {
                Ok(()) => {}
                Err(status) if is_end(&status) => return Ok(()),
                Err(status) => return Err(said(status)),
            }
            // This paces the load and waits for nothing.
            tokio::time::sleep(self.random.random_range(Duration::ZERO..COMPACT_INTERVAL)).await;
        }
    }

    async fn compact(&mut self) -> Result<(), Status> {
        let observed = *self.observed_to.borrow();
        if observed <= self.compacted + 1 {
            return Ok(());
        }
        // Nobody can tell whether the first revision, which is empty, was compacted.
        let least = (self.compacted + 1).max(2);
        let revision = self.random.random_range(least..=observed);
        self.compacted = revision;
        let request = pb::CompactionRequest {
            revision,
            physical: self.random.random_ratio(1, 4),
        };
        let result = self.client.kv.compact(request).await;
        let outcome = match &result {
            Ok(_) => Outcome::Done(revision),
            Err(_) => Outcome::InDoubt,
        };
        self.traces.lock().records.push(Record {
            wanted: Wanted::Compact(revision),
            outcome,
        });
        result.map(drop)
    }

    async fn sample(&mut self) -> Result<(), Status> {
        let (revision, compacted, hash) = self.client.hash(0).await?;
        self.traces.lock().samples.push(Sample {
            revision,
            compacted,
            hash,
        });
        Ok(())
    }
}

/// One client which knows its own keys.
struct Writer {
    client: Client,
    round: u32,
    number: u32,
    next: u32,
    random: StdRng,
    traces: Arc<Mutex<Traces>>,
    /// The revision of each own key that is there.
    keys: BTreeMap<String, i64>,
    leases: Vec<i64>,
}

impl Writer {
    fn new(
        client: Client,
        round: u32,
        number: u32,
        seed: u64,
        model: &Model,
        traces: &Arc<Mutex<Traces>>,
    ) -> Writer {
        let prefix = format!("w{number:02}/");
        let own = model
            .pairs
            .iter()
            .filter(|(key, _)| key.starts_with(&prefix));
        let mine = |id: &&i64| **id % i64::from(WRITERS) == i64::from(number);
        Writer {
            client,
            round,
            number,
            next: 0,
            random: StdRng::seed_from_u64(seed ^ (u64::from(number) + 1) << 32),
            traces: traces.clone(),
            keys: own
                .map(|(key, pair)| (key.clone(), pair.modified))
                .collect(),
            leases: model.leases.iter().filter(mine).copied().collect(),
        }
    }

    /// Writes until the server is gone.
    async fn run(&mut self) -> Result<(), String> {
        loop {
            let flow = match self.random.random_range(0..100) {
                0..50 => self.put().await,
                50..60 => self.delete().await,
                60..75 => self.txn().await,
                75..85 => self.count().await,
                85..90 => self.look().await,
                90..96 => self.grant().await,
                _ => self.revoke().await,
            };
            if flow?.is_break() {
                return Ok(());
            }
        }
    }

    /// Notes the answer to a request, or that there was none.
    fn note<T>(
        &self,
        wanted: Wanted,
        result: Result<T, Status>,
        done: impl FnOnce(&T) -> Option<i64>,
    ) -> Result<ControlFlow<(), T>, String> {
        let outcome = match &result {
            Ok(answer) => done(answer).map(Outcome::Done),
            Err(_) => Some(Outcome::InDoubt),
        };
        if let Some(outcome) = outcome {
            self.traces.lock().records.push(Record { wanted, outcome });
        }
        match result {
            Ok(answer) => Ok(ControlFlow::Continue(answer)),
            Err(status) if is_end(&status) => Ok(ControlFlow::Break(())),
            Err(status) => Err(said(status)),
        }
    }

    fn any_key(&mut self) -> String {
        format!(
            "w{:02}/k{:02}",
            self.number,
            self.random.random_range(0..KEYS)
        )
    }

    fn any_lease(&mut self) -> i64 {
        match self.leases.len() {
            0 => 0,
            // One key in three is attached.
            count => *self
                .leases
                .get(self.random.random_range(0..count * 3))
                .unwrap_or(&0),
        }
    }

    fn op(&mut self, lease: i64, count: u64) -> Op {
        self.next += 1;
        let length = match self.random.random_range(0..200) {
            0 => self.random.random_range(0..300_000),
            1..20 => self.random.random_range(0..5_000),
            _ => self.random.random_range(0..300),
        };
        Op {
            round: self.round,
            writer: self.number,
            number: self.next,
            lease,
            count,
            length,
        }
    }

    async fn put(&mut self) -> Result<ControlFlow<()>, String> {
        let (key, lease) = (self.any_key(), self.any_lease());
        let op = self.op(lease, 0);
        let result = self.client.put(key.clone(), op.value(), lease).await;
        let wanted = Wanted::Write {
            op,
            puts: vec![key.clone()],
            deletes: Vec::new(),
        };
        let ControlFlow::Continue(revision) =
            self.note(wanted, result, |revision| Some(*revision))?
        else {
            return Ok(ControlFlow::Break(()));
        };
        self.keys.insert(key, revision);
        Ok(ControlFlow::Continue(()))
    }

    async fn delete(&mut self) -> Result<ControlFlow<()>, String> {
        let key = self.any_key();
        let op = self.op(0, 0);
        let result = self.client.delete(&key).await;
        let wanted = Wanted::Write {
            op,
            puts: Vec::new(),
            deletes: vec![key.clone()],
        };
        let done = |(revision, deleted): &(i64, i64)| (*deleted > 0).then_some(*revision);
        let ControlFlow::Continue((_, deleted)) = self.note(wanted, result, done)? else {
            return Ok(ControlFlow::Break(()));
        };
        let was_there = self.keys.remove(&key).is_some();
        match (deleted == 1) == was_there {
            true => Ok(ControlFlow::Continue(())),
            false => Err(format!(
                "deleted {deleted} of {key}, which was there: {was_there}"
            )),
        }
    }

    /// Two puts and a deletion at once, if a key is as it was left.
    async fn txn(&mut self) -> Result<ControlFlow<()>, String> {
        let mut keys = vec![self.any_key(), self.any_key(), self.any_key()];
        keys.dedup();
        keys.sort_unstable();
        keys.dedup();
        let guard = unchanged_since(&keys[0], self.keys.get(&keys[0]).copied().unwrap_or(0));
        let deletes = keys.split_off(keys.len().min(2));
        let lease = self.any_lease();
        let op = self.op(lease, 0);
        let puts = keys.iter().map(|key| put_op(key, op.value(), lease));
        let ops = puts
            .chain(deletes.iter().map(|key| delete_op(key)))
            .collect();
        let result = self.client.txn(vec![guard], ops).await;
        let wanted = Wanted::Write {
            op,
            puts: keys.clone(),
            deletes: deletes.clone(),
        };
        let done = |(revision, held): &(i64, bool)| held.then_some(*revision);
        let ControlFlow::Continue((revision, held)) = self.note(wanted, result, done)? else {
            return Ok(ControlFlow::Break(()));
        };
        if !held {
            return Err(format!("{} is not as its only writer left it", keys[0]));
        }
        self.keys
            .extend(keys.into_iter().map(|key| (key, revision)));
        for key in &deletes {
            self.keys.remove(key);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Raises the counter, unless another writer was quicker.
    async fn count(&mut self) -> Result<ControlFlow<()>, String> {
        let found = match self.client.get(COUNTER).await {
            Ok(found) => found,
            Err(status) if is_end(&status) => return Ok(ControlFlow::Break(())),
            Err(status) => return Err(said(status)),
        };
        let (modified, count) = match &found {
            Some(kv) => (kv.mod_revision, Op::parse(&kv.value)?.count),
            None => (0, 0),
        };
        let op = self.op(0, count + 1);
        let put = put_op(COUNTER, op.value(), 0);
        let guard = unchanged_since(COUNTER, modified);
        let result = self.client.txn(vec![guard], vec![put]).await;
        let wanted = Wanted::Write {
            op,
            puts: vec![COUNTER.into()],
            deletes: Vec::new(),
        };
        let done = |(revision, held): &(i64, bool)| held.then_some(*revision);
        Ok(self.note(wanted, result, done)?.map_continue(drop))
    }

    /// A read must see the last write.
    async fn look(&mut self) -> Result<ControlFlow<()>, String> {
        let key = self.any_key();
        let found = match self.client.get(&key).await {
            Ok(found) => found.map(|kv| kv.mod_revision),
            Err(status) if is_end(&status) => return Ok(ControlFlow::Break(())),
            Err(status) => return Err(said(status)),
        };
        match found == self.keys.get(&key).copied() {
            true => Ok(ControlFlow::Continue(())),
            false => Err(format!(
                "{key} was read at {found:?}, written at {:?}",
                self.keys.get(&key)
            )),
        }
    }

    async fn grant(&mut self) -> Result<ControlFlow<()>, String> {
        if self.leases.len() >= LEASES_MAX {
            return Ok(ControlFlow::Continue(()));
        }
        let serial = self.random.random_range(1..1_i64 << 40);
        let id = serial * i64::from(WRITERS) + i64::from(self.number);
        let request = pb::LeaseGrantRequest { ttl: TTL, id };
        let result = self.client.lease.lease_grant(request).await;
        let flow = self.note(Wanted::Grant(id), result, |_| Some(0))?;
        if flow.is_continue() {
            self.leases.push(id);
        }
        Ok(flow.map_continue(drop))
    }

    async fn revoke(&mut self) -> Result<ControlFlow<()>, String> {
        if self.leases.len() < 2 {
            return Ok(ControlFlow::Continue(()));
        }
        let id = self
            .leases
            .swap_remove(self.random.random_range(0..self.leases.len()));
        let result = self
            .client
            .lease
            .lease_revoke(pb::LeaseRevokeRequest { id })
            .await;
        let done = |reply: &tonic::Response<pb::LeaseRevokeResponse>| {
            Some(crate::client::revision(reply.get_ref().header))
        };
        let flow = self.note(Wanted::Revoke(id), result, done)?;
        if flow.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        // Which of the keys went with it is asked for, not guessed.
        let prefix = format!("w{:02}/", self.number);
        let request = pb::RangeRequest {
            key: prefix.clone().into(),
            range_end: format!("w{:02}0", self.number).into(),
            keys_only: true,
            ..Default::default()
        };
        match self.client.kv.range(request).await {
            Ok(reply) => {
                let found = reply.into_inner().kvs.into_iter();
                self.keys = found
                    .map(|kv| {
                        (
                            String::from_utf8_lossy(&kv.key).into_owned(),
                            kv.mod_revision,
                        )
                    })
                    .collect();
                Ok(ControlFlow::Continue(()))
            }
            Err(status) if is_end(&status) => Ok(ControlFlow::Break(())),
            Err(status) => Err(said(status)),
        }
    }
}
