//! The types against raft's own encoding.

use super::*;
use protobuf::{Message as _, ProtobufEnum as _};
use raft::eraftpb::{Entry, Message, MessageType};

#[test]
fn only_messages_with_entries_go_with_the_entries() {
    for kind in MessageType::values() {
        let mut message = Message::default();
        message.set_msg_type(*kind);
        message.set_to(2);
        message.set_entries(vec![Entry::default()].into());
        let bytes = message.write_to_bytes().unwrap();
        let has_entries = matches!(kind, MessageType::MsgAppend | MessageType::MsgPropose);
        assert_eq!(Kind::of(&bytes) == Kind::Append, has_entries, "{kind:?}");
    }
    assert_eq!(Kind::of(&[]), Kind::Control);
}

#[test]
fn a_word_is_read_back() {
    for kind in [Kind::Control, Kind::Append] {
        assert_eq!(Kind::from_word(Some(kind.word())), kind);
    }
    assert_eq!(Kind::from_word(None), Kind::Control);
}
