//! The count and the hash by which both ends see in the end that they mean the same.

use sha2::{Digest, Sha256};

use crate::mvcc::{Piece, Roll};

const PIECE: u8 = 1;
const ROLL: u8 = 2;

/// What has been sent, or has arrived; drawn in [`super`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) records: u64,
    pub(super) hash: [u8; 32],
}

impl Tally {
    pub(super) fn add_piece(&mut self, piece: &Piece, records: usize) {
        self.records += records as u64;
        let length = (piece.headers.len() as u64).to_le_bytes();
        self.add(&[&[PIECE], &length, &piece.headers, &piece.values]);
    }

    pub(super) fn add_roll(&mut self, roll: &Roll) {
        let (main, sub) = (roll.upto.main.to_le_bytes(), roll.upto.sub.to_le_bytes());
        self.add(&[&[ROLL], &main, &sub, &roll.present]);
    }

    fn add(&mut self, parts: &[&[u8]]) {
        let mut hash = Sha256::new_with_prefix(self.hash);
        parts.iter().for_each(|part| hash.update(part));
        self.hash = hash.finalize().into();
    }
}
