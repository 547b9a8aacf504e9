//! Signals under load.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use harness::{Options, Server, Signal};

use crate::client::Client;
use crate::rounds::{Load, Model, check};

/// A stop under load may take so long.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Revisions that a load makes before and between signals.
const LOAD: i64 = 500;
/// How long the process stands still, longer than an election time-out: what is tested, not a wait
/// for something.
const PAUSE: Duration = Duration::from_secs(3);

fn server() -> Server {
    let binary = harness::binary("etcd").unwrap();
    Server::start_with(Options::new(binary).flags(["--snapshot-count=300"])).unwrap()
}

/// What was acknowledged must be there after the restart.
async fn check_after_restart(server: &mut Server, model: &mut Model, load: Load) -> usize {
    let traces = load.end().await.unwrap();
    server.restart().unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    let figures = check(&mut client, model, traces).await.unwrap();
    assert_eq!(server.error_lines(), [""; 0]);
    figures.acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_ends_by_that_signal_and_loses_nothing() {
    let mut server = server();
    let mut model = Model::new();
    for round in 0..3 {
        let mut load = Load::start(&server.client_url(), round, u64::from(round), &model)
            .await
            .unwrap();
        load.goes_on(LOAD).await.unwrap();
        let asked = Instant::now();
        let status = server.stop().unwrap().unwrap();
        let took = asked.elapsed();
        assert!(took < STOP_LIMIT, "the stop took {took:?}");
        assert_eq!(status.signal(), Some(15), "{status}");
        let acknowledged = check_after_restart(&mut server, &mut model, load).await;
        assert!(acknowledged > 0);
    }
}

/// A process that stood still goes on where it was: nothing is lost, nobody is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_is_survived() {
    let mut server = server();
    let mut model = Model::new();
    let mut load = Load::start(&server.client_url(), 0, 6, &model)
        .await
        .unwrap();
    let mut client = Client::connect(&server.client_url()).await.unwrap();
    for _ in 0..2 {
        load.goes_on(LOAD).await.unwrap();
        server.signal(Signal::STOP).unwrap();
        tokio::time::sleep(PAUSE).await;
        server.signal(Signal::CONT).unwrap();
        super::serves_reads(&mut client).await;
    }
    load.goes_on(LOAD).await.unwrap();
    server.kill();
    check_after_restart(&mut server, &mut model, load).await;
}
