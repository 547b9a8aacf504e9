//! Range reads with etcd's semantics (server/etcdserver/txn/range.go, mvcc/kvstore_txn.go).
//!
//! Facts that are easy to miss:
//!
//! - `count` is all keys of the range, whatever the limit and the revision filters say;
//! - a limit applies before sorting if the order is `NONE`, even with a target other than `KEY`,
//!   which is then sorted ascending;
//! - `keys_only` is answered from the index, so the lease is missing, unless the target is `VALUE`.
//!
//! Filtering, sorting and the limit need only the index, except for target `VALUE`, so records are
//! read only for what is returned.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use bytes::Bytes;
use proto::etcdserverpb::RangeRequest;
use proto::etcdserverpb::range_request::{SortOrder, SortTarget};
use proto::mvccpb::KeyValue;

use super::error::Error;
use super::revision::Version;
use super::state::Store;
use super::tree::{End, Skip};

/// Every field of a range request that the store looks at.
#[derive(Debug, Clone, Default)]
pub struct RangeQuery {
    /// First key.
    pub key: Bytes,
    /// Empty: only `key`. One zero byte: all from `key` on. Otherwise the excluded end.
    pub range_end: Bytes,
    /// At most so many pairs; 0 or less: all.
    pub limit: i64,
    /// Main revision to read at; 0 or less: the newest.
    pub revision: i64,
    /// Direction of the order.
    pub sort_order: SortOrder,
    /// What to order by.
    pub sort_target: SortTarget,
    /// Leave values out.
    pub keys_only: bool,
    /// Only count.
    pub count_only: bool,
    /// Leave out pairs modified earlier; 0: no bound. The other three likewise.
    pub min_mod_revision: i64,
    /// Leave out pairs modified later.
    pub max_mod_revision: i64,
    /// Leave out pairs created earlier.
    pub min_create_revision: i64,
    /// Leave out pairs created later.
    pub max_create_revision: i64,
}

impl From<&RangeRequest> for RangeQuery {
    /// Unknown orders and targets, which the front door refuses, count as the defaults.
    fn from(request: &RangeRequest) -> Self {
        Self {
            key: request.key.clone(),
            range_end: request.range_end.clone(),
            limit: request.limit,
            revision: request.revision,
            sort_order: request.sort_order(),
            sort_target: request.sort_target(),
            keys_only: request.keys_only,
            count_only: request.count_only,
            min_mod_revision: request.min_mod_revision,
            max_mod_revision: request.max_mod_revision,
            min_create_revision: request.min_create_revision,
            max_create_revision: request.max_create_revision,
        }
    }
}

/// Answer to a range read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RangeResult {
    /// The pairs.
    pub kvs: Vec<KeyValue>,
    /// All keys of the range at the revision.
    pub count: i64,
    /// There are more pairs than the limit let through.
    pub more: bool,
}

/// A part of a long range in key order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slice {
    /// The pairs.
    pub kvs: Vec<KeyValue>,
    /// The key to go on from; `None` at the end of the range.
    pub next: Option<Bytes>,
}

/// One key that matches, as the index sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit<'a> {
    pub(super) key: &'a [u8],
    pub(super) version: &'a Version,
}

/// Start and end of a range, or `None` if it is a single key.
pub(super) fn bounds<'a>(key: &'a [u8], range_end: &'a [u8]) -> Option<(&'a [u8], End<'a>)> {
    match range_end {
        [] => None,
        [0] => Some((key, None)),
        end => Some((key, Some(end))),
    }
}

impl Store {
    /// Refuses revisions that a transaction must not read: `revision` other than 0 above `newest`
    /// or below the last compaction. Outside transactions [`Store::range`] checks by itself, and
    /// takes negative revisions for the newest.
    pub fn check_revision(&self, revision: i64, newest: i64) -> Result<(), Error> {
        match revision {
            0 => Ok(()),
            _ if revision > newest => Err(Error::Future),
            _ if revision < self.compacted => Err(Error::Compacted),
            _ => Ok(()),
        }
    }

