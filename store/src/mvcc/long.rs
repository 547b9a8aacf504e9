//! A range read of many keys in steps, between which the store may change: so that who keeps it
//! behind a lock can let writers in.
//!
//! ```text
//! select, select, ...   keys and versions at the pinned revision, in key order
//! arrange               filters, order and limit; needs no store
//! load, load, ...       values, in revision order, so that each chunk is opened about once
//! finish
//! ```
//! The answer is that of [`Store::range`] at the revision at which the read began. Records that are
//! visible there live until a compaction goes beyond it; then the read fails as one that comes too
//! late.

use std::ops::ControlFlow;

use bytes::{Bytes, BytesMut};
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::mvccpb::KeyValue;

use super::error::Error;
use super::range::{
    Hit, RangeQuery, RangeResult, bounds, fetch_limit, passes_filters, sort_hits, sort_values,
    without_record,
};
use super::revision::Version;
use super::state::Store;

/// Keys that a range may have to be read at once.
const LONG_KEYS: usize = 2_000;
/// Keys looked at in one step.
const SELECT_KEYS: usize = 10_000;
/// Records read in one step.
const LOAD_RECORDS: usize = 1_000;
/// Bytes of values read in one step, unless a single one is larger.
const LOAD_BYTES: usize = 1024 * 1024;

/// A read under way.
pub struct LongRange {
    query: RangeQuery,
    /// The revision read at.
    main: i64,
    /// The store's when the read began.
    revision: i64,
    /// Where to go on selecting.
    next: Bytes,
    /// Keys and versions selected.
    found: Vec<(Bytes, Version)>,
    /// All keys of the range.
    count: i64,
    /// Whether `count` was known at the beginning.
    is_counted: bool,
    /// What is to be answered; the values are missing.
    kvs: Vec<KeyValue>,
    /// Versions to load, in revision order, and their places in `kvs`.
    wanted: Vec<(Version, usize)>,
    loaded: usize,
    more: bool,
}

impl Store {
    /// Whether a read may look at so many keys that it should be done in steps. Cheap.
    pub fn is_long(&self, query: &RangeQuery) -> bool {
        let Some((from, end)) = bounds(&query.key, &query.range_end) else {
            return false;
        };
        if query.revision > 0 && query.revision != self.current {
            // The tree does not count what was alive in the past.
            return self.tree.sums().keys > LONG_KEYS;
        }
        let fetch = fetch_limit(query);
        let is_short = query.count_only || (fetch > 0 && fetch <= LONG_KEYS);
        !is_short && self.tree.count_live(from, end) > LONG_KEYS
    }

    /// Begins to read in steps. To be called for ranges only, not for a single key.
    pub fn begin_long(&self, query: &RangeQuery) -> Result<LongRange, Error> {
        let main = self.readable(query.revision)?;
        let is_counted = main == self.current;
        let count = match bounds(&query.key, &query.range_end) {
            Some((from, end)) if is_counted => self.tree.count_live(from, end) as i64,
            _ => 0,
        };
        Ok(LongRange {
            query: query.clone(),
            main,
            revision: self.current,
            next: query.key.clone(),
            found: Vec::new(),
            count,
            is_counted,
            kvs: Vec::new(),
            wanted: Vec::new(),
            loaded: 0,
            more: false,
        })
    }
}

impl LongRange {
    /// Selects more keys; true when that is done.
    pub fn select(&mut self, store: &Store) -> Result<bool, Error> {
        store.readable(self.main)?;
        let Some((from, end)) = bounds(&self.next, &self.query.range_end) else {
            return Ok(true);
        };
        let fetch = match self.query.count_only {
            true => 0,
            false => fetch_limit(&self.query),
        };
        let mut keys = BytesMut::new();
        let mut versions = Vec::new();
        let mut seen = 0;
        let mut next = None;
        store.visit_hits(from, end, self.main, |hit| {
            let is_full = fetch > 0 && self.found.len() + versions.len() >= fetch;
            if is_full && self.is_counted {
                return ControlFlow::Break(());
            }
            if seen >= SELECT_KEYS {
                next = Some(Bytes::copy_from_slice(hit.key));
                return ControlFlow::Break(());
            }
            seen += 1;
            let is_wanted = !is_full && !self.query.count_only;
            if is_wanted && passes_filters(&self.query, hit.version) {
                keys.extend_from_slice(hit.key);
                versions.push((hit.key.len(), *hit.version));
            }
            ControlFlow::Continue(())
        });
        if !self.is_counted {
            self.count += seen as i64;
        }
        // The keys of a step share one allocation.
        let mut keys = keys.freeze();
        let found = versions.into_iter().map(|(len, v)| (keys.split_to(len), v));
        self.found.extend(found);
        let is_done = next.is_none();
        self.next = next.unwrap_or_default();
        Ok(is_done)
    }

    /// Brings what was selected into the order of the answer. Needs no lock.
    pub fn arrange(&mut self) {
        let found = std::mem::take(&mut self.found);
        let hits = found.iter().map(|(key, version)| Hit { key, version });
        let mut hits: Vec<Hit<'_>> = hits.collect();
        let query = &self.query;
        let by_value = query.sort_target == SortTarget::Value;
        if !by_value {
            let descending = query.sort_order == SortOrder::Descend;
            sort_hits(&mut hits, query.sort_target, descending);
        }
        let limit = usize::try_from(query.limit).unwrap_or(0);
        self.more = limit > 0 && hits.len() > limit;
        if self.more && !by_value {
            hits.truncate(limit);
        }
        self.kvs = hits.iter().map(without_record).collect();
        if !query.keys_only || by_value {
            let places = hits.iter().enumerate();
            self.wanted = places.map(|(at, hit)| (*hit.version, at)).collect();
            self.wanted
                .sort_unstable_by_key(|(version, _)| version.rev());
        }
    }

    /// Reads more values; true when that is done.
    pub fn load(&mut self, store: &Store) -> Result<bool, Error> {
        store.readable(self.main)?;
        let mut bytes = 0;
        let rest = self.wanted[self.loaded..].iter().take(LOAD_RECORDS);
        let step = rest
            .take_while(|(version, _)| {
                let fits = bytes < LOAD_BYTES;
                bytes += version.value_len();
                fits
            })
            .count();
        let step = &self.wanted[self.loaded..self.loaded + step];
        let hits: Vec<Hit<'_>> = step
            .iter()
            .map(|(version, at)| Hit {
                key: &self.kvs[*at].key,
                version,
            })
            .collect();
        let loaded = store.load_all(&hits)?;
        for ((_, at), kv) in step.iter().zip(loaded) {
            self.kvs[*at].value = kv.value;
            self.kvs[*at].lease = kv.lease;
        }
        self.loaded += step.len();
        Ok(self.loaded == self.wanted.len())
    }

    /// The answer, and the store's revision when the read began.
    pub fn finish(mut self) -> (RangeResult, i64) {
        let query = &self.query;
        if query.sort_target == SortTarget::Value && !query.count_only {
            sort_values(&mut self.kvs, query.sort_order == SortOrder::Descend);
            if let (true, Ok(limit)) = (self.more, usize::try_from(query.limit)) {
                self.kvs.truncate(limit);
            }
            if query.keys_only {
                self.kvs.iter_mut().for_each(|kv| kv.value = Bytes::new());
            }
        }
        let result = RangeResult {
            kvs: self.kvs,
            count: self.count,
            more: self.more,
        };
        (result, self.revision)
    }
}
