//! The proxy in front of one member's peer port: it knows who dialled, and passes bytes as the
//! links between the two allow.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::links::{Link, Shared};
use crate::{Error, dialer};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 16 * 1024;
/// Chunks under way in one direction of one connection, 1 MiB; its sender waits when they are all
/// in use, as for a window of TCP.
const CHUNKS_MAX: usize = 64;
/// How often and how long a dialler is looked for: a process can dial before its parent, which is
/// the test, has written down its id.
const LOOKS: u32 = 100;
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Why a connection is over: it must be closed at once, at both ends.
struct Broken;

/// Listens on a port from the kernel and passes what comes on to `target`, the peer port of
/// `member`; gives the address listened on.
pub(crate) fn listen(
    runtime: &Runtime,
    shared: Arc<Shared>,
    member: usize,
    target: SocketAddrV4,
) -> Result<SocketAddrV4, Error> {
    let fail = || Error::io("listen for peers of", format!("member {member}"));
    // Not the runtime's own call to bind: the caller may be in another runtime.
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(fail())?;
    listener.set_nonblocking(true).map_err(fail())?;
    let listener = {
        let _entered = runtime.enter();
        TcpListener::from_std(listener).map_err(fail())?
    };
    let SocketAddr::V4(address) = listener.local_addr().map_err(fail())? else {
        unreachable!("127.0.0.1 is an address of version 4");
    };
    runtime.spawn(async move {
        loop {
            // What fails here is a connection that is over already.
            let Ok((stream, SocketAddr::V4(dialler))) = listener.accept().await else {
                continue;
            };
            let shared = Arc::clone(&shared);
            tokio::spawn(async move {
                if let Some(from) = member_at(&shared, dialler, address).await {
                    let there = shared.link(from, member);
                    let back = shared.link(member, from);
                    // Both ends are closed by now; there is nobody to tell.
                    drop(pass(stream, target, there, back).await);
                }
            });
        }
    });
    Ok(address)
}

/// The member whose process dialled `proxy` from `dialler`. None for a stranger, who is not let in,
/// and for a connection that is over.
async fn member_at(shared: &Shared, dialler: SocketAddrV4, proxy: SocketAddrV4) -> Option<usize> {
    for _ in 0..LOOKS {
        let processes = shared.processes();
        let running: Vec<u32> = processes.iter().copied().flatten().collect();
        let find = move || dialer::find(dialler, proxy, &running);
        if let Ok(Some(found)) = tokio::task::spawn_blocking(find).await {
            return processes.iter().position(|process| *process == Some(found));
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
    None
}

/// Connects on and passes bytes both ways until both have ended, or the connection broke.
async fn pass(
    dialled: TcpStream,
    target: SocketAddrV4,
    mut there: watch::Receiver<Link>,
    mut back: watch::Receiver<Link>,
) -> Result<(), Broken> {
    // Saying hello takes both directions.
    let losses = (there.borrow().losses, back.borrow().losses);
    open(&mut there, losses.0).await?;
    open(&mut back, losses.1).await?;
    let reached = TcpStream::connect(target).await.map_err(|_| Broken)?;
    for stream in [&dialled, &reached] {
        stream.set_nodelay(true).map_err(|_| Broken)?;
    }
    let (dialled_read, dialled_write) = dialled.into_split();
    let (reached_read, reached_write) = reached.into_split();
    tokio::try_join!(
        one_way(dialled_read, reached_write, there.clone(), back.clone()),
        one_way(reached_read, dialled_write, back, there),
    )?;
    Ok(())
}

/// What is read, and when it may arrive. The end of the stream is an empty chunk.
type Chunk = (Instant, Vec<u8>);

/// Passes one direction until its end.
async fn one_way(
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    link: watch::Receiver<Link>,
    back: watch::Receiver<Link>,
) -> Result<(), Broken> {
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    let reading = read(from, sender, link.clone());
    tokio::try_join!(reading, write(to, receiver, link, back))?;
    Ok(())
}

async fn read(
    mut from: OwnedReadHalf,
    to: mpsc::Sender<Chunk>,
    link: watch::Receiver<Link>,
) -> Result<(), Broken> {
    loop {
        let mut bytes = vec![0; CHUNK_BYTES];
        // A reset counts as an end: the other side sees the connection end either way.
        let length = from.read(&mut bytes).await.unwrap_or(0);
        bytes.truncate(length);
        let arrival = Instant::now() + link.borrow().delay;
        if to.send((arrival, bytes)).await.is_err() || length == 0 {
            return Ok(());
        }
    }
}

async fn write(
    mut to: OwnedWriteHalf,
    mut from: mpsc::Receiver<Chunk>,
    mut link: watch::Receiver<Link>,
    mut back: watch::Receiver<Link>,
) -> Result<(), Broken> {
    let losses = link.borrow().losses;
    while let Some((arrival, bytes)) = from.recv().await {
        tokio::time::sleep_until(arrival).await;
        open(&mut link, losses).await?;
        let written = match bytes.is_empty() {
            true => to.shutdown().await,
            false => to.write_all(&bytes).await,
        };
        if written.is_err() {
            // The sender learns that the receiver is gone only by what comes back.
            let losses = back.borrow().losses;
            open(&mut back, losses).await?;
            return Err(Broken);
        }
    }
    Ok(())
}

/// Waits until a link is open.
///
/// # Errors
/// What it held was lost since it had lost `losses` times.
async fn open(link: &mut watch::Receiver<Link>, losses: u64) -> Result<(), Broken> {
    // It fails when the links are gone, and then all connections are.
    let state = *link.wait_for(|link| !link.cut).await.map_err(|_| Broken)?;
    match state.losses == losses {
        true => Ok(()),
        false => Err(Broken),
    }
}
