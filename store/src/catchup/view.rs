//! Where a sender gets what it sends.

use bytes::Bytes;
use parking_lot::RwLock;
use prost::Message;

use crate::apply::{Meta, State};
use crate::mvcc::ExportJob;

/// The state of a member at one index.
pub struct View {
    /// The last entry it contains.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// [`Meta`], encoded.
    pub meta: Bytes,
    /// The records.
    pub records: ExportJob,
}

impl View {
    /// The state as it is now; nothing while a checkpoint is under way. To be called with the lock
    /// of the state held, which it needs for a moment only.
    pub fn of(state: &mut State) -> Option<Self> {
        let records = state.store.begin_export()?;
        let (index, term) = state.applied;
        Some(Self {
            index,
            term,
            meta: Meta::of(state).encode_to_vec().into(),
            records,
        })
    }
}

/// Who has a state that changes.
pub trait ViewSource: Send + Sync {
    /// A view of the state as it is now. Nothing while a checkpoint is under way, nor, unless
    /// `is_urgent`, when so much has been written since the last one began that the next is due.
    fn view(&self, due_bytes: u64, is_urgent: bool) -> Option<View>;

    /// The index of the last entry that has been applied.
    fn applied(&self) -> u64;
}

impl ViewSource for RwLock<State> {
    fn view(&self, due_bytes: u64, is_urgent: bool) -> Option<View> {
        let mut state = self.write();
        if state.store.bytes_since_checkpoint() >= due_bytes && !is_urgent {
            return None;
        }
        View::of(&mut state)
    }

    fn applied(&self) -> u64 {
        self.read().applied.0
    }
}
