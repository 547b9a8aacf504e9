//! Clients' watches.

use futures::FutureExt;
use store::watch::{Spec, Stream, Update};

use super::{Failure, Member, Stage};
use crate::agenda::MS;
use crate::around::Around;
use crate::check::Seen;
use crate::plant::Plant;

/// Steps of reading history in one look at most.
const STEPS_MAX: usize = 50;

impl Member {
    /// Opens a watch where its client stands.
    pub(super) fn watch(&mut self, number: usize, around: &mut Around) {
        let plant = around.plant;
        let now = around.agenda.now();
        let Some(running) = &mut self.running else {
            return;
        };
        let watch = &mut around.watching[number];
        if watch.member != Some(self.id) {
            return;
        }
        let mut start = watch.next.unwrap_or(0);
        if plant == Some(Plant::WatchGap) && start > 0 && start <= running.hub.published() {
            start += 1;
        }
        let mut stream = Stream::new(running.hub.clone());
        let spec = Spec {
            key: watch.seen.key.clone(),
            range_end: watch.seen.range_end.clone(),
            start_revision: start,
            no_put: watch.seen.no_put,
            no_delete: watch.seen.no_delete,
            prev_kv: watch.seen.prev_kv,
        };
        around.note(|| format!("watch {number} begins at {start} with {:x}", self.id));
        let watch = &mut around.watching[number];
        match stream.create(0, spec) {
            Ok((_, revision)) => {
                if watch.next.is_none() {
                    watch.next = Some(revision + 1);
                    watch.seen.seen.push((now, Seen::Begun(revision)));
                }
                running.streams.insert(number, stream);
                self.later(MS, Stage::Look(number), around);
            }
            Err(error) => around.breaks(format!("a watch was refused: {error}")),
        }
    }

    /// Lets all watches be looked at soon.
    pub(super) fn look_soon(&mut self, around: &mut Around) {
        let Some(running) = &self.running else {
            return;
        };
        let numbers: Vec<usize> = running.streams.keys().copied().collect();
        for number in numbers {
            let watch = &mut around.watching[number];
            if !watch.is_due {
                watch.is_due = true;
                let mean = watch.slowness;
                let delay = self.random.around(mean);
                self.later(delay, Stage::Look(number), around);
            }
        }
    }

    /// The client gives the watch up here.
    pub fn unwatch(&mut self, number: usize) {
        if let Some(running) = &mut self.running {
            running.streams.remove(&number);
        }
    }

    pub(super) fn look(&mut self, number: usize, around: &mut Around) -> Result<(), Failure> {
        around.note_detail(|| format!("watch {number} is looked at by {:x}", self.id));
        let now = around.agenda.now();
        around.watching[number].is_due = false;
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        let Some(stream) = running.streams.get_mut(&number) else {
            return Ok(());
        };
        for _ in 0..STEPS_MAX {
            let update = match stream.try_next().now_or_never() {
                // It read some history and wants to let others have their turn.
                None => continue,
                Some(Ok(None)) => break,
                Some(Ok(Some(update))) => update,
                Some(Err(error)) => {
                    return Err(Failure::Broken(format!("watch {number}: {error}")));
                }
            };
            around.note_detail(|| format!("watch {number} is told {update:?}"));
            let watch = &mut around.watching[number];
            match update {
                Update::Events {
                    revision, events, ..
                } => {
                    let last = events.iter().filter_map(|e| e.kv.as_ref()).next_back();
                    watch.next = last.map(|kv| kv.mod_revision + 1).or(watch.next);
                    let seen = Seen::Events { revision, events };
                    watch.seen.seen.push((now, seen));
                }
                Update::Compacted {
                    compact_revision, ..
                } => {
                    watch.next = Some(compact_revision);
                    let seen = Seen::Compacted(compact_revision);
                    watch.seen.seen.push((now, seen));
                    running.streams.remove(&number);
                    around.watch_broke(number, self.id);
                    return Ok(());
                }
            }
        }
        if self.random.chance(200)
            && let Some(revision) = stream.progress()
        {
            around.note_detail(|| format!("watch {number} has progressed to {revision}"));
            let watch = &mut around.watching[number];
            watch.next = watch.next.map(|next| next.max(revision + 1));
            watch.seen.seen.push((now, Seen::Progress(revision)));
        }
        Ok(())
    }
}
