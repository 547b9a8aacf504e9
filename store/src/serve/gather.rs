//! Small writes that belong together leave together.
//!
//! h2 copies a payload behind its frame's head only below a limit that is four times as high for
//! sockets which cannot write several pieces at once (1,024 instead of 256 bytes); at or above it,
//! each payload takes system calls of its own. A store's answers are mostly between the two. So h2
//! is told of a socket of that kind, and the pieces of larger payloads are put together here.
//!
//! Answers on one connection also become ready together: when a log entry is applied, or the quorum
//! has confirmed a read. The first of them wakes the connection at once. So what is to be flushed
//! waits until the connection's task has had its turn behind those that are ready to run now. With
//! a single request under way nothing more comes, and the turn costs a good part of a thread's waking;
//! so while few requests are under way, and turn after turn was for nothing, most flushes do without.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Pieces up to this size wait for the next one, or for a flush.
const PIECE_BYTES_MAX: usize = 4096;

/// With more requests under way than these no turn is for nothing: if it gathers no answers, then
/// questions.
const FEW: usize = 4;

/// Turns for nothing in a row, after which flushes do without: one that tells watchers of changes is
/// no answer to a request, but comes with others.
const MISSES: u32 = 16;

/// Flushes that then do without, before a turn is tried again.
const SKIPS: u32 = 15;

/// See the module.
#[derive(Debug)]
pub(super) struct Gather<S> {
    socket: S,
    /// Requests that the listeners have not answered.
    under_way: Arc<AtomicUsize>,
    held: Vec<u8>,
    /// How much of what is held has been written.
    written: usize,
    flush: Flush,
    /// Turns for nothing since the last one that gathered something.
    misses: u32,
    /// Flushes that are still to do without.
    skips: u32,
}

/// What became of the flush of what is held.
#[derive(Debug)]
enum Flush {
    /// None was asked for.
    None,
    /// Others go first. If something is written before the flush goes on, that gathered it.
    Yielded,
    /// It goes on until everything is written.
    Begun,
}

impl<S> Gather<S> {
    pub(super) fn new(socket: S, under_way: Arc<AtomicUsize>) -> Self {
        Self {
            socket,
            under_way,
            held: Vec::new(),
            written: 0,
            flush: Flush::None,
            misses: 0,
            skips: 0,
        }
    }
}

impl<S: AsyncWrite + Unpin> Gather<S> {
    /// Writes what is held and then `next`; how much of `next` went along.
    fn poll_write_held(&mut self, cx: &mut Context<'_>, next: &[u8]) -> Poll<io::Result<usize>> {
        while self.written < self.held.len() {
            let held = self.held.get(self.written..).unwrap_or_default();
            let pieces = [IoSlice::new(held), IoSlice::new(next)];
            let count = ready!(Pin::new(&mut self.socket).poll_write_vectored(cx, &pieces))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_held = count.min(held.len());
            self.written += of_held;
            if count > of_held {
                self.clear();
                return Poll::Ready(Ok(count - of_held));
            }
        }
        self.clear();
        Poll::Ready(Ok(0))
    }

    /// Whether a flush is to wait for the task's next turn.
    fn lets_others_go_first(&mut self) -> bool {
        match self.flush {
            Flush::None if self.held.is_empty() => return false,
            Flush::None if self.skips > 0 && self.is_quiet() => self.skips -= 1,
            Flush::None => {
                self.flush = Flush::Yielded;
                return true;
            }
            Flush::Yielded => {
                self.misses = (self.misses + 1).min(MISSES);
                if self.misses == MISSES {
                    self.skips = SKIPS;
                }
            }
            Flush::Begun => {}
        }
        self.flush = Flush::Begun;
        false
    }

    fn is_quiet(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) <= FEW
    }

    fn clear(&mut self) {
        self.held.clear();
        self.written = 0;
        if matches!(self.flush, Flush::Yielded) {
            self.misses = 0;
        }
        self.flush = Flush::None;
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gather<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.held.is_empty() && buf.len() <= PIECE_BYTES_MAX {
            self.held.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        match ready!(self.poll_write_held(cx, buf))? {
            0 if !buf.is_empty() => Pin::new(&mut self.socket).poll_write(cx, buf),
            count => Poll::Ready(Ok(count)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lets_others_go_first() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        ready!(self.poll_write_held(cx, &[]))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write_held(cx, &[]))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    // By `is_write_vectored`, which is false unless it is overridden, h2 knows the kind of socket.
}

impl<S: AsyncRead + Unpin> AsyncRead for Gather<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

#[cfg(test)]
mod tests;
