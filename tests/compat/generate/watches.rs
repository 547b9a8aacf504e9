//! Rounds of watching: creates of every kind on a few streams, writes meanwhile, cancels,
//! progress. What a server does on its own time is waited for where the next step depends on it.

use bytes::Bytes;
use proto::etcdserverpb::{PutRequest, WatchCreateRequest};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::Generator;
use crate::step::{Step, WatchStep};

/// Streams of a round.
const STREAMS: u8 = 3;

/// A watch over all keys on this stream.
pub(super) fn everything(stream: u8) -> Step {
    Step::Watch(WatchStep::Create {
        stream,
        request: WatchCreateRequest {
            key: Bytes::from_static(b"\0"),
            range_end: Bytes::from_static(b"\0"),
            ..WatchCreateRequest::default()
        },
        wait: true,
    })
}

impl Generator {
    /// One round; it ends with the streams closed.
    pub(super) fn watch_round(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut ids: Vec<(u8, i64)> = Vec::new();
        let creates = self.rng.random_range(4..14);
        for _ in 0..creates {
            let stream = self.rng.random_range(0..STREAMS);
            let (request, wait) = self.watch_request();
            ids.push((stream, request.watch_id));
            steps.push(Step::Watch(WatchStep::Create {
                stream,
                request,
                wait,
            }));
            let writes = self.rng.random_range(0..3);
            steps.extend((0..writes).map(|_| self.write()));
        }
        // Watches that started in the past have caught up after this.
        steps.push(Step::Quiesce { patient: true });
        let writes = self.rng.random_range(3..15);
        steps.extend((0..writes).map(|_| self.write()));
        if self.rng.random_bool(0.08) {
            steps.extend((0..3).map(|_| self.fat_write()));
        }
        steps.push(Step::Quiesce { patient: false });
        self.progress(&mut steps);
        self.cancels(&mut steps, &ids);
        let writes = self.rng.random_range(1..6);
        steps.extend((0..writes).map(|_| self.write()));
        if self.rng.random_bool(0.3) {
            steps.push(Step::Quiesce { patient: false });
            steps.push(Step::Compact(self.compaction()));
            steps.extend((0..2).map(|_| self.write()));
        }
        steps.push(Step::Quiesce { patient: false });
        for stream in 0..STREAMS {
            steps.push(Step::Watch(WatchStep::Close { stream }));
        }
        steps
    }

    fn write(&mut self) -> Step {
        match self.rng.random_range(0..10) {
            0..5 => Step::Put(self.put()),
            5..7 => Step::DeleteRange(self.delete()),
            _ => Step::Txn(self.txn(2)),
        }
    }

    /// Several of these do not fit in one response.
    fn fat_write(&mut self) -> Step {
        Step::Put(PutRequest {
            key: self.key(),
            value: Bytes::from(vec![b'f'; 700_000]),
            ..PutRequest::default()
        })
    }

    fn watch_request(&mut self) -> (WatchCreateRequest, bool) {
        let nasty = self.nasty();
        let (key, range_end) = if nasty && self.rng.random_bool(0.5) {
            self.nasty_range()
        } else {
            self.key_range()
        };
        let mut request = WatchCreateRequest {
            key,
            range_end,
            prev_kv: self.rng.random_bool(0.4),
            fragment: self.rng.random_bool(0.3),
            progress_notify: self.rng.random_bool(0.2),
            ..WatchCreateRequest::default()
        };
        if self.rng.random_bool(0.5) {
            let first = self.model.compacted.max(1);
            request.start_revision = self
                .rng
                .random_range(first..=self.model.revision.max(first));
        }
        if self.rng.random_bool(0.3) {
            request.watch_id = self.rng.random_range(1..6);
        }
        if self.rng.random_bool(0.3) {
            let count = self.rng.random_range(1..3);
            request.filters = (0..count).map(|_| self.choice(2, nasty)).collect();
        }
        if nasty && self.rng.random_bool(0.5) {
            request.start_revision = self.nasty_revision();
        }
        if nasty && self.rng.random_bool(0.2) {
            // A watch may be called -1, but then its log mixes with that of refused creates.
            let ids = [-2, -3, i64::MAX, i64::MIN, 77];
            request.watch_id = *ids.choose(&mut self.rng).expect("there are ids");
        }
        // Without an explicit start the first event depends on when the server gets the request.
        let explicit = request.start_revision > 0;
        let wait = !explicit || self.rng.random_bool(0.6);
        (request, wait)
    }

    fn progress(&mut self, steps: &mut Vec<Step>) {
        for stream in 0..STREAMS {
            if !self.rng.random_bool(0.25) {
                continue;
            }
            if self.rng.random_bool(0.1) {
                steps.push(Step::Watch(WatchStep::Empty { stream }));
            }
            // Every watch has caught up by now, so one request tells.
            steps.push(Step::Watch(WatchStep::Progress {
                stream,
                answered: false,
            }));
        }
    }

    /// Cancels of watches and of nothing. A reply is waited for by the quiesce that follows, since
    /// the generator does not know which ids are in use.
    fn cancels(&mut self, steps: &mut Vec<Step>, ids: &[(u8, i64)]) {
        let count = self.rng.random_range(0..4);
        for _ in 0..count {
            let stream = match ids.choose(&mut self.rng) {
                Some((stream, _)) => *stream,
                None => 0,
            };
            let id = match self.rng.random_range(0..10) {
                0 => -1,
                1 => 4242,
                2..6 => self.rng.random_range(0..4),
                _ => ids.choose(&mut self.rng).map_or(0, |(_, id)| *id),
            };
            steps.push(Step::Watch(WatchStep::Cancel {
                stream,
                id,
                wait: false,
            }));
        }
        steps.push(Step::Quiesce { patient: false });
    }
}
