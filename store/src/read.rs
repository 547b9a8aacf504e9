//! Linearizable reads: before the state is read, it has to hold all that was acknowledged.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::raft::{Handle, ReadError};

/// Reads waiting for the quorum at once at most: as many as connections can carry; each costs
/// one oneshot channel.
pub const READS_MAX: usize = 1_000_000;

/// Told when the state is fresh enough.
pub type Waiter = oneshot::Sender<Result<(), ReadError>>;

/// Waits until whatever was acknowledged before the call can be read from the applied state
/// (raft §6.4). A sole voter that leads knows so without asking.
///
/// # Errors
/// No quorum answered in time, or the member is stopping.
pub async fn linearizable(raft: &Handle, timeout: Duration) -> Result<(), ReadError> {
    if raft.link().reads_are_linearizable() {
        return Ok(());
    }
    let (waiter, ready) = oneshot::channel();
    raft.read(waiter);
    match tokio::time::timeout(timeout, ready).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(ReadError::Stopped),
        Err(_) => Err(ReadError::Timeout),
    }
}