    /// The main revision to read at, if it can be read.
    pub(super) fn readable(&self, revision: i64) -> Result<i64, Error> {
        if revision > self.current {
            return Err(Error::Future);
        }
        let main = if revision <= 0 {
            self.current
        } else {
            revision
        };
        if main < self.compacted {
            return Err(Error::Compacted);
        }
        Ok(main)
    }

    /// Carries out a range read.
    pub fn range(&self, query: &RangeQuery) -> Result<RangeResult, Error> {
        let main = self.readable(query.revision)?;
        if query.count_only {
            return Ok(RangeResult {
                count: self.count_at(&query.key, &query.range_end, main),
                ..RangeResult::default()
            });
        }
        let fetch = fetch_limit(query);
        let (mut hits, count) = self.select(query, main, fetch);
        hits.retain(|hit| passes_filters(query, hit.version));
        let descending = query.sort_order == SortOrder::Descend;
        let by_value = query.sort_target == SortTarget::Value;
        if !by_value {
            sort_hits(&mut hits, query.sort_target, descending);
        }
        let limit = usize::try_from(query.limit).unwrap_or(0);
        let more = limit > 0 && hits.len() > limit;
        if more && !by_value {
            hits.truncate(limit);
        }
        let mut kvs = match query.keys_only && !by_value {
            true => hits.iter().map(without_record).collect(),
            false => self.load_all(&hits)?,
        };
        if by_value {
            sort_values(&mut kvs, descending);
            if more {
                kvs.truncate(limit);
            }
            if query.keys_only {
                kvs.iter_mut().for_each(|kv| kv.value = Bytes::new());
            }
        }
        Ok(RangeResult { kvs, count, more })
    }

    /// Number of keys of the range at `revision`; O(log n) at the newest.
    pub fn count(&self, key: &[u8], range_end: &[u8], revision: i64) -> Result<i64, Error> {
        let main = self.readable(revision)?;
        Ok(self.count_at(key, range_end, main))
    }

