//! Both sides together: A, the server under test, and B, the real etcd.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use proto::etcdserverpb::{AlarmRequest, RangeRequest};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::canonical;
use crate::difference::Difference;
use crate::ids::PICKED;
use crate::reply::{Outcome, Reply};
use crate::side::Side;
use crate::step::Step;
use crate::visit;

/// How long a call that can reply may take.
const DUE: Duration = Duration::from_secs(15);

/// How long both sides must be silent for a call that is expected to block to count as blocked.
const EXPECTED_BLOCK: Duration = Duration::from_millis(400);

/// The same for a lock or campaign that is not expected to block.
const UNEXPECTED_BLOCK: Duration = Duration::from_secs(5);

/// How long the streams must be still, and the same where a server's catch-up loop (every 100 ms)
/// may still be at work.
const STILL: Duration = Duration::from_millis(80);
const STILL_PATIENTLY: Duration = Duration::from_millis(300);

/// What both servers are and how they are started.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    pub(crate) a: PathBuf,
    pub(crate) b: PathBuf,
    pub(crate) flags: Vec<String>,
}

impl Servers {
    /// The server under test (`PINTLE_TEST_ETCD`, else the built one) and the real etcd.
    pub(crate) fn find() -> anyhow::Result<Servers> {
        Ok(Servers {
            a: harness::binary("etcd")?,
            b: harness::peers::etcd()?,
            flags: Vec::new(),
        })
    }

    /// The same with more flags, for both.
    pub(crate) fn flags(mut self, flags: &[&str]) -> Servers {
        self.flags
            .extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }
}

/// Two running servers in the same state, as far as one can see.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) a: Side,
    pub(crate) b: Side,
    /// Leases that went through Lock or Election, where etcd may or may not renew them.
    renewed: HashSet<i64>,
    restarted: bool,
    /// A step whose replies nobody has waited for yet.
    started: Option<(JoinHandle<Outcome>, JoinHandle<Outcome>, Step)>,
}

impl Pair {
    /// Starts a fresh pair.
    pub(crate) async fn start(servers: &Servers) -> anyhow::Result<Pair> {
        let (a, b) = tokio::join!(
            Side::start(servers.a.clone(), &servers.flags),
            Side::start(servers.b.clone(), &servers.flags)
        );
        Ok(Pair {
            a: a?,
            b: b?,
            renewed: HashSet::new(),
            restarted: false,
            started: None,
        })
    }

    /// Does one step on both sides. See [`Pair::both_do`] for what it gives.
    pub(crate) async fn run(&mut self, step: &Step) -> Result<Outcome, Box<Difference>> {
        match step {
            Step::Start(inner) => {
                let handles = (self.a.start_sending(inner), self.b.start_sending(inner));
                self.started = Some((handles.0, handles.1, (**inner).clone()));
                Ok(Outcome::Reply(Box::new(Reply::Waited(true))))
            }
            Step::Join => {
                let (a, b, step) = self.started.take().expect("a step was started before");
                let (a, b) = tokio::join!(joined(a), joined(b));
                self.agree(&step, a, b).await
            }
            other => {
                let (a, b) = self.both_do(other).await;
                self.agree(other, a, b).await
            }
        }
    }

    /// Does one step on both sides, which need not agree. Gives what each said, in shared names.
    pub(crate) async fn run_apart(&mut self, step: &Step) -> (Outcome, Outcome) {
        let (a, b) = self.both_do(step).await;
        self.canonical(step, a, b)
    }

    /// The same on the server under test alone.
    pub(crate) async fn run_ours(&mut self, step: &Step) -> Outcome {
        let outcome = self.a.send(step).await;
        self.canonical(step, outcome, Outcome::Blocked).0
    }

    /// Does one step on both sides.
    async fn both_do(&mut self, step: &Step) -> (Outcome, Outcome) {
        match step {
            Step::Watch(watch) => {
                tokio::join!(self.a.watching.run(watch), self.b.watching.run(watch))
            }
            Step::Restart => self.restart().await,
            Step::Quiesce { patient } => self.quiesce(*patient).await,
            Step::AwaitCount { prefix, count } => {
                let (key, end) = (Bytes::from(prefix.clone()), Bytes::from(prefix_end(prefix)));
                tokio::join!(
                    await_count(&self.a, key.clone(), end.clone(), *count),
                    await_count(&self.b, key, end, *count)
                )
            }
            Step::AwaitStorage(version) => {
                tokio::join!(
                    await_storage(&self.a, version),
                    await_storage(&self.b, version)
                )
            }
            Step::AwaitAlarms { raised, seconds } => {
                let within = Duration::from_secs((*seconds).into());
                tokio::join!(
                    await_alarms(&self.a, *raised, within),
                    await_alarms(&self.b, *raised, within)
                )
            }
            other => both(&self.a, &self.b, other).await,
        }
    }

