use serde_json::json;

use super::*;

const PLAIN: Manners = Manners {
    grace: None,
    is_collected: true,
    orphans: false,
};
const POD: Manners = Manners {
    grace: Some(30),
    is_collected: true,
    orphans: false,
};

fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn object() -> Value {
    json!({"metadata": {"name": "x", "uid": "u", "resourceVersion": "7", "generation": 2}})
}

#[test]
fn without_finalizers_it_goes_at_once() {
    assert_eq!(
        step(&object(), &Options::default(), PLAIN, now()),
        Step::Delete
    );
}

#[test]
fn finalizers_hold_it() {
    let mut held = object();
    held["metadata"]["finalizers"] = json!(["example.com/x"]);
    let Step::Mark {
        object,
        then_delete,
    } = step(&held, &Options::default(), PLAIN, now())
    else {
        panic!("it is held");
    };
    assert!(!then_delete);
    let metadata = &object["metadata"];
    assert_eq!(metadata["deletionTimestamp"], "2026-01-02T03:04:05Z");
    assert_eq!(metadata["deletionGracePeriodSeconds"], 0);
    assert_eq!(metadata["generation"], 3);
    // Asked again, nothing changes but what does not matter.
    let Step::Mark { object: again, .. } = step(&object, &Options::default(), PLAIN, now()) else {
        panic!("it is held still");
    };
    assert_eq!(again, object);
}

#[test]
fn propagation_is_a_finalizer() {
    for (propagation, expected) in [
        (Propagation::Orphan, ORPHAN),
        (Propagation::Foreground, FOREGROUND),
    ] {
        let options = Options {
            propagation: Some(propagation),
            ..Options::default()
        };
        let Step::Mark { object, .. } = step(&object(), &options, PLAIN, now()) else {
            panic!("it is held");
        };
        assert_eq!(object["metadata"]["finalizers"], json!([expected]));
        // Background takes it away again.
        let options = Options {
            propagation: Some(Propagation::Background),
            ..Options::default()
        };
        assert_eq!(step(&object, &options, PLAIN, now()), Step::Delete);
    }
    let uncollected = Manners {
        is_collected: false,
        ..PLAIN
    };
    let options = Options {
        propagation: Some(Propagation::Foreground),
        ..Options::default()
    };
    assert_eq!(step(&object(), &options, uncollected, now()), Step::Delete);
}

#[test]
fn a_pod_gets_its_grace_and_may_have_it_shortened() {
    let Step::Mark {
        object,
        then_delete,
    } = step(&object(), &Options::default(), POD, now())
    else {
        panic!("it has grace");
    };
    assert!(!then_delete);
    assert_eq!(
        object["metadata"]["deletionTimestamp"],
        "2026-01-02T03:04:35Z"
    );
    assert_eq!(object["metadata"]["deletionGracePeriodSeconds"], 30);
    assert_eq!(
        step(&object, &Options::default(), POD, now()),
        Step::Pending
    );
    let longer = Options {
        grace: Some(60),
        ..Options::default()
    };
    assert_eq!(step(&object, &longer, POD, now()), Step::Pending);
    let shorter = Options {
        grace: Some(10),
        ..Options::default()
    };
    let Step::Mark { object: soon, .. } = step(&object, &shorter, POD, now()) else {
        panic!("it is shortened");
    };
    assert_eq!(
        soon["metadata"]["deletionTimestamp"],
        "2026-01-02T03:04:15Z"
    );
    assert_eq!(soon["metadata"]["generation"], 3);
    let at_once = Options {
        grace: Some(0),
        ..Options::default()
    };
    let Step::Mark { then_delete, .. } = step(&object, &at_once, POD, now()) else {
        panic!("it is marked first");
    };
    assert!(then_delete);
}

#[test]
fn preconditions() {
    let uid = Options {
        uid: Some("other".to_owned()),
        ..Options::default()
    };
    let error = check(&object(), &uid).unwrap_err().to_string();
    assert_eq!(
        error,
        "the UID in the precondition (other) does not match the UID in record (u). The object might have been deleted and then recreated"
    );
    let revision = Options {
        revision: Some("6".to_owned()),
        ..Options::default()
    };
    assert!(check(&object(), &revision).is_err());
    assert!(check(&object(), &Options::default()).is_ok());
}
