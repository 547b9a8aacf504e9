//! Bodies: read within bounds, and made.

use std::convert::Infallible;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, StreamBody};

use crate::fault::{Result, Status};
use crate::serve::Body;

/// The most that a request may hold (upstream's `MaxRequestBodyBytes`).
pub const BYTES_MAX: usize = 3 * 1024 * 1024;

/// The whole of a request's body.
///
/// # Errors
/// It is too large, or does not come.
pub async fn read<B>(mut body: B) -> Result<Bytes>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let mut first = Bytes::new();
    let mut all: Option<BytesMut> = None;
    loop {
        let Some(frame) = body.frame().await else {
            break;
        };
        let frame =
            frame.map_err(|error| Status::bad_request(format!("error reading body: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let so_far = all.as_ref().map_or(first.len(), BytesMut::len);
        if so_far + data.len() > BYTES_MAX {
            return Err(Status::request_entity_too_large(format!(
                "limit is {BYTES_MAX}"
            )));
        }
        match &mut all {
            Some(all) => all.extend_from_slice(&data),
            None if first.is_empty() => first = data,
            None => {
                let mut joined = BytesMut::with_capacity(2 * (first.len() + data.len()));
                joined.extend_from_slice(&first);
                joined.extend_from_slice(&data);
                all = Some(joined);
            }
        }
    }
    Ok(all.map_or(first, BytesMut::freeze))
}

/// A body of these bytes.
#[must_use]
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

/// A body of pieces that are there already, sent one after the other without being put together.
#[must_use]
pub fn pieces(pieces: Vec<Bytes>) -> Body {
    let frames = pieces
        .into_iter()
        .map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
    StreamBody::new(futures::stream::iter(frames)).boxed_unsync()
}

/// A body that goes on for as long as the stream does.
#[must_use]
pub fn stream(stream: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    use futures::StreamExt as _;
    let frames = stream.map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
    StreamBody::new(frames).boxed_unsync()
}
