use super::*;

fn identity(namespace: &str, name: &str) -> Identity {
    Identity {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: name.to_owned(),
        uid: name.into(),
        namespace: namespace.to_owned(),
    }
}

fn owner(name: &str, blocks: bool) -> Owner {
    Owner {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: name.to_owned(),
        uid: name.into(),
        blocks,
    }
}

fn seen(name: &str, owners: &[Owner]) -> Seen {
    Seen {
        identity: identity("n", name),
        owners: owners.to_vec(),
        deleting: false,
        orphan: false,
        foreground: false,
    }
}

fn examine(name: &str) -> Effect {
    Effect::Examine(name.into())
}

#[test]
fn an_owner_that_was_not_seen_is_examined_and_its_absence_told() {
    let mut graph = Graph::default();
    assert_eq!(
        graph.observe(&seen("d", &[owner("o", false)])),
        [examine("o")]
    );
    assert!(graph.node("o").unwrap().is_virtual);
    let absent = identity("n", "o");
    assert_eq!(
        graph.absent(&absent),
        [Effect::Absent(absent.clone()), examine("d")]
    );
    assert!(graph.node("o").is_none());
    assert_eq!(graph.absent(&absent), []);
}

#[test]
fn a_virtual_owner_becomes_real() {
    let mut graph = Graph::default();
    graph.observe(&seen("d", &[owner("o", false)]));
    assert_eq!(graph.observe(&seen("o", &[])), []);
    assert!(!graph.node("o").unwrap().is_virtual);
    assert!(graph.node("o").unwrap().dependents.contains("d"));
}

#[test]
fn dependents_of_what_goes_are_examined() {
    let mut graph = Graph::default();
    graph.observe(&seen("o", &[]));
    assert_eq!(graph.observe(&seen("d", &[owner("o", false)])), []);
    let gone = identity("n", "o");
    assert_eq!(graph.vanish(&gone), [Effect::Absent(gone), examine("d")]);
    assert_eq!(graph.vanish(&identity("n", "d")), []);
    assert!(graph.nodes.is_empty());
}

#[test]
fn references_come_and_go() {
    let mut graph = Graph::default();
    for name in ["a", "b"] {
        graph.observe(&seen(name, &[]));
    }
    graph.observe(&seen("d", &[owner("a", true)]));
    let effects = graph.observe(&seen("d", &[owner("b", false)]));
    assert_eq!(effects, [examine("a")]);
    assert!(graph.node("a").unwrap().dependents.is_empty());
    assert!(graph.node("b").unwrap().dependents.contains("d"));
    assert_eq!(graph.observe(&seen("d", &[owner("b", true)])), []);
    assert_eq!(
        graph.observe(&seen("d", &[owner("b", false)])),
        [examine("b")]
    );
    assert_eq!(graph.observe(&seen("d", &[owner("b", false)])), []);
}

#[test]
fn foreground_deletion_examines_dependents_once() {
    let mut graph = Graph::default();
    graph.observe(&seen("o", &[]));
    graph.observe(&seen("d", &[owner("o", true)]));
    graph.observe(&seen("e", &[owner("o", false)]));
    let foreground = Seen {
        deleting: true,
        foreground: true,
        ..seen("o", &[])
    };
    assert_eq!(
        graph.observe(&foreground),
        [examine("d"), examine("e"), examine("o")]
    );
    assert_eq!(graph.observe(&foreground), []);
    let node = graph.node("o").unwrap();
    assert!(node.deletes_dependents && node.deleting);
    let blocking: Vec<&str> = graph
        .blocking(node)
        .map(|node| &*node.identity.uid)
        .collect();
    assert_eq!(blocking, ["d"]);
    // The owner is looked at again when a dependent goes.
    assert_eq!(graph.vanish(&identity("n", "d")), [examine("o")]);
}

#[test]
fn orphaning_begins_once() {
    let mut graph = Graph::default();
    graph.observe(&seen("o", &[]));
    let with_finalizer = Seen {
        orphan: true,
        ..seen("o", &[])
    };
    assert_eq!(graph.observe(&with_finalizer), []);
    let deleting = Seen {
        deleting: true,
        ..with_finalizer
    };
    assert_eq!(graph.observe(&deleting), [Effect::Orphan("o".into())]);
    assert_eq!(graph.observe(&deleting), []);
}

#[test]
fn what_is_seen_first_while_it_orphans_is_orphaned() {
    let mut graph = Graph::default();
    let deleting = Seen {
        deleting: true,
        orphan: true,
        foreground: true,
        ..seen("o", &[])
    };
    assert_eq!(graph.observe(&deleting), [Effect::Orphan("o".into())]);
    assert!(!graph.node("o").unwrap().deletes_dependents);
}

#[test]
fn an_owner_in_another_namespace_is_told() {
    let mut graph = Graph::default();
    graph.observe(&Seen {
        identity: identity("other", "o"),
        ..seen("o", &[])
    });
    let effects = graph.observe(&seen("d", &[owner("o", false)]));
    let misplaced = Effect::Misplaced {
        dependent: identity("n", "d"),
        owner: owner("o", false),
    };
    assert_eq!(effects, [misplaced.clone(), examine("d")]);
    // And the other way round: the dependent first.
    let mut graph = Graph::default();
    graph.observe(&seen("d", &[owner("o", false)]));
    let effects = graph.observe(&Seen {
        identity: identity("other", "o"),
        ..seen("o", &[])
    });
    assert_eq!(effects, [misplaced, examine("d")]);
}

