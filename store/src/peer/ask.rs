//! Questions to a cluster this member does not belong to yet.

use std::time::Duration;

use proto::peer::{MembersRequest, MembersResponse};
use tonic::Status;

use super::dial::{DialError, Dialer, Patience};
use crate::config::Url;
use crate::together::Together;

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The answer is an error.
    #[error("{}", .0.message())]
    Status(Status),
    /// No answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

/// Asks the member at `url` who the members of its cluster are, as one that joins has to know.
/// Must run inside the runtime.
///
/// # Errors
/// There is no answer.
pub async fn members(
    dialer: &Dialer,
    url: &Url,
    timeout: Duration,
) -> Result<MembersResponse, AskError> {
    let patience = Patience {
        dial: timeout,
        silence: timeout,
    };
    let asking = async {
        let mut connection = dialer
            .dial(url, patience, None, Together::default())
            .await?;
        let answer = connection.client.members(MembersRequest {}).await;
        Ok(answer.map_err(AskError::Status)?.into_inner())
    };
    let answer = tokio::time::timeout(timeout, asking).await;
    answer.unwrap_or(Err(AskError::Timeout(timeout)))
}
