//! Leases that end by themselves: in the end both sides must have the same keys.

use super::build::{events, grant, items, put, put_with, range, told, watch};
use super::{Case, holds};
use crate::reply::Item;
use crate::step::Step;

fn gone(prefix: &str) -> Step {
    Step::AwaitCount {
        prefix: prefix.into(),
        count: 0,
    }
}

#[rustfmt::skip]
pub(super) fn cases() -> Vec<Case> {
    vec![
        holds("leases end after their TTL, each with all of its keys", |_| vec![
                watch(0, "\0", "\0", |w| w.prev_kv = true),
                grant(2, 4), grant(1, 2), grant(3, 1000),
                put_with("x/b", "1", |p| p.lease = 1), put_with("x/a", "1", |p| p.lease = 1),
                put_with("x/d", "2", |p| p.lease = 2), put_with("x/c", "2", |p| p.lease = 2),
                put_with("y", "3", |p| p.lease = 3), put("z", "0"),
                gone("x/"), events(),
            ], |reply, _| told(reply, 0, 0)[6..] == ["DELETE x/a=", "DELETE x/b=", "DELETE x/c=", "DELETE x/d="]),
        holds("the keys of other leases stay", |_| vec![
                grant(1, 2), grant(3, 1000), put_with("x/a", "1", |p| p.lease = 1), put_with("y", "3", |p| p.lease = 3), put("z", "0"),
                gone("x/"), range("\0", "\0"),
            ], |reply, r| super::build::keys(reply) == ["y", "z"] && super::build::revision(reply) == r + 4),
        holds("all keys of a lease go in one revision", |_| vec![
                watch(0, "x/", "x0", |_| {}),
                grant(1, 2), put_with("x/a", "1", |p| p.lease = 1), put_with("x/b", "1", |p| p.lease = 1),
                gone("x/"), events(),
            ], |reply, r| items(reply, 0, 0).iter().filter(|item| matches!(item, Item::Event(event)
                if event.r#type == 1 && event.kv.as_ref().is_some_and(|kv| kv.mod_revision == r + 3))).count() == 2),
        holds("a lease that ended is unknown", |_| vec![
                grant(1, 2), put_with("x/a", "1", |p| p.lease = 1), gone("x/"), Step::KeepAlive(vec![1]),
            ], |reply, _| matches!(reply, crate::reply::Reply::KeepAlive(replies) if replies[0].ttl == 0)),
        holds("the id of a lease that ended can be used again", |_| vec![
                grant(1, 2), put_with("x/a", "1", |p| p.lease = 1), gone("x/"), grant(1, 500),
            ], |reply, _| matches!(reply, crate::reply::Reply::Grant(reply) if reply.ttl == 500)),
    ]
}