    /// Up to `max_keys` pairs of `[query.key, query.range_end)` in key order, ending early once
    /// `max_bytes` of keys and values are reached (but with at least one pair). Limit, sorting and
    /// filters of the query are not looked at; pass `next` as the following `key`, and name a
    /// revision to read one state through several calls.
    pub fn range_slice(
        &self,
        query: &RangeQuery,
        max_keys: usize,
        max_bytes: usize,
    ) -> Result<Slice, Error> {
        let main = self.readable(query.revision)?;
        let mut hits: Vec<Hit<'_>> = Vec::new();
        let mut next = None;
        let mut bytes = 0;
        let mut take = |hit: Hit<'_>| -> bool {
            let value_len = if query.keys_only {
                0
            } else {
                hit.version.value_len()
            };
            bytes += hit.key.len() + value_len;
            bytes <= max_bytes
        };
        match bounds(&query.key, &query.range_end) {
            None => hits.extend(self.hit(&query.key, main)),
            Some((from, end)) => self.visit_hits(from, end, main, |hit| {
                let fits = take(hit) && hits.len() < max_keys;
                if !fits && !hits.is_empty() {
                    next = Some(Bytes::copy_from_slice(hit.key));
                    return ControlFlow::Break(());
                }
                hits.push(hit);
                ControlFlow::Continue(())
            }),
        }
        let kvs = match query.keys_only {
            true => hits.iter().map(without_record).collect(),
            false => self.load_all(&hits)?,
        };
        Ok(Slice { kvs, next })
    }

    fn count_at(&self, key: &[u8], range_end: &[u8], main: i64) -> i64 {
        let Some((from, end)) = bounds(key, range_end) else {
            return i64::from(self.hit(key, main).is_some());
        };
        if main == self.current {
            return self.tree.count_live(from, end) as i64;
        }
        let mut count = 0;
        self.visit_hits(from, end, main, |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        count
    }

    /// The first `fetch` keys of the query (0: all), and the number of all.
    fn select(&self, query: &RangeQuery, main: i64, fetch: usize) -> (Vec<Hit<'_>>, i64) {
        let Some((from, end)) = bounds(&query.key, &query.range_end) else {
            let hits = Vec::from_iter(self.hit(&query.key, main));
            let count = hits.len() as i64;
            return (hits, count);
        };
        let newest = main == self.current;
        let mut hits = Vec::new();
        let mut count = 0;
        self.visit_hits(from, end, main, |hit| {
            count += 1;
            if fetch == 0 || hits.len() < fetch {
                hits.push(hit);
            } else if newest {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        if newest {
            count = self.tree.count_live(from, end) as i64;
        }
        (hits, count)
    }

    fn hit(&self, key: &[u8], main: i64) -> Option<Hit<'_>> {
        let entry = self.tree.get(key)?;
        let version = entry.versions.at(main)?;
        Some(Hit {
            key: &entry.key,
            version,
        })
    }

    pub(super) fn visit_hits<'a>(
        &'a self,
        from: &[u8],
        end: End<'_>,
        main: i64,
        mut visit: impl FnMut(Hit<'a>) -> ControlFlow<()>,
    ) {
        let skip = if main == self.current {
            Skip::Dead
        } else {
            Skip::Nothing
        };
        self.tree
            .visit(from, end, skip, |entry| match entry.versions.at(main) {
                Some(version) => visit(Hit {
                    key: &entry.key,
                    version,
                }),
                None => ControlFlow::Continue(()),
            });
    }
}

/// How many keys to take from the index before sorting; one above the limit tells if there is
/// more. 0: all.
pub(super) fn fetch_limit(query: &RangeQuery) -> usize {
    let in_key_order = query.sort_order == SortOrder::None
        || (query.sort_order == SortOrder::Ascend && query.sort_target == SortTarget::Key);
    let filtered = query.min_mod_revision != 0
        || query.max_mod_revision != 0
        || query.min_create_revision != 0
        || query.max_create_revision != 0;
    match usize::try_from(query.limit) {
        Ok(limit) if limit > 0 && in_key_order && !filtered => limit.saturating_add(1),
        _ => 0,
    }
}

pub(super) fn passes_filters(query: &RangeQuery, version: &Version) -> bool {
    let (modified, created) = (version.main(), version.create());
    let within = |value, min, max| (min == 0 || value >= min) && (max == 0 || value <= max);
    within(modified, query.min_mod_revision, query.max_mod_revision)
        && within(
            created,
            query.min_create_revision,
            query.max_create_revision,
        )
}

/// Sorts stably, so that equal keys stay in key order in both directions.
pub(super) fn sort_hits(hits: &mut [Hit<'_>], target: SortTarget, descending: bool) {
    let field = |hit: &Hit<'_>| match target {
        SortTarget::Version => hit.version.number(),
        SortTarget::Create => hit.version.create(),
        SortTarget::Mod => hit.version.main(),
        SortTarget::Key | SortTarget::Value => 0,
    };
    match (target, descending) {
        (SortTarget::Key, true) => hits.reverse(),
        (SortTarget::Key, false) | (SortTarget::Value, _) => {}
        (_, false) => hits.sort_by_key(field),
        (_, true) => hits.sort_by_key(|hit| std::cmp::Reverse(field(hit))),
    }
}

pub(super) fn sort_values(kvs: &mut [KeyValue], descending: bool) {
    let ascending = |a: &KeyValue, b: &KeyValue| -> Ordering { a.value.cmp(&b.value) };
    match descending {
        false => kvs.sort_by(ascending),
        true => kvs.sort_by(|a, b| ascending(b, a)),
    }
}

/// A pair as the index alone knows it: without value and lease.
pub(super) fn without_record(hit: &Hit<'_>) -> KeyValue {
    KeyValue {
        key: Bytes::copy_from_slice(hit.key),
        create_revision: hit.version.create(),
        mod_revision: hit.version.main(),
        version: hit.version.number(),
        ..KeyValue::default()
    }
}
