//! Where received state is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Error;
use crate::backend::Backend;

/// A place for received state, of which one at a time may be under way.
///
/// What was published lasts, but counts only once the log names its index: until then the old
/// checkpoint is the one to start from.
pub trait Site: Send + Sync {
    /// An empty backend to be filled; an earlier one that was not published is gone.
    ///
    /// # Errors
    /// It cannot be made.
    fn begin(&self) -> Result<Arc<dyn Backend>, Error>;

    /// Makes durable what was filled, under the name of `index`. Whoever filled it has let go of
    /// the backend before.
    ///
    /// # Errors
    /// It cannot be made durable, or there is one of that index already.
    fn publish(&self, index: u64) -> Result<PathBuf, Error>;

    /// Removes what was begun and not published.
    fn abandon(&self);

    /// Removes what was published under this path, because the member does not want it.
    fn discard(&self, path: &Path);
}
