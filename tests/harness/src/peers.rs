//! The real etcd's binaries, which our own are compared with and are asked to work with.
//!
//! `cargo xtask peers` builds them into `target/peers/bin`; the environment variable
//! `PINTLE_PEERS_DIR` names another directory.

use std::path::PathBuf;

use crate::{Error, target_dir};

/// The real etcd server.
///
/// # Errors
/// [`Error::NoBinary`] when it has not been built yet.
pub fn etcd() -> Result<PathBuf, Error> {
    find("etcd")
}

/// The real etcdctl.
///
/// # Errors
/// [`Error::NoBinary`] when it has not been built yet.
pub fn etcdctl() -> Result<PathBuf, Error> {
    find("etcdctl")
}

/// The real etcdutl.
///
/// # Errors
/// [`Error::NoBinary`] when it has not been built yet.
pub fn etcdutl() -> Result<PathBuf, Error> {
    find("etcdutl")
}

/// The distribution's etcd, which still serves API 2.
///
/// # Errors
/// [`Error::NoBinary`] when it is not installed.
pub fn etcd_of_api_2() -> Result<PathBuf, Error> {
    of_system("/usr/bin/etcd")
}

/// The distribution's etcdctl, which still speaks API 2.
///
/// # Errors
/// [`Error::NoBinary`] when it is not installed.
pub fn etcdctl_of_api_2() -> Result<PathBuf, Error> {
    of_system("/usr/bin/etcdctl")
}

fn of_system(path: &str) -> Result<PathBuf, Error> {
    let path = PathBuf::from(path);
    if path.is_file() {
        return Ok(path);
    }
    let hint = "install it by `cargo xtask peers`".to_owned();
    Err(Error::NoBinary { path, hint })
}

fn find(name: &str) -> Result<PathBuf, Error> {
    let dir = match std::env::var_os("PINTLE_PEERS_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => target_dir()?.join("peers/bin"),
    };
    let path = dir.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let hint = "build it by `cargo xtask peers`, or set PINTLE_PEERS_DIR".to_owned();
    Err(Error::NoBinary { path, hint })
}