#[test]
fn the_absence_in_one_namespace_leaves_dependents_of_others() {
    let mut graph = Graph::default();
    graph.observe(&seen("d", &[owner("o", false)]));
    let elsewhere = Seen {
        identity: identity("other", "e"),
        owners: vec![owner("o", false)],
        ..seen("e", &[])
    };
    assert_eq!(graph.observe(&elsewhere), [examine("e")]);
    let absent = identity("n", "o");
    let effects = graph.absent(&absent);
    assert_eq!(
        effects,
        [
            Effect::Absent(absent),
            examine("d"),
            Effect::ExamineLater("o".into())
        ]
    );
    let node = graph.node("o").unwrap();
    assert_eq!(node.identity, identity("other", "o"));
    assert!(node.is_virtual);
}

#[test]
fn the_absence_of_a_wrong_name_does_not_remove_a_real_owner() {
    let mut graph = Graph::default();
    graph.observe(&seen("o", &[]));
    let wrong = Owner {
        name: "wrong".to_owned(),
        ..owner("o", false)
    };
    assert_eq!(
        graph.observe(&seen("d", std::slice::from_ref(&wrong))),
        [examine("d")]
    );
    let absent = wrong.within("n");
    assert_eq!(
        graph.absent(&absent),
        [Effect::Absent(absent.clone()), examine("d")]
    );
    assert!(graph.node("o").is_some());
}

#[test]
fn identities_of_an_absent_owner_are_tried_in_turn() {
    let mut graph = Graph::default();
    for (dependent, name) in [("d", "b"), ("e", "c"), ("f", "a")] {
        let named = Owner {
            name: name.to_owned(),
            ..owner("o", false)
        };
        graph.observe(&seen(dependent, &[named]));
    }
    let mut tried = Vec::new();
    for _ in 0..4 {
        let identity = graph.node("o").unwrap().identity.clone();
        tried.push(identity.name.clone());
        graph.absent(&identity);
    }
    assert_eq!(tried, ["b", "c", "a", "b"]);
}

#[test]
fn a_cycle_is_held_without_harm() {
    let mut graph = Graph::default();
    graph.observe(&seen("a", &[owner("b", true)]));
    graph.observe(&seen("b", &[owner("a", true)]));
    graph.observe(&seen("self", &[owner("self", true)]));
    let effects = graph.vanish(&identity("n", "a"));
    assert!(effects.contains(&examine("b")));
    graph.vanish(&identity("n", "self"));
    graph.vanish(&identity("n", "b"));
    assert!(graph.nodes.is_empty(), "{graph:?}");
}

mod at_random {
    use proptest::prelude::*;

    use super::*;

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    #[derive(Clone, Debug)]
    enum Step {
        Observe(Seen),
        Vanish(Identity),
        Absent(Identity),
    }

    fn any_identity() -> impl Strategy<Value = Identity> {
        (0..NAMES.len(), prop_oneof!["n", "m", ""], 0..NAMES.len()).prop_map(
            |(uid, namespace, name)| Identity {
                uid: NAMES[uid].into(),
                ..super::identity(&namespace, NAMES[name])
            },
        )
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let owner = (any_identity(), any::<bool>()).prop_map(|(identity, blocks)| Owner {
            uid: identity.uid.clone(),
            ..super::owner(&identity.name, blocks)
        });
        let flags = any::<(bool, bool, bool)>();
        let seen = (
            any_identity(),
            proptest::collection::vec(owner, 0..4),
            flags,
        )
            .prop_map(|(identity, owners, (deleting, orphan, foreground))| Seen {
                identity,
                owners,
                deleting,
                orphan,
                foreground,
            });
        prop_oneof![
            3 => seen.prop_map(Step::Observe),
            1 => any_identity().prop_map(Step::Vanish),
            1 => any_identity().prop_map(Step::Absent),
        ]
    }

    proptest! {
        /// Who is known as a dependent is there and names the owner, and nothing virtual has owners.
        #[test]
        fn dependents_are_there_and_name_their_owners(steps in proptest::collection::vec(any_step(), 0..40)) {
            let mut graph = Graph::default();
            for step in steps {
                match step {
                    Step::Observe(seen) => {
                        graph.observe(&seen);
                        prop_assert!(!graph.node(&seen.identity.uid).unwrap().is_virtual);
                    }
                    Step::Vanish(identity) => {
                        graph.vanish(&identity);
                        prop_assert!(graph.node(&identity.uid).is_none());
                    }
                    Step::Absent(identity) => {
                        graph.absent(&identity);
                    }
                }
                for (uid, node) in &graph.nodes {
                    prop_assert_eq!(uid, &node.identity.uid);
                    prop_assert!(!node.is_virtual || node.owners.is_empty());
                    for dependent in &node.dependents {
                        // One that is gone itself has been taken out.
                        let dependent = graph.node(dependent).unwrap();
                        prop_assert!(dependent.owners.iter().any(|owner| owner.uid == *uid));
                    }
                }
            }
        }
    }
}
