//! The body of a request: JSON values one behind the other, as they come in.

use axum::body::{Body, BodyDataStream};
use bytes::BytesMut;
use futures::StreamExt as _;
use serde_json::value::RawValue;
use tonic::Status;

/// See the module.
pub(super) struct Requests {
    body: BodyDataStream,
    /// What has come and is no whole value yet.
    held: BytesMut,
    /// Values larger than this are refused.
    bytes_max: usize,
}

impl Requests {
    pub(super) fn new(body: Body, bytes_max: usize) -> Self {
        Self {
            body: body.into_data_stream(),
            held: BytesMut::new(),
            bytes_max,
        }
    }

    /// The next value; nothing at the end.
    ///
    /// # Errors
    /// `InvalidArgument`: what comes is no JSON, or ends in the middle.
    pub(super) async fn next(&mut self) -> Result<Option<Box<RawValue>>, Status> {
        let mut is_whole = false;
        loop {
            if let Some(value) = self.take(is_whole)? {
                return Ok(Some(value));
            }
            if is_whole {
                return Ok(None);
            }
            is_whole = !self.hold_more().await?;
        }
    }

    /// The first value, looked for once everything has come.
    ///
    /// # Errors
    /// As [`Requests::next`].
    pub(super) async fn only(mut self) -> Result<Option<Box<RawValue>>, Status> {
        while self.hold_more().await? {}
        self.take(true)
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

    fn take(&mut self, is_whole: bool) -> Result<Option<Box<RawValue>>, Status> {
        let mut values = serde_json::Deserializer::from_slice(&self.held).into_iter();
        let found: Option<Result<Box<RawValue>, _>> = values.next();
        let end = values.byte_offset();
        match found {
            // A number may go on.
            Some(Ok(_)) if end == self.held.len() && !is_whole && !self.ends() => Ok(None),
            Some(Ok(value)) => {
                let _ = self.held.split_to(end);
                Ok(Some(value))
            }
            None => Ok(None),
            Some(Err(why)) if why.is_eof() && !is_whole => Ok(None),
            Some(Err(why)) if why.is_eof() => Err(Status::invalid_argument("unexpected EOF")),
            Some(Err(_)) => Err(Status::invalid_argument(self.refused())),
        }
    }

    /// Whether what is held ends with an object or a list.
    fn ends(&self) -> bool {
        matches!(self.held.last(), Some(b'}' | b']'))
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
