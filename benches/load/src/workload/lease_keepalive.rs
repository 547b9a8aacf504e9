//! Keeping many leases alive, over streams that each take care of some of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use clap::Args;
use proto::etcdserverpb::{LeaseGrantRequest, LeaseKeepAliveRequest};
use tokio::task::JoinSet;

use super::stage::Stage;
use crate::client::{CallError, Duplex, Rpc, framed};
use crate::drive::{Budget, Operation, Order, Tally, closed_loop};
use crate::metric::Row;
use crate::reply::Outline;

/// Long enough that no lease runs out while it is being measured, in seconds.
const TTL: i64 = 3_600;

/// The workload's settings.
#[derive(Debug, Clone, Args)]
pub struct LeaseKeepalive {
    /// Leases, granted before the window
    #[arg(long, default_value_t = 10_000)]
    pub leases: u64,
    /// Clients, each with a stream on which one request is under way at a time
    #[arg(long, default_value_t = 100)]
    pub clients: u64,
    /// TCP connections the clients share
    #[arg(long, default_value_t = 10)]
    pub connections: usize,
    /// Requests to make
    #[arg(long, default_value_t = 200_000)]
    pub total: u64,
}

impl LeaseKeepalive {
    pub(super) async fn run(&self, stage: &Stage<'_>) -> anyhow::Result<Vec<Row>> {
        let pool = stage.pool(self.clients as usize, self.connections).await?;
        let granted = closed_loop(&pool, 64, &Arc::new(Grants), Budget::total(self.leases)).await;
        if let Some(error) = granted.error {
            anyhow::bail!("while granting leases: {error}");
        }
        let clients = self.clients.clamp(1, self.leases.max(1));
        let mut streams = Vec::new();
        for client in 0..clients {
            let connection = &pool[client as usize % pool.len()];
            streams.push(connection.clone().duplex(Rpc::LeaseKeepAlive).await?);
        }

        let shared = Arc::new(Shared {
            taken: AtomicU64::new(0),
            total: self.total,
            tally: Tally::empty(),
        });
        let window = stage.window().await?;
        let mut tasks = JoinSet::new();
        for (client, duplex) in (0..clients).zip(streams) {
            let leases = (client + 1..=self.leases).step_by(clients as usize);
            tasks.spawn(keep_alive(shared.clone(), duplex, leases.collect()));
        }
        while let Some(task) = tasks.join_next().await {
            if let Err(error) = task? {
                shared.tally.lock().fail(&error);
            }
        }
        Ok(vec![window.close(stage.name, shared.tally.take()).await?])
    }
}

/// Grants the leases 1, 2, 3, ….
struct Grants;

impl Operation for Grants {
    fn call(&self, number: u64) -> (Rpc, Bytes) {
        let grant = LeaseGrantRequest {
            ttl: TTL,
            id: number.cast_signed() + 1,
        };
        (Rpc::LeaseGrant, framed(&grant))
    }

    fn order(&self, _number: u64) -> Order {
        Order::Any
    }

    fn check(&self, number: u64, reply: &Outline) -> Result<(), String> {
        if (reply.number(2), reply.number(3)) == (number + 1, TTL.cast_unsigned()) {
            return Ok(());
        }
        Err(format!("lease {} was not granted as asked", number + 1))
    }
}

struct Shared {
    taken: AtomicU64,
    total: u64,
    tally: Tally,
}

/// Goes round the client's leases until all requests are made.
async fn keep_alive(
    shared: Arc<Shared>,
    mut duplex: Duplex,
    leases: Vec<u64>,
) -> Result<(), CallError> {
    for lease in leases.iter().cycle() {
        if shared.taken.fetch_add(1, Ordering::Relaxed) >= shared.total {
            break;
        }
        let id = lease.cast_signed();
        let began = Instant::now();
        duplex.send(framed(&LeaseKeepAliveRequest { id }))?;
        let reply = duplex.next().await?;
        if (reply.number(2), reply.number(3)) != (*lease, TTL.cast_unsigned()) {
            return Err(CallError::Wrong(format!(
                "lease {lease} was not kept alive"
            )));
        }
        shared.tally.lock().record(began.elapsed());
    }
    Ok(())
}
