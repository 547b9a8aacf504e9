use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::*;
use crate::apply::Reply;

/// Asks for so many answers of each kind, and waits until all have come.
fn all_are_told(answers: &Answers, count: usize) {
    let (waiters, ready): (Vec<read::Waiter>, Vec<_>) =
        (0..count).map(|_| oneshot::channel()).unzip();
    let (proposers, told): (Vec<propose::Waiter>, Vec<_>) =
        (0..count).map(|_| oneshot::channel()).unzip();
    answers.reads(waiters);
    let outcomes = proposers
        .into_iter()
        .map(|waiter| (waiter, Ok(Reply::Done)));
    answers.outcomes(outcomes.collect());
    for ready in ready {
        assert_eq!(ready.blocking_recv(), Ok(Ok(())));
    }
    for told in told {
        let outcome = told.blocking_recv().unwrap().unwrap();
        assert_eq!(outcome.unwrap(), Reply::Done);
    }
}

#[test]
fn everybody_is_told_be_they_few_or_many() {
    let runtime = Runtime::new().unwrap();
    let answers = Answers::start(runtime.handle());
    for count in [0, 1, FEW, FEW + 1, 10 * FEW] {
        all_are_told(&answers, count);
    }
    // Nobody delivers any more but whoever brings them.
    drop(runtime);
    all_are_told(&answers, 10 * FEW);
}

#[test]
fn those_for_whom_no_room_is_left_are_told_at_once() {
    // Its task never runs.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let answers = Answers::start(runtime.handle());
    let batch = || (0..=FEW).map(|_| oneshot::channel::<Result<(), _>>());
    let mut waiting = Vec::new();
    for _ in 0..BATCHES_MAX {
        let (waiters, ready): (Vec<_>, Vec<_>) = batch().unzip();
        answers.reads(waiters);
        waiting.extend(ready);
    }
    assert!(waiting[0].try_recv().is_err(), "nobody could have told it");
    let (waiters, ready): (Vec<_>, Vec<_>) = batch().unzip();
    answers.reads(waiters);
    for mut ready in ready {
        assert_eq!(ready.try_recv(), Ok(Ok(())));
    }
}
