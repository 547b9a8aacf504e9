//! A store and an API server, on ports that the kernel gave, gone when the test is.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

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
        let names = pki::Names {
            node: "test".to_owned(),
            host: "test".to_owned(),
            ..pki::Names::default()
        };
        let certificates =
            pki::ensure(&folder.path().join("pki"), &names, SystemTime::now()).unwrap();
        let path = |path: &Path| path.display().to_string();
        let api = Command::new(env!("CARGO_BIN_EXE_pintle"))
            .arg("kube-apiserver")
            .arg(format!("--etcd-servers={}", store.client_url()))
            .args(["--bind-address=127.0.0.1", "--secure-port=0"])
            .arg("--authorization-mode=Node,RBAC")
            .arg(format!("--client-ca-file={}", path(&certificates.ca.cert)))
            .arg(format!(
                "--tls-cert-file={}",
                path(&certificates.api_server.cert)
            ))
            .arg(format!(
                "--tls-private-key-file={}",
                path(&certificates.api_server.key)
            ))
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg(format!(
                "--service-account-key-file={}",
                path(&certificates.service_account.public)
            ))
            .arg(format!(
                "--service-account-signing-key-file={}",
                path(&certificates.service_account.private)
            ))
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
        let admin = &certificates.admin;
        let text = pki::kubeconfig(
            &format!("https://{}", cluster.address),
            &certificates.ca.cert_pem,
            &admin.cert_pem,
            &admin.key_pem,
            "kubernetes-admin",
        );
        fs::write(cluster.kubeconfig(), text).unwrap();
        cluster.await_ready();
        cluster
    }

    /// Waits until the roles that every cluster has are there, and count.
    fn await_ready(&self) {
        let last = || {
            self.kubectl(&[
                "auth",
                "can-i",
                "list",
                "nodes",
                "--as=system:kube-scheduler",
            ])
        };
        assert!(
            eventually(LIMIT, || last().starts_with("yes")),
            "{}",
            last()
        );
    }

    /// What kubectl prints, in short.
    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(crate::kubectl::own());
        command
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", self.folder());
        let output = harness::output(&mut command, LIMIT).unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().to_owned() + String::from_utf8_lossy(&output.stderr).trim()
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
