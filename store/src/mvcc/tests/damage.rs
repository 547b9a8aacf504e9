//! A damaged checkpoint is refused with a text that says what and where.

use std::sync::Arc;

use bytes::Bytes;

use crate::backend::{Backend, Batch, Blob, MemoryBackend};
use crate::mvcc::{Error, Options, PutOptions, Store};

fn options() -> Options {
    Options {
        inline_bytes_max: 0,
        chunk_bytes: 100,
        values: None,
    }
}

/// Ten keys in several chunks, all checkpointed.
fn checkpointed() -> Arc<MemoryBackend> {
    checkpointed_as("key")
}

fn checkpointed_as(name: &str) -> Arc<MemoryBackend> {
    let backend = Arc::new(MemoryBackend::new());
    let mut store = Store::open(backend.clone(), options()).unwrap();
    for number in 0..10 {
        let mut txn = store.begin();
        let value = Bytes::from(vec![number; 30]);
        txn.put(
            format!("{name}{number}").into(),
            value,
            0,
            PutOptions::default(),
        )
        .unwrap();
        txn.commit();
    }
    let job = store.begin_checkpoint(Vec::new());
    store.finish_checkpoint(job.run().unwrap());
    assert!(backend.slots_end(Blob::Values) > 2);
    backend
}

fn flip(backend: &MemoryBackend, family: Blob, slot: u32, at: usize) {
    let mut data = backend.get_blob(family, slot).unwrap().unwrap().to_vec();
    let at = at % data.len();
    data[at] ^= 0x10;
    backend.put_blob(family, slot, data.into()).unwrap();
}

fn refusal(backend: &Arc<MemoryBackend>) -> String {
    match Store::open(backend.clone(), options()) {
        Ok(_) => panic!("a damaged checkpoint was opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn damaged_headers_stop_the_opening() {
    let backend = checkpointed();
    flip(&backend, Blob::Headers, 1, 20);
    assert_eq!(
        refusal(&backend),
        "the checkpoint is damaged: chunk in slot 1: headers: checksum does not match"
    );
}

#[test]
fn damaged_values_fail_the_reads_that_need_them() {
    let backend = checkpointed();
    flip(&backend, Blob::Values, 1, 60);
    let store = Store::open(backend, options()).unwrap();
    let results: Vec<_> = (0..10)
        .map(|number| store.get(format!("key{number}").as_bytes()))
        .collect();
    let failed: Vec<_> = results.iter().filter(|result| result.is_err()).collect();
    assert!(!failed.is_empty() && failed.len() < 10);
    for result in failed {
        let error = result.as_ref().unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }));
        assert!(
            error
                .to_string()
                .ends_with("values: checksum does not match"),
            "{error}"
        );
    }
    assert!(store.hash_kv(0).is_err());
}

#[test]
fn a_missing_chunk_is_noticed() {
    let backend = checkpointed();
    backend.put_blob(Blob::Headers, 0, Bytes::new()).unwrap();
    let text = refusal(&backend);
    assert!(text.ends_with("its headers are missing"), "{text}");
}

#[test]
fn chunks_in_the_wrong_slot_are_noticed() {
    let backend = checkpointed();
    for family in [Blob::Headers, Blob::Values] {
        let first = backend.get_blob(family, 0).unwrap().unwrap();
        backend.put_blob(family, 1, first).unwrap();
    }
    let text = refusal(&backend);
    assert!(text.ends_with("it overlaps the one before"), "{text}");
}

#[test]
fn a_sound_chunk_that_is_not_the_one_named_stops_the_opening() {
    let (backend, other) = (checkpointed(), checkpointed_as("other"));
    let last = backend.slots_end(Blob::Headers) - 1;
    let headers = other.get_blob(Blob::Headers, last).unwrap().unwrap();
    backend.put_blob(Blob::Headers, last, headers).unwrap();
    let text = refusal(&backend);
    assert!(text.ends_with("headers: of another chunk"), "{text}");
}

#[test]
fn a_damaged_manifest_stops_the_opening() {
    let good = checkpointed().get(b"mvcc").unwrap().unwrap();
    for bit in 0..good.len() * 8 {
        let backend = checkpointed();
        let mut bad = good.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        let mut batch = Batch::default();
        batch.put("mvcc", bad);
        backend.write(batch).unwrap();
        let text = refusal(&backend);
        assert!(text.contains("manifest: checksum"), "{text}");
    }
}
