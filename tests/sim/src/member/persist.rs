//! The log's thread: everything that waits becomes one append and one sync.

use store::raft::{Event, Gathered, Job, gather};
use store::wal::{self, Batch};

use super::{Failure, Member, Stage};
use crate::agenda::{MS, Time};
use crate::around::Around;
use crate::plant::Plant;

/// How long to wait before a full disk is tried again; as long as the real thread waits.
const RETRY: Time = 200 * MS;

/// An append under way.
pub(super) struct Writing {
    gathered: Gathered,
    /// Reported before it was done.
    is_reported: bool,
}

impl Writing {
    pub(super) fn batch(&self) -> &Batch {
        &self.gathered.batch
    }
}

impl Member {
    pub(super) fn persist(&mut self, job: Job, around: &mut Around) {
        if let Some(running) = &mut self.running {
            running.jobs.push_back(job);
            self.write_on(around);
        }
    }

    /// Begins the next append if none is under way.
    fn write_on(&mut self, around: &mut Around) {
        let is_leader = self.is_leader();
        let Some(running) = &mut self.running else {
            return;
        };
        if running.writing.is_some() || running.jobs.is_empty() {
            return;
        }
        let mut gathered = gather(&mut running.jobs);
        if around.plant == Some(Plant::VoteNotPersisted)
            && let Some(hard_state) = &mut gathered.batch.hard_state
        {
            hard_state.vote = 0;
        }
        let early = match around.plant {
            Some(Plant::AckBeforeSync) => true,
            Some(Plant::FollowerAnswersBeforeSync) => !is_leader,
            _ => false,
        };
        let number = gathered.number.filter(|_| early);
        running.writing = Some(Writing {
            gathered,
            is_reported: early,
        });
        if let Some(number) = number {
            let positions = Vec::new();
            self.tell(Event::Persisted { number, positions }, around);
        }
        let delay = 20 + self.random.around(self.sync);
        self.later(delay, Stage::Written, around);
    }

    /// The disk did what it was told, or did not.
    pub(super) fn written(&mut self, around: &mut Around) -> Result<(), Failure> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let Some(writing) = running.writing.take() else {
            return Ok(());
        };
        let positions = match running.wal.append(&writing.gathered.batch) {
            Ok(positions) => positions,
            Err(wal::Error::NoSpace { .. }) => {
                running.is_full = true;
                running.writing = Some(writing);
                self.later(RETRY, Stage::Written, around);
                return Ok(());
            }
            Err(error @ wal::Error::Order { .. }) => {
                return Err(Failure::Broken(error.to_string()));
            }
            Err(error) => return Err(Failure::Disk(error.to_string())),
        };
        if let Some(hard_state) = &writing.gathered.batch.hard_state {
            running.durable_commit = hard_state.commit;
        }
        if let Some(before) = writing.gathered.cut_before {
            running
                .wal
                .cut(before)
                .map_err(|error| Failure::Disk(error.to_string()))?;
        }
        running.is_full = running.wal.space_is_low();
        let entries = writing.gathered.batch.entries.iter();
        let positions = entries.map(|entry| entry.index).zip(positions).collect();
        if let Some(number) = writing.gathered.number
            && !writing.is_reported
        {
            self.tell(Event::Persisted { number, positions }, around);
        }
        self.write_on(around);
        Ok(())
    }

    /// While nothing is written nobody would notice that there is room again.
    pub(super) fn look_for_space(&mut self) {
        if let Some(running) = &mut self.running
            && running.is_full
            && running.writing.is_none()
        {
            running.wal.look_for_space();
            running.is_full = running.wal.space_is_low();
        }
    }
}
