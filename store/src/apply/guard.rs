//! What alarms forbid, looked at in the order of the log so that every member decides alike.

use proto::etcdserverpb::AlarmType;

use super::{Error, State};
use crate::command::Command;
use crate::quota;

/// Whether alarms let the command through: NOSPACE stops what adds data, CORRUPT all that
/// touches data.
pub(super) fn check(state: &State, command: &Command) -> Result<(), Error> {
    if state.alarms.is_empty() {
        return Ok(());
    }
    if state.alarms.is_raised(AlarmType::Corrupt) {
        match command {
            Command::Put(_)
            | Command::DeleteRange(_)
            | Command::Txn(_)
            | Command::Compact(_)
            | Command::LeaseGrant(_)
            | Command::LeaseRevoke(_)
            | Command::LeaseExpire(_) => return Err(Error::Corrupt),
            Command::LeaseCheckpoint(_)
            | Command::Alarm(_)
            | Command::Publish(_)
            | Command::Membership(_)
            | Command::Auth(_)
            | Command::V2(_)
            | Command::Version(_) => {}
        }
    }
    if state.alarms.is_raised(AlarmType::Nospace) && quota::cost(command) > 0 {
        return Err(Error::NoSpace);
    }
    Ok(())
}
