//! #14370: a cluster of one acknowledged writes that a kill could take back, since the sole member
//! did not wait for its own log.

use std::time::Duration;

use super::writers::{Writers, check_log};
use super::{a_moment, server};
use crate::{ALONE, load};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_14370_one_member_loses_no_acknowledged_write() {
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
        a_moment(Duration::from_millis(50)).await;
        server.kill();
        // Writers see that it is gone before it is back.
        let killed = writers.end().await;
        server.restart().unwrap();
        writes.extend(killed);
        check_log(&channel, &writes).await;
    }
}
