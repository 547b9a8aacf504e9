//! Lets old Go clients in whose `:authority` is no authority.
//!
//! clientv3 3.5 may send `:authority: #initially=[127.0.0.1:2379]` (etcd issue 13192). Go's server
//! takes it; the `h2` crate resets such a stream before anything of ours can see it. [`Lenient`]
//! sits between the socket and `h2` and looks at the first request of each connection:
//!
//! ```text
//! preface | SETTINGS | ... | HEADERS [CONTINUATION ...] | ...
//!                            ^ decoded here; until then bytes pass as they come
//! ```
//!
//! If its authority is fine, which holds for every other client, all bytes pass untouched from
//! there on and nothing is copied twice. Otherwise every header block of the connection is decoded,
//! its authority replaced, and written again without the dynamic table:
//!
//! ```text
//! +-----------------+------+--------------------+-----------------------------------------------+
//! | length (24)     | type | flags: END_HEADERS | stream (32) | literal without indexing, plain |
//! +-----------------+------+--------------------+-----------------------------------------------+
//! ```
//!
//! Invariants: bytes other than header blocks are never changed or reordered; at most
//! [`BLOCK_BYTES_MAX`] of a block and one read are held; nothing a client sends can panic, since
//! what cannot be decoded is left to `h2` to refuse (or, once blocks are rewritten and `h2` no
//! longer shares the table, ends the connection).

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What every client of HTTP/2 sends first (RFC 9113 §3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The largest header block that is looked at; `h2` refuses lists above 16 KiB anyway.
const BLOCK_BYTES_MAX: usize = 64 * 1024;
/// The largest payload a frame may have unless the server allows more, which it does not.
const FRAME_BYTES_MAX: usize = 16 * 1024;
/// How much is read at once while frames are looked at.
const READ_BYTES: usize = 16 * 1024;
/// The bytes in front of each frame.
const FRAME_HEADER_BYTES: usize = 9;
/// What stands in for an authority that is none.
const STAND_IN: &[u8] = b"localhost";

const TYPE_HEADERS: u8 = 0x1;
const TYPE_CONTINUATION: u8 = 0x9;
const FLAG_END_STREAM: u8 = 0x1;
const FLAG_END_HEADERS: u8 = 0x4;
const FLAG_PADDED: u8 = 0x8;
const FLAG_PRIORITY: u8 = 0x20;

/// A connection whose header blocks are made fit for `h2` where needed.
pub(super) struct Lenient<S> {
    socket: S,
    /// Bytes read and ready to be handed on.
    ready: BytesMut,
    /// Looks at frames; gone once all bytes may pass.
    frames: Option<Frames>,
}

impl<S> Lenient<S> {
    /// A connection of HTTP/2 of which `start` was read already.
    pub(super) fn new(socket: S, start: BytesMut) -> Self {
        let mut this = Self {
            socket,
            ready: BytesMut::new(),
            frames: None,
        };
        let mut frames = Frames::new();
        // The preface alone cannot fail: it only passes.
        if frames.feed(&start, &mut this.ready).is_ok() && !frames.done {
            this.frames = Some(frames);
        }
        this
    }

    /// A connection of HTTP/1, or of somebody whose authority is fine, of which `start` was read already.
    pub(super) fn untouched(socket: S, start: BytesMut) -> Self {
        Self {
            socket,
            ready: start,
            frames: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lenient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.ready.is_empty() {
                let count = this.ready.len().min(out.remaining());
                out.put_slice(&this.ready[..count]);
                this.ready.advance(count);
                return Poll::Ready(Ok(()));
            }
            let Some(frames) = &mut this.frames else {
                return Pin::new(&mut this.socket).poll_read(context, out);
            };
            let mut chunk = [0; READ_BYTES];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.socket).poll_read(context, &mut chunk))?;
            if chunk.filled().is_empty() {
                // The end. A block cut short is of no use to anyone.
                return Poll::Ready(Ok(()));
            }
            frames.feed(chunk.filled(), &mut this.ready)?;
            if frames.done {
                this.frames = None;
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lenient<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

/// Where in the stream of frames the next byte lies.
enum State {
    /// In the preface or a frame that passes: this many bytes are left of it.
    Passing(usize),
    /// In the nine bytes in front of a frame.
    Header,
    /// In a frame of a header block; its payload has this many bytes.
    Block { length: usize, kind: u8, flags: u8 },
}

/// The frames of one connection.
struct Frames {
    state: State,
    /// Bytes of a frame that is not complete yet.
    held: BytesMut,
    /// The frames of the block that is being put together, as they came.
    raw: BytesMut,
    /// The block itself, without frames, padding and priority.
    block: BytesMut,
    stream: u32,
    end_stream: u8,
    decoder: hpack::Decoder<'static>,
    /// Whether blocks are rewritten; settled by the first one.
    rewrites: bool,
    /// Whether everything that comes may pass.
    done: bool,
}

impl Frames {
    fn new() -> Self {
        let mut decoder = hpack::Decoder::new();
        // The server does not offer a larger table than the default one.
        decoder.set_max_allowed_table_size(4096);
        Self {
            state: State::Passing(PREFACE.len()),
            held: BytesMut::new(),
            raw: BytesMut::new(),
            block: BytesMut::new(),
            stream: 0,
            end_stream: 0,
            decoder,
            rewrites: false,
            done: false,
        }
    }

    /// Takes the next bytes and appends to `out` what may go on.
    fn feed(&mut self, mut input: &[u8], out: &mut BytesMut) -> io::Result<()> {
        while !input.is_empty() {
            if self.done {
                out.extend_from_slice(input);
                return Ok(());
            }
            match self.state {
                State::Passing(left) => {
                    let count = left.min(input.len());
                    out.extend_from_slice(&input[..count]);
                    input.advance(count);
                    self.state = match left - count {
                        0 => State::Header,
                        left => State::Passing(left),
                    };
                }
                State::Header => {
                    if self.hold(&mut input, FRAME_HEADER_BYTES) {
                        self.begin(out)?;
                    }
                }
                State::Block {
                    length,
                    kind,
                    flags,
                } => {
                    if length == 0 || self.hold(&mut input, length) {
                        self.end(kind, flags, out)?;
                    }
                }
            }
        }
        // A frame without payload is complete with its header.
        if let State::Block {
            length: 0,
            kind,
            flags,
        } = self.state
        {
            self.end(kind, flags, out)?;
        }
        Ok(())
    }

    /// Moves bytes to `held` until it has `wanted`; whether it has.
    fn hold(&mut self, input: &mut &[u8], wanted: usize) -> bool {
        let count = (wanted - self.held.len()).min(input.len());
        self.held.extend_from_slice(&input[..count]);
        input.advance(count);
        self.held.len() == wanted
    }

    /// Reads the nine bytes in front of a frame.
    fn begin(&mut self, out: &mut BytesMut) -> io::Result<()> {
        let header = self.held.split();
        let length =
            usize::from(header[0]) << 16 | usize::from(header[1]) << 8 | usize::from(header[2]);
        let (kind, flags) = (header[3], header[4]);
        let stream = (&header[5..9]).get_u32() & 0x7fff_ffff;
        let open = !self.raw.is_empty();
        let belongs = match kind {
            TYPE_HEADERS => !open,
            TYPE_CONTINUATION => open && stream == self.stream,
            _ => false,
        };
        if !belongs {
            if open || kind == TYPE_CONTINUATION {
                return self.give_up(&header, out);
            }
            out.extend_from_slice(&header);
            self.state = if length == 0 {
                State::Header
            } else {
                State::Passing(length)
            };
            return Ok(());
        }
        if length > FRAME_BYTES_MAX || self.block.len() + length > BLOCK_BYTES_MAX {
            return self.give_up(&header, out);
        }
        self.stream = stream;
        if kind == TYPE_HEADERS {
            self.end_stream = flags & FLAG_END_STREAM;
        }
        self.raw.extend_from_slice(&header);
        self.state = State::Block {
            length,
            kind,
            flags,
        };
        Ok(())
    }

    /// Takes a whole frame of a block, and the block with it if this was its last.
    fn end(&mut self, kind: u8, flags: u8, out: &mut BytesMut) -> io::Result<()> {
        let payload = self.held.split();
        self.raw.extend_from_slice(&payload);
        self.state = State::Header;
        let fragment = if kind == TYPE_HEADERS {
            fragment(&payload, flags)
        } else {
            Some(&payload[..])
        };
        let Some(fragment) = fragment else {
            return self.give_up(&[], out);
        };
        self.block.extend_from_slice(fragment);
        if flags & FLAG_END_HEADERS == 0 {
            return Ok(());
        }
        let block = self.block.split();
        let Ok(mut fields) = self.decoder.decode(&block) else {
            return self.give_up(&[], out);
        };
        if !self.rewrites {
            if fields
                .iter()
                .all(|(name, value)| name != b":authority" || is_authority(value))
            {
                self.done = true;
                out.unsplit(self.raw.split());
                return Ok(());
            }
            self.rewrites = true;
        }
        self.raw.clear();
        for (name, value) in &mut fields {
            if name == b":authority" && !is_authority(value) {
                *value = STAND_IN.to_vec();
            }
        }
        self.write(&encode(&fields), out);
        Ok(())
    }

    /// Writes a block in frames of the size that is always allowed.
    fn write(&self, block: &[u8], out: &mut BytesMut) {
        let mut kind = TYPE_HEADERS;
        let mut chunks = block.chunks(FRAME_BYTES_MAX).peekable();
        while let Some(chunk) = chunks.next() {
            let last = if chunks.peek().is_none() {
                FLAG_END_HEADERS
            } else {
                0
            };
            let flags = if kind == TYPE_HEADERS {
                self.end_stream | last
            } else {
                last
            };
            let length = u32::try_from(chunk.len()).unwrap_or_default();
            out.put_u32(length << 8 | u32::from(kind));
            out.put_u8(flags);
            out.put_u32(self.stream);
            out.extend_from_slice(chunk);
            kind = TYPE_CONTINUATION;
        }
    }

    /// Leaves bytes that make no sense to `h2`, which words the error; or ends the connection if
    /// `h2` could no longer read them, because earlier blocks did not reach it as they were.
    fn give_up(&mut self, header: &[u8], out: &mut BytesMut) -> io::Result<()> {
        if self.rewrites {
            let why = "a header block cannot be decoded";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        self.done = true;
        out.unsplit(self.raw.split());
        out.extend_from_slice(header);
        Ok(())
    }
}

/// The header block in the payload of a HEADERS frame; nothing if padding exceeds it.
fn fragment(payload: &[u8], flags: u8) -> Option<&[u8]> {
    let (padding, rest) = match flags & FLAG_PADDED {
        0 => (0, payload),
        _ => payload
            .split_first()
            .map(|(padding, rest)| (usize::from(*padding), rest))?,
    };
    let rest = if flags & FLAG_PRIORITY == 0 {
        rest
    } else {
        rest.get(5..)?
    };
    rest.get(..rest.len().checked_sub(padding)?)
}

/// Whether `h2` would take this authority.
fn is_authority(value: &[u8]) -> bool {
    http::uri::Authority::from_maybe_shared(Bytes::copy_from_slice(value)).is_ok()
}

/// Encodes fields as literals that neither use nor change a table (RFC 7541 §6.2.2).
fn encode(fields: &[(Vec<u8>, Vec<u8>)]) -> BytesMut {
    let mut block = BytesMut::new();
    for (name, value) in fields {
        block.put_u8(0);
        for text in [name, value] {
            block.extend_from_slice(&hpack::encoder::encode_integer(text.len(), 7));
            block.extend_from_slice(text);
        }
    }
    block
}

#[cfg(test)]
mod tests;
