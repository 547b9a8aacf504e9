use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::FutureExt as _;
use futures::future::poll_fn;
use hyper::rt::Executor as _;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use super::{POLLS_MAX, Together};

/// Counts how often the task is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Wakes itself until it has been polled this often.
fn yields_until(last: usize) -> impl Future<Output = ()> + Send {
    let mut polls = 0;
    poll_fn(move |context| {
        polls += 1;
        if polls == last {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

struct Task {
    run: super::Run,
    count: Arc<Count>,
}

impl Task {
    fn new(together: &Together, first: impl Future<Output = ()> + Send + 'static) -> Self {
        Self {
            run: together.run(first),
            count: Arc::default(),
        }
    }

    fn poll(&mut self) -> Poll<()> {
        let waker = Waker::from(self.count.clone());
        self.run.poll_unpin(&mut Context::from_waker(&waker))
    }

    fn woken(&self) -> usize {
        self.count.0.load(Ordering::Relaxed)
    }
}

#[test]
fn parts_that_wake_each_other_share_a_turn() {
    let together = Together::default();
    let (questions, mut asked) = mpsc::channel(1);
    let (answers, mut answered) = mpsc::channel(1);
    together.execute(async move {
        while let Some(number) = asked.recv().await {
            let _ = answers.try_send(number);
        }
    });
    let mut task = Task::new(&together, async move {
        for number in 0..9 {
            questions.try_send(number).expect("the other part runs");
            assert_eq!(answered.recv().await, Some(number));
        }
    });
    assert!(task.poll().is_ready());
    assert_eq!(task.woken(), 0);
}

#[test]
fn one_that_yields_twice_lets_other_tasks_go_first() {
    let mut task = Task::new(&Together::default(), yields_until(3));
    assert!(task.poll().is_pending());
    assert_eq!(task.woken(), 1);
    assert!(task.poll().is_ready());
}

#[test]
fn while_much_is_under_way_one_that_yields_once_does() {
    let mut task = Task::new(&Together::new(|| true), yields_until(2));
    assert!(task.poll().is_pending());
    assert_eq!(task.woken(), 1);
    assert!(task.poll().is_ready());
}

#[test]
fn what_wakes_a_part_from_outside_wakes_the_task_once() {
    let together = Together::default();
    let (sender, receiver) = oneshot::channel();
    let (other_sender, other_receiver) = oneshot::channel();
    together.execute(async move {
        let _ = other_receiver.await;
    });
    let mut task = Task::new(&together, async move {
        let _ = receiver.await;
    });
    assert!(task.poll().is_pending());
    assert_eq!(task.woken(), 0);
    sender.send(()).expect("it is waited for");
    other_sender.send(()).expect("it is waited for");
    assert_eq!(task.woken(), 1);
    assert!(task.poll().is_ready());
}

#[test]
fn only_parts_that_were_woken_are_polled() {
    let together = Together::default();
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    together.execute(poll_fn(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        Poll::<()>::Pending
    }));
    let (sender, mut receiver) = mpsc::channel::<()>(1);
    let mut task = Task::new(&together, async move {
        while receiver.recv().await.is_some() {}
    });
    assert!(task.poll().is_pending());
    sender.try_send(()).expect("it is waited for");
    assert!(task.poll().is_pending());
    assert_eq!(polls.load(Ordering::Relaxed), 1);
}

#[test]
fn parts_that_never_rest_end_a_turn_all_the_same() {
    let together = Together::default();
    let wakers: Arc<Mutex<[Option<Waker>; 2]>> = Arc::default();
    for own in [0, 1] {
        let wakers = wakers.clone();
        together.execute(poll_fn(move |context| {
            let mut wakers = wakers.lock();
            if let Some(slot) = wakers.get_mut(own) {
                *slot = Some(context.waker().clone());
            }
            if let Some(Some(other)) = wakers.get(1 - own) {
                other.wake_by_ref();
            }
            Poll::<()>::Pending
        }));
    }
    let mut task = Task::new(&together, std::future::pending());
    for turn in 1..=POLLS_MAX {
        assert!(task.poll().is_pending());
        assert_eq!(task.woken(), turn);
    }
}

#[test]
fn what_is_executed_after_the_end_is_dropped() {
    let together = Together::default();
    let mut task = Task::new(&together, async {});
    assert!(task.poll().is_ready());
    drop(task);
    let (sender, receiver) = oneshot::channel::<()>();
    together.execute(async move {
        let _ = receiver.await;
    });
    assert!(sender.is_closed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_between_threads() {
    let together = Together::default();
    let (questions, mut asked) = mpsc::channel(1);
    let (answers, mut answered) = mpsc::channel(1);
    together.execute(async move {
        while let Some(number) = asked.recv().await {
            if answers.send(number).await.is_err() {
                return;
            }
        }
    });
    let task = tokio::spawn(together.run(async {}));
    for number in 0..10_000 {
        questions.send(number).await.expect("the part runs");
        assert_eq!(answered.recv().await, Some(number));
    }
    drop(questions);
    task.await.expect("it ends with its parts");
}
