//! One suite over both backends.

use std::ops::ControlFlow;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

fn pairs(backend: &dyn Backend, from: &[u8], to: &[u8]) -> Vec<(Vec<u8>, Bytes)> {
    let mut found = Vec::new();
    let mut visit = |key: &[u8], value| {
        found.push((key.to_vec(), value));
        ControlFlow::Continue(())
    };
    backend.scan(from, to, &mut visit).unwrap();
    found
}

fn blobs(backend: &dyn Backend, family: Blob) -> Vec<(u32, Bytes)> {
    (0..backend.slots_end(family))
        .filter_map(|slot| Some((slot, backend.get_blob(family, slot).unwrap()?)))
        .collect()
}

/// Exercises a backend through several openings of one place.
fn suite(open: &dyn Fn() -> Box<dyn Backend>) {
    let mut rng = StdRng::seed_from_u64(9);
    let mut expected = std::collections::BTreeMap::new();
    for round in 0..4 {
        let backend = open();
        let found: Vec<_> = expected.clone().into_iter().collect();
        assert_eq!(blobs(&*backend, Blob::Values), found, "round {round}");
        for _ in 0..60 {
            let slot = rng.random_range(0..40);
            let mut data = vec![0; rng.random_range(0..3) * 20_000];
            rng.fill(&mut data[..]);
            let data = Bytes::from(data);
            backend.put_blob(Blob::Values, slot, data.clone()).unwrap();
            let now = backend.get_blob(Blob::Values, slot).unwrap();
            assert_eq!(now.unwrap_or_default(), data);
            match data.is_empty() {
                true => expected.remove(&slot),
                false => expected.insert(slot, data),
            };
        }
        assert_eq!(blobs(&*backend, Blob::Headers), []);
        let mut batch = Batch::default();
        batch.put("meta/a", format!("{round}"));
        batch.put("meta/b", "");
        batch.delete("meta/c");
        backend.write(batch).unwrap();
        backend.flush().unwrap();
        assert!(backend.bytes_on_disk() > 0);
    }
    let backend = open();
    assert_eq!(
        backend.get(b"meta/a").unwrap(),
        Some(Bytes::from_static(b"3"))
    );
    assert_eq!(backend.get(b"meta/c").unwrap(), None);
    let found = pairs(&*backend, b"meta/", b"meta/b");
    assert_eq!(found, [(b"meta/a".to_vec(), Bytes::from_static(b"3"))]);
    assert_eq!(pairs(&*backend, b"z", b"a"), []);
}

fn open_sled(path: &Path) -> Box<dyn Backend> {
    // The engine lets go of its lock a moment after it was dropped.
    crate::backend::await_closed(path, std::time::Duration::from_secs(30)).unwrap();
    Box::new(SledBackend::open(path).unwrap())
}

#[test]
fn sled_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    suite(&|| open_sled(dir.path()));
}

#[test]
fn memory_keeps_the_contract() {
    let backend = std::sync::Arc::new(MemoryBackend::new());
    let again = backend.clone();
    suite(&move || Box::new(Shared(again.clone())));
    backend.put_blob(Blob::Headers, 1, "lost".into()).unwrap();
    backend.crash();
    assert_eq!(backend.get_blob(Blob::Headers, 1).unwrap(), None);
}

/// A memory backend that outlives its users, as a directory would.
struct Shared(std::sync::Arc<MemoryBackend>);

impl Backend for Shared {
    fn write(&self, batch: Batch) -> Result<(), Error> {
        self.0.write(batch)
    }

    fn flush(&self) -> Result<(), Error> {
        self.0.flush()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Error> {
        self.0.get(key)
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.0.scan(from, to, visit)
    }

    fn put_blob(&self, family: Blob, slot: u32, data: Bytes) -> Result<(), Error> {
        self.0.put_blob(family, slot, data)
    }

    fn get_blob(&self, family: Blob, slot: u32) -> Result<Option<Bytes>, Error> {
        self.0.get_blob(family, slot)
    }

    fn slots_end(&self, family: Blob) -> u32 {
        self.0.slots_end(family)
    }

    fn bytes_on_disk(&self) -> u64 {
        self.0.bytes_on_disk()
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a database").unwrap();
    let error = SledBackend::open(&file).err().unwrap().to_string();
    assert!(error.contains("file"), "{error}");
}
