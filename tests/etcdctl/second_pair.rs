//! The second API at clusters of two members, one of which goes away: one cluster for each client.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use harness::{Options, Server, eventually, free_port};

use crate::second::{case, real_client, server};
use crate::side::{Client, run_unmasked};

const PATIENCE: Duration = Duration::from_secs(30);

struct Pair {
    client: Client,
    servers: Vec<Server>,
    /// What stands in outputs, and what it is called.
    names: Vec<(String, String)>,
}

impl Pair {
    fn start(client: Client) -> Self {
        let urls = [0, 1].map(|_| format!("http://127.0.0.1:{}", free_port().unwrap()));
        let cluster = format!("m0={},m1={}", urls[0], urls[1]);
        let start = |at: usize| {
            let options = Options::new(server()).flags([
                "--enable-v2".to_owned(),
                format!("--name=m{at}"),
                format!("--listen-peer-urls={}", urls[at]),
                format!("--initial-advertise-peer-urls={}", urls[at]),
                format!("--initial-cluster={cluster}"),
            ]);
            Server::start_with(options).unwrap()
        };
        // A member is ready only when the other is there.
        let servers = std::thread::scope(|scope| {
            let starts: Vec<_> = [0, 1].map(|at| scope.spawn(move || start(at))).into();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect::<Vec<_>>()
        });
        let mut names = Vec::new();
        for (at, (server, url)) in servers.iter().zip(urls).enumerate() {
            names.push((server.endpoint(), format!("<client {at}>")));
            names.push((url.replace("http://", ""), format!("<peer {at}>")));
        }
        let mut pair = Self {
            client,
            servers,
            names,
        };
        // Both have told their addresses.
        let mut list = String::new();
        assert!(eventually(PATIENCE, || {
            list = pair.output("member list").1;
            list.matches("name=m").count() == 2
        }));
        for line in list.lines() {
            let (id, rest) = line.split_once(": name=m").unwrap();
            let name = format!("<member {}>", &rest[..1]);
            pair.names.push((id.to_owned(), name));
        }
        pair
    }

    /// What a command line at the first member does.
    fn output(&self, line: &str) -> (i32, String, String) {
        let mut line = line.to_owned();
        for (value, name) in &self.names {
            line = line.replace(name, value);
        }
        let case = case(&format!(
            "! --endpoints={} {line}",
            self.servers[0].client_url()
        ));
        let args = case.args.iter().cloned().map(OsString::from_vec).collect();
        let (code, stdout, stderr) = run_unmasked(&self.client, args, &case);
        let masked = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let names = self.names.iter();
            let text = names.fold(text, |text, (value, name)| text.replace(value, name));
            // Members come by their ids, which follow from the addresses.
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        };
        (code, masked(&stdout), masked(&stderr))
    }
}

#[test]
fn a_member_goes_away_as_with_etcdctl() {
    let mut pairs = [Client::Ours, real_client()].map(Pair::start);
    let compare = |pairs: &[Pair; 2], line: &str| {
        let [ours, real] = [0, 1].map(|at| pairs[at].output(line));
        assert_eq!(ours, real, "{line}");
        ours
    };
    compare(&pairs, "set a 1");
    compare(&pairs, "get a");
    let (code, health, _) = compare(&pairs, "cluster-health");
    assert_eq!((code, health.matches("is healthy").count()), (0, 3));
    for pair in &mut pairs {
        pair.servers[1].kill();
        let is_alone = || {
            let page = harness::get(&pair.servers[0].endpoint(), "/health");
            page.is_ok_and(|(code, _)| code == 503)
        };
        assert!(eventually(PATIENCE, is_alone));
    }
    let (code, health, _) = compare(&pairs, "cluster-health");
    assert_eq!(code, 5, "{health}");
    assert!(health.contains("are all unreachable"), "{health}");
    compare(&pairs, "--no-sync get a");
    compare(&pairs, "--no-sync --total-timeout 300ms get -q a");
    compare(&pairs, "--no-sync --timeout 300ms set a 1");
    compare(&pairs, "--no-sync --timeout 300ms mk a 1");
    for pair in &mut pairs {
        pair.servers[1].restart().unwrap();
        // Until the other is long enough with it the leader lets nobody go.
        let mut removed = (1, String::new(), String::new());
        let is_done = || {
            removed = pair.output("member remove <member 1>");
            removed.0 == 0
        };
        assert!(eventually(PATIENCE, is_done), "{removed:?}");
        assert_eq!(removed.1, "Removed member <member 1> from cluster");
    }
    compare(&pairs, "member remove <member 1>");
    compare(&pairs, "member list");
    compare(&pairs, "member update <member 0> http://127.0.0.1:1");
    compare(&pairs, "member list");
}
