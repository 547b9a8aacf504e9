//! raft's messages as people read them. To members they are opaque bytes.

/// raft's kinds of messages, by number.
const KINDS: [&str; 19] = [
    "Hup",
    "Beat",
    "Propose",
    "Append",
    "AppendResponse",
    "RequestVote",
    "RequestVoteResponse",
    "Snapshot",
    "Heartbeat",
    "HeartbeatResponse",
    "Unreachable",
    "SnapStatus",
    "CheckQuorum",
    "TransferLeader",
    "TimeoutNow",
    "ReadIndex",
    "ReadIndexResp",
    "RequestPreVote",
    "RequestPreVoteResponse",
];

/// Kind, members, terms and indexes of an encoded message.
pub(crate) fn describe(message: &[u8]) -> String {
    let mut numbers = [0; 16];
    let mut entries = 0;
    let mut left = message;
    while let Some((tag, rest)) = varint(left) {
        left = rest;
        let Some((number, rest)) = varint(left) else {
            break;
        };
        left = rest;
        let field = (tag >> 3) as usize;
        if tag & 7 == 2 {
            entries += u64::from(field == 7);
            left = left.get(number as usize..).unwrap_or_default();
        } else if let Some(slot) = numbers.get_mut(field) {
            *slot = number;
        }
    }
    let kind = KINDS.get(numbers[1] as usize).unwrap_or(&"?");
    format!(
        "{kind} {:x} to {:x}, term {}, at {} of term {}, {entries} entries, commit {}, reject {}",
        numbers[3], numbers[2], numbers[4], numbers[6], numbers[5], numbers[8], numbers[10]
    )
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[at + 1..]));
        }
    }
    None
}
