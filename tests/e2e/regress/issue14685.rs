//! #14685: a member killed while it was defragmenting carried entries out again after the restart,
//! since the index up to which they had been applied was behind the data.

use std::time::Duration;

use proto::etcdserverpb::DefragmentRequest;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;

use super::writers::{Writers, check_log};
use super::{a_moment, server};
use crate::{ALONE, load};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_14685_a_kill_during_defragmentation_repeats_nothing() {
    let _alone = ALONE.lock().await;
    let mut server = server(&[]);
    let channel = load::connection(&server.client_url());
    let mut writes = Vec::new();
    for round in 0..4 {
        let writers = Writers::start(
            &format!("round{round}"),
            std::slice::from_ref(&channel),
            8,
            0,
        );
        writers.more(100).await;
        let mut maintenance = MaintenanceClient::new(channel.clone());
        let defragment = async move { maintenance.defragment(DefragmentRequest {}).await };
        let defragment = tokio::spawn(defragment);
        a_moment(Duration::from_millis(15)).await;
        server.kill();
        // It was done, or the member was killed under it.
        drop(defragment.await.unwrap());
        let killed = writers.end().await;
        server.restart().unwrap();
        writes.extend(killed);
        check_log(&channel, &writes).await;
    }
}
