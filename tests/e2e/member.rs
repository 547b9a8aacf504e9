//! A member whose flags the harness does not choose.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use harness::eventually;

use crate::client::LIMIT;

/// A URL at a port that nobody uses.
pub(crate) fn url() -> String {
    format!("http://127.0.0.1:{}", harness::free_port().unwrap())
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
