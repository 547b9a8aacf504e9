//! Keys and values that depend on nothing but the seed and a running number, so that both servers
//! get the very same requests.

use bytes::Bytes;

/// What every generated key starts with.
const PREFIX: &str = "load/";

/// The first key behind all generated ones.
pub const RANGE_END: &[u8] = b"load0";

/// The start of all generated keys.
pub fn range_start() -> Bytes {
    Bytes::from_static(PREFIX.as_bytes())
}

/// A well mixed number for each `number`, the same for the same seed (the SplitMix64 finaliser).
pub fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0xd129_0d3b_3b8d_f9c5)
        .wrapping_add(number)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The keys and the value one workload uses.
#[derive(Debug, Clone)]
pub struct Keys {
    seed: u64,
    space: u64,
    sequential: bool,
    value: Bytes,
}

impl Keys {
    /// `space` keys, visited one after the other or at random, with values of `value_size` bytes
    /// that do not compress.
    pub fn new(seed: u64, space: u64, sequential: bool, value_size: usize) -> Self {
        let value = (0..value_size as u64)
            .map(|at| mix(!seed, at).to_le_bytes()[0])
            .collect::<Vec<_>>();
        Self {
            seed,
            space: space.max(1),
            sequential,
            value: value.into(),
        }
    }

    /// How many keys there are.
    pub fn space(&self) -> u64 {
        self.space
    }

    /// The key of the `number`th request: 17 bytes, `load/000000001234`.
    pub fn visit(&self, number: u64) -> Bytes {
        self.at(if self.sequential {
            number % self.space
        } else {
            mix(self.seed, number) % self.space
        })
    }

    /// The `index`th key in order.
    pub fn at(&self, index: u64) -> Bytes {
        Bytes::from(format!("{PREFIX}{index:012}"))
    }

    /// The value of every put.
    pub fn value(&self) -> Bytes {
        self.value.clone()
    }

    /// A number in `0..bound` that goes with the `number`th request, apart from its key.
    pub fn dice(&self, number: u64, bound: u64) -> u64 {
        mix(self.seed ^ 0x5bd1_e995, number) % bound
    }
}
