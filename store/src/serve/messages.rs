//! The messages of a gRPC request: counted, and bounded before they are read.
//!
//! ```text
//! +------------+-------------+----------------------+
//! | compressed | length (32) | message, length long | ...
//! +------------+-------------+----------------------+
//! ```
//!
//! A message that states a length above the bound fails the call at once, with the code and text
//! of Go's server, which clients match. (The `tonic` of the day has another code and text.) So does
//! a body that ends inside a message.

use crate::metrics::Call;
use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use prometheus::IntCounter;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tonic::Status;

/// The bytes in front of each message.
const PREFIX_BYTES: usize = 5;

/// The body of a gRPC request.
pub(super) struct Messages<B = Incoming> {
    body: B,
    scan: Scan,
    bytes: IntCounter,
    call: Option<Arc<Call>>,
}

impl<B> Messages<B> {
    /// Bounds the messages of `body` by `max` bytes.
    pub(super) fn new(body: B, max: usize, bytes: IntCounter, call: Option<Arc<Call>>) -> Self {
        Self {
            body,
            scan: Scan::new(max),
            bytes,
            call,
        }
    }
}

impl<B> Body for Messages<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(Status::from_error(error.into())))),
            None => return Poll::Ready(this.scan.cut_off().map(Err)),
        };
        if let Some(data) = frame.data_ref() {
            this.bytes.inc_by(data.len() as u64);
            match this.scan.feed(data) {
                Ok(messages) => {
                    if let Some(call) = &this.call {
                        (0..messages).for_each(|_| call.received());
                    }
                }
                Err(status) => return Poll::Ready(Some(Err(*status))),
            }
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && self.scan.is_between()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Finds where messages begin.
pub(super) struct Scan {
    max: usize,
    /// The part of a prefix that was seen.
    prefix: [u8; PREFIX_BYTES],
    seen: usize,
    /// What is left of the message.
    left: usize,
}

impl Scan {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            prefix: [0; PREFIX_BYTES],
            seen: 0,
            left: 0,
        }
    }

    /// Whether the last message is whole.
    fn is_between(&self) -> bool {
        self.seen == 0 && self.left == 0
    }

    /// The error of a body that ends here, once.
    fn cut_off(&mut self) -> Option<Status> {
        if self.is_between() {
            return None;
        }
        (self.seen, self.left) = (0, 0);
        Some(Status::unknown("unexpected EOF"))
    }

    /// Takes the next bytes; gives the number of messages that begin in them.
    pub(super) fn feed(&mut self, mut data: &[u8]) -> Result<usize, Box<Status>> {
        let mut messages = 0;
        while !data.is_empty() {
            if self.left > 0 {
                let count = self.left.min(data.len());
                self.left -= count;
                data = &data[count..];
                continue;
            }
            let count = (PREFIX_BYTES - self.seen).min(data.len());
            self.prefix[self.seen..self.seen + count].copy_from_slice(&data[..count]);
            self.seen += count;
            data = &data[count..];
            if self.seen == PREFIX_BYTES {
                self.seen = 0;
                self.left = (&self.prefix[1..]).get_u32() as usize;
                messages += 1;
                if self.left > self.max {
                    let (length, max) = (self.left, self.max);
                    let text =
                        format!("grpc: received message larger than max ({length} vs. {max})");
                    return Err(Box::new(Status::resource_exhausted(text)));
                }
            }
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests;
