//! The body of a request: JSON values one behind the other, as they come in.

use axum::body::{Body, BodyDataStream};
use bytes::BytesMut;
use futures::StreamExt as _;
use serde_json::value::RawValue;
use tonic::Status;

/// See the module.
pub(super) struct Requests {
    body: BodyDataStream,
    /// What has come and has not been given out.
    held: BytesMut,
    scan: Scan,
    /// Values larger than this are refused.
    bytes_max: usize,
}

/// How far what is held has been looked at: each byte once, in however many pieces it comes.
#[derive(Default)]
struct Scan {
    at: usize,
    /// How many objects and lists are open.
    depth: usize,
    is_text: bool,
    is_escaped: bool,
}

impl Scan {
    /// Whether an object or a list has ended that lies in no other.
    fn goes_on(&mut self, held: &[u8]) -> bool {
        for byte in held.get(self.at..).unwrap_or_default() {
            self.at += 1;
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_text => self.is_escaped = true,
                b'"' => self.is_text = !self.is_text,
                _ if self.is_text => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }
}

impl Requests {
    pub(super) fn new(body: Body, bytes_max: usize) -> Self {
        Self {
            body: body.into_data_stream(),
            held: BytesMut::new(),
            scan: Scan::default(),
            bytes_max,
        }
    }

    /// The next value; nothing at the end.
    ///
    /// # Errors
    /// `InvalidArgument`: what comes is no JSON, or ends in the middle.
    pub(super) async fn next(&mut self) -> Result<Option<Box<RawValue>>, Status> {
        while !self.scan.goes_on(&self.held) {
            if !self.hold_more().await? {
                break;
            }
        }
        self.take()
    }

    /// The first value; all that comes is waited for.
    ///
    /// # Errors
    /// As [`Requests::next`].
    pub(super) async fn only(mut self) -> Result<Option<Box<RawValue>>, Status> {
        while self.hold_more().await? {}
        self.take()
    }

    /// Whether more has come.
    async fn hold_more(&mut self) -> Result<bool, Status> {
        let Some(piece) = self.body.next().await else {
            return Ok(false);
        };
        let piece = piece.map_err(|why| Status::invalid_argument(why.to_string()))?;
        if self.held.len() + piece.len() > self.bytes_max {
            return Err(Status::resource_exhausted("request is too large"));
        }
        self.held.extend_from_slice(&piece);
        Ok(true)
    }

    /// The first value of what is held.
    fn take(&mut self) -> Result<Option<Box<RawValue>>, Status> {
        let mut values = serde_json::Deserializer::from_slice(&self.held).into_iter();
        let found: Option<Result<Box<RawValue>, _>> = values.next();
        let end = values.byte_offset();
        let value = match found {
            None => return Ok(None),
            Some(Ok(value)) => value,
            Some(Err(why)) if why.is_eof() => {
                return Err(Status::invalid_argument("unexpected EOF"));
            }
            Some(Err(_)) => return Err(Status::invalid_argument(self.refused())),
        };
        let _ = self.held.split_to(end);
        self.scan = Scan::default();
        Ok(Some(value))
    }

    /// Go's words for what cannot begin a value.
    fn refused(&self) -> String {
        let text = String::from_utf8_lossy(&self.held);
        match text.trim_start().chars().next() {
            Some(first) if !"{[\"-0123456789tfn".contains(first) => {
                format!("invalid character {first:?} looking for beginning of value")
            }
            _ => "invalid character in JSON".to_owned(),
        }
    }
}
