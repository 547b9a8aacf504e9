use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::mvcc::revision::Revision;

type Model = BTreeMap<Vec<u8>, Vec<bool>>;

fn random_key(rng: &mut StdRng, space: u32) -> Vec<u8> {
    format!("k{:x}", rng.random_range(0..space)).into_bytes()
}

fn push(tree: &mut Tree, model: &mut Model, key: &[u8], main: i64) {
    let history = model.entry(key.to_vec()).or_default();
    let rev = Revision::first_of(main);
    let live = history.last().copied().unwrap_or(false);
    let delete = live && main % 3 == 0;
    tree.push(key, |last| {
        assert_eq!(last.is_some_and(|last| !last.is_tombstone()), live);
        match delete {
            true => Version::tombstone(rev),
            false => Version::put(rev, main, 1, 0),
        }
    });
    history.push(!delete);
}

fn compare(tree: &Tree, model: &Model, rng: &mut StdRng, space: u32) {
    tree.check();
    let (from, to) = (random_key(rng, space), random_key(rng, space));
    let end = rng.random_bool(0.8).then_some(to.as_slice());
    let inside = |key: &[u8]| key >= from.as_slice() && end.is_none_or(|end| key < end);
    let expected: Vec<_> = model.iter().filter(|(key, _)| inside(key)).collect();
    let live = expected.iter().filter(|(_, h)| h[h.len() - 1]).count();
    assert_eq!(tree.count_live(&from, end), live);
    let mut found = Vec::new();
    tree.visit(&from, end, Skip::Nothing, |entry| {
        found.push((entry.key.to_vec(), entry.versions.as_slice().len()));
        ControlFlow::Continue(())
    });
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(k, h)| (k.clone(), h.len()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn agrees_with_a_map_under_random_edits() {
    for seed in 0..8 {
        let mut rng = StdRng::seed_from_u64(seed);
        let space = [50, 3000, 20_000][seed as usize % 3];
        let (mut tree, mut model) = (Tree::new(), Model::new());
        for main in 1..12_000 {
            let key = random_key(&mut rng, space);
            // Phases of growth and of shrinking, so that nodes split and join.
            if rng.random_bool(if main % 4000 < 2500 { 0.8 } else { 0.1 }) {
                push(&mut tree, &mut model, &key, main);
            } else {
                let whole = rng.random_bool(0.7);
                tree.edit(&key, |versions| {
                    let len = versions.as_slice().len();
                    let kept = if whole { len } else { 1 };
                    versions.keep(kept, len)
                });
                if let Some(history) = model.get_mut(&key) {
                    let dropped = if whole { history.len() } else { 1 };
                    history.drain(..dropped);
                    if history.is_empty() {
                        model.remove(&key);
                    }
                }
            }
            if main % 97 == 0 {
                compare(&tree, &model, &mut rng, space);
            }
        }
        assert_eq!(tree.sums().keys, model.len());
    }
}

#[test]
fn keys_in_order_fill_the_leaves() {
    let mut tree = Tree::new();
    for main in 1..=6_400_i64 {
        let rev = Revision::first_of(main);
        tree.push(&main.to_be_bytes(), |_| Version::put(rev, main, 1, 0));
    }
    tree.check();
    let leaves = count_leaves(&tree.root);
    assert_eq!(leaves, 6_400 / LEAF_MAX, "every leaf is full");
}

fn count_leaves(node: &Node) -> usize {
    match node {
        Node::Leaf(_) => 1,
        Node::Branch(children) => children.iter().map(|child| count_leaves(&child.node)).sum(),
    }
}
