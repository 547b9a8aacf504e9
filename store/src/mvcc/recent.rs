//! Records in memory: everything younger than the checkpoint, and a cache of some older ones.
//!
//! Records stand in revision order in blocks behind `Arc`, so that a checkpoint takes a consistent
//! copy by cloning a few pointers; whoever changes a block that a checkpoint still holds gets a
//! copy of its own (`Arc::make_mut`).
//!
//! ```text
//! front                                                               back
//! | packed, values in the log only | values in memory (<= inline_bytes_max) |
//! | <- `demoted_blocks`            |                                        |
//! ```
//!
//! Invariants: revisions strictly increase; no block is empty or straddles a checkpoint; exactly
//! the blocks before `demoted_blocks` are packed ([`super::packed`]), and these take no records.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::packed::{self, Packed};
use super::revision::Revision;

/// Records in one block. A copy forced by a checkpoint in progress costs about 20 µs. Tests use
/// small blocks, so that transactions cross their bounds.
const BLOCK_RECORDS: usize = if cfg!(test) { 4 } else { 256 };

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
        size_of::<Self>() + self.bytes()
    }

    /// Bytes of its key and of its value, as far as they are in memory.
    fn bytes(&self) -> usize {
        let value = match &self.value {
            Value::Inline(value, _) => value.len(),
            Value::Log(_) | Value::Dead => 0,
        };
        self.key.len() + value
    }
}

#[derive(Debug, Clone)]
struct Block {
    records: Records,
    /// Closed to appends because a checkpoint took it.
    sealed: bool,
}

#[derive(Debug, Clone)]
enum Records {
    Plain(Vec<Record>),
    /// Closed to appends.
    Packed(Packed),
}

/// Why a block can be asked for its first and last record.
const NOT_EMPTY: &str = "no block is empty";

impl Block {
    fn first(&self) -> Revision {
        match &self.records {
            Records::Plain(records) => records.first().expect(NOT_EMPTY).rev,
            Records::Packed(packed) => packed.first(),
        }
    }

    fn last(&self) -> Revision {
        match &self.records {
            Records::Plain(records) => records.last().expect(NOT_EMPTY).rev,
            Records::Packed(packed) => packed.last(),
        }
    }

    fn is_closed(&self) -> bool {
        match &self.records {
            Records::Plain(records) => self.sealed || records.len() == BLOCK_RECORDS,
            Records::Packed(_) => true,
        }
    }

    /// The records of a block that is not packed.
    fn plain(&self) -> &[Record] {
        match &self.records {
            Records::Plain(records) => records,
            Records::Packed(_) => panic!("a packed block is asked for its plain records"),
        }
    }

    fn plain_mut(&mut self) -> &mut Vec<Record> {
        match &mut self.records {
            Records::Plain(records) => records,
            Records::Packed(_) => panic!("a packed block takes and gives no records"),
        }
    }

    fn get(&self, rev: Revision) -> Option<Cow<'_, Record>> {
        match &self.records {
            Records::Plain(records) => Some(Cow::Borrowed(&records[find(records, rev)?])),
            Records::Packed(packed) => packed.get(rev).map(Cow::Owned),
        }
    }

    fn iter(&self) -> Iter<'_> {
        match &self.records {
            Records::Plain(records) => Iter::Plain(records.iter()),
            Records::Packed(packed) => Iter::Packed(packed.iter()),
        }
    }
}

fn find(records: &[Record], rev: Revision) -> Option<usize> {
    records.binary_search_by_key(&rev, |record| record.rev).ok()
}

fn cost(records: &[Record]) -> usize {
    records.iter().map(Record::cost).sum()
}

enum Iter<'a> {
    Plain(std::slice::Iter<'a, Record>),
    Packed(packed::Iter<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Cow<'a, Record>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Plain(records) => records.next().map(Cow::Borrowed),
            Self::Packed(records) => records.next().map(Cow::Owned),
        }
    }
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
    /// Bytes of keys and values ever added.
    written: Arc<AtomicU64>,
}

/// Sealed blocks, as a checkpoint takes them.
#[derive(Debug, Clone)]
pub(super) struct Sealed(Vec<Arc<Block>>);

