//! Members of a new cluster, and clients, find members by SRV records: in a network of the test's own,
//! with a DNS server of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use harness::{eventually, peers};

use crate::ALONE;
use crate::client::LIMIT;

const DOMAIN: &str = "example.test";
/// Ports of members for each other and for clients, in a network where nobody else has any.
const PORTS: [(u16, u16); 3] = [(2380, 2379), (2480, 2479), (2580, 2579)];

/// A network and the processes in it, which end with it.
struct Network {
    /// The DNS server; it holds the network.
    dns: Child,
    others: Vec<Child>,
}

impl Network {
    fn start(dir: &Path) -> Self {
        let resolv = dir.join("resolv.conf");
        fs::write(&resolv, "nameserver 127.0.0.1\n").unwrap();
        let mut dnsmasq = vec![
            "exec dnsmasq --keep-in-foreground --user=root --no-resolv --no-hosts".to_owned(),
            "--pid-file --log-facility=- --listen-address=127.0.0.1 --bind-interfaces".to_owned(),
            format!("--local=/{DOMAIN}/ --address=/{DOMAIN}/127.0.0.1"),
        ];
        for (at, (peer, client)) in PORTS.iter().enumerate() {
            for (service, port) in [("server", peer), ("client", client)] {
                let record = format!("_etcd-{service}._tcp.{DOMAIN},m{at}.{DOMAIN},{port}");
                dnsmasq.push(format!("--srv-host={record}"));
            }
        }
        let script = format!(
            "ip link set lo up && mount --bind {} /etc/resolv.conf && {}",
            resolv.display(),
            dnsmasq.join(" ")
        );
        let log = dir.join("dns.log");
        let dns = Command::new("unshare")
            .args(["--net", "--mount", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let others = Vec::new();
        let network = Self { dns, others };
        let said = || fs::read_to_string(&log).unwrap_or_default();
        assert!(
            eventually(LIMIT, || said().contains("started")),
            "{}",
            said()
        );
        network
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        let network = self.dns.id().to_string();
        command
            .args(["--target", &network, "--net", "--mount", "--"])
            .arg(program)
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    /// Starts something that writes its log to a file, which is given.
    fn spawn(&mut self, program: &Path, arguments: &[String], log: &Path) {
        let child = self
            .command(program)
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(fs::File::create(log).unwrap())
            .spawn()
            .unwrap();
        self.others.push(child);
    }

    fn told(&self, program: &Path, arguments: &[&str]) -> (bool, String) {
        let mut command = self.command(program);
        command.args(arguments);
        let output = harness::output(&mut command, LIMIT).unwrap();
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for child in self.others.iter_mut().chain([&mut self.dns]) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn members_and_clients_find_members_by_dns() {
    let _alone = ALONE.blocking_lock();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let mut network = Network::start(dir.path());
    let etcd = harness::binary("etcd").unwrap();
    for (at, (peer, client)) in PORTS.iter().enumerate() {
        let name = format!("m{at}");
        let arguments = [
            format!("--name={name}"),
            format!("--data-dir={}", path(&name).display()),
            format!("--discovery-srv={DOMAIN}"),
            format!("--listen-peer-urls=http://127.0.0.1:{peer}"),
            format!("--initial-advertise-peer-urls=http://{name}.{DOMAIN}:{peer}"),
            format!("--listen-client-urls=http://127.0.0.1:{client}"),
            format!("--advertise-client-urls=http://{name}.{DOMAIN}:{client}"),
        ];
        network.spawn(&etcd, &arguments, &path(&format!("{name}.log")));
    }
    let log = |name: &str| fs::read_to_string(path(name)).unwrap_or_default();
    for name in ["m0.log", "m1.log", "m2.log"] {
        let is_ready = || log(name).contains("ready to serve client requests");
        assert!(eventually(LIMIT, is_ready), "{}", log(name));
    }
    let clients = [
        harness::binary("etcdctl").unwrap(),
        peers::etcdctl().unwrap(),
    ];
    let mut seen = Vec::new();
    for client in &clients {
        let (success, said) = network.told(client, &["--discovery-srv", DOMAIN, "member", "list"]);
        assert!(success, "{said}");
        seen.push(said);
    }
    // The real etcdctl asks only --endpoints for their health, whatever DNS says.
    let health = ["--discovery-srv", DOMAIN, "endpoint", "health"];
    let (success, said) = network.told(&clients[0], &health);
    assert!(success, "{said}");
    for (at, (_, port)) in PORTS.iter().enumerate() {
        let healthy = format!("http://m{at}.{DOMAIN}:{port} is healthy");
        assert!(said.contains(&healthy), "{said}");
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].matches(", started, m").count(), 3, "{}", seen[0]);
    let none = ["--discovery-srv", "none.test", "member", "list"];
    assert!(clients.iter().all(|client| !network.told(client, &none).0));
    for (kind, port) in [("gateway", 23790), ("grpc-proxy", 23791)] {
        let address = format!("127.0.0.1:{port}");
        let arguments = [
            kind.to_owned(),
            "start".to_owned(),
            format!("--discovery-srv={DOMAIN}"),
            format!("--listen-addr={address}"),
        ];
        network.spawn(&etcd, &arguments, &path(kind));
        let put = ["--endpoints", &address, "put", "by", kind];
        let is_put = || network.told(&clients[1], &put).0;
        assert!(eventually(LIMIT, is_put), "{}", log(kind));
    }
}
