//! The commands: one file each, or one for a group.

use super::cli::Command;

mod auth;
mod backup;
mod cluster_health;
mod exec_watch;
mod get;
mod ls;
mod member;
mod mk;
mod mkdir;
mod rm;
mod role;
mod set;
mod update;
mod user;
mod watch;

/// All of them, in the order of the help.
pub(super) const ALL: &[Command] = &[
    backup::COMMAND,
    cluster_health::COMMAND,
    mk::COMMAND,
    mkdir::MKDIR,
    rm::RM,
    rm::RMDIR,
    get::COMMAND,
    ls::COMMAND,
    set::COMMAND,
    mkdir::SETDIR,
    update::COMMAND,
    mkdir::UPDATEDIR,
    watch::COMMAND,
    exec_watch::COMMAND,
    member::COMMAND,
    user::COMMAND,
    role::COMMAND,
    auth::COMMAND,
];
