//! bbolt's file format: what a backup of etcd is made of.
//!
//! [`Writer`] makes a fresh file in one pass over sorted input, [`Reader`] walks any valid file.
//! Neither changes a file that exists: no free list is ever consumed, no page rewritten.
//!
//! A file is an array of pages (4096 bytes here, any power of two when reading), all numbers
//! little-endian. Pages 0 and 1 hold two copies of the meta block; the valid one with the higher
//! transaction id counts. Every other page is named by its number, is reachable from the root by
//! exactly one path, or is free:
//!
//! ```text
//! page    0        8      10      12           16
//!         | id u64 | flags | count | overflow u32 | elements, then the bytes they point to … |
//!           flags: 1 branch, 2 leaf, 4 meta, 16 free list     u16 each
//!           overflow: how many pages after this one belong to it
//!
//! meta    16      20          24            28         32         40           48         56    64     72
//!         | magic | version 2 | page size | flags 0 | root u64 | sequence u64 | free list | end | txid | checksum |
//!           end: number of pages in use; free list: its page, or 2^64-1 when it is not kept
//!           checksum: FNV-1a 64 over the 56 bytes from `magic` up to and without `checksum`
//!
//! leaf element     | flags u32 (1 = bucket) | pos u32 | key length u32 | value length u32 |
//! branch element   | pos u32 | key length u32 | child page u64 |
//!           pos counts from the first byte of the element itself; the value follows the key
//!
//! value of a bucket | root page u64 | sequence u64 |          and, when the root is 0,
//!                   | page header | elements | bytes |        a leaf page in place ("inline")
//! free list         ids, u64 each; when count is 0xffff the true count is the first of them
//! ```
//!
//! Within a bucket keys ascend by bytes; the key of a branch element is at most the first key below
//! it and greater than every key before it. Facts from bbolt 1.5 (`internal/common`, `tx_check`).

mod check;
mod cursor;
mod error;
mod format;
mod reader;
mod writer;

pub use cursor::{Cursor, Entry, Value};
pub use error::Error;
pub use reader::{BucketHandle, Reader};
pub use writer::{Bucket, Writer};

/// Bytes in a page of the files [`Writer`] makes: what etcd itself uses on every common machine.
pub const PAGE_SIZE: usize = 4096;

/// The longest key bbolt accepts, in bytes.
pub const KEY_BYTES_MAX: usize = 32_768;

/// The longest value bbolt accepts, in bytes.
pub const VALUE_BYTES_MAX: usize = (1 << 31) - 2;
