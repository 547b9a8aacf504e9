//! What requests are refused with: [`Status`], and how what goes wrong below becomes one.

pub use api::status::Status;

use crate::cache::NotFresh;
use crate::storage::StoreError;

/// The outcome of what may be refused.
pub type Result<T> = std::result::Result<T, Status>;

/// How long a client waits before it asks again for what is not there yet, in seconds.
const RETRY_AFTER: u32 = 1;

impl From<StoreError> for Status {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Compacted => {
                Self::expired("The resourceVersion for the provided list is too old.")
            }
            StoreError::Future => Self::timeout("Too large resource version", RETRY_AFTER),
            StoreError::TooLarge => Self::request_entity_too_large("limit is 3145728"),
            StoreError::Unavailable(why) => {
                Self::unavailable(format!("the store cannot be reached: {why}"))
            }
            StoreError::Other(why) => Self::internal(why),
        }
    }
}

impl From<NotFresh> for Status {
    fn from(late: NotFresh) -> Self {
        let number = |revision: i64| u64::try_from(revision).unwrap_or(0);
        Self::resource_version_too_large(number(late.asked), number(late.current), RETRY_AFTER)
    }
}
