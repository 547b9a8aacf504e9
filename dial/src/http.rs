//! A GET over HTTP/1, for what servers tell besides gRPC.

use bytes::Bytes;
use http::header::HOST;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;

use crate::Target;

/// GETs a path and gives the body, whatever the code of the answer.
///
/// # Errors
/// The server cannot be reached, or its answer is none.
pub async fn get(target: &Target, tls: Option<&tls::Client>, path: &str) -> Result<Bytes, String> {
    let stream = target.stream(tls).await?;
    let words = |why: hyper::Error| why.to_string();
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(words)?;
    // It ends with the sender.
    tokio::spawn(connection);
    let request = http::Request::get(path)
        .header(HOST, "etcd")
        .body(Empty::<Bytes>::new())
        .map_err(|why| why.to_string())?;
    let response = sender.send_request(request).await.map_err(words)?;
    let body = response.into_body().collect().await.map_err(words)?;
    Ok(body.to_bytes())
}
