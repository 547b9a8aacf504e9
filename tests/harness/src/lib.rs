//! What every process-level test needs: servers started as real processes, on ports the kernel
//! gives, in a directory of their own, and gone when the test ends, however it ends.
//!
//! - [`Server`]: one etcd-compatible member as a child process. It is told everything by etcd's
//!   own flags, so the same test runs against our binary and against the real etcd.
//! - [`Cluster`]: several of them, which can be killed, paused and replaced, with [`Links`] between
//!   them that can be cut.
//! - [`peers`]: where the real etcd, etcdctl and etcdutl stand; [`binary`]: where ours stand.
//! - [`eventually`]: wait for a condition with a deadline, in place of a sleep.
//! - [`output`]: run a command to its end, with a deadline.
//!
//! Nothing here speaks the etcd protocol: tests bring the client they want to test with.
//!
//! Invariants: traffic stays on 127.0.0.1; a process is ended by its own id and never by a name;
//! a dropped [`Server`] leaves neither a process nor a file behind.

mod cluster;
mod command;
mod dialer;
mod error;
mod http;
mod links;
pub mod peers;
mod ports;
mod process;
mod proxy;
mod server;
mod wait;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use cluster::{Cluster, ClusterOptions};
pub use command::{output, tool};
pub use error::Error;
pub use http::get;
pub use links::{Held, Links};
pub use ports::free_port;
pub use rustix::process::Signal;
pub use server::{Options, Server};
pub use wait::{eventually, eventually_async};

/// Finds one of our own built binaries, such as `etcd` or `etcdctl`.
///
/// The environment variable `PINTLE_TEST_<NAME>` (`PINTLE_TEST_ETCD`, ...) wins, so that a suite
/// can be pointed at another server. Without it the binary stands in the build directory that the
/// running test itself was built into (`target/debug/etcd` or `target/release/etcd`).
///
/// # Errors
/// [`Error::NoBinary`] when there is no such file; the text names the command that builds it.
pub fn binary(name: &str) -> Result<PathBuf, Error> {
    let variable = format!("PINTLE_TEST_{}", name.to_uppercase().replace('-', "_"));
    let path = match std::env::var_os(&variable) {
        Some(path) => PathBuf::from(path),
        None => build_dir()?.join(name),
    };
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::NoBinary {
        path,
        hint: format!("build it by `cargo build`, or set {variable}"),
    })
}

/// The server to measure and the one to measure it by: those that are named, or ours and the real etcd.
///
/// # Errors
/// [`Error::NoBinary`], as [`binary`] and [`peers::etcd`].
pub fn sides(ours: Option<&Path>, theirs: Option<&Path>) -> Result<(PathBuf, PathBuf), Error> {
    let ours = ours.map_or_else(|| binary("etcd"), |path| Ok(path.to_owned()))?;
    let theirs = theirs.map_or_else(peers::etcd, |path| Ok(path.to_owned()))?;
    Ok((ours, theirs))
}

/// The build directory of the running test: `target/<profile>`. Test executables stand in its
/// folder `deps`, binaries in itself.
///
/// # Errors
/// [`Error::Io`] when the path of the running executable cannot be read.
pub fn build_dir() -> Result<PathBuf, Error> {
    let exe =
        std::env::current_exe().map_err(Error::io("find the running test", "/proc/self/exe"))?;
    let dir = exe.parent().unwrap_or(Path::new("/"));
    let dir = if dir.ends_with("deps") {
        dir.parent().unwrap_or(dir)
    } else {
        dir
    };
    Ok(dir.to_path_buf())
}

/// The workspace's target directory, which holds `peers/bin` and the clients' build outputs:
/// the parent of [`build_dir`].
///
/// # Errors
/// As [`build_dir`].
pub fn target_dir() -> Result<PathBuf, Error> {
    let dir = build_dir()?;
    Ok(dir.parent().unwrap_or(&dir).to_path_buf())
}
