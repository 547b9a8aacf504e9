//! Bad days, one file for each kind.

mod clients;
mod directories;
mod disk_full;
mod signals;
mod slow_watch;

use harness::{Options, Server};

use crate::client::Client;

/// Our server with these flags, and a client of it.
async fn start(flags: &[&str]) -> (Server, Client) {
    let binary = harness::binary("etcd").unwrap();
    let server = Server::start_with(Options::new(binary).flags(flags.iter().copied())).unwrap();
    let client = Client::connect(&server.client_url()).await.unwrap();
    (server, client)
}

/// Writes and reads a key: the server serves.
async fn serves(client: &mut Client, value: &str) {
    client.put("alive", value.to_owned(), 0).await.unwrap();
    let found = client.get("alive").await.unwrap().unwrap();
    assert_eq!(found.value, value.as_bytes());
}

/// Reads linearizably: the server serves.
async fn serves_reads(client: &mut Client) {
    client.get("alive").await.unwrap();
}
