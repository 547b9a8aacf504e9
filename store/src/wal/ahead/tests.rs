use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Ahead, CHUNK_BYTES};
use crate::disk::DiskFile;

/// Notes what is fetched.
#[derive(Default)]
struct Noted(Mutex<Vec<(u64, u64)>>);

impl DiskFile for Noted {
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Ok(0)
    }

    fn fetch(&self, offset: u64, len: u64) {
        self.0.lock().push((offset, len));
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(0)
    }

    fn truncate(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn next_data(&self, _: u64) -> io::Result<Option<u64>> {
        Ok(None)
    }
}

fn open(size: u64) -> (Arc<Noted>, Ahead) {
    let file = Arc::new(Noted::default());
    (file.clone(), Ahead::new(file, size))
}

#[test]
fn a_chunk_is_fetched_once_and_only_when_it_is_written_to_its_end() {
    let (file, ahead) = open(4 * CHUNK_BYTES);
    ahead.fetch(CHUNK_BYTES + 512, 512);
    assert_eq!(*file.0.lock(), []);
    ahead.fetch(512, 512);
    ahead.fetch(1024, 512);
    assert_eq!(*file.0.lock(), [(0, CHUNK_BYTES)]);
    ahead.fetch(2 * CHUNK_BYTES - 512, 512);
    assert_eq!(
        *file.0.lock(),
        [(0, CHUNK_BYTES), (CHUNK_BYTES, CHUNK_BYTES)]
    );
}

#[test]
fn what_lies_behind_the_size_is_not_fetched() {
    let (file, ahead) = open(CHUNK_BYTES);
    ahead.fetch(70 * CHUNK_BYTES, 2 * CHUNK_BYTES);
    assert_eq!(*file.0.lock(), []);
}
