//! Values that are not in a checkpoint yet can be read back from the log.

use std::io;

use bytes::Bytes;

use crate::mvcc::ValueSource;
use crate::wal::{Position, Reader};

impl ValueSource for Reader {
    fn read(&self, segment: u64, offset: u64, len: u32) -> io::Result<Bytes> {
        Self::read(
            self,
            Position {
                segment,
                offset,
                len,
            },
        )
        .map_err(io::Error::other)
    }
}
