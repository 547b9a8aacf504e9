//! `cargo xtask peers`: the real etcd's programs, for tests that compare ours with them.
//!
//! - etcd, etcdctl and etcdutl of the release that Pintle follows, built from the Go module in
//!   `tests/peers` into `target/peers/bin`;
//! - kubectl of the Kubernetes whose API is served, from the Go module in `tests/peers/kube`;
//! - the distribution's own etcd and etcdctl (3.4), which speak API version 2 as well, and the
//!   protobuf compiler that building the Rust client needs, a DNS server and `ip`: Debian packages.
//!
//! A second run finds everything in place and costs nothing: the build is stamped with the
//! module's two files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// What Go builds, and the name that the tests look for.
const BINARIES: [(&str, &str); 3] = [
    ("go.etcd.io/etcd/server/v3", "etcd"),
    ("go.etcd.io/etcd/etcdctl/v3", "etcdctl"),
    ("go.etcd.io/etcd/etcdutl/v3", "etcdutl"),
];

/// The same of Kubernetes' programs: kubectl's module leaves it to others to be a program, so ours is one.
const KUBERNETES: [(&str, &str); 1] = [("./kubectl", "kubectl")];

/// Files that tests need, and the Debian package each comes from.
const PACKAGES: [(&str, &str); 5] = [
    ("/usr/bin/etcd", "etcd-server"),
    ("/usr/bin/etcdctl", "etcd-client"),
    ("/usr/bin/protoc", "protobuf-compiler"),
    ("/usr/sbin/dnsmasq", "dnsmasq-base"),
    ("/usr/sbin/ip", "iproute2"),
];

/// Installs whatever is missing.
pub(crate) fn run(workspace: &Path) -> anyhow::Result<()> {
    let (modules, out) = (
        workspace.join("tests/peers"),
        workspace.join("target/peers"),
    );
    build(&modules, &out, &BINARIES)?;
    build(&modules.join("kube"), &out, &KUBERNETES)?;
    install_packages()
}

/// Builds the Go programs unless `out` holds a build of just this module.
fn build(module: &Path, out: &Path, binaries: &[(&str, &str)]) -> anyhow::Result<()> {
    let bin = out.join("bin");
    let name = module.file_name().unwrap_or_default().to_string_lossy();
    let stamp = out.join(format!("stamp-{name}"));
    let mut wanted = String::new();
    for file in ["go.mod", "go.sum"] {
        let path = module.join(file);
        wanted += &fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    }
    let complete = binaries.iter().all(|(_, name)| bin.join(name).is_file());
    if complete && fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) {
        return Ok(());
    }
    fs::create_dir_all(&bin).with_context(|| format!("make {}", bin.display()))?;
    for (package, name) in binaries {
        say(&format!("building {name} into {}", bin.display()))?;
        let mut go = Command::new("go");
        go.args(["build", "-mod=readonly", "-buildvcs=false", "-o"])
            .arg(bin.join(name))
            .arg(package)
            .current_dir(module);
        let status = go
            .status()
            .context("start `go`: install Go 1.26 or newer")?;
        ensure!(status.success(), "go build {package} failed ({status})");
    }
    fs::write(&stamp, wanted).with_context(|| format!("write {}", stamp.display()))
}

/// Installs the Debian packages whose files are missing.
fn install_packages() -> anyhow::Result<()> {
    let missing: Vec<&str> = PACKAGES
        .iter()
        .filter(|(file, _)| !Path::new(file).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let command = format!("apt-get install -y {}", missing.join(" "));
    say(&format!("missing: {command}"))?;
    if !is_root()? {
        bail!("only root can install packages: run `sudo {command}`, then this again");
    }
    // The lists may be older than the packages on the mirror, so a failure to fetch them is fatal.
    for arguments in [
        &["update"][..],
        &[&["install", "-y"][..], &missing].concat(),
    ] {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        let status = apt.status().with_context(|| format!("start `{command}`"))?;
        ensure!(
            status.success(),
            "apt-get {} failed ({status})",
            arguments.join(" ")
        );
    }
    Ok(())
}

fn is_root() -> anyhow::Result<bool> {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .context("start `id`")?;
    Ok(id.stdout.trim_ascii() == b"0")
}

/// Tells the person at the terminal what takes the time.
fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stderr(), "{text}")?)
}