    /// Brings both outcomes into the form in which they are compared.
    fn canonical(&mut self, step: &Step, mut a: Outcome, mut b: Outcome) -> (Outcome, Outcome) {
        self.note_renewal(step);
        learn(&mut self.a, step, &a);
        learn(&mut self.b, step, &b);
        visit::outcome(&mut a, &mut self.a.ids.to_shared());
        visit::outcome(&mut b, &mut self.b.ids.to_shared());
        canonical::outcome(step, &mut a);
        canonical::outcome(step, &mut b);
        let any_ttl = match step {
            Step::TimeToLive(request) => self.restarted || self.renewed.contains(&request.id),
            _ => false,
        };
        canonical::reconcile(&mut a, &b, any_ttl);
        (a, b)
    }

    /// Compares both outcomes.
    async fn agree(
        &mut self,
        step: &Step,
        a: Outcome,
        b: Outcome,
    ) -> Result<Outcome, Box<Difference>> {
        let (a, b) = self.canonical(step, a, b);
        let gone = self.a.is_gone(&a) || self.b.is_gone(&b);
        if a != b || gone {
            return Err(Box::new(Difference::new(step.clone(), a, b)));
        }
        if matches!(a, Outcome::Blocked) {
            self.settle(step).await;
        }
        Ok(b)
    }

    /// Restarts both at the same time. Afterwards a lease may have its whole time again, or what
    /// was left of it.
    async fn restart(&mut self) -> (Outcome, Outcome) {
        let (a, b) = (&mut self.a.server, &mut self.b.server);
        let (a, b) = tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let a = scope.spawn(|| a.restart());
                let b = b.restart();
                (a.join().expect("the harness does not panic"), b)
            })
        });
        self.restarted = true;
        (
            restarted(a, &mut self.a).await,
            restarted(b, &mut self.b).await,
        )
    }

    fn note_renewal(&mut self, step: &Step) {
        let lease = match step {
            Step::Lock { request, .. } => Some(request.lease),
            Step::Campaign { request, .. } => Some(request.lease),
            Step::Proclaim(request) => request.leader.as_ref().map(|leader| leader.lease),
            Step::Resign(request) => request.leader.as_ref().map(|leader| leader.lease),
            _ => None,
        };
        self.renewed.extend(lease);
    }

    /// Waits until both sides' logs are equal and still, and gives them.
    async fn quiesce(&mut self, patient: bool) -> (Outcome, Outcome) {
        let still = if patient { STILL_PATIENTLY } else { STILL };
        let begin = Instant::now();
        let due = begin + DUE;
        loop {
            let (size_a, last_a) = self.a.watching.size();
            let (size_b, last_b) = self.b.watching.size();
            let last = last_a.max(last_b).map_or(begin, |last| last.max(begin));
            let mut quiet = last + still;
            let now = Instant::now();
            if size_a != size_b && now < due {
                quiet = quiet.max(due);
            }
            if now >= quiet {
                let logs = (self.a.watching.logs(), self.b.watching.logs());
                self.a.watching.forget();
                self.b.watching.forget();
                let outcome = |logs| Outcome::Reply(Box::new(Reply::Logs(logs)));
                return (outcome(logs.0), outcome(logs.1));
            }
            tokio::select! {
                () = self.a.watching.came() => {}
                () = self.b.watching.came() => {}
                () = sleep_until(quiet) => {}
            }
        }
    }

    /// After a blocked call was given up: waits until the waiter's key is gone on both sides,
    /// which each server removes by itself.
    async fn settle(&self, step: &Step) {
        let (name, lease) = match step {
            Step::Lock { request, .. } => (&request.name, request.lease),
            Step::Campaign { request, .. } => (&request.name, request.lease),
            _ => return,
        };
        let mut key = name.to_vec();
        key.extend(format!("/{}", go_hex(lease)).into_bytes());
        let key = Bytes::from(key);
        tokio::join!(
            await_count(&self.a, key.clone(), Bytes::new(), 0),
            await_count(&self.b, key, Bytes::new(), 0)
        );
    }
}

/// A lease id as Go's `%x` writes it.
pub(crate) fn go_hex(lease: i64) -> String {
    if lease < 0 {
        format!("-{:x}", lease.unsigned_abs())
    } else {
        format!("{lease:x}")
    }
}

