//! The driver on its thread and on those of its callers: nothing that is told gets lost between them.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::{ID, alone};
use crate::answers::Answers;
use crate::apply::Reply;
use crate::apply::worker::Task;
use crate::command::Command;
use crate::disk::memory::MemoryDisk;
use crate::metrics::Metrics;
use crate::raft::driver::Settings;
use crate::raft::{Nowhere, Start, Started, start};
use crate::wal::Wal;

/// No tick comes to anybody's help.
const TICK: Duration = Duration::from_secs(3600);
/// An answer that takes so long does not come.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A sole voter whose state machine agrees to everything.
fn sole_voter(runtime: &Runtime) -> Started {
    let disk = Arc::new(MemoryDisk::new());
    let (tasks, inbox) = channel();
    let (failed, _) = oneshot::channel();
    let settings = Settings {
        id: ID,
        election_ticks: 10,
        pre_vote: true,
        read_retry_ticks: 5,
        catchup_entries: 100,
        nonce: 1,
    };
    let started = start(
        Start {
            settings,
            tick: TICK,
            wal: Wal::create(disk, Path::new("/wal"), b"", Default::default()).unwrap(),
            tasks,
            outbox: Arc::new(Nowhere),
            answers: Answers::start(runtime.handle()),
            metrics: Arc::new(Metrics::new(false).unwrap()),
            failed,
        },
        &alone(),
    )
    .unwrap();
    let raft = started.handle.clone();
    std::thread::spawn(move || {
        for task in inbox {
            match task {
                Task::Apply(entries) => {
                    for entry in entries {
                        raft.link().set_applied(entry.index, entry.term);
                        raft.applied(entry.index);
                        if let Some(waiter) = entry.waiter {
                            let _ = waiter.send(Ok(Ok(Reply::Done)));
                        }
                    }
                }
                Task::Read { waiters, .. } => {
                    for waiter in waiters {
                        let _ = waiter.send(Ok(()));
                    }
                }
                _ => {}
            }
        }
    });
    started
}

#[test]
fn what_many_callers_tell_at_once_is_all_heard() {
    let runtime = Runtime::new().unwrap();
    let Started {
        handle,
        driver,
        persister,
    } = sole_voter(&runtime);
    // As few callers as take rounds upon themselves, and as many as leave them to the thread.
    for callers in [1, 3, 40] {
        let callers = (0..callers).map(|caller| {
            let raft = handle.clone();
            runtime.spawn(async move {
                for number in 0..100 {
                    let (waiter, outcome) = oneshot::channel();
                    let command = Command::DeleteRange(Default::default());
                    let data: Bytes = command.encode(caller * 1_000 + number + 1);
                    raft.propose(data, waiter);
                    let outcome = tokio::time::timeout(ANSWER_WITHIN, outcome).await;
                    assert!(outcome.unwrap().unwrap().is_ok());
                    let (waiter, ready) = oneshot::channel();
                    raft.read(waiter);
                    let ready = tokio::time::timeout(ANSWER_WITHIN, ready).await;
                    assert!(ready.unwrap().unwrap().is_ok());
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            runtime.block_on(caller).unwrap();
        }
    }
    handle.stop();
    driver.join().unwrap();
    persister.join().unwrap().unwrap();
    // Who asks now is told that there will be no answer.
    let (waiter, ready) = oneshot::channel();
    handle.read(waiter);
    assert!(runtime.block_on(ready).is_err());
}
