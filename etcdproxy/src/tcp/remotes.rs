//! Whose turn it is: of the members that are active and of least priority one by its weight; where
//! there are no weights one after the other (RFC 2782).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dial::srv::Server;
use rand::Rng as _;

/// One member.
#[derive(Debug)]
pub(super) struct Remote {
    address: String,
    priority: u16,
    weight: u16,
    is_active: AtomicBool,
}

impl Remote {
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn set_active(&self, is_active: bool) {
        self.is_active.store(is_active, Ordering::Relaxed);
    }

    fn is_active(&self) -> bool {
        self.is_active.load(Ordering::Relaxed)
    }
}

/// All members.
#[derive(Debug)]
pub(super) struct Remotes {
    all: Vec<Arc<Remote>>,
    turn: AtomicUsize,
}

impl Remotes {
    pub(super) fn new(servers: Vec<Server>) -> Self {
        let remote = |server: Server| {
            let Server { host, port, .. } = &server;
            let address = match host.contains(':') {
                true => format!("[{host}]:{port}"),
                false => format!("{host}:{port}"),
            };
            Arc::new(Remote {
                address,
                priority: server.priority,
                weight: server.weight,
                is_active: AtomicBool::new(true),
            })
        };
        Self {
            all: servers.into_iter().map(remote).collect(),
            turn: AtomicUsize::new(0),
        }
    }

    pub(super) fn addresses(&self) -> Vec<&str> {
        self.all.iter().map(|remote| remote.address()).collect()
    }

    /// Those that are left out.
    pub(super) fn inactive(&self) -> Vec<Arc<Remote>> {
        let left_out = self.all.iter().filter(|remote| !remote.is_active());
        left_out.cloned().collect()
    }

    /// The member for the next connection; none if all are left out.
    pub(super) fn pick(&self) -> Option<Arc<Remote>> {
        let active: Vec<&Arc<Remote>> = self.all.iter().filter(|r| r.is_active()).collect();
        let best = active.iter().map(|remote| remote.priority).min()?;
        let of_best = active.into_iter().filter(|r| r.priority == best);
        let (weighted, equal): (Vec<_>, Vec<_>) = of_best.partition(|r| r.weight > 0);
        let total: u32 = weighted.iter().map(|r| u32::from(r.weight)).sum();
        // Those without a weight get little where others have one.
        let is_weighted = equal.is_empty() || total > 0 && rand::rng().random_range(0..100) > 0;
        if !is_weighted {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            return equal.get(turn % equal.len()).map(|r| Arc::clone(r));
        }
        let mut chosen = rand::rng().random_range(0..total);
        weighted
            .into_iter()
            .find(|remote| {
                let weight = u32::from(remote.weight);
                let is_it = chosen < weight;
                chosen = chosen.saturating_sub(weight);
                is_it
            })
            .cloned()
    }
}

#[cfg(test)]
mod tests;
