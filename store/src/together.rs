//! The tasks of one connection as one task.
//!
//! An HTTP/2 library makes several tasks of a connection: one that reads and writes the socket, one
//! for each request's body, one for each handler. A message passes through all of them, each wakes
//! the next, and after a few wake-ups in a row a runtime of many threads has another thread look for
//! what is to be done. Between members a connection carries one stream, so its tasks have nothing to
//! do at the same time: here they take turns inside of one.
//!
//! ```text
//! a wakes b        b is polled in the same turn
//! a wakes a        a is polled once more in the same turn: h2 wakes whoever asks for room to send
//! a wakes a again  a yields: the whole task goes behind others that are ready to run
//! else wakes a     the task is woken, and polls a alone
//! ```
//!
//! While much is under way a part yields the first time: others then bring more to be sent at once.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;

/// How often parts are polled in one turn at most, before other tasks have theirs.
const POLLS_MAX: usize = 64;

type Part = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An executor whose futures are polled by whoever runs [`Together::run`]. Clones share it.
#[derive(Clone)]
pub struct Together(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    is_busy: Box<dyn Fn() -> bool + Send + Sync>,
}

#[derive(Default)]
struct State {
    /// Parts that have not been polled yet.
    new: Vec<Part>,
    /// Parts that were woken, in that order; each at most once.
    ready: VecDeque<u64>,
    /// The one that is being polled.
    polled: Option<u64>,
    /// Whether a turn is under way, which looks at `new` and `ready` again before it ends.
    is_turn: bool,
    /// Wakes the task that has the turns.
    task: Option<Waker>,
    /// Nobody has turns any more.
    is_over: bool,
}

impl Default for Together {
    /// One that knows of nothing else that is under way.
    fn default() -> Self {
        Self::new(|| false)
    }
}

impl Together {
    /// An executor without futures. `is_busy` tells whether much is under way.
    pub fn new(is_busy: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            is_busy: Box::new(is_busy),
        }))
    }

    /// Runs `first` and all that is executed, until all of it has ended.
    pub fn run(&self, first: impl Future<Output = ()> + Send + 'static) -> Run {
        self.execute_part(Box::pin(first));
        Run {
            shared: self.0.clone(),
            parts: HashMap::new(),
            last: 0,
        }
    }

    fn execute_part(&self, part: Part) {
        let mut state = self.0.state.lock();
        if state.is_over {
            // What is dropped may wake others, which takes the lock.
            drop(state);
            drop(part);
            return;
        }
        state.new.push(part);
        self.0.wake_task(state);
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Together {
    fn execute(&self, future: F) {
        self.execute_part(Box::pin(future));
    }
}

impl Shared {
    fn wake_task(&self, mut state: parking_lot::MutexGuard<'_, State>) {
        let task = match state.is_turn {
            true => None,
            false => state.task.take(),
        };
        drop(state);
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// Wakes one part.
struct Bell {
    part: u64,
    shared: Arc<Shared>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.shared.state.lock();
        if !state.ready.contains(&self.part) {
            state.ready.push_back(self.part);
            self.shared.wake_task(state);
        }
    }
}

/// The parts that were woken in a turn while they were polled.
#[derive(Default)]
struct Restless {
    once: Vec<u64>,
    yielded: Vec<u64>,
}

/// The one task; see [`Together::run`].
pub struct Run {
    shared: Arc<Shared>,
    parts: HashMap<u64, (Part, Waker)>,
    /// The number of the newest part.
    last: u64,
}

impl Future for Run {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.shared.state.lock().is_turn = true;
        let mut restless = Restless::default();
        for _ in 0..POLLS_MAX {
            let Some(id) = self.next(&mut restless) else {
                break;
            };
            let Some((part, bell)) = self.parts.get_mut(&id) else {
                continue;
            };
            if part
                .as_mut()
                .poll(&mut Context::from_waker(bell))
                .is_ready()
            {
                self.parts.remove(&id);
            }
        }
        self.pause(restless, context)
    }
}

impl Run {
    /// Which part is polled now; none if nothing is to be done any more in this turn.
    fn next(&mut self, restless: &mut Restless) -> Option<u64> {
        let mut state = self.shared.state.lock();
        if let Some(polled) = state.polled.take()
            && let Some(at) = state.ready.iter().position(|part| *part == polled)
        {
            if restless.once.contains(&polled) || (self.shared.is_busy)() {
                state.ready.remove(at);
                restless.yielded.push(polled);
            } else {
                restless.once.push(polled);
            }
        }
        for part in std::mem::take(&mut state.new) {
            self.last += 1;
            let bell = Arc::new(Bell {
                part: self.last,
                shared: self.shared.clone(),
            });
            self.parts.insert(self.last, (part, bell.into()));
            state.ready.push_back(self.last);
        }
        state.polled = state.ready.pop_front();
        state.polled
    }

    /// Ends a turn.
    fn pause(&self, restless: Restless, context: &Context<'_>) -> Poll<()> {
        let mut state = self.shared.state.lock();
        state.is_turn = false;
        state.polled = None;
        state.ready.extend(restless.yielded);
        let is_idle = state.ready.is_empty() && state.new.is_empty();
        if is_idle && self.parts.is_empty() {
            return Poll::Ready(());
        }
        if is_idle {
            state.task = Some(context.waker().clone());
        } else {
            drop(state);
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        state.is_over = true;
        let new = std::mem::take(&mut state.new);
        drop(state);
        drop(new);
    }
}

#[cfg(test)]
mod tests;