impl Sealed {
    pub(super) fn records(&self) -> impl Iterator<Item = Cow<'_, Record>> {
        self.0.iter().flat_map(|block| block.iter())
    }

    /// The records behind `rev`.
    pub(super) fn after(&self, rev: Revision) -> impl Iterator<Item = Cow<'_, Record>> {
        let before = self.0.partition_point(|block| block.last() <= rev);
        let blocks = self.0[before..].iter().flat_map(|block| block.iter());
        blocks.skip_while(move |record| record.rev <= rev)
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
            written: Arc::default(),
        }
    }

    /// Bytes of keys and values ever added.
    pub(super) fn written_bytes(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// The same, to be watched from other threads.
    pub(super) fn written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
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
        self.written
            .fetch_add(record.bytes() as u64, Ordering::Relaxed);
        if self.blocks.back().is_none_or(|block| block.is_closed()) {
            let records = Records::Plain(Vec::with_capacity(BLOCK_RECORDS));
            self.blocks.push_back(Arc::new(Block {
                records,
                sealed: false,
            }));
        }
        let block = self.blocks.back_mut().expect("a block was just ensured");
        Arc::make_mut(block).plain_mut().push(record);
    }

    /// Removes the newest record; for a transaction that is given up.
    pub(super) fn pop(&mut self) -> Option<Record> {
        let block = self.blocks.back_mut()?;
        assert!(
            !block.sealed,
            "a checkpoint cannot start inside a transaction"
        );
        let records = Arc::make_mut(block).plain_mut();
        let record = records.pop()?;
        self.inline_bytes -= record.cost();
        self.written
            .fetch_sub(record.bytes() as u64, Ordering::Relaxed);
        if records.is_empty() {
            self.blocks.pop_back();
        }
        Some(record)
    }

    fn last_rev(&self) -> Option<Revision> {
        Some(self.blocks.back()?.last())
    }

    /// The oldest revision held here.
    pub(super) fn first_rev(&self) -> Option<Revision> {
        Some(self.blocks.front()?.first())
    }

    /// The record at `rev`, unpacked if need be.
    pub(super) fn get(&self, rev: Revision) -> Option<Cow<'_, Record>> {
        self.blocks[self.block_of(rev)?].get(rev)
    }

    /// The block that has the record at `rev` if any has.
    fn block_of(&self, rev: Revision) -> Option<usize> {
        let after = self.blocks.partition_point(|block| block.first() <= rev);
        after.checked_sub(1)
    }

    /// The records from `from` on, dead ones included.
    pub(super) fn since(&self, from: Revision) -> impl Iterator<Item = Cow<'_, Record>> {
        self.blocks
            .iter()
            .skip(self.block_of(from).unwrap_or(0))
            .flat_map(|block| block.iter())
            .skip_while(move |record| record.rev < from)
    }

    /// Marks a record as removed and frees what it holds outside of a packed buffer; false if it is
    /// not here.
    pub(super) fn kill(&mut self, rev: Revision) -> bool {
        let Some(at) = self.block_of(rev) else {
            return false;
        };
        let records = match &mut Arc::make_mut(&mut self.blocks[at]).records {
            Records::Packed(packed) => return packed.kill(rev),
            Records::Plain(records) => records,
        };
        let Some(found) = find(records, rev) else {
            return false;
        };
        let record = &mut records[found];
        self.inline_bytes -= record.cost();
        record.value = Value::Dead;
        record.key = Bytes::new();
        self.inline_bytes += record.cost();
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
            .partition_point(|block| block.first().main <= self.checkpointed);
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
        let front = self.blocks.front();
        front.is_some_and(|block| block.last().main <= self.checkpointed)
    }

    /// Brings the values in memory below the bound; called after each transaction.
    pub(super) fn enforce_budget(&mut self) {
        // The last block is never touched: it is being filled, and readers want it most.
        while self.inline_bytes > self.inline_bytes_max
            && self.demoted_blocks + 1 < self.blocks.len()
        {
            let next = &self.blocks[self.demoted_blocks];
            self.inline_bytes -= cost(next.plain());
            if self.demoted_blocks == 0 && self.front_is_checkpointed() {
                self.blocks.pop_front();
                continue;
            }
            self.blocks[self.demoted_blocks] = Arc::new(Block {
                records: Records::Packed(Packed::new(next.plain())),
                sealed: next.sealed,
            });
            self.demoted_blocks += 1;
        }
    }

    /// Panics where the bookkeeping is not what a count would give.
    #[cfg(test)]
    pub(super) fn check(&self) {
        let packed = |block: &Arc<Block>| matches!(block.records, Records::Packed(_));
        assert_eq!(
            self.blocks.iter().filter(|b| packed(b)).count(),
            self.demoted_blocks
        );
        let inline = self.blocks.range(self.demoted_blocks..);
        let bytes: usize = inline.map(|block| cost(block.plain())).sum();
        assert_eq!(bytes, self.inline_bytes, "bytes of records in memory");
    }
}
