//! Records in memory: everything younger than the checkpoint, and a cache of some older ones.
//!
//! Records stand in revision order in blocks behind `Arc`, so that a checkpoint takes a consistent
//! copy by cloning a few pointers; whoever changes a block that a checkpoint still holds gets a
//! copy of its own (`Arc::make_mut`).
//!
//! ```text
//! front                                                          back
//! | values in the log only | values in memory (<= inline_bytes_max) |
//! | <- `demoted` records   |                                         |
//! ```
//!
//! Invariants: revisions strictly increase; no block straddles a checkpoint; the records before
//! `demoted_blocks` own no buffer shared with a log entry.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::revision::Revision;

/// Records in one block. A copy forced by a checkpoint in progress costs about 20 µs. Tests use
/// small blocks, so that transactions cross their bounds.
const BLOCK_RECORDS: usize = if cfg!(test) { 4 } else { 256 };

/// Values up to this size stay in memory: a reference to the log would take as much.
const SMALL_VALUE_BYTES: usize = 32;

/// Where the bytes of a value lie in the log, in the terms of the caller's [`ValueSource`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRef {
    /// The segment's number.
    pub segment: u64,
    /// Byte offset of the value within the segment.
    pub offset: u64,
    /// Bytes of the value.
    pub len: u32,
}

/// Reads values back from the log.
pub trait ValueSource: Send + Sync {
    /// The `len` bytes at `offset` of `segment`, verified.
    fn read(&self, segment: u64, offset: u64, len: u32) -> std::io::Result<Bytes>;
}

/// Where the value of a record is.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// In memory; the reference tells where it also lies in the log.
    Inline(Bytes, Option<LogRef>),
    /// Only in the log.
    Log(LogRef),
    /// The record was removed by a compaction before it reached a checkpoint.
    Dead,
}

/// One change of one key.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) rev: Revision,
    pub(super) key: Bytes,
    pub(super) value: Value,
    /// 0 for a deletion, as is `number` and `lease`.
    pub(super) create: i64,
    pub(super) number: i64,
    pub(super) lease: i64,
    pub(super) tombstone: bool,
}

impl Record {
    pub(super) fn is_dead(&self) -> bool {
        matches!(self.value, Value::Dead)
    }

    /// What this record holds in memory, about.
    fn cost(&self) -> usize {
        let value = match &self.value {
            Value::Inline(value, _) => value.len(),
            Value::Log(_) | Value::Dead => 0,
        };
        size_of::<Self>() + self.key.len() + value
    }

    /// Moves the value to the log if it is known to be there; true if it was.
    fn demote(&mut self) {
        let Value::Inline(value, place) = &self.value else {
            return;
        };
        if value.len() > SMALL_VALUE_BYTES {
            if let Some(place) = *place {
                self.value = Value::Log(place);
                // The key shares the log entry's buffer, which would stay alive with it.
                self.key = Bytes::copy_from_slice(&self.key);
            }
            return;
        }
        let key_len = self.key.len();
        let mut own = Vec::with_capacity(key_len + value.len());
        own.extend_from_slice(&self.key);
        own.extend_from_slice(value);
        let own = Bytes::from(own);
        self.key = own.slice(..key_len);
        self.value = Value::Inline(own.slice(key_len..), *place);
    }
}

#[derive(Debug, Clone)]
struct Block {
    records: Vec<Record>,
    /// Closed to appends because a checkpoint took it.
    sealed: bool,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Recents {
    blocks: VecDeque<Arc<Block>>,
    /// Blocks at the front whose values were moved to the log where possible.
    demoted_blocks: usize,
    /// Cost of the records behind the demoted blocks.
    inline_bytes: usize,
    inline_bytes_max: usize,
    /// Every record up to here is also in the backend.
    checkpointed: i64,
}

/// Sealed blocks, as a checkpoint takes them.
#[derive(Debug, Clone)]
pub(super) struct Sealed(Vec<Arc<Block>>);

impl Sealed {
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.iter().flat_map(|block| &block.records)
    }
}

impl Recents {
    pub(super) fn new(inline_bytes_max: usize, checkpointed: i64) -> Self {
        Self {
            blocks: VecDeque::new(),
            demoted_blocks: 0,
            inline_bytes: 0,
            inline_bytes_max,
            checkpointed,
        }
    }

    pub(super) fn push(&mut self, record: Record) {
        if let Some(last) = self.last_rev() {
            assert!(
                record.rev > last,
                "revision {:?} does not follow {last:?}",
                record.rev
            );
        }
        self.inline_bytes += record.cost();
        let full = self
            .blocks
            .back()
            .is_none_or(|block| block.sealed || block.records.len() == BLOCK_RECORDS);
        if full {
            let records = Vec::with_capacity(BLOCK_RECORDS);
            self.blocks.push_back(Arc::new(Block {
                records,
                sealed: false,
            }));
        }
        let block = self.blocks.back_mut().expect("a block was just ensured");
        Arc::make_mut(block).records.push(record);
    }

