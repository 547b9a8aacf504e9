//! `pintle up`: a whole cluster in one process, with certificates of its own.
//!
//! ```text
//! certificates ─▶ store (its services are handed on, no socket between) ─▶ API server ─▶ loops, admin.kubeconfig
//! ```

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use apiserver::flags::Flags;
use apiserver::run::Ready;
use apiserver::storage::route;
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::loops;

/// How often certificates are looked at: those that come to their end are made again.
const RENEWS_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What is started.
#[derive(clap::Args)]
pub(crate) struct Up {
    /// Where everything is kept
    #[arg(long, default_value = "pintle-data")]
    data_dir: PathBuf,
    /// The port of the API server
    #[arg(long, default_value_t = 6443)]
    api_port: u16,
    /// The port of the store
    #[arg(long, default_value_t = 2379)]
    store_port: u16,
    /// The address that clients reach the API server at
    #[arg(long, default_value = "127.0.0.1")]
    bind_address: IpAddr,
    /// Store and API server only
    #[arg(long)]
    no_node: bool,
}

impl Up {
    /// Runs until a signal comes.
    pub(crate) fn run(&self) -> ExitCode {
        match self.start() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // Without a stderr there is nobody to tell.
                let _ = writeln!(std::io::stderr(), "pintle up: {error:#}");
                ExitCode::FAILURE
            }
        }
    }

    fn start(&self) -> anyhow::Result<()> {
        if !self.no_node {
            bail!(
                "this machine cannot be a node yet: start store and API server alone by --no-node"
            );
        }
        std::fs::create_dir_all(&self.data_dir)
            .with_context(|| format!("make {}", self.data_dir.display()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .context("start the runtime")?;
        apiserver::run::log(0);
        runtime.block_on(self.until_told())
    }

    async fn until_told(&self) -> anyhow::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let pki = self.certificates()?;
        let (stop, stopped) = watch::channel(false);
        let (ready, told) = oneshot::channel();
        let serving = self.serve(&pki, stopped, ready);
        tokio::pin!(serving);
        let greeting = self.greet(&pki, told);
        tokio::pin!(greeting);
        let mut loops = None;
        let mut renewing = tokio::time::interval(RENEWS_EVERY);
        loop {
            tokio::select! {
                ended = &mut serving => return ended,
                greeted = &mut greeting, if loops.is_none() => loops = Some(greeted?),
                // Servers read their certificates again when they change.
                _ = renewing.tick() => drop(self.certificates()?),
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
            }
        }
        if let Some(loops) = loops {
            loops.cancel();
        }
        let _ = stop.send(true);
        serving.await
    }

    fn certificates(&self) -> anyhow::Result<pki::Pki> {
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let names = pki::Names {
            node: host.clone(),
            host,
            addresses: vec![self.bind_address],
            ..pki::Names::default()
        };
        Ok(pki::ensure(
            &self.data_dir.join("pki"),
            &names,
            SystemTime::now(),
        )?)
    }

    /// Store and API server; both end when `stop` turns true.
    async fn serve(
        &self,
        pki: &pki::Pki,
        stop: watch::Receiver<bool>,
        ready: oneshot::Sender<Ready>,
    ) -> anyhow::Result<()> {
        let flags = self.store_flags(pki);
        let config = store::config::parse(&flags, &[])
            .result
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        // The API server goes first, so that the store is there to the end.
        let (stop_store, store_stopped) = watch::channel(false);
        let mut start = store::etcd::prepare(config, store_stopped)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let (routes, handed) = oneshot::channel();
        start.routes = Some(routes);
        let storing = store::member::serve(start);
        tokio::pin!(storing);
        let routes = tokio::select! {
            ended = &mut storing => {
                ended.map_err(|error| anyhow::anyhow!("{error}"))?;
                bail!("the store has ended");
            }
            routes = handed => routes.context("the store has not come up")?,
        };
        let flags = self.api_flags(pki)?;
        let api = apiserver::run::serve_on(flags, route::to_own(routes), stop, ready);
        tokio::select! {
            ended = &mut storing => ended.map_err(|error| anyhow::anyhow!("the store: {error}"))?,
            ended = api => {
                let _ = stop_store.send(true);
                storing.await.map_err(|error| anyhow::anyhow!("the store: {error}"))?;
                ended.map_err(|error| anyhow::anyhow!("the API server: {error}"))?;
            }
        }
        Ok(())
    }

    fn store_flags(&self, pki: &pki::Pki) -> Vec<String> {
        let url = |port: u16| format!("https://127.0.0.1:{port}");
        let (client, peer) = (url(self.store_port), url(self.store_port + 1));
        let file = |name: &str, path: &Path| format!("--{name}={}", path.display());
        vec![
            "--name=pintle".to_owned(),
            file("data-dir", &self.data_dir.join("store")),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=pintle={peer}"),
            file("cert-file", &pki.store_server.cert),
            file("key-file", &pki.store_server.key),
            file("trusted-ca-file", &pki.store_ca.cert),
            "--client-cert-auth=true".to_owned(),
            file("peer-cert-file", &pki.store_peer.cert),
            file("peer-key-file", &pki.store_peer.key),
            file("peer-trusted-ca-file", &pki.store_ca.cert),
            "--peer-client-cert-auth=true".to_owned(),
        ]
    }

    fn api_flags(&self, pki: &pki::Pki) -> anyhow::Result<Flags> {
        let file = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let key = &pki.service_account;
        let arguments = [
            "kube-apiserver".to_owned(),
            format!("--bind-address={}", self.bind_address),
            format!("--secure-port={}", self.api_port),
            "--authorization-mode=Node,RBAC".to_owned(),
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
            "--service-cluster-ip-range=10.96.0.0/12".to_owned(),
            file("client-ca-file", &pki.ca.cert),
            file("tls-cert-file", &pki.api_server.cert),
            file("tls-private-key-file", &pki.api_server.key),
            file("service-account-key-file", &key.public),
            file("service-account-signing-key-file", &key.private),
            file("requestheader-client-ca-file", &pki.front_proxy_ca.cert),
            "--requestheader-allowed-names=front-proxy-client".to_owned(),
        ];
        Flags::try_parse_from(arguments).context("start the API server")
    }

    /// Once everything is there, starts the loops, writes the admin's kubeconfig and says what to type next.
    /// The loops end by what is returned.
    async fn greet(
        &self,
        pki: &pki::Pki,
        told: oneshot::Receiver<Ready>,
    ) -> anyhow::Result<CancellationToken> {
        // If it never comes up, that is told by whoever serves.
        let Ok(Ready { address, server }) = told.await else {
            return Ok(CancellationToken::new());
        };
        let stop = loops::start(&server, &pki.ca.cert_pem);
        let host = match address.ip() {
            ip if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            ip => ip,
        };
        let server = format!("https://{}", SocketAddr::new(host, address.port()));
        let (ca, admin) = (&pki.ca.cert_pem, &pki.admin);
        let text = pki::kubeconfig(
            &server,
            ca,
            &admin.cert_pem,
            &admin.key_pem,
            "kubernetes-admin",
        );
        let path = self.data_dir.join("admin.kubeconfig");
        private(&path, &text).with_context(|| format!("write {}", path.display()))?;
        let path = path.display();
        // Whoever has closed stdout does not want to know.
        let _ = writeln!(
            std::io::stdout(),
            "Kubernetes is ready at {server}\n\n    export KUBECONFIG={path}\n    kubectl get namespaces"
        );
        Ok(stop)
    }
}

/// Writes a file that only its owner may read.
fn private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
