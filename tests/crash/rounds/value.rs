//! Values that say which write made them, and prove that they are whole.
//!
//! ```text
//! <round>.<writer>.<number>.<lease>.<count>.<length>:<length bytes that follow from the rest>
//! ```

use std::fmt;

/// The write that a value comes from, and what it must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Op {
    /// The round it was sent in.
    pub(crate) round: u32,
    /// Who sent it.
    pub(crate) writer: u32,
    /// The writer's number for it, unique within the round.
    pub(crate) number: u32,
    /// The lease that its keys are attached to, 0 for none.
    pub(crate) lease: i64,
    /// For the counter, what it was set to.
    pub(crate) count: u64,
    /// Bytes behind the head.
    pub(crate) length: u32,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Op {
            round,
            writer,
            number,
            lease,
            count,
            length,
        } = self;
        write!(f, "{round}.{writer}.{number}.{lease}.{count}.{length}")
    }
}

impl Op {
    /// The value that this write puts.
    pub(crate) fn value(&self) -> Vec<u8> {
        let mut value = format!("{self}:").into_bytes();
        value.extend(self.filler());
        value
    }

    /// The write behind a value.
    ///
    /// # Errors
    /// The value is not what any write put.
    pub(crate) fn parse(value: &[u8]) -> Result<Op, String> {
        let at = value.iter().position(|byte| *byte == b':');
        let head = at.and_then(|at| std::str::from_utf8(&value[..at]).ok());
        let op = head.and_then(Op::parse_head);
        let op =
            op.ok_or_else(|| format!("no value of ours: {:?}", value.escape_ascii().to_string()))?;
        match op.value() == value {
            true => Ok(op),
            false => Err(format!("the value of {op} is damaged")),
        }
    }

    fn parse_head(head: &str) -> Option<Op> {
        let mut parts = head.split('.');
        let mut next = || parts.next();
        let op = Op {
            round: next()?.parse().ok()?,
            writer: next()?.parse().ok()?,
            number: next()?.parse().ok()?,
            lease: next()?.parse().ok()?,
            count: next()?.parse().ok()?,
            length: next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(op)
    }

    /// Bytes that no other write has in the same place (xorshift, seeded by the write).
    fn filler(&self) -> impl Iterator<Item = u8> + use<> {
        let ids =
            u64::from(self.round) << 40 | u64::from(self.writer) << 32 | u64::from(self.number);
        let mut state = ids.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let words = std::iter::repeat_with(move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        words.flatten().take(self.length as usize)
    }
}
