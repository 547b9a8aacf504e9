//! A member whose flags the harness does not choose.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use harness::eventually;

use crate::client::LIMIT;
use crate::command::told;

/// A URL at a port that nobody uses.
pub(crate) fn url() -> String {
    format!("http://127.0.0.1:{}", harness::free_port().unwrap())
}

/// `--initial-cluster` of these members.
pub(crate) fn cluster(names: &[&str], peers: &[String]) -> String {
    let pairs = names.iter().zip(peers);
    let pairs: Vec<String> = pairs.map(|(name, peer)| format!("{name}={peer}")).collect();
    pairs.join(",")
}

/// Has our etcdutl make the data of a member by `what` to restore, and gives whether it did, and what
/// it said.
pub(crate) fn restore(
    dir: &Path,
    name: &str,
    cluster: &str,
    peer: &str,
    what: &[&str],
) -> (bool, String) {
    let data = dir.join(name).display().to_string();
    let place = [
        "--data-dir",
        &data,
        "--name",
        name,
        "--initial-cluster",
        cluster,
        "--initial-advertise-peer-urls",
        peer,
    ];
    let etcdutl = harness::binary("etcdutl").unwrap();
    told(&etcdutl, &[what, &place].concat())
}

/// See the module. It ends with this.
pub(crate) struct Member {
    pub(crate) child: Child,
    log: PathBuf,
    /// Where clients reach it.
    pub(crate) client: String,
}

impl Drop for Member {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Member {
    /// Starts a member with its data in `dir`, reached by others at `peer`.
    pub(crate) fn start(dir: &Path, name: &str, peer: &str, flags: &[&str]) -> Self {
        let client = url();
        let log = dir.join(format!("{name}.log"));
        let child = Command::new(harness::binary("etcd").unwrap())
            .args([
                format!("--name={name}"),
                format!("--data-dir={}", dir.join(name).display()),
                format!("--listen-client-urls={client}"),
                format!("--advertise-client-urls={client}"),
                format!("--listen-peer-urls={peer}"),
                format!("--initial-advertise-peer-urls={peer}"),
            ])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log, client }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until its log says this.
    pub(crate) fn says(&self, text: &str) -> bool {
        eventually(LIMIT, || self.log().contains(text))
    }
}
