//! Decoders of bytes from outside get bytes that are nearly right: seeds, changed at random.
//!
//! Each is tried for a moment, or for `PINTLE_FUZZ_SECONDS`. A decoder may refuse; it must not panic,
//! and must not take more memory than its input warrants. What made one panic is told in hex.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// How long a decoder is tried if nobody says.
const MOMENT: Duration = Duration::from_millis(200);
/// The longest input.
const BYTES_MAX: usize = 64 * 1024;
/// Values that make trouble where lengths and counts stand.
const TROUBLE: [u8; 8] = [0x00, 0x01, 0x7f, 0x80, 0xff, b'{', b'"', b'\\'];

/// Gives `decode` seeds changed at random, until the time is over.
pub(crate) fn nearly(seeds: &[Vec<u8>], mut decode: impl FnMut(&[u8])) {
    let asked = std::env::var("PINTLE_FUZZ_SECONDS").ok();
    let asked = asked.map(|text| Duration::from_secs(text.parse().expect("a number of seconds")));
    let end = Instant::now() + asked.unwrap_or(MOMENT);
    let mut random = StdRng::from_os_rng();
    let mut rounds = 0_u64;
    while rounds < 100 || Instant::now() < end {
        let mut bytes = seeds.choose(&mut random).cloned().unwrap_or_default();
        for _ in 0..random.random_range(0..8) {
            change(&mut bytes, seeds, &mut random);
        }
        bytes.truncate(BYTES_MAX);
        let outcome = catch_unwind(AssertUnwindSafe(|| decode(&bytes)));
        if let Err(panic) = outcome {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            tracing::error!(hex, "this made it panic");
            resume_unwind(Box::new(format!("{hex} made it panic: {panic:?}")));
        }
        rounds += 1;
    }
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut StdRng) {
    let at = random.random_range(0..=bytes.len());
    match random.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, random.random()),
        2 => {
            let end = random.random_range(at..=bytes.len());
            bytes.drain(at..end.min(at + 16));
        }
        3 => {
            let other = seeds.choose(random).map_or(&[][..], Vec::as_slice);
            let from = random.random_range(0..=other.len());
            let end = random.random_range(from..=other.len());
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        4 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
        _ if at < bytes.len() => bytes[at] = *TROUBLE.choose(random).unwrap_or(&0),
        _ => bytes.push(random.random()),
    }
}
