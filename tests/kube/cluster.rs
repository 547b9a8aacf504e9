//! A store and an API server, on ports that the kernel gave, gone when the test is.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use harness::eventually;

/// How long a server may take to be ready on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// What an API server says once it listens.
const SERVING: &str = "Serving securely on ";

/// See the module.
pub(crate) struct Cluster {
    api: Child,
    _store: harness::Server,
    folder: tempfile::TempDir,
    /// Where the API server listens: `127.0.0.1:port`.
    pub(crate) address: String,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may have ended already, which its log tells.
        let _ = self.api.kill();
        let _ = self.api.wait();
    }
}

impl Cluster {
    /// Starts both, and waits until they are ready.
    pub(crate) fn start() -> Self {
        let store = harness::Server::start(harness::binary("etcd").unwrap(), &[]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let api = Command::new(env!("CARGO_BIN_EXE_pintle"))
            .arg("kube-apiserver")
            .arg(format!("--etcd-servers={}", store.client_url()))
            .args(["--bind-address=127.0.0.1", "--secure-port=0"])
            .arg(format!("--cert-dir={}", folder.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut cluster = Self {
            api,
            _store: store,
            folder,
            address: String::new(),
        };
        let told = || fs::read_to_string(&log).unwrap();
        let mut address = None;
        let is_up = eventually(LIMIT, || {
            let told = told();
            let line = told.lines().find_map(|line| line.split_once(SERVING));
            address = line.map(|(_, rest)| rest.trim().to_owned());
            address.is_some()
        });
        assert!(is_up, "{}", told());
        cluster.address = address.unwrap();
        fs::write(cluster.kubeconfig(), kubeconfig(&cluster.address)).unwrap();
        cluster
    }

    /// A folder that goes with the cluster.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The file by which clients find the server.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }
}

fn kubeconfig(address: &str) -> String {
    format!(
        "apiVersion: v1
kind: Config
clusters:
- name: test
  cluster: {{server: 'https://{address}', insecure-skip-tls-verify: true}}
users:
- name: test
  user: {{token: test}}
contexts:
- name: test
  context: {{cluster: test, user: test}}
current-context: test
"
    )
}
