//! The ids of members and clusters, computed as etcd does, so that a restored or bootstrapped
//! cluster has the ids its operators know from etcd.
//!
//! ```text
//! member id  = first 8 bytes, big-endian, of SHA-1( peer URLs, sorted and joined
//!                                                   + cluster token, of an initial member
//!                                                   + unix seconds, decimal, of an added one )
//! cluster id = first 8 bytes, big-endian, of SHA-1( member ids, ascending, 8 bytes big-endian each )
//! ```
//!
//! The time is part of the id only of members added to a running cluster, so that a member removed
//! and added again is a new one; the token is then left out.

use sha1::{Digest, Sha1};

/// The id of an initial member with these peer URLs, in any order.
#[must_use]
pub fn member_id<S: AsRef<str>>(peer_urls: &[S], token: &str) -> u64 {
    of_urls(peer_urls, token)
}

/// The id of a member that is added to a running cluster, at a time in unix seconds.
#[must_use]
pub fn added_member_id<S: AsRef<str>>(peer_urls: &[S], unix_seconds: i64) -> u64 {
    of_urls(peer_urls, &unix_seconds.to_string())
}

fn of_urls<S: AsRef<str>>(peer_urls: &[S], rest: &str) -> u64 {
    let mut urls: Vec<&str> = peer_urls.iter().map(AsRef::as_ref).collect();
    urls.sort_unstable();
    let mut hash = Sha1::new();
    for url in urls {
        hash.update(url);
    }
    hash.update(rest);
    first_eight_bytes(hash)
}

/// The id of a cluster that starts with these members, in any order.
#[must_use]
pub fn cluster_id(members: &[u64]) -> u64 {
    let mut members = members.to_vec();
    members.sort_unstable();
    let mut hash = Sha1::new();
    for member in members {
        hash.update(member.to_be_bytes());
    }
    first_eight_bytes(hash)
}

fn first_eight_bytes(hash: Sha1) -> u64 {
    let digest = hash.finalize();
    digest[..8]
        .iter()
        .fold(0, |id, byte| id << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests;
