//! The network between the members of a cluster: one link for each ordered pair of them.
//!
//! ```text
//!   member 0 ──dials──▶ proxy of member 1 ──▶ peer port of member 1
//!                │            │
//!                │      bytes to 1 take link 0→1, bytes back take link 1→0
//!                └ the process at the other end tells which member dialled
//! ```
//!
//! A member is told only the proxies' addresses, so that all its peers' traffic passes here. A cut
//! link holds bytes back, as a network does: nobody is told. When it is healed, what was held is
//! either delivered late, or lost together with its connections ([`Held`]).

#[cfg(test)]
mod tests;

use std::net::SocketAddrV4;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::{Error, proxy};

/// What becomes of the bytes that a cut link held back, once it is healed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// They arrive, late: a cut that was shorter than the time-out of the connections.
    Delivered,
    /// They are lost, and the connections that they were on with them.
    Lost,
}

/// A link as it is now.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Link {
    pub(crate) cut: bool,
    /// How long a byte is under way.
    pub(crate) delay: Duration,
    /// How often what was held has been lost; it tells a connection that its bytes were among it.
    pub(crate) losses: u64,
}

/// All links of a cluster. Dropping it closes all connections.
#[derive(Debug)]
pub struct Links {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

/// What the proxies know.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The process that plays each member now.
    processes: Vec<Option<u32>>,
    /// `links[from][to]`.
    links: Vec<Vec<watch::Sender<Link>>>,
}

impl Links {
    pub(crate) fn new() -> Result<Links, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("links")
            .enable_all()
            .build()
            .map_err(Error::io("start the threads of", "the links"))?;
        Ok(Links {
            shared: Arc::default(),
            runtime: Some(runtime),
        })
    }

    /// Adds a member whose peer port is `target`; gives the address that its peers are told.
    pub(crate) fn add(&self, target: SocketAddrV4) -> Result<SocketAddrV4, Error> {
        let runtime = self.runtime.as_ref().expect("it is there until the drop");
        let member = self.shared.grow();
        proxy::listen(runtime, Arc::clone(&self.shared), member, target)
    }

    /// Tells which process plays a member from now on.
    pub(crate) fn set_process(&self, member: usize, process: Option<u32>) {
        self.shared.state().processes[member] = process;
    }

    /// Cuts one direction: what `from` sends does not reach `to`.
    pub fn cut(&self, from: usize, to: usize) {
        self.change(from, to, |link| link.cut = true);
    }

    /// Cuts all links from and to a member.
    pub fn isolate(&self, member: usize) {
        self.cut_inbound(member);
        self.cut_outbound(member);
    }

    /// Cuts all links to a member: it speaks, but does not hear.
    pub fn cut_inbound(&self, member: usize) {
        for other in self.others(member) {
            self.cut(other, member);
        }
    }

    /// Cuts all links from a member: it hears, but does not speak.
    pub fn cut_outbound(&self, member: usize) {
        for other in self.others(member) {
            self.cut(member, other);
        }
    }

    /// Sets how long a byte is under way on every link.
    pub fn delay(&self, delay: Duration) {
        self.change_all(|link| link.delay = delay);
    }

    /// Makes all links whole and as fast as they can be.
    pub fn heal(&self, held: Held) {
        self.change_all(|link| {
            link.losses += u64::from(link.cut && held == Held::Lost);
            link.cut = false;
            link.delay = Duration::ZERO;
        });
    }

    fn others(&self, member: usize) -> impl Iterator<Item = usize> + use<> {
        let size = self.shared.state().links.len();
        (0..size).filter(move |other| *other != member)
    }

    fn change(&self, from: usize, to: usize, change: impl FnOnce(&mut Link)) {
        self.shared.state().links[from][to].send_modify(change);
    }

    fn change_all(&self, change: impl Fn(&mut Link)) {
        for link in self.shared.state().links.iter().flatten() {
            link.send_modify(&change);
        }
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A connection in the middle of anything is simply closed.
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    /// The processes of all members.
    pub(crate) fn processes(&self) -> Vec<Option<u32>> {
        self.state().processes.clone()
    }

    /// A view of one link, which is told of every change.
    pub(crate) fn link(&self, from: usize, to: usize) -> watch::Receiver<Link> {
        self.state().links[from][to].subscribe()
    }

    /// Makes room for one more member; gives its number.
    fn grow(&self) -> usize {
        let mut state = self.state();
        let member = state.processes.len();
        state.processes.push(None);
        let fresh = || watch::channel(Link::default()).0;
        for row in &mut state.links {
            row.push(fresh());
        }
        state.links.push((0..=member).map(|_| fresh()).collect());
        member
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here can be left half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
