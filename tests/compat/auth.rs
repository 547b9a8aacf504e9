//! Users, roles and what they permit: random calls by random callers, to both servers, must be
//! answered alike. `PINTLE_COMPAT_SEEDS` and `PINTLE_COMPAT_REQUESTS` as in [`crate::random`].

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking, as the test itself does"
)]

mod call;
mod generate;
mod jwt;
mod send;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use tonic::transport::{Channel, Endpoint};

use self::call::{Call, Caller};
use self::generate::Generator;
use crate::pair::Servers;
use crate::random::Plan;

/// How many calls are told before the one that was answered differently.
const TOLD: usize = 30;

/// One server, and the tokens that it gave.
struct Side {
    _server: harness::Server,
    channel: Channel,
    /// The last token of each user.
    tokens: BTreeMap<String, String>,
}

impl Side {
    async fn start(binary: &Path) -> Side {
        Side::start_with(binary, &["--bcrypt-cost=4".to_owned()]).await
    }

    async fn start_with(binary: &Path, flags: &[String]) -> Side {
        let options = harness::Options::new(binary).flags(flags.iter().cloned());
        let start = move || harness::Server::start_with(options).unwrap();
        let server = tokio::task::spawn_blocking(start).await.unwrap();
        let endpoint = Endpoint::new(server.client_url()).unwrap();
        Side {
            channel: endpoint.connect().await.unwrap(),
            _server: server,
            tokens: BTreeMap::new(),
        }
    }

    /// What was answered, without what each server makes up by itself.
    async fn send(&mut self, by: &Caller, call: &Call) -> String {
        let token = match by {
            Caller::Nobody => None,
            Caller::Token(text) => Some(text.clone()),
            // Who has never had one shows one that nobody has.
            Caller::User(name) => Some(self.tokens.get(name).cloned().unwrap_or("none.1".into())),
        };
        let (answer, given) = send::send(&self.channel, token.as_deref(), call).await;
        if let (Some(token), Call::Authenticate(request)) = (given, call) {
            self.tokens.insert(request.name.clone(), token);
        }
        answer
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_may_do_the_same() {
    let servers = Servers::find().unwrap();
    let plan = Plan::from_env().unwrap();
    let (mut refused, mut denied) = (0, 0);
    let calls = plan.requests * plan.seeds.len();
    for seed in plan.seeds {
        let mut ours = Side::start(&servers.a).await;
        let mut real = Side::start(&servers.b).await;
        let mut generator = Generator::new(seed);
        let mut history = Vec::new();
        for _ in 0..plan.requests {
            let (by, call) = generator.next();
            let answers = tokio::join!(ours.send(&by, &call), real.send(&by, &call));
            generator.learn(&call, &answers.1);
            refused += usize::from(answers.1.starts_with("Err"));
            denied += usize::from(answers.1.contains("PermissionDenied"));
            history.push(format!("{by:?}: {call:?}\n    {}", answers.1));
            if answers.0 != answers.1 {
                let mut report = format!("seed {seed}, call {}:\n", history.len());
                for line in &history[history.len().saturating_sub(TOLD)..] {
                    writeln!(report, "{line}").unwrap();
                }
                panic!(
                    "{report}--- etcd:\n{}\n--- under test:\n{}",
                    answers.1, answers.0
                );
            }
        }
    }
    // A test in which nothing is permitted, or everything, would show nothing.
    let share = refused * 100 / calls;
    assert!((10..80).contains(&share), "{share} % refused");
    assert!(
        denied > calls / 200,
        "{denied} of {calls} calls were denied"
    );
}
