//! Who is in the cluster: members, their ids, how a cluster starts, and how its membership changes.

mod change;
mod conf;
mod error;
pub mod id;
mod initial;
mod join;
mod member;
mod members;
mod reconfigure;
pub mod strict;
mod versions;

pub use change::{Changed, MemberChange, change, check_learners};
pub use conf::Conf;
pub use error::Error;
pub use initial::{Initial, InitialError};
pub use join::{JoinError, Joined, Remote, check_new, join};
pub use member::Member;
pub use members::Members;
pub use reconfigure::ConfError;
pub use versions::{DowngradeError, Version, Versions};
