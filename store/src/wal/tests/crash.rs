//! Random work, random crashes at any change of the disk, over seeds.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::disk::memory::Loss;

/// What a correct log holds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    entries: BTreeMap<u64, Entry>,
    hard_state: HardState,
    snapshot: Option<SnapshotMark>,
}

impl Model {
    fn shape(&self) -> Vec<(u64, u64)> {
        let entries = self.entries.values();
        entries.map(|entry| (entry.index, entry.term)).collect()
    }

    fn mark_index(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |mark| mark.index)
    }

    fn last(&self) -> u64 {
        let last = self.entries.last_key_value();
        last.map_or(0, |(&index, _)| index).max(self.mark_index())
    }

    fn term(&self) -> u64 {
        let last = self.entries.last_key_value();
        let mark = self.snapshot.as_ref().map_or(1, |mark| mark.term);
        last.map_or(mark, |(_, entry)| entry.term.max(mark))
    }

    fn apply(&mut self, batch: &Batch) {
        if let Some(mark) = &batch.snapshot {
            let known = self.entries.get(&mark.index);
            if known.is_none_or(|entry| entry.term != mark.term) {
                self.entries.clear();
            }
            self.snapshot = Some(mark.clone());
        }
        for entry in &batch.entries {
            self.entries.split_off(&entry.index);
            self.entries.insert(entry.index, entry.clone());
        }
        if let Some(state) = batch.hard_state {
            self.hard_state = state;
        }
    }

    /// Whether `replay` is this state, less entries that may have been cut.
    fn is(&self, replay: &Replay) -> bool {
        let first = replay
            .entries
            .first()
            .map_or(self.last() + 1, |(e, _)| e.index);
        let held = self
            .entries
            .range(first.min(self.last() + 1)..)
            .map(|(_, entry)| entry);
        first <= self.mark_index() + 1
            && self.hard_state == replay.hard_state
            && self.snapshot == replay.snapshot
            && held.eq(replay.entries.iter().map(|(entry, _)| entry))
    }
}

fn random_batch(random: &mut StdRng, model: &Model) -> Batch {
    let mut batch = Batch::default();
    let (mut last, mut term) = (model.last(), model.term());
    if random.random_ratio(1, 15) {
        // A checkpoint, or now and then a snapshot of another member.
        let held = model.entries.range(model.mark_index() + 1..);
        let index = held.map(|(_, entry)| (entry.index, entry.term)).last();
        let found = index.filter(|_| random.random_ratio(9, 10));
        let (index, at_term) = found.unwrap_or((last + random.random_range(1..9), term + 1));
        batch.snapshot = Some(mark(index, at_term));
        last = last.max(index);
        term = term.max(at_term);
    }
    let floor = batch
        .snapshot
        .as_ref()
        .map_or(model.mark_index(), |mark| mark.index);
    let floor = floor.max(model.hard_state.commit);
    if last > floor && random.random_ratio(1, 10) {
        last = random.random_range(floor..=last);
        term += 1;
    }
    for index in last + 1..=last + random.random_range(0..6) {
        let len = match random.random_range(0..10) {
            0 => 0,
            9 => random.random_range(0..6000),
            _ => random.random_range(0..400),
        };
        batch.entries.push(entry(index, term, len));
        last = index;
    }
    if batch.is_empty() || random.random_ratio(1, 2) {
        let floor = floor.min(last);
        batch.hard_state = Some(HardState {
            term,
            vote: random.random_range(0..3),
            commit: random.random_range(floor..=last),
        });
    }
    batch
}

fn options_for(random: &mut StdRng) -> Options {
    Options {
        segment_bytes: random.random_range(4..20) * SECTOR as u64,
        ..Options::default()
    }
}

/// Opens the log, perhaps with crashes in the middle of that.
fn reopen(disk: &MemoryDisk, random: &mut StdRng) -> (Wal, Replay) {
    loop {
        if random.random_ratio(1, 4) {
            disk.halt_after(random.random_range(0..6));
        }
        let options = options_for(random);
        match Wal::open(Arc::new(disk.clone()), Path::new(DIR), options) {
            Ok(opened) => return opened,
            Err(Error::Io { .. }) => disk.crash(Loss::Torn, random.random()),
            Err(other) => panic!("{other}"),
        }
    }
}

fn run(seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    let disk = MemoryDisk::new();
    let mut wal = create(&disk);
    let mut model = Model::default();
    let mut crashes = 0;
    while crashes < 12 {
        match random.random_range(0..20) {
            0 => disk.halt_after(random.random_range(0..4)),
            1 => disk.fill_after(Some(random.random_range(0..3000))),
            2 => disk.fill_after(None),
            3 => drop(wal.cut(random.random_range(0..=model.last() + 2))),
            _ => {}
        }
        let batch = random_batch(random, &model);
        let pending = match wal.append(&batch) {
            Ok(positions) => {
                assert_eq!(positions.len(), batch.entries.len());
                model.apply(&batch);
                if random.random_ratio(29, 30) {
                    continue;
                }
                None
            }
            Err(Error::NoSpace { .. }) => continue,
            Err(Error::Io { .. } | Error::Stopped { .. }) => Some(batch),
            Err(other) => panic!("seed {seed}: {other}"),
        };
        crashes += 1;
        let loss = [Loss::All, Loss::Nothing, Loss::Torn, Loss::Torn];
        disk.crash(loss[random.random_range(0..4)], random.random());
        let (opened, replay) = reopen(&disk, random);
        wal = opened;
        if let Some(batch) = pending
            && !model.is(&replay)
        {
            model.apply(&batch);
        }
        assert!(
            model.is(&replay),
            "seed {seed}: found {:?} {:?} {:?}, expected {:?} {:?} {:?}",
            shape(&replay),
            replay.hard_state,
            replay.snapshot,
            model.shape(),
            model.hard_state,
            model.snapshot,
        );
        check_positions(&wal, &replay);
    }
}

#[test]
fn acknowledged_batches_survive_every_crash() {
    for seed in 0..300 {
        run(seed);
    }
}
