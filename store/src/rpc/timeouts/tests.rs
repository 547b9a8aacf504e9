use std::time::{Duration, Instant};

use super::{Cause, View};
use crate::cluster::{Member, Members};

struct Case {
    leader: u64,
    /// Seconds after the start of the write.
    elected: Option<i64>,
    /// For each other member, seconds after the start of the write.
    active: [Option<i64>; 2],
}

fn at(base: Instant, seconds: i64) -> Instant {
    base + Duration::from_secs((100 + seconds) as u64)
}

fn cause(case: &Case) -> Cause {
    let base = Instant::now();
    let member = |id| Member {
        id,
        ..Member::default()
    };
    let members = Members::new([1, 2, 3].map(member), []);
    let view = View {
        own: 1,
        leader: case.leader,
        members: &members,
        began: at(base, 0),
        elected: case.elected.map(|seconds| at(base, seconds)),
        election: Duration::from_secs(2),
        active_since: &|id| Some(at(base, case.active[id as usize - 2]?)),
    };
    view.cause()
}

#[test]
fn an_election_meanwhile_is_the_cause() {
    let mut case = Case {
        leader: 2,
        elected: Some(1),
        active: [Some(-9), Some(-9)],
    };
    assert_eq!(cause(&case), Cause::LeaderFailure);
    // The leader before was lost only after the write began to wait: two time-outs before.
    case.elected = Some(3);
    assert_eq!(cause(&case), Cause::Unknown);
    case.elected = Some(-1);
    assert_eq!(cause(&case), Cause::Unknown);
}

#[test]
fn a_connection_that_broke_is_the_cause() {
    let follower = Case {
        leader: 2,
        elected: Some(-50),
        active: [Some(1), Some(-9)],
    };
    assert_eq!(cause(&follower), Cause::ConnectionLost);
    let leader = |active| Case {
        leader: 1,
        elected: None,
        active,
    };
    assert_eq!(cause(&leader([None, Some(1)])), Cause::ConnectionLost);
    assert_eq!(cause(&leader([None, Some(-1)])), Cause::Unknown);
}

#[test]
fn without_a_leader_nothing_is_known() {
    let case = Case {
        leader: 0,
        elected: None,
        active: [None, None],
    };
    assert_eq!(cause(&case), Cause::Unknown);
}
