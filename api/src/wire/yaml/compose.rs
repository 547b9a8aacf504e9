//! YAML text to a tree of nodes; aliases stay what they are.

use std::collections::HashMap;

use libyaml_safer::{Encoding, Event, EventData, Parser};

use super::fault::{fault, parsing};
use crate::wire::{DecodeError, MOST_NESTING};

/// A node of a document.
pub(super) struct Node {
    /// The line that it begins in, from 1.
    pub(super) line: u64,
    pub(super) kind: Kind,
}

/// What a node is. Others are known by their positions in the document.
pub(super) enum Kind {
    Scalar {
        text: String,
        tag: Option<String>,
        /// Without quotes and tag.
        plain: bool,
    },
    List(Vec<usize>),
    /// Keys and values in turn.
    Map(Vec<usize>),
    Alias {
        name: String,
        of: usize,
    },
}

/// The nodes of a document.
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
    /// The outermost one; nothing in an empty document.
    pub(super) root: Option<usize>,
}

struct Composer<'r, 'b> {
    parser: Parser<&'r mut &'b [u8]>,
    nodes: Vec<Node>,
    anchors: HashMap<String, usize>,
    /// Nodes that are open: their positions.
    open: Vec<usize>,
}

/// The first document of a text.
pub(super) fn compose(bytes: &[u8]) -> Result<Document, DecodeError> {
    let mut input = bytes;
    let mut parser = Parser::new();
    parser.set_input_string(&mut input);
    // The parser would take a text that begins like a byte order mark for a damaged one.
    if bytes.starts_with(b"\xef") && !bytes.starts_with(b"\xef\xbb\xbf") {
        parser.set_encoding(Encoding::Utf8);
    }
    let mut composer = Composer {
        parser,
        nodes: Vec::new(),
        anchors: HashMap::new(),
        open: Vec::new(),
    };
    let root = composer.document()?;
    Ok(Document {
        nodes: composer.nodes,
        root,
    })
}

impl Composer<'_, '_> {
    fn document(&mut self) -> Result<Option<usize>, DecodeError> {
        loop {
            let event = self.parser.parse().map_err(|error| parsing(&error))?;
            match event.data {
                EventData::StreamStart { .. } | EventData::DocumentStart { .. } => {}
                EventData::StreamEnd => return Ok(None),
                EventData::DocumentEnd { .. } => {
                    return Ok((!self.nodes.is_empty()).then_some(0));
                }
                _ => self.node(event)?,
            }
        }
    }

    fn node(&mut self, event: Event) -> Result<(), DecodeError> {
        let line = event.start_mark.line + 1;
        let (kind, anchor) = match event.data {
            EventData::Scalar {
                anchor,
                tag,
                value,
                plain_implicit,
                ..
            } => {
                let kind = Kind::Scalar {
                    text: value,
                    tag,
                    plain: plain_implicit,
                };
                (kind, anchor)
            }
            EventData::Alias { anchor } => {
                let of = *self
                    .anchors
                    .get(&anchor)
                    .ok_or_else(|| fault(format!("unknown anchor '{anchor}' referenced")))?;
                (Kind::Alias { name: anchor, of }, None)
            }
            EventData::SequenceStart { anchor, .. } => (Kind::List(Vec::new()), anchor),
            EventData::MappingStart { anchor, .. } => (Kind::Map(Vec::new()), anchor),
            _ => {
                // The end of a list or map.
                self.open.pop();
                return Ok(());
            }
        };
        let at = self.nodes.len();
        let holds = matches!(kind, Kind::List(_) | Kind::Map(_));
        if let Some(open) = self.open.last()
            && let Kind::List(held) | Kind::Map(held) = &mut self.nodes[*open].kind
        {
            held.push(at);
        }
        self.nodes.push(Node { line, kind });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, at);
        }
        if holds {
            if self.open.len() >= MOST_NESTING {
                return Err(fault("exceeded max depth"));
            }
            self.open.push(at);
        }
        Ok(())
    }
}
