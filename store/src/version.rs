//! The versions this server states on the wire, in its log and at `etcd --version`.
//!
//! Clients, etcdctl and kubeadm read them to decide what the server can do, so they name the
//! release of etcd whose behaviour is kept, not the release of Pintle.

/// The release of etcd whose behaviour this server keeps; `/version` and Status show it.
pub const SERVER: &str = "3.7.1";
/// The version the cluster agrees on: that of the server without its patch number.
pub const CLUSTER: &str = "3.7.0";
/// The version of the storage schema, as `/version` and Status show it.
pub const STORAGE: &str = "3.7.0";
/// The oldest cluster this server may join.
pub const MIN_CLUSTER: &str = "3.0.0";
/// The version of Pintle itself.
pub const PINTLE: &str = env!("CARGO_PKG_VERSION");
/// What stands where etcd names the toolchain it was built with.
pub const TOOLCHAIN: &str = concat!("rust (Pintle ", env!("CARGO_PKG_VERSION"), ")");

/// The commit this binary was built from, if the build named one in `PINTLE_GIT_SHA`.
#[must_use]
pub fn git_sha() -> &'static str {
    option_env!("PINTLE_GIT_SHA").unwrap_or("Not provided")
}

/// `3.7` of `3.7.0`.
#[must_use]
pub fn major_minor(version: &str) -> &str {
    version.rsplit_once('.').map_or(version, |(front, _)| front)
}

/// The processor, named the way Go names it.
#[must_use]
pub fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

/// The four lines `etcd --version` prints; test harnesses parse the first.
#[must_use]
pub fn report() -> String {
    let os = std::env::consts::OS;
    format!(
        "etcd Version: {SERVER}\nGit SHA: {}\nGo Version: {TOOLCHAIN}\nGo OS/Arch: {os}/{}\n",
        git_sha(),
        arch()
    )
}

#[cfg(test)]
mod tests;