    /// Removes the newest record; for a transaction that is given up.
    pub(super) fn pop(&mut self) -> Option<Record> {
        let block = self.blocks.back_mut()?;
        assert!(
            !block.sealed,
            "a checkpoint cannot start inside a transaction"
        );
        let record = Arc::make_mut(block).records.pop()?;
        self.inline_bytes -= record.cost();
        if block.records.is_empty() {
            self.blocks.pop_back();
        }
        Some(record)
    }

    fn last_rev(&self) -> Option<Revision> {
        Some(self.blocks.back()?.records.last()?.rev)
    }

    /// The oldest revision held here.
    pub(super) fn first_rev(&self) -> Option<Revision> {
        Some(self.blocks.front()?.records.first()?.rev)
    }

    pub(super) fn get(&self, rev: Revision) -> Option<&Record> {
        let (block, at) = self.place(rev)?;
        Some(&self.blocks[block].records[at])
    }

    fn place(&self, rev: Revision) -> Option<(usize, usize)> {
        let after = self
            .blocks
            .partition_point(|block| block.records[0].rev <= rev);
        let block = after.checked_sub(1)?;
        let records = &self.blocks[block].records;
        let at = records
            .binary_search_by_key(&rev, |record| record.rev)
            .ok()?;
        Some((block, at))
    }

    /// The records from `from` on, dead ones included.
    pub(super) fn since(&self, from: Revision) -> impl Iterator<Item = &Record> {
        let first = self
            .blocks
            .partition_point(|block| block.records[0].rev <= from)
            .saturating_sub(1);
        self.blocks
            .iter()
            .skip(first)
            .flat_map(|block| &block.records)
            .skip_while(move |record| record.rev < from)
    }

    /// Marks a record as removed and frees its bytes; false if it is not here.
    pub(super) fn kill(&mut self, rev: Revision) -> bool {
        let Some((block, at)) = self.place(rev) else {
            return false;
        };
        let record = &mut Arc::make_mut(&mut self.blocks[block]).records[at];
        let before = record.cost();
        record.value = Value::Dead;
        record.key = Bytes::new();
        let freed = before - record.cost();
        if block >= self.demoted_blocks {
            self.inline_bytes -= freed;
        }
        true
    }

    /// Closes what is there, so that no later record shares a block with it, and returns the
    /// blocks that are not in the backend yet.
    pub(super) fn seal(&mut self) -> Sealed {
        if let Some(block) = self.blocks.back_mut()
            && !block.sealed
        {
            Arc::make_mut(block).sealed = true;
        }
        let first = self
            .blocks
            .partition_point(|block| block.records[0].rev.main <= self.checkpointed);
        Sealed(self.blocks.range(first..).cloned().collect())
    }

    /// Everything up to `main` is in the backend: keeps of it only what is cheap.
    pub(super) fn checkpointed(&mut self, main: i64) {
        assert!(
            main >= self.checkpointed,
            "the checkpoint cannot go back from {} to {main}",
            self.checkpointed
        );
        self.checkpointed = main;
        while self.demoted_blocks > 0 && self.front_is_checkpointed() {
            self.blocks.pop_front();
            self.demoted_blocks -= 1;
        }
    }

    fn front_is_checkpointed(&self) -> bool {
        let last = self.blocks.front().and_then(|block| block.records.last());
        last.is_some_and(|record| record.rev.main <= self.checkpointed)
    }

    /// Brings the values in memory below the bound; called after each transaction.
    pub(super) fn enforce_budget(&mut self) {
        // The last block is never touched: it is being filled, and readers want it most.
        while self.inline_bytes > self.inline_bytes_max
            && self.demoted_blocks + 1 < self.blocks.len()
        {
            let cost = |block: &Block| block.records.iter().map(Record::cost).sum::<usize>();
            self.inline_bytes -= cost(&self.blocks[self.demoted_blocks]);
            if self.demoted_blocks == 0 && self.front_is_checkpointed() {
                self.blocks.pop_front();
                continue;
            }
            let block = Arc::make_mut(&mut self.blocks[self.demoted_blocks]);
            block.records.iter_mut().for_each(Record::demote);
            self.demoted_blocks += 1;
        }
    }

    /// Panics where the bookkeeping is not what a count would give.
    #[cfg(test)]
    pub(super) fn check(&self) {
        assert!(self.demoted_blocks <= self.blocks.len());
        let inline = self.blocks.range(self.demoted_blocks..);
        let bytes: usize = inline
            .flat_map(|block| &block.records)
            .map(Record::cost)
            .sum();
        assert_eq!(bytes, self.inline_bytes, "bytes of records in memory");
    }
}
