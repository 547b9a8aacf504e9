use super::*;

/// An empty manifest with another number for its format.
fn of_format(format: u8) -> Vec<u8> {
    let mut entry = encode(7, 3, &[]);
    entry[4] = format;
    let crc = crc32c::crc32c(&entry[4..]);
    entry[..4].copy_from_slice(&crc.to_le_bytes());
    entry
}

#[test]
fn the_format_before_is_read_and_unknown_ones_are_refused() {
    for format in [2, 3] {
        let manifest = decode(&of_format(format)).unwrap();
        assert_eq!((manifest.revision, manifest.compacted), (7, 3));
        assert!(manifest.chunks.is_empty());
    }
    for format in [1, 4] {
        let error = decode(&of_format(format)).unwrap_err();
        assert!(error.to_string().contains("is not known"), "{error}");
    }
}