/// Sends to both and waits for both, or until both have been silent for too long.
async fn both(a: &Side, b: &Side, step: &Step) -> (Outcome, Outcome) {
    let window = match step {
        Step::Observe(_) => EXPECTED_BLOCK,
        Step::Lock { waits, .. } | Step::Campaign { waits, .. } => {
            if *waits {
                EXPECTED_BLOCK
            } else {
                UNEXPECTED_BLOCK
            }
        }
        _ => DUE,
    };
    let blocked = if window == DUE {
        Outcome::Hung
    } else {
        Outcome::Blocked
    };
    let (mut from_a, mut from_b) = (None, None);
    let begin = Instant::now();
    let (send_a, send_b) = (a.send(step), b.send(step));
    tokio::pin!(send_a, send_b);
    while from_a.is_none() || from_b.is_none() {
        let silent = from_a.is_none() && from_b.is_none();
        let limit = if silent { window } else { DUE };
        tokio::select! {
            reply = &mut send_a, if from_a.is_none() => from_a = Some(reply),
            reply = &mut send_b, if from_b.is_none() => from_b = Some(reply),
            () = sleep_until(begin + limit) => {
                if silent {
                    return (blocked.clone(), blocked);
                }
                break;
            }
        }
    }
    (
        from_a.unwrap_or(Outcome::Hung),
        from_b.unwrap_or(Outcome::Hung),
    )
}

async fn restarted(result: Result<(), harness::Error>, side: &mut Side) -> Outcome {
    let failed = |error: String| Outcome::Error {
        code: tonic::Code::Unknown,
        message: format!("connection error: {error}"),
    };
    match result {
        Ok(()) => match side.restarted().await {
            Ok(()) => Outcome::Reply(Box::new(Reply::Waited(true))),
            Err(error) => failed(error.to_string()),
        },
        Err(error) => failed(error.to_string()),
    }
}

async fn joined(handle: JoinHandle<Outcome>) -> Outcome {
    match timeout(DUE, handle).await {
        Ok(Ok(outcome)) => outcome,
        _ => Outcome::Hung,
    }
}

/// Notes the lease id that a server picked.
fn learn(side: &mut Side, step: &Step, outcome: &Outcome) {
    let placeholder = match step {
        Step::Grant(request) => request.id,
        Step::Lock { request, .. } => request.lease,
        Step::Campaign { request, .. } => request.lease,
        _ => return,
    };
    if placeholder < PICKED || !side.ids.is_open(placeholder) {
        return;
    }
    let real = match outcome.reply() {
        Some(Reply::Grant(reply)) => Some(reply.id),
        Some(Reply::Lock(reply)) => hex_suffix(&reply.key),
        Some(Reply::Campaign(reply)) => reply.leader.as_ref().map(|leader| leader.lease),
        _ => None,
    };
    if let Some(real) = real {
        side.ids.learn(placeholder, real);
    }
}

fn hex_suffix(key: &[u8]) -> Option<i64> {
    let slash = key.iter().rposition(|byte| *byte == b'/')?;
    i64::from_str_radix(str::from_utf8(&key[slash + 1..]).ok()?, 16).ok()
}

/// Polls until the range holds `count` keys; gives whether it came so.
async fn await_count(side: &Side, key: Bytes, range_end: Bytes, count: i64) -> Outcome {
    let step = Step::Range(RangeRequest {
        key,
        range_end,
        count_only: true,
        ..RangeRequest::default()
    });
    let counts = |reply: &Reply| matches!(reply, Reply::Range(range) if range.count == count);
    await_reply(side, &step, DUE, counts).await
}

/// Polls until the storage has this version; gives whether it came so.
async fn await_storage(side: &Side, version: &str) -> Outcome {
    let tells =
        |reply: &Reply| matches!(reply, Reply::Status(status) if status.storage_version == version);
    await_reply(side, &Step::Status, DUE, tells).await
}

/// Polls until some alarm is on, or none; gives whether it came so.
async fn await_alarms(side: &Side, raised: bool, within: Duration) -> Outcome {
    let step = Step::Alarm(AlarmRequest::default());
    let tells =
        |reply: &Reply| matches!(reply, Reply::Alarm(reply) if reply.alarms.is_empty() != raised);
    await_reply(side, &step, within, tells).await
}

async fn await_reply(
    side: &Side,
    step: &Step,
    within: Duration,
    is_it: impl Fn(&Reply) -> bool,
) -> Outcome {
    let came = harness::eventually_async(within, async || {
        side.send(step).await.reply().is_some_and(&is_it)
    });
    Outcome::Reply(Box::new(Reply::Waited(came.await)))
}

/// The end of the range of all keys with this prefix.
pub(crate) fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.last_mut() {
        if *last < 0xff {
            *last += 1;
            return end;
        }
        end.pop();
    }
    vec![0]
}
