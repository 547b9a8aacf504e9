//! A thread of low priority for work that takes its time and must not be in the way of others.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Error;

/// How nice it is; processes of users go from 0 to 19.
const NICENESS: i32 = 10;

/// Runs `work` on a thread of its own, which ends when nobody waits for the outcome any more. There
/// the work may block for as long as one step of it takes.
pub(super) async fn run<T, F>(
    name: &str,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>>,
{
    let runtime = Handle::current();
    let (mut outcome, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            // Of this thread alone. Without the right to it the work is done all the same.
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let done = runtime.block_on(async {
                tokio::select! {
                    done = work() => Some(done),
                    () = outcome.closed() => None,
                }
            });
            if let Some(done) = done {
                // Nobody may be waiting any more.
                let _ = outcome.send(done);
            }
        })
        .map_err(Error::Thread)?;
    receiver.await.unwrap_or(Err(Error::Broken))
}
