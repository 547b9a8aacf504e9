//! Messages as JSON, both ways.

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::value::RawValue;
use tonic::Status;

/// The message that an object says; unknown fields are passed over.
///
/// # Errors
/// `InvalidArgument`: it does not fit the message.
pub(super) fn decode(kind: MessageDescriptor, value: &RawValue) -> Result<Bytes, Status> {
    let text = value.get();
    if !text.starts_with('{') {
        let token = match text.as_bytes().first() {
            Some(b'[') => "[",
            _ => text,
        };
        return Err(Status::invalid_argument(format!(
            "proto: syntax error (line 1:1): unexpected token {token}"
        )));
    }
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let mut reader = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize_with_options(kind, &mut reader, &options);
    let message = message.map_err(|why| Status::invalid_argument(format!("proto: {why}")))?;
    Ok(message.encode_to_vec().into())
}

/// A message as one object.
///
/// # Errors
/// `Internal`: the bytes are no such message.
pub(super) fn encode(kind: MessageDescriptor, message: Bytes) -> Result<String, Status> {
    let internal = |why: String| Status::internal(format!("failed to marshal response: {why}"));
    let message = DynamicMessage::decode(kind, message).map_err(|why| internal(why.to_string()))?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(true)
        .skip_default_fields(true);
    let mut out = Vec::new();
    let mut writer = serde_json::Serializer::new(&mut out);
    let written = message.serialize_with_options(&mut writer, &options);
    written.map_err(|why| internal(why.to_string()))?;
    String::from_utf8(out).map_err(|why| internal(why.to_string()))
}
