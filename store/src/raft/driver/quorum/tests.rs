use super::Quorum;
use crate::cluster::Conf;

#[test]
fn as_few_as_are_enough_are_asked() {
    let conf = Conf::of_voters(1..=5);
    let mut quorum = Quorum::default();
    assert_eq!(quorum.of(&conf, 1, None), None, "nobody has answered yet");
    quorum.answered(4);
    assert_eq!(quorum.of(&conf, 1, None), None, "one of five is not enough");
    quorum.answered(2);
    quorum.answered(3);
    assert_eq!(quorum.of(&conf, 1, None), Some(vec![3, 2]));
    quorum.answered(4);
    assert_eq!(quorum.of(&conf, 1, None), Some(vec![4, 3]));
}

#[test]
fn a_follower_that_asks_answers_too() {
    let mut conf = Conf::of_voters(1..=3);
    conf.learners = vec![9];
    let mut quorum = Quorum::default();
    assert_eq!(quorum.of(&conf, 1, Some(2)), Some(vec![2]));
    quorum.answered(3);
    assert_eq!(quorum.of(&conf, 1, Some(2)), Some(vec![2]));
    assert_eq!(
        quorum.of(&conf, 1, Some(9)),
        Some(vec![9, 3]),
        "a learner's answer does not count"
    );
}

#[test]
fn in_a_joint_configuration_everybody_is_asked() {
    let mut conf = Conf::of_voters(1..=3);
    conf.voters_outgoing = vec![1, 2, 4];
    let mut quorum = Quorum::default();
    quorum.answered(2);
    assert_eq!(quorum.of(&conf, 1, None), None);
}
