//! Many answers at once.
//!
//! One log entry batch, or one word of the quorum, answers many requests. A thread that is not one of
//! the runtime's pays for each of them with a lock and often a system call to wake a worker. So it
//! hands them over together, and a task on the runtime wakes those who wait, which costs little there.

use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::apply::Outcome;
use crate::{propose, read};

/// Batches that may wait; with more, whoever brings one delivers it.
const BATCHES_MAX: usize = 1024;

/// So few are answered on the spot: handing them over would take longer.
const FEW: usize = 4;

/// Where answers go; cheap to clone.
#[derive(Clone)]
pub struct Answers {
    batches: Sender<Batch>,
}

enum Batch {
    Outcomes(Vec<(propose::Waiter, Outcome)>),
    Reads(Vec<read::Waiter>),
}

impl Answers {
    /// Starts the task; it ends once nobody can give it answers any more.
    pub fn start(runtime: &Handle) -> Self {
        let (batches, inbox) = channel(BATCHES_MAX);
        runtime.spawn(deliver(inbox));
        Self { batches }
    }

    /// Tells proposers what became of their commands.
    pub fn outcomes(&self, outcomes: Vec<(propose::Waiter, Outcome)>) {
        self.give(outcomes.len(), Batch::Outcomes(outcomes));
    }

    /// Tells readers that the state is fresh enough.
    pub fn reads(&self, waiters: Vec<read::Waiter>) {
        self.give(waiters.len(), Batch::Reads(waiters));
    }

    fn give(&self, length: usize, batch: Batch) {
        if length <= FEW {
            batch.deliver();
        } else if let Err(error) = self.batches.try_send(batch) {
            // Full, or the runtime stops; who still waits is told all the same.
            error.into_inner().deliver();
        }
    }
}

impl Batch {
    fn deliver(self) {
        // Who no longer waits needs no answer.
        match self {
            Self::Outcomes(outcomes) => {
                for (waiter, outcome) in outcomes {
                    let _ = waiter.send(Ok(outcome));
                }
            }
            Self::Reads(waiters) => {
                for waiter in waiters {
                    let _ = waiter.send(Ok(()));
                }
            }
        }
    }
}

async fn deliver(mut inbox: Receiver<Batch>) {
    while let Some(batch) = inbox.recv().await {
        batch.deliver();
    }
}

#[cfg(test)]
mod tests;
